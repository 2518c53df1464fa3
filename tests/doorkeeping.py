"""Who knocks at every URL, and with what: the roles, a world of other people's things, the URLs as they are wired."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from audit.models import Event
from catalog.actions import save_custom_extension
from catalog.choices import CalloutMoment
from catalog.models import AccessPackage, CustomExtension, Incompatibility, Policy, RoleAssignment
from directory.actions import disable_person
from directory.models import ConnectedOrganisation, Group, PersonAttribute, PersonKind, User
from notifications.models import Message
from provisioning.delivery import perform_all_due
from provisioning.models import (
    AccountChange,
    Alias,
    Connector,
    Discovery,
    DriftCase,
    Grant,
    HandTask,
    Operation,
    Reconciliation,
)
from requests_app import actions
from requests_app.models import (
    AccessRequest,
    Approval,
    Assignment,
    Callout,
    Delegation,
    EmergencyReview,
    Inquiry,
    Rollout,
    SeparationException,
)
from reviews.models import Campaign, CampaignWork, Cue, Review, ReviewItem
from tests.cast import Cast, appoint, make_cast
from tests.reviews.conftest import make_review, open_by_hand

MARK = "Zq7Unseen"
"""Stands in every name and every sentence of what strangers are not to see; too long for a random token to hold it."""
TRICK = (
    "=1+1<img src=x onerror=alert(1)>\"'</title><script>alert(1)</script>{{7*7}}\u202e\r\nBcc: evil@example.com\r\n\r\n"
)
"""Scripts, HTML, formulas, line breaks and writing directions, as people type them where a name is asked for."""
ROLES = (
    "nobody",
    "stranger",
    "guest",
    "disabled",
    "requester",
    "approver",
    "owner",
    "catalog_owner",
    "staff",
    "auditor",
    "administrator",
)
BODY = {
    "decision": "approve",
    "justification": f"{MARK} because",
    "has_no_end": "on",
    "why": f"{MARK} because",
    "key": "of nobody",
    "person": "nobody.in.particular",
}
"""What is sent to every URL: enough to decide, to revoke, to cancel, to give back."""


@dataclass(frozen=True)
class Door:
    """A URL as it is wired: its name, or its pattern where it has none, and the names of its arguments."""

    name: str
    pattern: str
    arguments: tuple[str, ...]

    def address(self, things: Mapping[str, str]) -> str:
        """The path with the world's things in the places of its arguments."""
        named = r"\(\?P<(\w+)>(?:\[[^\]]*\]|[^()\[\]])*\)"
        filled = re.sub(named, lambda found: things[found[1]], self.pattern)
        filled = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: things[found[1]], filled)
        return "/" + filled.replace("^", "").replace("$", "").replace(".*/", "nowhere/")


def doors() -> Iterator[Door]:
    """Every URL of the project, found by walking the resolver."""

    def walk(resolver: URLResolver, prefix: str, names: str) -> Iterator[Door]:
        for each in resolver.url_patterns:
            pattern = prefix + str(each.pattern)
            if isinstance(each, URLPattern):
                arguments = tuple(re.findall(r"<(?:\w+:)?(\w+)>", pattern))
                yield Door(f"{names}{each.name}" if each.name else f"/{pattern}", pattern, arguments)
            else:
                yield from walk(each, pattern, f"{names}{each.namespace}:" if each.namespace else names)

    return walk(get_resolver(), "", "")


