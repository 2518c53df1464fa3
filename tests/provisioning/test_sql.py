"""The connector of SQL databases: what its form lets through, and what it does to a real PostgreSQL."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import count
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from catalog.models import Resource, ResourceRole, TargetSystem
from directory.models import User
from provisioning import actions
from provisioning.connectors import base, sql
from provisioning.connectors.base import Capability, ConnectorError, Entitlement, Holder, Progress
from provisioning.connectors.sql import SqlDatabase
from provisioning.connectors.sql_statements import as_prepared
from provisioning.lifecycle import GrantStatus
from provisioning.models import Alias, Connector, ConnectorKind, Grant

from .ledger_database import LedgerDatabase

pytestmark = pytest.mark.django_db

_numbers = count()
FORM = {
    "host": "db.example",
    "database": "ledger",
    "user": "writer",
    "sslmode": "require",
    "grant": "INSERT INTO members VALUES (%(username)s, %(role)s)",
    "revoke": "DELETE FROM members WHERE login = %(username)s AND role = %(role)s",
}


@pytest.fixture
def role(ledger_database: LedgerDatabase) -> Entitlement:
    role_id = f"keepers {next(_numbers)}"
    ledger_database.ask("INSERT INTO roles VALUES (%s, 'Keepers', 'ledger')", role_id)
    return Entitlement(resource_id="ledger", role_id=role_id, name="Bookkeepers")


@pytest.fixture
def person(ledger_database: LedgerDatabase) -> User:
    return make_person(ledger_database)


def make_person(database: LedgerDatabase, **fields: str) -> User:
    person = User.objects.create(username=f"ada.{next(_numbers)}", **fields)
    database.ask("INSERT INTO accounts (login) VALUES (%s)", person.username)
    return person


def database(ledger: LedgerDatabase, **options: object) -> SqlDatabase:
    system = TargetSystem.objects.create(name=f"Ledger {next(_numbers)}", slug=uuid4().hex)
    row = Connector(system=system, kind=ConnectorKind.SQL)
    row.options = SqlDatabase.clean_options({**ledger.options, **options})
    row.set_secret(ledger.password)
    row.save()
    return SqlDatabase(row)


def members(ledger: LedgerDatabase, role: Entitlement) -> int:
    return ledger.ask("SELECT count(*) FROM members WHERE role = %s", role.role_id)[0][0]


# --- Who was renamed --------------------------------------------------------------------------------------------------


def renamed(person: User) -> User:
    User.objects.filter(pk=person.pk).update(username=f"{person.username}.king")
    return User.objects.get(pk=person.pk)


def test_what_was_given_by_an_earlier_name_is_seen_and_taken_by_it(ledger_database, person, role):
    with database(ledger_database) as connector:
        connector.grant(person, role, key="k")
        person = renamed(person)
        assert connector.read(person, role)
        connector.revoke(person, role, key="k")
        assert members(ledger_database, role) == 0
        assert not connector.read(person, role)


def test_a_name_by_which_somebody_else_still_holds_something_is_given_nothing(ledger_database, person, role):
    with database(ledger_database) as connector:
        resource = Resource.objects.create(
            system=connector.row.system, kind="application", origin_id="ledger", name="L"
        )
        theirs = ResourceRole.objects.create(resource=resource, origin_id=role.role_id, name="Keepers")
        connector.grant(person, role, key="k")
        grant = Grant.objects.create(
            person=person, resource_role=theirs, status=GrantStatus.VERIFIED, changed_at=timezone.now()
        )
        name, _person = person.username, renamed(person)
        newcomer = User.objects.create(username=name)
        with pytest.raises(ConnectorError, match="was another person's name"):
            connector.grant(newcomer, role, key="n")
        Grant.objects.filter(pk=grant.pk).update(status=GrantStatus.REMOVED)
        connector.grant(newcomer, role, key="n")


def held(connector: SqlDatabase, person: User, role: Entitlement) -> None:
    """Keep that the person has the role there, or is to have it."""
    facts = {"system": connector.row.system, "origin_id": role.resource_id}
    resource, _new = Resource.objects.get_or_create(**facts, defaults={"kind": "application", "name": "L"})
    theirs, _new = ResourceRole.objects.get_or_create(
        resource=resource, origin_id=role.role_id, defaults={"name": "Keepers"}
    )
    Grant.objects.create(person=person, resource_role=theirs, status=GrantStatus.VERIFIED, changed_at=timezone.now())


def test_what_somebody_else_was_given_by_the_name_that_one_bears_now_is_not_taken(ledger_database, person, role):
    """Charlie got it as y and is called z by now; Ada got it as x and is called y."""
    with database(ledger_database) as connector:
        charlie, name = person, person.username
        ada = make_person(ledger_database)
        newcomer = User(username=name)
        for one in (charlie, ada):
            connector.grant(one, role, key=one.username)
            held(connector, one, role)
        charlie = renamed(charlie)
        User.objects.filter(pk=ada.pk).update(username=name)
        connector.revoke(User.objects.get(pk=ada.pk), role, key="r")
        left = "SELECT login FROM members JOIN accounts ON id = account WHERE role = %s"
        assert ledger_database.ask(left, role.role_id) == [(name,)]
        assert not connector.read(User.objects.get(pk=ada.pk), role)
        assert connector.read(charlie, role)
        User.objects.filter(pk=ada.pk).update(username=f"{name}.b")
        newcomer.save()
        assert not connector.read(newcomer, role)
        connector.revoke(newcomer, role, key="n")
        connector.revoke(charlie, role, key="c")
        assert members(ledger_database, role) == 0


def test_what_was_given_before_names_were_kept_is_taken_by_the_name_of_then(ledger_database, person, role):
    keep_names = import_module("provisioning.migrations.0017_names_of_those_who_hold_something_by_name").keep_names
    with database(ledger_database) as connector:
        system = connector.row.system
        resource = Resource.objects.create(system=system, kind="application", origin_id="ledger", name="L")
        theirs = ResourceRole.objects.create(resource=resource, origin_id=role.role_id, name="Keepers")
        connector.grant(person, role, key="k")
        Grant.objects.create(
            person=person, resource_role=theirs, status=GrantStatus.VERIFIED, changed_at=timezone.now()
        )
        Alias.objects.all().delete()
        keep_names(apps, SimpleNamespace(connection=connection))
        connector.revoke(renamed(person), role, key="r")
    assert members(ledger_database, role) == 0


def test_the_names_of_whoever_holds_nothing_any_more_are_forgotten(ledger_database, person, role):
    with database(ledger_database) as connector:
        system = connector.row.system
        resource = Resource.objects.create(system=system, kind="application", origin_id="ledger", name="L")
        theirs = ResourceRole.objects.create(resource=resource, origin_id=role.role_id, name="Keepers")
        facts = {"person": person, "resource_role": theirs, "changed_at": timezone.now()}
        grant = Grant.objects.create(status=GrantStatus.PENDING, **facts)
        connector.grant(person, role, key="k")
        assert actions.forget_aliases() == 0
        Grant.objects.filter(pk=grant.pk).update(status=GrantStatus.REMOVED)
        assert actions.forget_aliases() == 1


# --- The form ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("INSERT INTO m VALUES (%(password)s)", r"Line 1: %\(password\)s is not known here"),
        ("DELETE FROM m;\n DROP TABLE m", "Line 2: there is more than one statement"),
        ("DELETE FROM m; -- and so on\n;", "more than one statement"),
        ("DROP TABLE m", "must begin with INSERT"),
        ("/* DELETE */ GRANT a TO b", "must begin with INSERT"),
        ("", "required"),
        ("DELETE FROM m WHERE a LIKE 'x%'", "outside quotes"),
        ("DELETE FROM m WHERE a = '%(username)s'", "outside quotes"),
        ("DELETE FROM m -- of %(username)s", "outside quotes"),
        ("DELETE FROM m WHERE a = %s", "a percent sign is written as %%"),
        ("DELETE FROM m WHERE a = %(username)b", "a percent sign is written as %%"),
        ("DELETE FROM m WHERE a = 'x", "not closed"),
        ("DELETE FROM m /* x", "not closed"),
    ],
)
def test_the_form_says_what_is_wrong_with_a_statement(statement, says):
    with pytest.raises(ValidationError, match=says):
        SqlDatabase.clean_options({**FORM, "grant": statement})


@pytest.mark.parametrize(
    "statement",
    [
        "delete from m where a = %(username)s ; ",
        "-- takes it\nDELETE FROM m WHERE a = ';' AND b = $x$ ; ' $x$ AND c = E'\\'; DROP' AND \"d;\" = %(key)s",
        "WITH x AS (SELECT 1) INSERT INTO m SELECT %(username)s WHERE 'a%%b' <> '' /* ; */",
    ],
)
def test_one_statement_of_any_shape_is_taken(statement):
    assert SqlDatabase.clean_options({**FORM, "grant": statement})["grant"] == statement.strip()


def test_a_reading_statement_cannot_ask_for_a_key():
    with pytest.raises(ValidationError, match="is not known here"):
        SqlDatabase.clean_options({**FORM, "read": "SELECT %(key)s"})


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("host", "/var/run/postgresql", "host name"),
        ("host", "a,b", "host name"),
        ("port", "70000", "65535"),
        ("sslmode", "verify-full", "certificate of the authority"),
        ("authority", "-----BEGIN", "no certificate"),
    ],
)
def test_the_form_says_what_is_wrong_with_the_address(field, value, says):
    with pytest.raises(ValidationError, match=says):
        SqlDatabase.clean_options({**FORM, field: value})


def test_parameters_are_numbered_as_the_server_wants_them():
    statement = "SELECT %(role)s, '%%(role)s', %(username)s, %(role)s"
    assert as_prepared(statement) == "SELECT $1, '%(role)s', $2, $1"


def test_capabilities_are_what_is_configured():
    row = Connector(options=SqlDatabase.clean_options({**FORM, "read": "SELECT 1"}))
    assert SqlDatabase(row).capabilities == {Capability.READ_BACK}


# --- Changes ----------------------------------------------------------------------------------------------------------


def test_a_grant_that_touches_no_row_fails_unless_it_was_so_already(ledger_database, person, role):
    stranger = User.objects.create(username="nobody.there")
    with database(ledger_database) as connector:
        for _ in range(2):
            assert connector.grant(person, role, key="k") is Progress.DONE
        with pytest.raises(ConnectorError, match=r"Giving Bookkeepers to nobody\.there changed nothing"):
            connector.grant(stranger, role, key="k")
        assert connector.revoke(stranger, role, key="k") is Progress.DONE
    assert members(ledger_database, role) == 1


def test_a_row_that_is_there_already_is_no_fault_where_it_can_be_read(ledger_database, person, role):
    plain = "INSERT INTO members SELECT id, %(role)s FROM accounts WHERE login = %(username)s"
    with database(ledger_database, grant=plain) as connector:
        for _ in range(2):
            assert connector.grant(person, role, key="k") is Progress.DONE


def test_a_statement_that_has_lost_its_condition_is_undone(ledger_database, role):
    with database(ledger_database, most_rows=2, revoke="DELETE FROM members WHERE role = %(role)s") as connector:
        people = [make_person(ledger_database) for _ in range(3)]
        for person in people:
            connector.grant(person, role, key="k")
        with pytest.raises(ConnectorError, match="would have touched 3 rows") as caught:
            connector.revoke(people[0], role, key="k")
    assert caught.value.is_final
    assert members(ledger_database, role) == 3


@pytest.mark.parametrize("name", ["'; DROP TABLE members; --", "%(role)s", "$1", "back\\slash"])
def test_names_are_values_and_never_statements(ledger_database, role, name):
    person = User.objects.create(username=name)
    ledger_database.ask("INSERT INTO accounts (login) VALUES (%s)", name)
    with database(ledger_database) as connector:
        connector.grant(person, role, key="k")
        assert connector.read(person, role)
        assert [holder.name for holder in connector.holders(role)] == [name]


def test_reading_cannot_write(ledger_database, person, role):
    writes = "WITH gone AS (DELETE FROM members RETURNING 1) SELECT count(*) FROM gone"
    with database(ledger_database, read=writes) as connector:
        connector.revoke(person, role, key="k")
        with pytest.raises(ConnectorError, match="read-only transaction") as caught:
            connector.read(person, role)
    assert caught.value.is_outage


@pytest.mark.parametrize(
    ("found", "holds"), [("1", True), ("'x'", True), ("0", False), ("NULL", False), ("false", False)]
)
def test_the_first_column_says_whether_somebody_holds_it(ledger_database, person, role, found, holds):
    with database(ledger_database, read=f"SELECT {found}") as connector:
        assert connector.read(person, role) is holds


# --- Lists ------------------------------------------------------------------------------------------------------------


def test_holders_come_by_a_cursor_each_once(ledger_database, role, monkeypatch):
    monkeypatch.setattr(sql, "PAGE", 10)
    twice = "SELECT n, 'p' || n FROM generate_series(1, 45) n, generate_series(1, 2)"
    with database(ledger_database, holders=twice) as connector:
        found = list(connector.holders(role))
    assert found == [Holder(str(number), f"p{number}") for number in range(1, 46)]


def test_holders_may_be_known_by_their_employee_number(ledger_database, role):
    User.objects.create(username="ada", employee_number="E-7")
    with database(ledger_database, holders="VALUES ('e-7'), ('E-8')", known_by="employee_number") as connector:
        assert list(connector.holders(role)) == [Holder("e-7", "ada"), Holder("E-8", "E-8", is_username=False)]


def test_resources_out_of_order_are_told(ledger_database):
    jumbled = "VALUES ('a', 'A', 'r', 'R'), ('b', 'B', 'r', 'R'), ('a', 'A', 's', 'S')"
    with database(ledger_database, discover=jumbled) as connector, pytest.raises(ConnectorError, match="ORDER BY"):
        list(connector.discover())


# --- Faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says", "is_outage"),
    [
        ({"grant": "INSERT INTO nowhere VALUES (%(role)s)"}, 'relation "nowhere" does not exist', True),
        ({"grant": "INSERT INTO secrets VALUES (%(role)s)"}, "permission denied for table secrets", True),
        ({"grant": "INSERT INTO members VALUES (1, %(role_name)s)"}, "refused it .*Bookkeepers.*foreign key", False),
        ({"grant": "INSERT INTO members VALUES (%(username)s::int, 'x')"}, "invalid input syntax", False),
        ({"database": "nowhere"}, 'cannot be reached .*database "nowhere" does not exist', True),
    ],
)
def test_faults_are_sentences(ledger_database, person, role, options, says, is_outage):
    with database(ledger_database, **options) as connector, pytest.raises(ConnectorError, match=says) as caught:
        connector.grant(person, role, key="k")
    assert caught.value.is_outage is is_outage
    assert ledger_database.password not in str(caught.value)


def test_a_statement_that_takes_too_long_is_cancelled(ledger_database, person, role, monkeypatch):
    monkeypatch.setattr(base, "TIMEOUT", 0.2)
    with database(ledger_database, read="SELECT pg_sleep(30)") as connector:
        with pytest.raises(ConnectorError, match="statement timeout") as caught:
            connector.read(person, role)
        assert not caught.value.is_outage
        connector.grant(person, role, key="k")  # the connection is as good as before


def test_a_server_that_falls_silent_is_hung_up_on(ledger_database, person, role, monkeypatch):
    monkeypatch.setattr(base, "TIMEOUT", 0.5)
    monkeypatch.setattr(sql, "GRACE", 0.1)
    with (
        silencing(ledger_database.options["port"]) as (port, hush),
        database(ledger_database, host="127.0.0.1", port=port) as connector,
    ):
        assert not connector.read(person, role)
        hush.set()
        began = time.monotonic()
        with pytest.raises(ConnectorError, match="went away") as caught:
            connector.read(person, role)
    assert caught.value.is_outage
    assert time.monotonic() - began < 5


def test_after_the_connection_was_lost_the_next_call_opens_another(ledger_database, person, role):
    with database(ledger_database) as connector:
        connector.grant(person, role, key="k")
        ledger_database.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", ledger_database.user
        )
        with pytest.raises(ConnectorError, match="went away") as caught:
            connector.read(person, role)
        assert caught.value.is_outage
        assert connector.read(person, role)


def test_the_test_finds_a_statement_that_the_server_does_not_understand(ledger_database):
    assert "5 statements understood" in database(ledger_database).check()
    with pytest.raises(ConnectorError, match=r'holders: column "nobody" does not exist'):
        database(ledger_database, holders="SELECT nobody FROM members").check()


@contextmanager
def silencing(port: int) -> Iterator[tuple[int, threading.Event]]:
    """A way to the server, and an event: once it is set nothing comes through any more."""
    hush = threading.Event()
    ways: list[socket.socket] = []

    def pump(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if not hush.is_set():
                    other.sendall(data)

    def serve() -> None:
        with suppress(OSError):
            ways.extend((listener.accept()[0], socket.create_connection(("127.0.0.1", port))))
            for way in (ways, ways[::-1]):
                threading.Thread(target=pump, args=way, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], hush
    for way in ways:
        way.close()
