"""The invented organisation is complete, plausible, and made by the project's own actions."""

import secrets
from collections import Counter
from uuid import UUID

import pytest
from django.utils import timezone

from audit.models import Event
from catalog.choices import DurationKind, RequestorScope
from catalog.models import AccessPackage, Catalog, Policy, Question, ResourceRole
from catalog.naming import objection_to
from demo import application, scim_app, seed, travel
from demo.astray import FOUND, STRANGER
from demo.furnishing import CRM_GROUPS, Application
from demo.offer import CATALOGS, CRM, PACKAGES, STOCK, THINGS
from demo.organisation import ADMINISTRATORS, AUDITORS, GUEST, MANAGER, OWNER, REQUESTER
from directory.models import Membership, User
from notifications.models import Message
from provisioning.connectors import open_connector
from provisioning.connectors.base import Entitlement
from provisioning.models import Connector, DriftCase, Grant, HandTask, Operation
from requests_app.models import AccessRequest, Approval, Assignment, Callout


def test_the_facts_are_of_one_piece():
    roles = {f"{role} of {thing.name}" for thing in THINGS for role in thing.roles}
    assert len(CATALOGS) == 6
    assert len(PACKAGES) >= 30
    assert len({package.name for package in PACKAGES}) == len(PACKAGES)
    assert not [package.name for package in PACKAGES if objection_to(package.name)]
    given = Counter(role for package in PACKAGES for role in package.gives)
    assert set(given) <= roles
    assert {role.partition(" of ")[2] for role in roles} == {role.partition(" of ")[2] for role in given}, "all used"
    assert [role for role, packages in given.items() if packages > 1], "some role is given by several packages"


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.one_database("the demo brings its own SQLite")
def test_a_year_of_an_organisation(tmp_path, monkeypatch):
    monkeypatch.setattr(application, "FILE", tmp_path / "crm.sqlite3")
    token, now = secrets.token_urlsafe(16), timezone.now()
    said: list[str] = []
    assert seed.is_empty()
    with application.running(token, groups=CRM_GROUPS) as address:
        groups = scim_app.ensure_groups(address, token, list(CRM_GROUPS))
        facts = Application(base_url=address, token=token, groups=groups)
        seed.seed(application=facts, now=now, say=said.append)
        _what_is_delivered_is_really_there()
    assert seed.is_complete()
    assert len(said) > 3, "shows how far it is"
    _people()
    _catalogs()
    _history(now)
    _whom_one_signs_in_as(now)
    _what_went_astray(now)
    _what_an_extension_is_asked(now)


def _what_is_delivered_is_really_there():
    seller = Grant.objects.filter(resource_role__resource__name=CRM, status="verified").with_names()
    assert seller.exists()
    for grant in seller:
        role = grant.resource_role
        connector = open_connector(Connector.objects.get(system__name=CRM), system=CRM)
        entitlement = Entitlement(resource_id=role.resource.origin_id, role_id=role.origin_id, name=str(role))
        assert connector.read(grant.person, entitlement), grant
    ours = Grant.objects.exclude(resource_role__resource__name__in=(CRM, STOCK)).filter(status="verified")
    for person, origin in ours.values_list("person", "resource_role__resource__origin_id"):
        assert Membership.objects.filter(person=person, group__pk=UUID(origin)).exists()


def _people():
    assert 190 <= User.objects.count() <= 210
    assert User.objects.filter(kind="guest").values("company").distinct().count() == 2
    assert set(User.objects.administrators().values_list("username", flat=True)) == set(ADMINISTRATORS)
    assert set(User.objects.filter(is_auditor=True).values_list("username", flat=True)) == set(AUDITORS)
    assert User.objects.filter(is_active=False).count() == 2, "some have left"