class World:
    """Rita's access and her request, of packages that are hidden from others, and somebody in each role."""

    def __init__(self, mark: str = MARK) -> None:
        cast = make_cast()
        self.people = {
            "stranger": cast.charlie,
            "guest": User.objects.create(username="gus", display_name="Gus", kind=PersonKind.GUEST),
            "disabled": User.objects.create(username="dora", display_name="Dora", is_superuser=True, is_staff=True),
            "requester": cast.rita,
            "approver": cast.marco,
            "owner": cast.olga,
            "catalog_owner": User.objects.create(username="cora", display_name="Cora", is_staff=True),
            "staff": User.objects.create(username="sven", display_name="Sven", is_staff=True),
            "auditor": User.objects.create(username="iris", display_name="Iris", is_auditor=True),
            "administrator": cast.ada,
        }
        appoint(cast.catalog, self.people["catalog_owner"])
        User.objects.filter(pk=cast.rita.pk).update(display_name=f"{mark} Rita")
        cast.rita.refresh_from_db()
        packages = [cast.package(f"{mark} {name}", cast.role(f"{mark} {name}")[1]) for name in ("Held", "Asked")]
        for package in packages:
            cast.policy(package, scope="notSpecified", name="Direct")
        held, asked = (
            actions.assign_directly(
                policy=package.policies.get(),
                person=cast.rita,
                actor=cast.olga,
                justification=f"{mark} so be it",
                now=timezone.now(),
            )
            for package in packages
        )
        actions.approve(approval=held.approvals.get(), actor=cast.marco, now=timezone.now())
        self._make_exceptions(cast, mark=mark)
        _make_drift(cast, packages[0])
        _make_task(cast, packages[0])
        perform_all_due(now=timezone.now())
        self.item = _make_campaign(cast, packages[0], mark=mark)
        actions.set_delegation(
            delegator=cast.marco, delegate=self.people["auditor"], actor=cast.marco, now=timezone.now()
        )
        PersonAttribute.objects.create(name="cost_centre", description=f"{mark} pays")
        northwind = ConnectedOrganisation.objects.create(name=f"{mark} Northwind")
        northwind.domains.create(name="northwind.example")
        extension = CustomExtension(catalog=cast.catalog, name=f"{mark} Tickets", url="https://tickets.example/hook")
        save_custom_extension(extension=extension, actor=cast.ada, now=timezone.now())
        Callout.objects.create(
            access_request=asked,
            extension=extension,
            moment=CalloutMoment.APPROVED,
            on_timeout=extension.on_timeout,
            answer_by=timezone.now() + extension.time_limit,
            idempotency_key=f"{asked.pk}",
            created_at=timezone.now(),
            due_at=timezone.now() + extension.time_limit,
        )
        actions.ask_for_information(
            approval=asked.approvals.get(), actor=cast.marco, question=f"{mark} what for?", now=timezone.now()
        )
        actions.reprocess_package(package=packages[1], actor=cast.ada, why=f"{mark} anew", now=timezone.now())
        Rollout.objects.update(status="stuck", last_error=f"{mark} went wrong")
        self.package, self.access_request = packages[1], asked
        self.basket = asked.pk
        AccessRequest.objects.filter(pk=asked.pk).update(basket=self.basket)
        self.clients = {"nobody": Client(), **{role: Client() for role in self.people}}
        for role, person in self.people.items():
            self.clients[role].force_login(person)
        self.cookies = {role: {k: m.value for k, m in client.cookies.items()} for role, client in self.clients.items()}
        disable_person(person=self.people["disabled"], actor=cast.ada, now=timezone.now())

    def _make_exceptions(self, cast: Cast, *, mark: str) -> None:
        """What Rita took in an emergency an hour ago, and the exception that Olga asked for her to what is apart."""
        then = timezone.now() - timedelta(hours=1)
        package = cast.package(f"{mark} Taken", cast.role(f"{mark} Taken")[1])
        hours = {"duration_kind": "hours", "duration_amount": 8}
        cast.policy(package, approver=None, name="Night", scope="emergency", **hours).people.add(cast.rita)
        actions.take_in_emergency(package=package, actor=cast.rita, justification=f"{mark} at once", now=then)
        group = Group.objects.create(name=f"{mark} Kept apart")
        actions.ask_for_exception(
            rule=Incompatibility.objects.create(package=package, group=group),
            person=cast.rita,
            actor=cast.olga,
            reason=f"{mark} both",
            control=f"{mark} looked at",
            ends_at=then + timedelta(days=30),
            now=then,
        )

    def things(self, door: Door) -> dict[str, str]:
        """What belongs in the places of this door's arguments: things of others, wherever there can be any."""
        pk = self._row(_model_of(door.pattern))
        return {
            **dict.fromkeys(("pk", "object_id", "id"), str(pk)),
            "package_id": str(self.package.pk),
            "basket": str(self.basket),
            "item": str(self.item.pk),
            "content_type_id": str(ContentType.objects.get_for_model(User).pk),
            "app_label": "catalog",
            "url": "nowhere",
            "slug": "conflict",
            "key": "abc-def",
            "occasion": "denied",
            "language": "en",
            "username": "rita",
            "uidb36": "abc",
        }

    def _row(self, model: str) -> UUID:
        """The row of this model that the stories are about."""
        request = self.access_request
        rows: dict[str, Any] = {
            "audit.event": Event.objects.all(),
            "directory.user": User.objects.filter(pk=request.person_id),
            "directory.group": Group.objects.all(),
            "directory.personattribute": PersonAttribute.objects.all(),
            "directory.connectedorganisation": ConnectedOrganisation.objects.all(),
            "catalog.catalog": type(self.package.catalog).objects.all(),
            "catalog.accesspackage": type(self.package).objects.filter(pk=self.package.pk),
            "catalog.roleassignment": RoleAssignment.objects.all(),
            "catalog.policy": Policy.objects.filter(package=self.package),
            "provisioning.connector": Connector.objects.all(),
            "provisioning.grant": Grant.objects.all(),
            "provisioning.operation": Operation.objects.all(),
            "provisioning.accountchange": AccountChange.objects.all(),
            "provisioning.alias": Alias.objects.all(),
            "provisioning.reconciliation": Reconciliation.objects.all(),
            "provisioning.discovery": Discovery.objects.all(),
            "provisioning.driftcase": DriftCase.objects.all(),
            "provisioning.handtask": HandTask.objects.all(),
            "requests_app.accessrequest": AccessRequest.objects.filter(pk=request.pk),
            "requests_app.delegation": Delegation.objects.all(),
            "requests_app.inquiry": Inquiry.objects.all(),
            "requests_app.approval": Approval.objects.filter(access_request=request),
            "requests_app.assignment": Assignment.objects.all(),
            "requests_app.callout": Callout.objects.all(),
            "requests_app.rollout": Rollout.objects.all(),
            "requests_app.separationexception": SeparationException.objects.all(),
            "requests_app.emergencyreview": EmergencyReview.objects.all(),
            "catalog.incompatibility": Incompatibility.objects.all(),
            "catalog.customextension": CustomExtension.objects.all(),
            "reviews.review": Review.objects.filter(pk=self.item.campaign.review_id),
            "reviews.campaign": Campaign.objects.filter(pk=self.item.campaign_id),
            "reviews.campaignwork": CampaignWork.objects.all(),
            "reviews.cue": Cue.objects.all(),
            "reviews.reviewitem": ReviewItem.objects.filter(pk=self.item.pk),
            "notifications.message": Message.objects.exclude(html="") or Message.objects.all(),
        }
        if model in rows:
            return rows[model].first().pk
        role = self.package.package_roles.get().resource_role
        return {
            "catalog.resource": role.resource_id,
            "catalog.resourcerole": role.pk,
            "catalog.targetsystem": role.resource.system_id,
        }[model]

    def answer(self, role: str, method: str, door: Door) -> HttpResponseBase:
        """What this role gets at the door."""
        return self.knock(role, method, door.address(self.things(door)))

    def knock(self, role: str, method: str, address: str) -> HttpResponseBase:
        """One request, of which nothing remains."""
        client = self.clients[role]
        client.cookies = SimpleCookie(self.cookies[role])
        as_json = {"content_type": "application/json"} if address.startswith("/api/") and method != "get" else {}
        with transaction.atomic():
            if method in ("get", "post"):
                answer = getattr(client, method)(address, None if method == "get" else BODY, **as_json)
            else:
                answer = getattr(client, method)(address, "{}", content_type="application/json")
            transaction.set_rollback(True)
        return answer


