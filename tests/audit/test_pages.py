"""The journal's pages, exports and API: for auditors, by every question, at a constant number of statements."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import exports, filters
from audit.events import JOURNAL_EXPORTED
from audit.exports import HEADINGS, guarded
from audit.models import Event
from directory.events import GROUP_MEMBER_ADDED, GROUP_MEMBER_REMOVED
from directory.models import Group, User

from .conftest import NOON

Happen = Callable[..., Event]
Fill = Callable[[int], list[Event]]

pytestmark = pytest.mark.django_db
PAGES = ["/journal/", "/journal/export.csv", "/journal/export.jsonl", "/journal/{id}/"]
API = ["/api/v1/events/", "/api/v1/events/{id}/", "/api/v1/events/export.csv", "/api/v1/events/export.jsonl"]
EXPORTS = ["/journal/export.", "/api/v1/events/export."]


@pytest.fixture
def reader(client: Client, auditor: User) -> Client:
    client.force_login(auditor)
    return client


def body(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def listed(client: Client, **query: Any) -> list[Event]:
    answer = client.get("/journal/", query)
    assert answer.status_code == 200, answer.context["filter"].errors
    return list(answer.context["events"])


# --- Who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PAGES + API)
def test_an_outsider_is_refused_and_nothing_is_exported(
    client: Client, outsider: User, happen: Happen, address: str
) -> None:
    event = happen()
    client.force_login(outsider)
    answer = client.get(address.format(id=event.pk))
    assert answer.status_code == 403
    assert "Finance" not in answer.content.decode()
    assert Event.objects.count() == 1


@pytest.mark.parametrize("address", PAGES)
def test_a_stranger_is_asked_to_sign_in(client: Client, happen: Happen, address: str) -> None:
    answer = client.get(address.format(id=happen().pk))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/journal/")


@pytest.mark.parametrize("address", API)
def test_a_stranger_gets_nothing_from_the_api(client: Client, happen: Happen, address: str) -> None:
    assert client.get(address.format(id=happen().pk)).status_code == 401


def test_a_disabled_auditor_reads_nothing(client: Client, auditor: User) -> None:
    client.force_login(auditor)
    auditor.is_active = False
    auditor.save()
    assert client.get("/journal/").status_code == 302


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("address", PAGES + API)
def test_nothing_is_written(reader: Client, happen: Happen, address: str, method: str) -> None:
    assert getattr(reader, method)(address.format(id=happen().pk)).status_code == 405


def test_a_head_request_exports_nothing(reader: Client) -> None:
    assert reader.head("/journal/export.csv").status_code == 405
    assert reader.head("/api/v1/events/export.csv").status_code == 405
    assert not Event.objects.exists()


# --- The pages ------------------------------------------------------------------------------------------------------


def test_an_event_reads_as_a_sentence(reader: Client, happen: Happen, outsider: User) -> None:
    event = happen(person=outsider)
    page = reader.get("/journal/").content.decode()
    assert "Audrey Auditor added Otto Outsider to the group Finance" in page
    assert f"/journal/{event.pk}/" in page


def test_the_list_is_told_by_days_in_plain_words(reader: Client, happen: Happen, outsider: User) -> None:
    happen(at=NOON)
    happen(at=NOON + timedelta(days=1))
    page = reader.get("/journal/").content.decode()
    assert page.index("Tuesday, 3 March 2026") < page.index("Monday, 2 March 2026")
    assert page.count("Group member added</span>") == 2
    assert "group.member_added</span>" not in page


def test_what_a_link_narrowed_the_search_to_is_said_by_name(reader: Client, happen: Happen, outsider: User) -> None:
    event = happen(person=outsider)
    assert reader.get(f"/journal/?person={outsider.pk}").context["narrowed_to"] == ["one person: Otto Outsider"]
    assert reader.get(f"/journal/?target={event.target_id}").context["narrowed_to"] == ["one thing: Finance"]
    assert reader.get("/journal/?person=otto").context["narrowed_to"] == []


def test_an_event_has_a_page_with_its_details_as_they_were(reader: Client, happen: Happen, group: Group) -> None:
    event = happen(details={"reason": "<b>new</b> & needed", "nothing": None, "items": ["a", 1]})
    Group.objects.filter(pk=group.pk).update(name="Renamed")
    page = reader.get(f"/journal/{event.pk}/").content.decode()
    assert "Finance" in page
    assert "Renamed" not in page
    assert "&lt;b&gt;new&lt;/b&gt; &amp; needed" in page
    assert "[&quot;a&quot;, 1]" in page
    assert f"?story={event.correlation_id}" in page


def test_an_event_that_is_not_there_is_not_found(reader: Client) -> None:
    assert reader.get(f"/journal/{uuid4()}/").status_code == 404


def test_the_pages_lead_through_all_events(reader: Client, fill: Fill) -> None:
    fill(120)
    seen, address = [], "?verb=group.member_added"
    while address:
        answer = reader.get(f"/journal/{address}")
        seen += [event.pk for event in answer.context["events"]]
        address = answer.context["older_url"]
        assert not address or "verb=group.member_added" in address
    assert seen == list(Event.objects.values_list("pk", flat=True))


def test_a_damaged_cursor_is_a_400(reader: Client) -> None:
    assert reader.get("/journal/?cursor=nonsense").status_code == 400
    answer = reader.get("/api/v1/events/?cursor=nonsense")
    assert answer.status_code == 400
    assert "damaged" in answer.content.decode()


@pytest.mark.parametrize("address", ["/journal/", "/api/v1/events/"])
def test_a_page_costs_the_same_with_10_and_with_200_events(reader: Client, fill: Fill, address: str) -> None:
    reader.get(address)
    costs = []
    for more in (10, 190):
        fill(more)
        with CaptureQueriesContext(connection) as statements:
            assert reader.get(address).status_code == 200
        asked = [s["sql"].upper() for s in statements if "AUDIT_EVENT" in s["sql"].upper()]
        assert len(asked) == 1
        assert "OFFSET" not in asked[0]
        assert "COUNT(" not in asked[0]
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 5


def test_the_administration_lists_without_counting_and_changes_nothing(client: Client, fill: Fill) -> None:
    client.force_login(User.objects.create_superuser("root"))
    event = fill(120)[0]
    client.get("/admin/audit/event/")
    with CaptureQueriesContext(connection) as statements:
        page = client.get("/admin/audit/event/")
    assert page.status_code == 200
    assert "Audrey Auditor added" in page.content.decode()
    assert not [s["sql"] for s in statements if "COUNT(" in s["sql"].upper() and "audit_event" in s["sql"]]
    assert client.get(f"/admin/audit/event/{event.pk}/change/").status_code == 200
    for action in ("add/", f"{event.pk}/delete/"):
        assert client.post(f"/admin/audit/event/{action}").status_code == 403
    assert client.post(f"/admin/audit/event/{event.pk}/change/", {"verb": "x"}).status_code == 403


# --- The questions --------------------------------------------------------------------------------------------------


@pytest.fixture
def cast(happen: Happen, auditor: User, outsider: User, group: Group) -> dict[str, Event]:
    """Four events that differ in one thing each."""
    package = type("Package", (), {"pk": UUID(int=7), "__str__": lambda self: "Analysts"})()
    return {
        "about": happen(actor=None, person=outsider),
        "by": happen(GROUP_MEMBER_REMOVED, actor=outsider, at=NOON + timedelta(days=1)),
        "of": happen(package=package, at=NOON + timedelta(days=2)),
        "else": happen(target=auditor, at=NOON + timedelta(days=3)),
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["else", "of", "by", "about"]),
        ({"person": "otto"}, ["by", "about"]),
        ({"person": "OTTO OUT"}, ["by", "about"]),
        ({"person": "nobody"}, []),
        ({"actor": "otto"}, ["by"]),
        ({"actor": "accessgov"}, ["about"]),
        ({"package": str(UUID(int=7))}, ["of"]),
        ({"package": "Analysts"}, ["of"]),
        ({"package": "Other"}, []),
        ({"verb": GROUP_MEMBER_REMOVED}, ["by"]),
        ({"since": "2026-03-03"}, ["else", "of", "by"]),
        ({"until": "2026-03-03"}, ["by", "about"]),
        ({"since": "2026-03-03", "until": "2026-03-03"}, ["by"]),
        ({"until": "9999-12-31"}, ["else", "of", "by", "about"]),
        ({"person": "otto", "verb": GROUP_MEMBER_ADDED}, ["about"]),
    ],
)
def test_the_search_finds_exactly(
    reader: Client, cast: dict[str, Event], monkeypatch, query: dict[str, str], expected: list[str]
) -> None:
    monkeypatch.setattr(filters, "package_lookup", lambda text: [UUID(int=7)] if text == "Analysts" else [])
    assert listed(reader, **query) == [cast[name] for name in expected]
    rows = reader.get("/api/v1/events/", query).json()["results"]
    assert [row["id"] for row in rows] == [str(cast[name].pk) for name in expected]


def test_a_story_and_a_thing_are_found(reader: Client, cast: dict[str, Event], auditor: User) -> None:
    assert listed(reader, story=cast["by"].correlation_id) == [cast["by"]]
    assert listed(reader, target=auditor.pk) == [cast["else"]]
    assert listed(reader, person=cast["about"].person_id) == [cast["by"], cast["about"]]


@pytest.mark.parametrize("edge", [timedelta(0), timedelta(days=1)])
def test_a_period_is_half_open(reader: Client, happen: Happen, edge: timedelta) -> None:
    midnight = NOON.replace(hour=0) + edge
    event = happen(at=midnight)
    before = happen(at=midnight - timedelta(microseconds=1))
    assert listed(reader, since=midnight.date(), until=midnight.date()) == [event]
    assert listed(reader, until=midnight.date() - timedelta(days=1)) == [before]


@pytest.mark.parametrize("query", ["verb=x", "since=yesterday", "story=x", f"person={'x' * 300}"])
def test_a_question_that_makes_no_sense_is_refused(reader: Client, happen: Happen, query: str) -> None:
    happen()
    for address in ("/journal/", "/journal/export.csv", "/api/v1/events/", "/api/v1/events/export.jsonl"):
        answer = reader.get(f"{address}?{query}")
        assert answer.status_code == 400
        assert "Finance" not in answer.content.decode()
    assert Event.objects.count() == 1


def test_a_name_that_too_many_bear_is_refused_rather_than_answered_in_part(reader: Client) -> None:
    User.objects.bulk_create(User(username=f"kim{n}", display_name=f"Kim {n}") for n in range(filters.MOST + 1))
    answer = reader.get("/journal/?person=kim")
    assert answer.status_code == 400
    assert "more precise" in answer.content.decode()
    assert reader.get("/journal/?person=kim1").status_code == 200


# --- The exports ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", EXPORTS)
def test_the_csv_holds_the_rows(reader: Client, fill: Fill, base: str, monkeypatch) -> None:
    monkeypatch.setattr(exports, "BATCH", 40)
    fill(100)
    expected = [(str(event.pk), event.sentence) for event in Event.objects.all()]
    answer = reader.get(f"{base}csv", HTTP_ACCEPT="text/csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="journal-20')
    rows = list(csv.DictReader(io.StringIO(body(answer), newline="")))
    assert [(row["id"], row["sentence"]) for row in rows] == expected
    assert tuple(rows[0]) == HEADINGS


@pytest.mark.parametrize("base", EXPORTS)
def test_the_json_lines_are_what_the_api_says(reader: Client, fill: Fill, base: str) -> None:
    fill(20)
    expected = reader.get("/api/v1/events/").json()["results"]
    assert [json.loads(line) for line in body(reader.get(f"{base}jsonl")).splitlines()] == expected


def test_an_export_keeps_to_the_search(reader: Client, cast: dict[str, Event]) -> None:
    rows = [json.loads(line) for line in body(reader.get("/journal/export.jsonl?person=otto")).splitlines()]
    assert [row["id"] for row in rows] == [str(cast["by"].pk), str(cast["about"].pk)]


@pytest.mark.parametrize("base", EXPORTS)
def test_an_export_is_journalled_and_not_in_itself(reader: Client, happen: Happen, auditor: User, base: str) -> None:
    happen()
    text = body(reader.get(f"{base}jsonl", {"person": "audrey"}))
    assert len(text.splitlines()) == 1
    event = Event.objects.get(verb=JOURNAL_EXPORTED)
    assert event.actor == auditor
    assert event.details["filters"] == {"person": "audrey"}
    assert event.sentence == "Audrey Auditor exported the journal as jsonl: person audrey"


def test_an_empty_export_is_a_heading(reader: Client) -> None:
    assert body(reader.get("/journal/export.csv")) == ",".join(HEADINGS) + "\r\n"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\0"])
def test_a_formula_is_disarmed(first: str) -> None:
    assert guarded(f"{first}1+1") == f"'{first}1+1"
    assert guarded(f"1{first}") == f"1{first}"


def test_a_name_that_is_a_formula_reaches_the_csv_disarmed_and_the_json_as_it_is(
    reader: Client, happen: Happen
) -> None:
    name = '=HYPERLINK("http://evil.example","x")\nsecond line'
    happen(target=Group.objects.create(name=name))
    row = next(csv.DictReader(io.StringIO(body(reader.get("/journal/export.csv")), newline="")))
    assert row["target_label"] == f"'{name}"
    lines = body(reader.get("/journal/export.jsonl?verb=group.member_added")).splitlines()
    assert json.loads(lines[0])["target_label"] == name


def test_an_export_asks_once_per_batch(reader: Client, fill: Fill) -> None:
    fill(200)
    answer = reader.get("/journal/export.csv")
    with CaptureQueriesContext(connection) as statements:
        body(answer)
    assert len([s for s in statements if "audit_event" in s["sql"]]) == 2


# --- The API --------------------------------------------------------------------------------------------------------


def test_the_api_leads_through_all_events(reader: Client, fill: Fill) -> None:
    fill(100)
    seen, address = [], "/api/v1/events/?page_size=30"
    while address:
        page = reader.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert seen == [str(pk) for pk in Event.objects.values_list("pk", flat=True)]


def test_the_api_tells_one_event(reader: Client, happen: Happen, outsider: User) -> None:
    event = happen(person=outsider, details={"n": 1})
    told = reader.get(f"/api/v1/events/{event.pk}/").json()
    assert set(told) == set(HEADINGS)
    assert told["sentence"] == event.sentence
    assert told["details"] == {"n": 1}
    assert reader.get("/api/v1/events/x/").status_code == 404


@pytest.mark.parametrize("size", ["0", "-1", "501", "x", "²", "9" * 5000])
def test_a_page_size_out_of_bounds_is_refused(reader: Client, size: str) -> None:
    assert reader.get("/api/v1/events/", {"page_size": size}).status_code == 400
