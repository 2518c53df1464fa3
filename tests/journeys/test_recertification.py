"""Twice a year each manager confirms who still needs it: from the policy's page to what SCIM and LDAP really show."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from catalog.choices import ResourceKind
from catalog.models import AccessPackage, Policy, Resource, ResourceRole, TargetSystem
from directory.actions import disable_person
from directory.models import User
from notifications import actions as notifications_actions
from notifications.delivery import perform_all_due as send_all_due
from provisioning import actions as provisioning_actions
from provisioning.connectors import open_connector
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, ConnectorKind
from requests_app import actions
from requests_app.lifecycle import RequestType
from requests_app.models import AccessRequest, Assignment
from reviews import events
from reviews.actions import applying, closing, defining, launching, replacing, starting
from reviews.actions.rules import Stage
from reviews.choices import Frequency, NoResponse, ReviewerKind, ReviewScope
from reviews.lifecycle import ApplyState, CampaignStatus
from reviews.models import Campaign, Review, ReviewItem, ReviewStage
from tests.cast import Cast
from tests.provisioning.scim_server import ScimServer, running_scim_server
from tests.provisioning.slapd import OURS, OURS_PASSWORD, SUFFIX, Branch

NOBODY = f"cn=nobody,{SUFFIX}"
DAY = timedelta(days=1)
HOLDERS = ("charlie", "dora", "eve", "rita")

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(tmp_path) -> Iterator[ScimServer]:
    with running_scim_server(tmp_path / "crm.sqlite3") as server:
        yield server


@pytest.fixture
def branch(slapd) -> Branch:
    """A part of the directory in which everybody who is to have access has an account."""
    branch = slapd.branch()
    branch.accounts = {branch.add_person(name): name for name in HOLDERS}
    return branch


@pytest.fixture
def in_scim(cast: Cast, application) -> ResourceRole:
    system = TargetSystem.objects.create(name="CRM", slug="crm")
    connector = Connector(system=system, kind=ConnectorKind.SCIM, base_url=application.base_url)
    connector.set_secret(application.token)
    connector.save()
    resource = Resource.objects.create(system=system, kind=ResourceKind.APPLICATION, origin_id="crm", name="CRM")
    cast.catalog.resources.add(resource)
    return ResourceRole.objects.create(resource=resource, origin_id=application.create_group("Sellers"), name="Seller")


@pytest.fixture
def in_ldap(cast: Cast, branch) -> ResourceRole:
    system = TargetSystem.objects.create(name="Corp", slug="corp")
    options = {
        "servers": branch.server.tls,
        "ca_certificate": branch.server.authority.pem,
        "bind_dn": OURS,
        "people_base": branch.people,
        "groups_base": branch.groups,
        "placeholder": NOBODY,
    }
    corp = provisioning_actions.configure_connector(
        connector=Connector(system=system, kind=ConnectorKind.LDAP),
        secret=OURS_PASSWORD,
        options=options,
        actor=None,
        now=timezone.now(),
    )
    branch.sellers = branch.add_group("Sellers", NOBODY)
    with open_connector(corp, system="Corp") as connector:
        [found] = [each for each in connector.discover() if each.name == "Sellers"]
    values = {"kind": found.kind, "origin_id": found.resource_id, "name": found.name}
    resource = Resource.objects.create(system=system, **values)
    cast.catalog.resources.add(resource)
    return ResourceRole.objects.create(resource=resource, origin_id=found.roles[0].role_id, name="Member")


@pytest.fixture
def people(cast: Cast) -> dict[str, User]:
    """Marco manages Rita and Charlie, Mona manages Dora and Eve."""
    mona = User.objects.create(username="mona", email="mona@example.com", display_name="Mona", manager=cast.ada)
    cast.charlie.manager = cast.marco
    cast.charlie.save(update_fields=["manager"])
    others = {
        name: User.objects.create(username=name, email=f"{name}@example.com", display_name=name.title(), manager=mona)
        for name in ("dora", "eve")
    }
    return {"rita": cast.rita, "charlie": cast.charlie, "mona": mona, **others}


@pytest.fixture
def package(cast: Cast, in_scim, in_ldap) -> AccessPackage:
    return cast.package("Sales: Standard Access", in_scim, in_ldap)


def in_both(application, branch, in_scim) -> set[str]:
    """Who has it, as both targets say."""
    there = {branch.accounts[dn] for dn in branch.values(branch.sellers, "member") if dn != NOBODY}
    assert application.members(in_scim.origin_id) == there, "the targets disagree"
    return there


def review_of(policy: Policy, *, by: User, now: datetime) -> Review:
    review = Review(
        name="Sales, twice a year",
        scope=ReviewScope.POLICY,
        policy=policy,
        frequency=Frequency.SEMI_ANNUALLY,
        starts_on=(now + DAY).date(),
        if_no_response=NoResponse.REMOVE,
    )
    stage = Stage(ReviewStage(position=1, reviewers=ReviewerKind.MANAGER, duration=14 * DAY))
    return defining.save_review(review=review, stages=[stage], actor=by, now=now)


def beat(now: datetime) -> None:
    """Everything that the clock sets off."""
    starting.start_due(now)
    launching.launch_all_due(now=now)
    replacing.replace_absent(now=now)
    closing.close_all_due(now=now)
    applying.apply_all_due(now=now)
    perform_all_due(now=now)
    applying.follow(now=now)
    notifications_actions.queue_review_questions(now=now)
    notifications_actions.queue_campaign_reminders(now=now)
    send_all_due(now=now)


def subjects_to(person: User) -> list[str]:
    mine = [str(letter.subject) for letter in mail.outbox if letter.to == [person.email]]
    return [subject for subject in mine if "Sales, twice" in subject]


def test_twice_a_year_managers_confirm_and_what_they_do_not_confirm_is_gone(
    cast, people, package, application, branch, in_scim, client
):
    now = timezone.now()
    policy = cast.policy(package, approver=None, duration_amount=360)
    for name in HOLDERS:
        actions.submit(package=package, actor=people[name], justification="I sell", now=now)
    perform_all_due(now=now)
    assert in_both(application, branch, in_scim) == set(HOLDERS)

    review = review_of(policy, by=cast.ada, now=now)
    planned = review.next_at
    assert planned
    beat(now)
    assert not Campaign.objects.exists(), "it is not time yet"
    now = planned + timedelta(minutes=1)
    beat(now)
    beat(now + timedelta(minutes=1))
    campaign = Campaign.objects.get()
    assert (campaign.status, campaign.total) == (CampaignStatus.IN_PROGRESS, 4)
    assert campaign.digest == Event.objects.get(verb=events.CAMPAIGN_OPENED).details["digest"]
    assert len(subjects_to(cast.marco)) == len(subjects_to(people["mona"])) == 1

    # Marco answers in his browser: Rita keeps it, Charlie does not.
    client.force_login(cast.marco)
    page = client.get(reverse("reviews:campaign", args=[campaign.pk])).content.decode()
    assert "Rita" in page
    assert "Charlie" in page
    assert "Dora" not in page, "she is not his"
    answer(client, campaign, "rita", "approve")
    answer(client, campaign, "charlie", "deny", "He moved to Finance.")

    # Mona leaves before she answered; her items go to somebody who is there.
    disable_person(person=people["mona"], actor=cast.ada, now=now + DAY)
    beat(now + DAY)
    assert in_both(application, branch, in_scim) == set(HOLDERS), "nothing goes before the close"
    [successor] = {
        seat.person for item in campaign.items.filter(is_open=True) for seat in item.panel.members.filter(left_at=None)
    }
    assert successor == cast.olga, "the package's owner"
    assert len(subjects_to(cast.olga)) == 1

    # Half-time: only whoever has open items is reminded. Olga answers about Dora, and nobody about Eve.
    beat(now + 7 * DAY)
    assert len(subjects_to(cast.marco)) == 1, "he is done"
    assert len(subjects_to(cast.olga)) == 2
    client.force_login(cast.olga)
    answer(client, campaign, "dora", "approve")

    # It closes: what was denied, and what nobody answered, is really gone; the rest is really there.
    now = planned + 14 * DAY + timedelta(minutes=2)
    beat(now)
    beat(now + timedelta(minutes=1))
    assert in_both(application, branch, in_scim) == {"dora", "rita"}
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.COMPLETED
    states = {item.person.username: item.state for item in ReviewItem.objects.filter(campaign=campaign)}
    assert states == {
        "rita": ApplyState.NOT_NEEDED,
        "dora": ApplyState.NOT_NEEDED,
        "charlie": ApplyState.APPLIED,
        "eve": ApplyState.APPLIED,
    }
    ended = AccessRequest.objects.filter(kind=RequestType.SYSTEM_REMOVE).values_list("person__username", flat=True)
    assert set(ended) == {"charlie", "eve"}
    assert Assignment.objects.live().count() == 2

    # Half a year later it starts again, about those who are left.
    review.refresh_from_db()
    assert review.next_at
    assert 180 * DAY < review.next_at - planned < 186 * DAY
    beat(review.next_at + timedelta(minutes=1))
    following = Campaign.objects.exclude(pk=campaign.pk).get()
    assert (following.total, Campaign.objects.count()) == (2, 2)


def answer(client, campaign: Campaign, name: str, verdict: str, reason: str = "") -> None:
    item = ReviewItem.objects.get(campaign=campaign, person__username=name)
    sent = {"answer": verdict, "reason": reason}
    response = client.post(reverse("reviews:item", args=[item.pk]), sent)
    assert response.status_code == 302, response.content.decode()
    item.refresh_from_db()
    assert item.verdict == verdict
