"""Every URL that is wired × every role × GET and POST, against the table in doors.txt.

The table is the promise: `nobody` is not signed in, `disabled` was an administrator when they signed in, everybody else
knocks at what is Rita's (the requester), whom Marco (the approver) decides on, of a package of Olga's (the owner) that
others do not see. A URL that the table does not know fails the first test, which prints what it answers now: think
about each number before it goes in.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client

from audit.models import Event
from tests.doorkeeping import MARK, ROLES, World, body_of, doors

TABLE = Path(__file__).with_name("doors.txt")
OUTSIDERS = {"nobody", "stranger", "guest", "disabled"}
FOR_WHOEVER_SITS_HERE = "demo:"
"""The demo shows its invented people and all of their mail to whoever sits at the machine."""


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
    return World()


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


@pytest.mark.parametrize("role", ROLES)
def test_everybody_gets_what_is_meant_for_them(world, role):
    table = promised()
    for door in doors():
        for method in ("get", "post"):
            events = Event.objects.count()
            answer = world.answer(role, method, door)
            assert answer.status_code == table[door.name][method][role], f"{method} {door.pattern} as {role}"
            if role in OUTSIDERS and not door.name.startswith(FOR_WHOEVER_SITS_HERE):
                assert MARK not in body_of(answer) + answer.get("Location", ""), f"{method} {door.pattern} as {role}"
            assert Event.objects.count() == events, "nothing remains of a knock"


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
