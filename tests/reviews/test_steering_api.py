"""Steering by the API: what the pages offer, to the same people, refused for the same reasons."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accessgov.outbox import WorkStatus
from catalog.choices import DelegatedRole
from directory.models import User
from requests_app.models import Assignment
from reviews.choices import ApplyWhen, Verdict
from reviews.lifecycle import CampaignStatus
from reviews.models import Campaign, CampaignWork, WorkKind
from reviews.views.steering import STEPS
from tests.cast import Cast, appoint

from .answers import answer
from .conftest import make_review, open_by_hand

BODIES: dict[str, dict[str, Any]] = {
    "remind": {},
    "apply": {},
    "restart": {},
    "extend": {"until": (timezone.now() + timedelta(days=60)).isoformat()},
    "stop-stage": {"why": "Enough"},
    "stop": {"why": "Enough"},
    "reset": {"why": "Wrong people"},
    "cancel": {"why": "Wrong people"},
}
LEADS_TO = {"stop": "completing", "stop-stage": "completing", "cancel": "canceled", "apply": "applying"}


@pytest.fixture
def campaign(cast: Cast, package: Any, held: list[Assignment]) -> Campaign:
    """Open for the next fourteen days; Charlie manages the packages of the catalog."""
    appoint(cast.catalog, cast.charlie, role=DelegatedRole.PACKAGE_MANAGER)
    return open_by_hand(make_review(package), held, cast.marco, now=timezone.now())


def steer(client: Client, campaign: Campaign, step: str, *, by: User, **body: Any) -> Any:
    client.force_login(by)
    address = f"/api/v1/campaigns/{campaign.pk}/{step}/"
    return client.post(address, {**BODIES[step], **body}, content_type="application/json")


def test_it_offers_every_step_that_the_page_offers() -> None:
    assert {name.replace("_", "-") for name in STEPS} == BODIES.keys()


@pytest.mark.parametrize("step", BODIES)
def test_whoever_may_define_the_review_takes_each_step_and_is_told_how_it_stands(
    campaign: Campaign, cast: Cast, client: Client, step: str
) -> None:
    if step == "apply":
        Campaign.objects.update(status=CampaignStatus.DECIDED)
    told = steer(client, campaign, step, by=cast.charlie)
    assert told.status_code == 200, told.content
    assert told.json()["id"] == str(campaign.pk)
    assert told.json()["status"] == LEADS_TO.get(step, "inProgress")


@pytest.mark.parametrize("step", BODIES)
def test_for_others_there_is_nothing_here_and_auditors_only_read(
    campaign: Campaign, cast: Cast, client: Client, step: str
) -> None:
    auditor = User.objects.create(username="iris", is_auditor=True)
    for person, status in ((cast.marco, 404), (cast.rita, 404), (auditor, 403)):
        assert steer(client, campaign, step, by=person).status_code == status
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.IN_PROGRESS


@pytest.mark.parametrize("step", [step for step in BODIES if step != "restart"])
def test_what_comes_too_late_is_a_conflict(campaign: Campaign, cast: Cast, client: Client, step: str) -> None:
    Campaign.objects.update(status=CampaignStatus.COMPLETED)
    assert steer(client, campaign, step, by=cast.charlie).status_code == 409


@pytest.mark.parametrize(
    ("step", "body", "pointer"),
    [
        ("stop", {"why": " "}, "#/why"),
        ("cancel", {"why": ""}, "#/why"),
        ("extend", {"until": "tomorrow"}, "#/until"),
        ("extend", {"until": "2026-01-01T00:00:00Z"}, "#/until"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    campaign: Campaign, cast: Cast, client: Client, step: str, body: dict[str, str], pointer: str
) -> None:
    refused = steer(client, campaign, step, by=cast.charlie, **body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_extended_it_tells_the_new_end(campaign: Campaign, cast: Cast, client: Client) -> None:
    told = steer(client, campaign, "extend", by=cast.charlie).json()
    campaign.refresh_from_db()
    assert campaign.ends_at is not None
    assert told["ends_at"][:16] == campaign.ends_at.isoformat()[:16] == BODIES["extend"]["until"][:16]


def test_a_reset_opens_every_item_again(campaign: Campaign, cast: Cast, client: Client) -> None:
    answer(campaign, charlie=Verdict.APPROVE, now=timezone.now())
    assert steer(client, campaign, "reset", by=cast.charlie).json()["open_items"] == 2


def test_what_got_stuck_goes_on(campaign: Campaign, cast: Cast, client: Client) -> None:
    facts = {"kind": WorkKind.CLOSE, "due_at": timezone.now(), "created_at": timezone.now(), "idempotency_key": "1"}
    work = CampaignWork.objects.create(campaign=campaign, status=WorkStatus.STUCK, **facts)
    steer(client, campaign, "restart", by=cast.charlie)
    work.refresh_from_db()
    assert work.status == WorkStatus.PENDING


def test_results_are_applied_by_hand(cast: Cast, package, held, campaign: Campaign, client: Client) -> None:
    Campaign.objects.update(status=CampaignStatus.DECIDED, terms=campaign.terms | {"applies": ApplyWhen.BY_HAND})
    steer(client, campaign, "apply", by=cast.charlie)
    assert CampaignWork.objects.get().kind == WorkKind.APPLY


@pytest.mark.parametrize("step", BODIES)
def test_a_step_costs_few_statements(
    campaign: Campaign, cast: Cast, client: Client, step: str, django_assert_max_num_queries
) -> None:
    if step == "apply":
        Campaign.objects.update(status=CampaignStatus.DECIDED)
    client.force_login(cast.charlie)
    with django_assert_max_num_queries(30):
        steer(client, campaign, step, by=cast.charlie)