def _make_drift(cast: Cast, package: AccessPackage) -> None:
    """Rita lacks what a package gives her, as somebody found out a moment ago."""
    now = timezone.now()
    run = Reconciliation.objects.create(
        connector=cast.system.connector, status="done", due_at=now, created_at=now, settled_at=now, idempotency_key="1"
    )
    Discovery.objects.create(
        connector=cast.system.connector, status="done", due_at=now, created_at=now, settled_at=now, idempotency_key="1"
    )
    AccountChange.objects.create(
        system=cast.system, person=cast.rita, kind="disable", due_at=now + timedelta(days=1),
        created_at=now, idempotency_key="1",
    )  # fmt: skip
    Alias.objects.create(connector=cast.system.connector, person=cast.rita, username="rita.once")
    role = package.package_roles.get().resource_role
    role.resource.owners.add(cast.olga)
    facts = {"kind": "missing", "system": cast.system, "resource_role": role, "person": cast.rita, "run": run}
    DriftCase.objects.create(first_seen_at=now, last_seen_at=now, **facts)


def _make_task(cast: Cast, package: AccessPackage) -> None:
    """Rita's role is to be given by hand by a team in which Olga is."""
    now = timezone.now()
    team = Group.objects.create(name="By hand")
    team.memberships.create(person=cast.olga, added_at=now)
    facts = {"connector": cast.system.connector, "team": team, "kind": "grant", "person": cast.rita, "key": "1"}
    role = package.package_roles.get().resource_role
    HandTask.objects.create(resource_role=role, opened_at=now, due_at=now, **facts)


