"""The history of many campaigns: totals from the journal, files with every item, each by what one may see."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from catalog.models import AccessPackage, Catalog
from directory.models import User
from requests_app.models import Assignment
from reviews import events
from reviews.choices import Result, Verdict
from reviews.lifecycle import ApplyState
from reviews.models import Campaign
from reviews.reports.history import totals_of
from tests.cast import NOW, Cast, appoint

from .conftest import give, make_review, open_by_hand
from .test_results import answer, item_of

PAGE, CSV, JSON_LINES = (f"reviews:{name}" for name in ("history", "history-csv", "history-jsonl"))


@pytest.fixture
def both(campaign: Campaign, cast: Cast, held: list[Assignment]) -> list[Campaign]:
    """The open campaign, and one of a year before of which everything is over."""
    earlier = open_by_hand(make_review(cast.catalog, scope="catalog"), held[:1], cast.marco)
    then = NOW - timedelta(days=365)
    Campaign.objects.filter(pk=earlier.pk).update(name="Last year", created_at=then, status="completed")
    earlier.items.update(result=Result.REMOVE, state=ApplyState.FAILED)
    Event.objects.create(
        occurred_at=then, verb=events.CAMPAIGN_CLOSED, target_kind="campaign", target_id=str(earlier.pk),
        target_label="Last year", actor_label="AccessGov", correlation_id=earlier.pk, source="web",
        details={"kept": 0, "removed": 1, "unanswered": 0},
    )  # fmt: skip
    return [campaign, Campaign.objects.get(pk=earlier.pk)]


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(User.objects.create(username="iris", display_name="Iris", is_auditor=True))
    return client


def read(client: Client, query: str = "") -> list[dict[str, str]]:
    answered: Any = client.get(reverse(CSV) + query)
    return list(csv.DictReader(io.StringIO(b"".join(answered.streaming_content).decode())))


def test_totals_are_those_of_the_journal(both: list[Campaign], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        running, over = totals_of(both)

    assert (over.kept, over.removed, over.unanswered, over.unapplied) == (0, 1, 0, 1)
    assert (running.kept, running.removed, running.unapplied) == (None, None, 0)


def test_the_page_shows_each_campaign_with_its_totals(both: list[Campaign], auditor: Client) -> None:
    page = auditor.get(reverse(PAGE)).content.decode()
    assert "Last year" in page
    assert str(both[0]) in page


def test_files_have_the_items_of_all_campaigns_in_order(both: list[Campaign], auditor: Client) -> None:
    assert [row["campaign"] for row in read(auditor)] == ["Last year", str(both[0]), str(both[0])]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("?outcome=remove", 1), ("?outcome=failed", 1), ("?outcome=notReviewed", 2), ("?outcome=deny", 1),
        ("?since=2026-01-01", 2), ("?until=2026-01-01", 1), ("?scope=catalog", 1), ("?status=over", 1), ("?q=last", 1),
    ],
)  # fmt: skip
def test_files_are_narrowed_by_period_scope_and_outcome(
    both: list[Campaign], cast: Cast, auditor: Client, query: str, number: int
) -> None:
    answer(item_of(both[0], cast.rita), Verdict.DENY, by=cast.marco)
    assert len(read(auditor, query)) == number


def test_json_lines_have_the_same_items(both: list[Campaign], auditor: Client) -> None:
    answered: Any = auditor.get(reverse(JSON_LINES))
    lines = [json.loads(line) for line in b"".join(answered.streaming_content).decode().splitlines()]
    assert [line["item_id"] for line in lines] == [row["item_id"] for row in read(auditor)]


def test_owners_find_their_own_campaigns_only(
    both: list[Campaign], cast: Cast, client: Client, policy: Any, package: AccessPackage
) -> None:
    elsewhere = Catalog.objects.create(name="Elsewhere", description="Of others")
    owner = User.objects.create(username="cora", display_name="Cora")
    appoint(elsewhere, owner)
    other = AccessPackage.objects.create(catalog=elsewhere, name="Other", description="Other", owner=owner)
    cast.policy(other, approver=None)
    own = open_by_hand(make_review(other), give(other, cast.rita), cast.marco)
    client.force_login(owner)

    assert {row["campaign_id"] for row in read(client)} == {str(own.pk)}


def test_taking_the_history_out_is_journalled_with_what_was_asked_for(both: list[Campaign], auditor: Client) -> None:
    read(auditor, "?scope=catalog&outcome=remove")

    event = Event.objects.get(verb=events.REPORT_EXPORTED)
    assert event.details["filters"] == {"scope": "catalog", "outcome": "remove"}
    assert event.sentence == "Iris exported the history of reviews (scope catalog, outcome remove) as csv"
