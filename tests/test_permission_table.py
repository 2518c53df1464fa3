"""Must show: every role × every operation × one's own catalog and another, tried by every door, against one table."""

import pytest

from tests.permission_doors import TRIALS, World
from tests.permission_table import PAGE, ROLES, TABLE, render

DOORS = [(operation, door) for operation in TABLE for door in operation.doors]
ON_SQLITE = pytest.mark.one_database("each operation is tried by its first door on both databases")


@pytest.fixture(scope="module")
def world(module_db):
    return World()


@pytest.mark.parametrize(
    ("operation", "door"),
    [
        pytest.param(one, door, id=f"{one.name}, by {door}", marks=() if door == one.doors[0] else ON_SQLITE)
        for one, door in DOORS
    ],
)
def test_everybody_may_what_the_table_says_and_nothing_else(world, db, operation, door):
    found, said = {}, {}
    for role in ROLES:
        for is_theirs in (True, False):
            where = role, "theirs" if is_theirs else "another"
            found[where] = world.try_it(operation.name, door, role, is_theirs=is_theirs)
            said[where] = operation.is_allowed(role, is_theirs=is_theirs, door=door)
    assert found == said


def test_the_docs_show_the_table_that_is_tried():
    assert PAGE.read_text(encoding="utf-8") == render(), "make permissions writes it anew"


def test_each_operation_of_the_table_has_a_way_to_try_it_by_each_of_its_doors():
    assert {(operation.name, door) for operation, door in DOORS} <= TRIALS.keys()