def _make_campaign(cast: Cast, package: AccessPackage, *, mark: str) -> ReviewItem:
    """Marco is asked whether Rita still needs the package; some work on the campaign does not go on, nor does a review
    of Rita begin."""
    now, review = timezone.now(), make_review(package, name=f"{mark} Review")
    campaign = open_by_hand(review, list(Assignment.objects.filter(package=package)), cast.marco, now=now)
    facts = {"status": "stuck", "idempotency_key": "1", "last_error": f"{mark} went wrong"}
    CampaignWork.objects.create(campaign=campaign, kind="launch", due_at=now, created_at=now, **facts)
    Cue.objects.create(review=review, event=campaign.pk, person=cast.rita, due_at=now, created_at=now, **facts)
    return campaign.items.get()


def _model_of(pattern: str) -> str:
    """Whose id the URL takes; a person's where it does not say."""
    if in_admin := re.match(r"admin/(\w+)/(\w+)/<path", pattern):
        return f"{in_admin[1]}.{in_admin[2]}"
    return next((model for word, model in SPOKEN_OF if word in pattern), "directory.user")


SPOKEN_OF = (
    ("review-items", "reviews.reviewitem"),
    ("^reviews", "reviews.review"),
    ("^campaigns", "reviews.campaign"),
    ("v1/campaigns", "reviews.campaign"),
    ("reviews/items", "reviews.reviewitem"),
    ("reviews/", "reviews.campaign"),
    ("drift", "provisioning.driftcase"),
    ("tasks", "provisioning.handtask"),
    ("callouts", "requests_app.callout"),
    ("rollouts", "requests_app.rollout"),
    ("exceptions/ask", "catalog.incompatibility"),
    ("exceptions", "requests_app.separationexception"),
    ("emergencies", "requests_app.emergencyreview"),
    ("events", "audit.event"),
    ("journal", "audit.event"),
    ("mail", "notifications.message"),
    ("delegations", "requests_app.delegation"),
    ("inquiries", "requests_app.inquiry"),
    ("approvals", "requests_app.approval"),
    ("role-assignments", "catalog.roleassignment"),
    ("assignments", "requests_app.assignment"),
    ("access/", "requests_app.assignment"),
    ("requests", "requests_app.accessrequest"),
    ("organisations", "directory.connectedorganisation"),
    ("catalogs", "catalog.catalog"),
    ("packages", "catalog.accesspackage"),
)
"""Whose id a URL takes, by a word of its pattern; the first that fits."""


def body_of(answer: HttpResponseBase) -> str:
    """What was sent, be it at once or in pieces."""
    pieces = answer.streaming_content if answer.streaming else [answer.content]  # type: ignore[attr-defined]
    return b"".join(pieces).decode(errors="replace")  # a PDF is no text
