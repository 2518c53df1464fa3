"""Every URL that is wired × every role × GET and POST, against the table in doors.txt; and what every answer carries.

The table is the promise: `nobody` is not signed in, `disabled` was an administrator when they signed in, everybody else
knocks at what is Rita's (the requester), whom Marco (the approver) decides on, of a package of Olga's (the owner) that
others do not see. A URL that the table does not know fails the first test, which prints what it answers now: think
about each number before it goes in.

Each role knocks once at every door, and the tests of a role read what it heard.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.cache import cache
from django.http import HttpResponseBase
from django.test import Client

from audit.models import Event
from tests.doorkeeping import MARK, ROLES, TRICK, Door, World, body_of, doors

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).with_name("doors.txt")
OUTSIDERS = {"nobody", "stranger", "guest", "disabled"}
FOR_WHOEVER_SITS_HERE = "demo:"
"""The demo shows its invented people and all of their mail to whoever sits at the machine."""
FRAMED = "demo:message-html"
"""The one page that another of ours may frame: a mail, which runs nothing and loads nothing."""
ON_BOTH = {"nobody", "requester", "owner", "auditor", "administrator"}
"""They open every page there is on the second database too; the others are told from them by the same queries."""


@dataclass(frozen=True)
class Heard:
    """What a role was answered at a door."""

    door: Door
    method: str
    address: str
    answer: HttpResponseBase
    body: str
    is_without_trace: bool

    def __str__(self) -> str:
        return f"{self.method} {self.door.pattern}"


def _knocking(role: str) -> object:
    """The tests of one role share a worker, and so what was answered."""
    marks = [pytest.mark.xdist_group(f"at the doors: {role}")]
    if role not in ON_BOTH:
        marks.append(pytest.mark.one_database("who is told from whom is the same query on both databases"))
    return pytest.param(role, marks=marks)


def promised() -> dict[str, dict[str, dict[str, int]]]:
    """name → method → role → status."""
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            name, *statuses = line.replace("|", " ").split()
            numbers = [int(status) for status in statuses]
            half = len(ROLES)
            rows[name] = {
                "get": dict(zip(ROLES, numbers[:half], strict=True)),
                "post": dict(zip(ROLES, numbers[half:], strict=True)),
            }
    return rows


@pytest.fixture(scope="module")
def made(module_db: None) -> World:
    """Names that outsiders are not to see, and that play every trick on whoever shows them."""
    return World(f"{MARK} {TRICK}")


@pytest.fixture(scope="module", params=[_knocking(role) for role in ROLES])
def role(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def heard(made: World, role: str) -> list[Heard]:
    """GET and POST at every door."""
    cache.clear()
    return [_knock(made, role, door, method) for door in doors() for method in ("get", "post")]


def _knock(made: World, role: str, door: Door, method: str) -> Heard:
    events, address = Event.objects.count(), door.address(made.things(door))
    answer = made.knock(role, method, address)
    return Heard(door, method, address, answer, body_of(answer), Event.objects.count() == events)


@pytest.fixture
def world(made: World, db: None) -> Iterator[World]:
    cache.clear()
    yield made
    cache.clear()


def test_every_url_is_in_the_table(world):
    known = promised()
    strange = [door for door in doors() if door.name not in known]
    for door in strange:
        seen = [[world.answer(role, method, door).status_code for role in ROLES] for method in ("get", "post")]
        print(f"{door.name:<56} {'  |  '.join(' '.join(map(str, statuses)) for statuses in seen)}")
    assert not strange, "add these to doors.txt, each number thought about"
    assert known.keys() == {door.name for door in doors()}, "the table has no URL that is gone"


def test_everybody_gets_what_is_meant_for_them(heard, role):
    table = promised()
    for each in heard:
        assert each.answer.status_code == table[each.door.name][each.method][role], f"{each} as {role}"
        assert each.is_without_trace, "nothing remains of a knock"


def test_outsiders_see_nothing_of_others(heard, role):
    for each in heard if role in OUTSIDERS else ():
        if not each.door.name.startswith(FOR_WHOEVER_SITS_HERE):
            assert MARK not in each.body + each.answer.get("Location", ""), f"{each} as {role}"


def test_no_page_takes_a_text_for_its_own_html(heard):
    for each in heard:
        if each.answer.headers.get("Content-Type", "").startswith("text/html"):
            assert "<img src=x" not in each.body, str(each)
            assert "<script>alert" not in each.body, str(each)


def test_every_answer_says_what_may_run_and_that_nobody_keeps_it(heard):
    for each in heard:
        headers, address = each.answer.headers, each.address
        policy = headers["Content-Security-Policy"]
        is_framed = address.startswith(("/admin/", "/demo/mail/")) or address.endswith("/preview/")
        assert "'unsafe-inline'" not in policy or is_framed, address
        assert "object-src 'none'" in policy or "default-src 'none'" in policy, address
        if each.door.name != FRAMED and not address.endswith("/preview/"):
            assert "frame-ancestors 'none'" in policy, address
            assert headers["X-Frame-Options"] == "DENY", address
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] == "same-origin", address
        assert "no-store" in headers["Cache-Control"], address


@pytest.mark.one_database("refused before the database is asked")
def test_nothing_is_posted_without_a_token_of_this_site(world):
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["sessionid"] = world.cookies["administrator"]["sessionid"]
    for door in doors():
        kind = "application/json" if door.pattern.startswith("api/") else "application/x-www-form-urlencoded"
        answer = browser.post(door.address(world.things(door)), "{}" if "json" in kind else "a=b", content_type=kind)
        assert answer.status_code == 403, door.pattern


MEANT = {("delete", "role-assignment-detail"), ("delete", "review-detail"), ("patch", "review-detail")}
"""Doors that are there for one of the other methods, and tested by themselves."""


@pytest.mark.one_database("refused before the database is asked, or a page that GET opens on both")
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_no_other_method_changes_anything(world, method):
    """What answers 200 here is a page that does not ask for the method: it is read, and nothing is written."""
    events = Event.objects.count()
    for door in doors():
        if door.name in ("account_logout", "admin:logout") or (method, door.name) in MEANT:
            continue
        answer = world.answer("administrator", method, door)
        assert answer.status_code in ((405, 404) if door.pattern.startswith("api/") else (200, 302, 403, 404, 405, 503))
    assert Event.objects.count() == events
