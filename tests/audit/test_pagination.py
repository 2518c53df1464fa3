"""Pages by key show every event once, whatever shares a moment, at the same cost everywhere."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.exports import COLUMNS, JOURNAL
from audit.models import Event
from audit.pagination import BadCursor, Cursor, Keyset

from .conftest import NOON

Fill = Callable[[int], list[Event]]
LIST = Keyset("occurred_at", size=7)


def test_going_down_shows_every_event_once_in_order(fill: Fill) -> None:
    fill(100)
    seen, cursor = [], None
    while True:
        page = LIST.page(Event.objects.all(), cursor=cursor)
        seen += [event.pk for event in page.rows]
        cursor = page.older
        if cursor is None:
            break
    assert seen == list(Event.objects.order_by("-occurred_at", "-id").values_list("pk", flat=True))


def test_going_up_again_shows_the_same_pages(fill: Fill) -> None:
    fill(40)
    down = [LIST.page(Event.objects.all())]
    while down[-1].older:
        down.append(LIST.page(Event.objects.all(), cursor=down[-1].older))
    up = [down[-1]]
    while up[-1].newer:
        up.append(LIST.page(Event.objects.all(), cursor=up[-1].newer))
    assert [page.rows for page in up] == [page.rows for page in reversed(down)]
    assert up[-1].newer is None
    assert down[0].newer is None


def test_oldest_first_shows_every_event_once_there_and_back(fill: Fill) -> None:
    fill(40)
    upwards = Keyset("occurred_at", size=7, oldest_first=True)
    there = [upwards.page(Event.objects.all())]
    while there[-1].newer:
        there.append(upwards.page(Event.objects.all(), cursor=there[-1].newer))
    seen = [event.pk for page in there for event in page.rows]
    assert seen == list(Event.objects.order_by("occurred_at", "id").values_list("pk", flat=True))
    assert (there[0].older, len(there)) == (None, 6)
    back = [there[-1]]
    while back[-1].older:
        back.append(upwards.page(Event.objects.all(), cursor=back[-1].older))
    assert [page.rows for page in back] == [page.rows for page in reversed(there)]


@pytest.mark.parametrize("number", [0, 1, 7])
def test_a_list_that_fits_one_page_has_no_neighbours(fill: Fill, number: int) -> None:
    fill(number)
    page = LIST.page(Event.objects.all())
    assert (len(page.rows), page.newer, page.older) == (number, None, None)


def test_events_that_arrive_meanwhile_move_nothing(fill: Fill) -> None:
    fill(20)
    first = LIST.page(Event.objects.all())
    expected = LIST.page(Event.objects.all(), cursor=first.older).rows
    fill(60)
    old = Event.objects.filter(occurred_at__lte=NOON).count()
    assert old == 6
    after = LIST.page(Event.objects.all(), cursor=first.older)
    assert {event.pk for event in expected} & {event.pk for event in first.rows} == set()
    assert all((e.occurred_at, e.pk) < (first.rows[-1].occurred_at, first.rows[-1].pk) for e in after.rows)


def test_a_page_is_one_statement_without_offset_or_count(fill: Fill) -> None:
    fill(100)
    cursor = JOURNAL.page(Event.objects.all()).older
    with CaptureQueriesContext(connection) as statements:
        JOURNAL.page(Event.objects.all(), cursor=cursor)
    assert len(statements) == 1
    sql = statements[0]["sql"].upper()
    assert "OFFSET" not in sql
    assert "COUNT(" not in sql
    assert "LIMIT 51" in sql


def test_a_page_is_read_from_the_index_on_sqlite(fill: Fill) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has the next test")
    fill(10)
    plan = plan_of_second_page("EXPLAIN QUERY PLAN")
    assert "USING INDEX audit_event_when ((occurred_at,id)<(?,?))" in plan
    assert "TEMP B-TREE" not in plan


def test_a_page_is_read_from_the_index_on_postgresql(fill: Fill) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has the test before")
    fill(10)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    plan = plan_of_second_page("EXPLAIN")
    assert "using audit_event_when" in plan
    assert "Index Cond: (ROW(occurred_at, id) < ROW(" in plan
    assert "Sort" not in plan


def plan_of_second_page(explain: str) -> str:
    older = LIST.page(Event.objects.all()).older
    with CaptureQueriesContext(connection) as statements:
        LIST.page(Event.objects.all(), cursor=older)
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {statements[-1]['sql']}")
        return " ".join(str(row[-1]) for row in cursor.fetchall())


def test_batches_hold_every_row_once_and_nothing_since(fill: Fill) -> None:
    events = fill(50)
    newest = max(events, key=lambda event: (event.occurred_at, event.pk))
    before = Cursor(at=newest.occurred_at, pk=newest.pk)
    batches = list(JOURNAL.batches(Event.objects.all(), *COLUMNS, before=before, size=8))
    ids = [row[0] for batch in batches for row in batch]
    assert ids == list(Event.objects.exclude(pk=newest.pk).order_by("-occurred_at", "-id").values_list("pk", flat=True))
    assert max(map(len, batches)) == 8


def test_a_cursor_comes_back_as_it_went() -> None:
    cursor = Cursor(at=NOON.replace(microsecond=123456), pk=uuid4(), towards_newer=True)
    assert Cursor.decode(cursor.encode(), model=Event) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "x", "é", "%00", "e30", "W10", "WzEsMiwzXQ", "bnVsbA", "A" * 5000, "W" * 4001,
        "WyIyMDI2LTAxLTAxIiwieCIsMF0", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIngiLDBd",
        "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwieCIsMF0",
    ],
)  # fmt: skip
def test_a_cursor_that_nobody_wrote_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        Cursor.decode(text, model=Event)
