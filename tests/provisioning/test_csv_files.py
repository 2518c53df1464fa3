"""The connector of CSV files against real folders: what goes out, and when a list that comes back is believed."""

import os
import shutil
import sqlite3
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from catalog.models import Resource, ResourceRole, TargetSystem
from directory.models import User
from provisioning import actions
from provisioning.actions import Reason
from provisioning.connectors import csv_lists
from provisioning.connectors.base import Capability, ConnectorError, Entitlement, Holder, Progress
from provisioning.connectors.csv_files import CsvFolder
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import GrantStatus
from provisioning.models import Connector, ConnectorKind, Grant
from tests.cast import NOW

from .target_csv import OPTIONS, FileSystemTarget

pytestmark = pytest.mark.django_db

ROLE = Entitlement(resource_id="ledger", role_id="keepers", name="Bookkeepers")
HEADER = ("username", "resource", "role")
LOOK = timedelta(minutes=16)
_numbers = count()


@pytest.fixture
def files(tmp_path: Path, settings) -> FileSystemTarget:
    settings.CSV_ROOT = tmp_path
    return FileSystemTarget(tmp_path)


@pytest.fixture
def person() -> User:
    return make_person()


def make_person(**fields: str) -> User:
    return User.objects.create(**{"username": f"ada.{next(_numbers)}", "email": "ada@example.com", **fields})


def folder(*, now: datetime = NOW, **options: object) -> CsvFolder:
    system = TargetSystem.objects.create(name=f"Ledger {next(_numbers)}", slug=uuid4().hex)
    row = Connector.objects.create(
        system=system, kind=ConnectorKind.CSV, options=CsvFolder.clean_options({**OPTIONS, **options})
    )
    return CsvFolder(row, clock=lambda: now)


def listed(files: FileSystemTarget, *rows: tuple[str, ...], age: timedelta = timedelta()) -> None:
    files.write([HEADER, *rows], written_at=(NOW - age).timestamp())


def give(connector: CsvFolder, person: User) -> None:
    """Give the role to somebody who is to have it."""
    resource = Resource.objects.create(
        system=connector.row.system, kind="application", origin_id=ROLE.resource_id, name="L"
    )
    role = ResourceRole.objects.create(resource=resource, origin_id=ROLE.role_id, name="Keepers")
    Grant.objects.create(person=person, resource_role=role, status=GrantStatus.PENDING, changed_at=NOW)
    connector.grant(person, ROLE, key=f"k {person.username}")


def test_what_was_given_by_an_earlier_name_is_seen_and_taken_by_it(files, person):
    connector, earlier = folder(), person.username
    connector.grant(person, ROLE, key="k1")
    files.fetch()
    person.username = f"{earlier}.king"
    person.save()
    listed(files, (earlier, "ledger", "keepers"))
    assert connector.read(person, ROLE)
    for _ in range(2):
        connector.revoke(person, ROLE, key="k2")
    rows = files.fetch()
    assert [(row["key"], row["username"]) for row in rows] == [("k2", person.username), ("k2/1", earlier)]


def test_whoever_bears_a_name_by_which_somebody_else_was_given_it_has_nothing_to_lose(files, person):
    connector, earlier = folder(), person.username
    give(connector, person)
    files.fetch()
    User.objects.filter(pk=person.pk).update(username=f"{earlier}.king")
    newcomer = make_person(username=earlier)
    assert connector.revoke(newcomer, ROLE, key="k2") is Progress.DONE
    assert files.fetch() == []


def test_names_that_wandered_within_one_batch_are_told_apart(files, person):
    """The first got it as x and is called y by now; the second is called x."""
    connector, earlier = folder(), person.username
    give(connector, person)
    files.fetch()
    User.objects.filter(pk=person.pk).update(username=f"{earlier}.king")
    people = [User.objects.get(pk=person.pk), make_person(username=earlier)]
    keys = {one.pk: one.username for one in people}
    outcomes = connector.grant_many(people, ROLE, keys=keys)
    assert outcomes[people[0].pk] is Progress.HANDED_OVER
    assert "was another person's name" in str(outcomes[people[1].pk])
    files.fetch()
    connector.revoke_many(people, ROLE, keys={one.pk: f"r {one.username}" for one in people})
    assert [row["key"] for row in files.fetch()] == [f"r {earlier}.king", f"r {earlier}.king/1"]


