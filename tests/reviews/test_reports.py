"""Reports of campaigns: rows that say everything, files that do no harm, and a paper that any name survives."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from pypdf import PdfReader

from audit.models import Event
from catalog.models import AccessPackage
from directory.models import User
from provisioning.delivery import perform_all_due
from provisioning.models import Operation
from requests_app.actions import end_by_review
from requests_app.models import Assignment
from reviews import events
from reviews.actions.reporting import record_report
from reviews.choices import Result, Verdict
from reviews.lifecycle import ApplyState
from reviews.models import Campaign
from reviews.proofs import proofs_of
from reviews.reports import paper, rows
from reviews.reports.files import flow
from reviews.reports.paper import pdf_of
from reviews.reports.rows import COLUMNS, lines_of, row_of
from reviews.reports.typesetting import UNSHOWN, ordered, visible
from tests.cast import NOW, Cast

from .conftest import give, make_review, open_by_hand
from .test_results import answer, item_of

LATER = NOW + timedelta(days=14)
TRICKS = (
    '=HYPERLINK("http://evil")',
    "Zoë Ünsal \N{COMBINING ACUTE ACCENT}",
    "李小龍 さくら 김민준",
    "שלום כהן",
    "محمد علي",
    "Eve \N{RIGHT-TO-LEFT OVERRIDE}nimdA",
    "\N{GRINNING FACE} \N{ZERO WIDTH SPACE}\x07",
    "W" * 190,
    "&<b>not bold</b>&amp;",
)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def decided(campaign: Campaign, cast: Cast) -> Campaign:
    """Rita's access was denied by Marco, and is gone from the directory; nobody answered about Charlie's."""
    rita = item_of(campaign, cast.rita)
    answer(rita, Verdict.DENY, by=cast.marco, at=NOW + timedelta(hours=1))
    campaign.items.filter(pk=rita.pk).update(reason="Left the project", result=Result.REMOVE)
    assert rita.assignment_id
    end_by_review([rita.assignment_id], why="The review decided so", now=LATER)
    perform_all_due(now=LATER)
    campaign.items.filter(pk=rita.pk).update(state=ApplyState.APPLIED, applied_at=LATER)
    campaign.items.filter(person=cast.charlie).update(result=Result.KEEP, state=ApplyState.NOT_NEEDED)
    return campaign


def test_a_row_says_who_had_what_what_was_answered_and_what_came_of_it(campaign: Campaign, cast: Cast) -> None:
    found = {row["person"]: row for row in (row_of(campaign, line) for line in lines_of(decided(campaign, cast)))}

    rita, charlie = found["Rita"], found["Charlie"]
    assert tuple(rita) == COLUMNS
    assert (rita["access"], rita["within"], rita["owner"]) == ("Sales: Standard Access", "Sales", "Olga")
    assert (rita["asked"], rita["reviewer"], rita["answer"]) == ("Marco", "Marco", "deny")
    assert (rita["reason"], rita["result"], rita["application"]) == ("Left the project", "remove", "applied")
    assert (rita["applied_by"], rita["applied_at"]) == ("AccessGov", LATER)
    assert (charlie["answer"], charlie["reviewer"], charlie["result"]) == ("notReviewed", "", "keep")
    assert charlie["applied_by"] == ""


def test_removed_access_comes_with_the_operation_that_removed_it(campaign: Campaign, cast: Cast) -> None:
    item = item_of(decided(campaign, cast), cast.rita)

    [proof] = proofs_of([item])[item.pk]

    operation = Operation.objects.get(kind="revoke")
    assert proof.removal is not None
    assert (proof.removal.operation, proof.removal.at, proof.system) == (operation.pk, LATER, "Directory")
    assert str(operation.pk) in proof.in_words


def test_what_was_given_and_taken_again_later_proves_nothing(campaign: Campaign, cast: Cast) -> None:
    item = item_of(decided(campaign, cast), cast.rita)
    Operation.objects.filter(kind="revoke").update(settled_at=LATER + timedelta(days=1))

    [proof] = proofs_of([item])[item.pk]

    assert proof.removal is None


def test_access_that_stays_needs_no_proof(campaign: Campaign, cast: Cast) -> None:
    item = item_of(decided(campaign, cast), cast.charlie)
    assert proofs_of([item]) == {}


def test_a_report_takes_the_same_statements_however_many_items_there_are(
    cast: Cast, package: AccessPackage, policy: Any, django_assert_max_num_queries: Any
) -> None:
    give(package, *(User.objects.create(username=f"p{number}", manager=cast.marco) for number in range(12)))
    campaign = open_by_hand(make_review(package), list(Assignment.objects.filter(package=package)), cast.marco)
    campaign.items.update(result=Result.REMOVE)

    with django_assert_max_num_queries(14):
        assert len(list(lines_of(campaign))) == 12


def test_batches_leave_nothing_out_and_tell_nothing_twice(
    campaign: Campaign, package: AccessPackage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(package, *(User.objects.create(username=f"p{number}", manager=cast.marco) for number in range(7)))
    held = list(Assignment.objects.filter(package=package))
    other = open_by_hand(make_review(package, name="Another"), held, cast.marco)
    other.items.filter(pk__in=list(other.items.values_list("pk", flat=True)[:4])).update(state=ApplyState.NOT_NEEDED)

    for size in (1, 2, 3, 9, 10):
        monkeypatch.setattr(rows, "BATCH", size)
        found = [line.item.pk for line in lines_of(other)]
        assert found == sorted(other.items.values_list("pk", flat=True))
        assert len(list(lines_of(other, most=5))) == 5
        assert len(list(lines_of(other, wanted=Q(state=ApplyState.NOT_NEEDED)))) == 4


def test_csv_has_a_heading_and_a_line_for_each_item(campaign: Campaign, cast: Cast) -> None:
    text = "".join(flow([decided(campaign, cast)], file_format="csv"))

    found = list(csv.DictReader(io.StringIO(text)))
    assert [row["person"] for row in found] == ["Charlie", "Rita"]
    assert found[1]["applied_at"] == "2026-03-16T09:00:00Z"
    assert found[1]["is_guest"] == "false"


def test_no_cell_of_the_csv_is_taken_for_a_formula(campaign: Campaign) -> None:
    campaign.items.update(person_name="=cmd|' /C calc'!A0", reason="@SUM(A1)", department="+1", job_title="-1")

    for row in csv.DictReader(io.StringIO("".join(flow([campaign], file_format="csv")))):
        assert {row[name][0] for name in ("person", "reason", "department", "job_title")} == {"'"}


def test_json_lines_keep_their_types(campaign: Campaign, cast: Cast) -> None:
    lines = "".join(flow([decided(campaign, cast)], file_format="jsonl")).splitlines()

    charlie, rita = (json.loads(line) for line in lines)
    assert (rita["is_guest"], rita["peers"], rita["held_until"] is None) == (False, 0, False)
    assert charlie["reviewed_at"] is None
    assert rita["campaign_id"] == str(campaign.pk)


def test_the_paper_says_what_was_reviewed_by_whom_and_what_proves_it(campaign: Campaign, cast: Cast) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(digest="ab" * 32, freshness={"Directory": NOW.isoformat()})
    campaign.refresh_from_db()

    text = text_of(pdf_of(decided(campaign, cast), made_by=cast.ada, now=LATER))
    said = " ".join(text.split())

    for words in (
        "Access review report",
        campaign.name,
        "abababababababab",
        "What nobody answers stays.",
        "Removed access, and what proves it",
        "Left the project",
        "Whoever is responsible for the review",
        "As of: Directory",
        "Page 1 of",
    ):
        assert words in said, words
    operation = Operation.objects.get(kind="revoke").pk
    assert str(operation) in text.replace("\n", "")


@pytest.mark.one_database("about the paper alone")
@pytest.mark.parametrize("name", TRICKS)
def test_no_name_breaks_the_paper(campaign: Campaign, cast: Cast, name: str) -> None:
    campaign.items.update(person_name=name, department=name[:100], reason=name * 5)

    assert text_of(pdf_of(campaign, made_by=cast.ada, now=LATER))


@pytest.mark.one_database("about the text alone")
def test_what_hides_or_reverses_text_is_shown_to_be_there() -> None:
    assert visible("Eve \N{RIGHT-TO-LEFT OVERRIDE}nimdA") == f"Eve {UNSHOWN}nimdA"
    assert visible("a\x07b\ud800c\N{ZERO WIDTH SPACE}") == f"a{UNSHOWN}b{UNSHOWN}c{UNSHOWN}"
    assert visible("Zoe\N{COMBINING DIAERESIS}  \n Ünsal") == "Zoë Ünsal"
    assert visible("李小龍 さくら 김민준") == "李小龍 さくら 김민준"


@pytest.mark.one_database("about the text alone")
def test_hebrew_and_arabic_stand_in_their_own_direction() -> None:
    assert ordered("שלום") == "םולש"
    assert ordered("שלום, Sales") == "םולש, Sales"
    assert UNSHOWN not in ordered("محمد علي")


def test_a_long_paper_stops_and_points_to_the_files(
    campaign: Campaign, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "MOST_ITEMS", 1)

    text = " ".join(text_of(pdf_of(campaign, made_by=cast.ada, now=LATER)).split())

    assert "The first 1 of 2 are printed; all of them are in the report as CSV or JSON lines." in text


def test_taking_a_report_out_is_journalled(campaign: Campaign, cast: Cast) -> None:
    record_report(campaign=campaign, actor=cast.ada, file_format="pdf", now=LATER)

    event = Event.objects.get(verb=events.REPORT_EXPORTED)
    assert event.sentence == f"Ada exported the report of {campaign} as pdf"
    assert event.target_id == str(campaign.pk)


def test_nobody_takes_out_a_report_of_what_they_do_not_look_after(campaign: Campaign, cast: Cast) -> None:
    for person in (cast.marco, cast.rita):
        with pytest.raises(PermissionDenied):
            record_report(campaign=campaign, actor=person, file_format="csv", now=LATER)
    assert not Event.objects.filter(verb=events.REPORT_EXPORTED).exists()
