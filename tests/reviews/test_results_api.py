"""Results in the REST API: counts, items page by page, and the same reports; for those who may see them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from directory.models import User
from reviews import events
from reviews.choices import Verdict
from reviews.models import Campaign
from reviews.reports.rows import COLUMNS
from tests.cast import Cast

from .test_results import answer, item_of


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(User.objects.create(username="iris", display_name="Iris", is_auditor=True))
    return client


def get(client: Client, name: str, campaign: Campaign) -> Any:
    return client.get(reverse(f"campaign-{name}", args=[campaign.pk]))


def test_results_are_counted_in_all_and_by_department(campaign: Campaign, cast: Cast, auditor: Client) -> None:
    campaign.items.filter(person=cast.rita).update(department="Sales")
    answer(item_of(campaign, cast.rita), Verdict.DENY, by=cast.marco)

    found = get(auditor, "results", campaign).json()

    assert (found["progress"]["answered"], found["progress"]["percent"]) == (1, 50)
    assert (found["results"]["denied"], found["results"]["unanswered"]) == (1, 1)
    assert [one["department"] for one in found["departments"]] == ["Sales", ""]
    assert found["departments"][0]["results"]["denied"] == 1


def test_items_come_page_by_page_as_reports_tell_them(
    campaign: Campaign, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviews.listing.PAGE_SIZE", 1)

    first = get(auditor, "items", campaign).json()
    second = auditor.get(first["next"]).json()

    assert tuple(first["results"][0]) == COLUMNS
    assert {first["results"][0]["person"], second["results"][0]["person"]} == {"Rita", "Charlie"}
    assert second["next"] is None


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "pdf"])
def test_reports_are_downloaded_and_journalled(campaign: Campaign, auditor: Client, file_format: str) -> None:
    answered = get(auditor, f"report-{file_format}", campaign)

    assert answered.status_code == 200
    assert answered.headers["Content-Disposition"].endswith(f'.{file_format}"')
    assert Event.objects.get(verb=events.REPORT_EXPORTED).details["format"] == file_format


@pytest.mark.parametrize("name", ["results", "items", "report-csv", "report-pdf"])
def test_reviewers_and_those_reviewed_find_nothing_there(
    campaign: Campaign, cast: Cast, client: Client, name: str
) -> None:
    for person in (cast.marco, cast.rita):
        client.force_login(person)
        assert get(client, name, campaign).status_code == 404