def test_without_a_list_what_was_given_is_taken_by_every_attribute_that_went_out(files, person):
    connector = folder(incoming="")
    give(connector, person)
    files.fetch()
    earlier = person.username
    User.objects.filter(pk=person.pk).update(email="king@example.com")
    connector.revoke(User.objects.get(pk=person.pk), ROLE, key="r")
    assert [(row["key"], row["mail"]) for row in files.fetch()] == [
        ("r", "king@example.com"),
        ("r/1", "ada@example.com"),
    ]
    User.objects.filter(pk=person.pk).update(username=f"{earlier}.king")
    with pytest.raises(ConnectorError, match="was another person's name"):
        connector.grant(make_person(username=earlier, email="new@example.com"), ROLE, key="n")


def test_a_name_is_the_same_whatever_its_case_and_the_spaces_around_it(files):
    connector, person = folder(known_by="email"), make_person(email="Ada@Example.com ")
    give(connector, person)
    User.objects.filter(pk=person.pk).update(email="king@example.com")
    newcomer = make_person(email="ada@example.com")
    with pytest.raises(ConnectorError, match="was another person's name"):
        connector.grant(newcomer, ROLE, key="n")


# --- What goes out ----------------------------------------------------------------------------------------------------


def test_a_batch_is_one_file_that_says_who_gets_what_and_when(files, person):
    other = make_person(employee_number="E-7")
    outcomes = folder().grant_many([person, other], ROLE, keys={person.pk: "k1", other.pk: "k2"})
    assert set(outcomes.values()) == {Progress.HANDED_OVER}
    [path] = files.outgoing.iterdir()
    assert path.name.startswith("accessgov-20260302T090000")
    first, second = files.fetch()
    assert first == {
        "key": "k1",
        "action": "grant",
        "username": person.username,
        "mail": "ada@example.com",
        "employee_number": "",
        "resource": "ledger",
        "role": "keepers",
        "when": "2026-03-02T09:00:00+00:00",
    }
    assert second["employee_number"] == "E-7"


def test_a_key_that_waits_to_be_fetched_goes_out_once(files, person):
    connector = folder()
    for _ in range(2):
        connector.revoke(person, ROLE, key="k")
    assert [row["key"] for row in files.fetch()] == ["k"]


def test_without_a_list_a_change_that_was_written_is_done_and_nothing_can_be_read(files, person):
    connector = folder(incoming="")
    assert connector.grant(person, ROLE, key="k") is Progress.DONE
    assert connector.capabilities == {Capability.BATCH}
    with pytest.raises(ConnectorError, match="does not do this"):
        connector.read(person, ROLE)


def test_a_name_that_is_a_formula_is_disarmed_and_one_with_line_breaks_stays_one_row(files):
    person = make_person(username='=cmd|"x"!A1', email="two\nlines@example.com")
    folder().grant(person, ROLE, key="k")
    [row] = files.fetch()
    assert row["username"] == '\'=cmd|"x"!A1'
    assert row["mail"] == "two\nlines@example.com"


def test_a_file_is_never_seen_half_written(files, person, monkeypatch):
    def fails(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(ConnectorError, match=r"ledger/out cannot be used .*No space left") as caught:
        folder().grant(person, ROLE, key="k")
    assert caught.value.is_outage
    assert list(files.outgoing.iterdir()) == []


# --- Which folders are used -------------------------------------------------------------------------------------------


def test_without_a_root_there_are_no_folders(person, settings):
    settings.CSV_ROOT = None
    with pytest.raises(ConnectorError, match="sets ACCESSGOV_CSV_ROOT") as caught:
        folder().grant(person, ROLE, key="k")
    assert caught.value.is_outage


@pytest.mark.parametrize("path", ["/etc", "../out", "a/../../b", "a\\b", ".", "a\0b"])
def test_a_path_that_leads_out_of_the_root_is_refused_by_the_form(path):
    with pytest.raises(ValidationError, match=r"below the operator's folder|Null characters"):
        CsvFolder.clean_options({**OPTIONS, "outgoing": path})


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("list_file", "../members.csv", "without its folder"),
        ("incoming", "ledger/out", "folder of its own"),
        ("fresh_hours", "0", "greater than or equal to 1"),
        ("outgoing", "", "required"),
    ],
)
def test_the_form_says_what_is_wrong(field, value, says):
    with pytest.raises(ValidationError, match=says):
        CsvFolder.clean_options({**OPTIONS, field: value})