def _catalogs():
    assert Catalog.objects.count() == len(CATALOGS)
    assert AccessPackage.objects.count() == len(PACKAGES)
    scopes = set(Policy.objects.values_list("scope", flat=True))
    assert scopes == set(RequestorScope) - {RequestorScope.ALL_EXTERNAL}, "nobody is let in unknown"
    assert set(Policy.objects.values_list("duration_kind", flat=True)) == set(DurationKind)
    assert set(Question.objects.values_list("kind", flat=True)) == {"text", "choice"}
    assert Policy.objects.filter(stages=None).exists()
    assert Policy.objects.filter(stages__approvals_required=2).exists()


def _history(now):
    asked = Counter(AccessRequest.objects.values_list("status", flat=True))
    assert all(asked[status] >= 5 for status in ("delivered", "denied", "expired", "canceled", "pendingApproval")), (
        asked
    )
    held = Counter(Assignment.objects.values_list("status", flat=True))
    assert held["delivered"] > 30
    assert held["ended"] > 20
    assert held["partiallyDelivered"] == 1
    assert not Event.objects.filter(occurred_at__gt=now).exists(), "nothing comes from the future"
    assert Event.objects.filter(occurred_at__lt=now.replace(year=now.year - 1)).count() > 100
    assert (now - Event.objects.earliest("occurred_at").occurred_at).days > 400
    assert not Message.objects.pending().filter(due_at__lte=now).exists(), "old mail is not sent today"
    sent = Message.objects.filter(status="done")
    assert sent.count() > 40
    assert not sent.filter(subject="").exists()
    tasks = HandTask.objects.open()
    (waiting,) = Operation.objects.pending().exclude(idempotency_key__in=tasks.values("key"))
    assert waiting.grant.resource_role.resource.name == STOCK
    assert "cannot be reached" in waiting.last_error


def _whom_one_signs_in_as(now):
    nadia = User.objects.get(username=REQUESTER)
    hers = Counter(AccessRequest.objects.adding().filter(person=nadia).values_list("status", flat=True))
    assert all(hers[status] for status in ("delivered", "denied", "expired", "pendingApproval")), hers
    (ending,) = Assignment.objects.live().filter(person=nadia, ends_at__isnull=False)
    assert 0 < (ending.ends_at - now).total_seconds() < 86400, "ends tomorrow"
    starter = AccessPackage.objects.requestable_by(nadia).get(name="Sales Representative: Starter Kit")
    systems = set(starter.roles.values_list("resource__system__name", flat=True))
    assert systems == {"Company directory", CRM}
    assert Approval.objects.waiting_for(User.objects.get(username=MANAGER)).count() >= 4
    assert Approval.objects.waiting_for(User.objects.get(username=OWNER)).count() >= 2
    guest = User.objects.get(username=GUEST)
    assert Assignment.objects.live().filter(person=guest).exists()
    assert AccessPackage.objects.browsable_by(guest).count() <= 4


def _what_went_astray(now):
    cases = {case.kind: case for case in DriftCase.objects.open().with_names()}
    assert set(cases) == {"extra", "missing", "unknown"}
    assert DriftCase.objects.count() == 3, "one of each"
    assert str(cases["extra"].resource_role.resource) == CRM
    (lost,) = Grant.objects.filter(status="drifted")
    assert cases["missing"].grant == lost
    assert cases["unknown"].account_name == STRANGER
    owner = User.objects.get(username=OWNER)
    assert DriftCase.objects.answerable_by(owner).open().count() == 3
    assert HandTask.objects.open().count() == 2
    assert HandTask.objects.overdue(now).count() == 1
    (found,) = ResourceRole.objects.filter(name=FOUND)
    assert found.discovered_at
    assert not found.packages.exists(), "nobody governs it yet"


def _what_an_extension_is_asked(now):
    (callout,) = Callout.objects.with_names()
    assert (callout.extension.name, callout.state) == (travel.EXTENSION, "pending")
    assert callout.due_at <= now, "it is called as soon as the demo has started"
    stages = callout.access_request.approvals
    assert callout.approval == stages.get(position=2)
    assert stages.get(position=1).status == "approved"