@pytest.mark.parametrize("step", ["ledger", "ledger/out"])
def test_a_link_is_not_followed_wherever_it_stands_in_the_path(files, person, tmp_path_factory, step):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "out").mkdir()
    shutil.rmtree(files.root / step)
    (files.root / step).symlink_to(outside)
    with pytest.raises(ConnectorError, match="links are not followed"):
        folder().grant(person, ROLE, key="k")
    assert list((outside / "out").iterdir()) == []


def test_neither_a_link_nor_a_pipe_is_taken_for_the_list(files, person):
    (files.incoming / "members.csv").symlink_to("/etc/passwd")
    with pytest.raises(ConnectorError, match="links are not followed"):
        folder().read(person, ROLE)
    (files.incoming / "members.csv").unlink()
    os.mkfifo(files.incoming / "members.csv")
    with pytest.raises(ConnectorError, match="no ordinary file"):
        folder().read(person, ROLE)


# --- When the list is believed ----------------------------------------------------------------------------------------


def test_the_list_says_who_holds_a_role_whatever_the_case(files, person):
    other = make_person()
    listed(files, (person.username.upper(), "ledger", "keepers"), (other.username, "ledger", "auditors"))
    assert folder().read_many([person, other], ROLE) == {person.pk}


def test_a_list_may_know_people_by_their_number_and_have_columns_of_its_own(files):
    person, nameless = make_person(employee_number="E-7"), make_person()
    files.write([("id", "Rolle", "Personalnummer"), ("1", "keepers", "e-7"), ("2", "keepers", "E-8")])
    connector = folder(
        now=datetime.now(tz=NOW.tzinfo),
        resource_column="",
        role_column="Rolle",
        person_column="Personalnummer",
        known_by="employee_number",
    )
    assert connector.read_many([person, nameless], ROLE) == {person.pk}
    assert list(connector.holders(ROLE)) == [Holder("e-7", person.username), Holder("e-8", "E-8", is_username=False)]
    with pytest.raises(ConnectorError, match="knows people by their employee number"):
        connector.grant(nameless, ROLE, key="k")
    assert files.fetch() == []


def test_holders_come_each_once_and_the_test_tells_the_lines_of_duplicates(files):
    row = ("ada", "ledger", "keepers")
    listed(files, row, ("bob", "ledger", "keepers"), ("Ada", "ledger", "keepers"), row)
    assert list(folder().holders(ROLE)) == [Holder("ada", "Ada"), Holder("bob", "bob")]
    assert folder().check() == (
        "ledger/out takes files, 0 not fetched yet; ledger/in/members.csv has 4 rows, some of them twice (lines 4, 5)"
    )


@pytest.mark.parametrize(
    ("age", "says"), [(timedelta(hours=27), "it is 27 hours old"), (timedelta(hours=-2), "from the future")]
)
def test_a_list_of_another_time_is_not_believed(files, person, age, says):
    listed(files, (person.username, "ledger", "keepers"), age=age)
    with pytest.raises(ConnectorError, match=says) as caught:
        folder().read(person, ROLE)
    assert caught.value.is_outage
    listed(files, (person.username, "ledger", "keepers"), age=timedelta(hours=25))
    assert folder().read(person, ROLE)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "one column “username”, and has: nothing at all"),
        ("user,resource,role\n", "one column “username”, and has: user, resource, role"),
        ("username,username,resource,role\n", "one column “username”"),
        (
            "username,resource,role\nada,ledger\nbob,ledger,keepers\n,ledger,keepers\n",
            r"line 2 \(2 cells instead of 3\), line 4 \(nobody\)",
        ),
        ("username,resource,role\nada,,keepers\nada,ledger,\n", r"line 2 \(no resource\), line 3 \(no role\)"),
        ('username,resource,role\nada,ledger,keepers\n"bob,ledger,keepers\n', "cannot be read after line"),
        ("username,resource,role\nada,ledger,keepers\nbj\udcf6rn,ledger,keepers\n", "not UTF-8"),
    ],
)
def test_a_list_with_bad_rows_is_not_believed_and_they_are_told_by_line(files, person, content, says):
    path = files.incoming / "members.csv"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    for look in (lambda: folder().read(person, ROLE), lambda: list(folder().holders(ROLE)), folder().check):
        with pytest.raises(ConnectorError, match=says):
            look()


def test_what_the_list_says_was_so_when_it_was_written(files):
    with folder() as connector:
        assert connector.as_of is None
    listed(files, age=timedelta(hours=5))
    with folder() as connector:
        assert connector.as_of == NOW - timedelta(hours=5)


def test_a_new_list_is_read_anew_and_an_old_one_once(files, person, monkeypatch):
    listed(files, (person.username, "ledger", "keepers"))
    connector, fill = folder(), csv_lists.MemberList._fill
    fills: list[csv_lists.MemberList] = []

    def counted(member_list: csv_lists.MemberList, file: BinaryIO) -> sqlite3.Connection:
        fills.append(member_list)
        return fill(member_list, file)

    monkeypatch.setattr(csv_lists.MemberList, "_fill", counted)
    assert connector.read(person, ROLE)
    assert connector.read(person, ROLE)
    assert len(fills) == 1
    listed(files)
    assert not connector.read(person, ROLE)
    assert len(fills) == 2


def test_a_list_that_changes_while_it_is_read_is_not_believed(files, monkeypatch):
    listed(files, ("ada", "ledger", "keepers"))
    holders = folder().holders(ROLE)

    def touches(_cells: list[str], _columns: object) -> str:
        os.utime(files.incoming / "members.csv", (1, 1))
        return ""

    monkeypatch.setattr(csv_lists, "_fault", touches)
    with pytest.raises(ConnectorError, match="changed while it was read"):
        list(holders)


# --- From the request to the list -------------------------------------------------------------------------------------


REFERENCE = uuid4()


@pytest.fixture
def grant(files, person) -> Grant:
    """The person is to have a role in a system behind folders, whose list is empty so far."""
    resource = Resource.objects.create(system=folder().row.system, kind="application", origin_id="ledger", name="L")
    role = ResourceRole.objects.create(resource=resource, origin_id="keepers", name="Keepers")
    listed(files)
    [grant] = actions.provide([Reason(person, role, REFERENCE, REFERENCE)], now=NOW)
    return grant


def deliver(grant: Grant, *, now: datetime) -> str:
    """Carry out what is due, and say how the grant stands then."""
    perform_all_due(now=now)
    grant.refresh_from_db()
    return grant.status


def test_a_change_is_handed_over_once_until_the_list_shows_it(grant, files):
    assert deliver(grant, now=NOW) == GrantStatus.PENDING
    assert len(files.fetch()) == 1
    assert deliver(grant, now=NOW + LOOK) == GrantStatus.PENDING
    assert files.fetch() == []
    listed(files, (grant.person.username, "ledger", "keepers"))
    assert deliver(grant, now=NOW + 2 * LOOK) == GrantStatus.VERIFIED


def test_what_is_given_up_before_the_list_showed_it_is_taken_back_behind_it(grant, files):
    deliver(grant, now=NOW)
    actions.withdraw({REFERENCE: REFERENCE}, now=NOW + LOOK)
    assert deliver(grant, now=NOW + LOOK) == GrantStatus.REMOVAL_PENDING
    assert [row["action"] for row in files.fetch()] == ["grant", "revoke"]
    assert deliver(grant, now=NOW + 3 * LOOK) == GrantStatus.REMOVED
    assert files.members["ledger", "keepers"] == []


def test_while_the_list_is_too_old_changes_wait_and_nothing_goes_out(grant, files):
    listed(files, age=timedelta(days=3))
    deliver(grant, now=NOW)
    assert "72 hours old" in grant.last_error
    assert files.fetch() == []
    assert Connector.objects.filter(system=grant.resource_role.resource.system, held_until__gt=NOW).exists()
