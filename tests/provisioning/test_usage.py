"""When people last used what they have: as their systems tell, and as files say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import Event
from catalog.models import Resource, TargetSystem
from directory.models import User
from provisioning import actions, reconciling
from provisioning.actions.using import Used
from provisioning.connectors.base import Capability, ConnectorError, Use
from provisioning.connectors.builtin import BuiltinDirectory
from provisioning.connectors.entra import EntraTenant
from provisioning.connectors.sql import SqlDatabase
from provisioning.models import Account, Connector, ConnectorKind, LastUse, UseReading, UseSource
from tests.cast import NOW, Cast, make_cast

from .graph_server import GraphServer
from .graph_tenant import error
from .target_entra import save_connector

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LATER = NOW + 10 * DAY


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def resource(cast: Cast) -> Resource:
    return cast.role("Sales EMEA")[1].resource


def take_in(cast: Cast, *uses: tuple[User, datetime | None], seen_at: datetime = NOW, **more: Any) -> int:
    told = [Used(person.pk, cast.system.pk, None, at) for person, at in uses]
    return actions.take_in_uses(told, source=UseSource.CONNECTOR, seen_at=seen_at, **more)


def used_at(person: User) -> datetime | None:
    return LastUse.objects.get(person=person).last_used_at


# --- Taking in --------------------------------------------------------------------------------------------------------


def test_the_newest_use_is_kept_whatever_is_told_later(cast: Cast) -> None:
    take_in(cast, (cast.rita, NOW - DAY))
    take_in(cast, (cast.rita, NOW - 5 * DAY), seen_at=LATER)
    take_in(cast, (cast.rita, None), seen_at=LATER)
    kept = LastUse.objects.get()
    assert (kept.last_used_at, kept.seen_at) == (NOW - DAY, LATER)


def test_of_two_uses_told_together_the_newer_one_counts(cast: Cast) -> None:
    assert take_in(cast, (cast.rita, NOW - 3 * DAY), (cast.rita, NOW - DAY), (cast.rita, None)) == 1
    assert used_at(cast.rita) == NOW - DAY


def test_nothing_was_used_later_than_it_was_seen(cast: Cast) -> None:
    take_in(cast, (cast.rita, LATER))
    assert used_at(cast.rita) == NOW


def test_hundreds_of_uses_are_taken_in_by_a_few_statements(
    cast: Cast, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    people = User.objects.bulk_create(User(username=f"p{number}") for number in range(300))
    with django_assert_max_num_queries(7):
        assert take_in(cast, *((person, NOW) for person in people)) == 300


# --- From systems -----------------------------------------------------------------------------------------------------


@pytest.fixture
def telling(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The built-in directory tells of use what a test puts in here."""
    told: list[Any] = []

    def last_used(self: BuiltinDirectory) -> Any:
        for one in told:
            if isinstance(one, Exception):
                raise one
            yield one

    monkeypatch.setattr(BuiltinDirectory, "capabilities", BuiltinDirectory.capabilities | {Capability.LAST_USE})
    monkeypatch.setattr(BuiltinDirectory, "last_used", last_used, raising=False)
    return told


def compare(now: datetime = LATER) -> UseReading:
    """One whole reconciliation of the cast's system; what it told of use."""
    actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=now)
    reconciling.perform_all_due(now=now)
    return UseReading.objects.get()


def test_a_comparison_reads_when_accounts_were_last_used(cast: Cast, telling: list[Any]) -> None:
    Account.objects.create(connector=Connector.objects.get(), person=cast.marco, external_id="m-1")
    telling += [Use("", NOW, name="RITA"), Use("m-1", None), Use("x-9", NOW, name="stranger")]
    reading = compare()
    assert (reading.people, reading.seen_at, reading.source) == (2, LATER, UseSource.CONNECTOR)
    assert (used_at(cast.rita), used_at(cast.marco)) == (NOW, None)
    assert Event.objects.get(verb="use.read").details["people"] == 2


def test_use_of_resources_is_kept_beside_that_of_their_system(
    cast: Cast, telling: list[Any], resource: Resource
) -> None:
    telling += [
        Use("", NOW, name="rita"),
        Use("", NOW - DAY, name="rita", resource_id=resource.origin_id),
        Use("", NOW, name="rita", resource_id="unknown"),
    ]
    assert compare().is_by_resource
    kept = LastUse.objects.order_by("last_used_at").values_list("resource", "last_used_at")
    assert list(kept) == [(resource.pk, NOW - DAY), (None, NOW)]


def test_a_system_that_does_not_tell_keeps_what_it_told_before(cast: Cast, telling: list[Any]) -> None:
    telling += [Use("", NOW, name="rita")]
    compare()
    telling.insert(0, ConnectorError("Permission AuditLog.Read.All is missing."))
    reading = compare(LATER + DAY)
    assert (reading.seen_at, reading.last_error) == (LATER, "Permission AuditLog.Read.All is missing.")
    assert Connector.objects.get().reconciled_at == LATER + DAY, "the reconciliation itself went well"


def test_a_system_that_tells_of_nobody_s_use_is_not_believed(cast: Cast, telling: list[Any]) -> None:
    telling += [Use("", None, name="rita"), Use("", None, name="marco")]
    reading = compare()
    assert (reading.seen_at, bool(reading.last_error)) == (None, True)


def test_what_cannot_tell_of_use_is_not_asked(cast: Cast) -> None:
    actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=LATER)
    reconciling.perform_all_due(now=LATER)
    assert not UseReading.objects.exists()


def test_entra_tells_the_last_sign_in_that_succeeded(graph_server: GraphServer) -> None:
    tenant = graph_server.tenant()
    told = {
        "ada": {"lastSuccessfulSignInDateTime": "2026-03-01T08:00:00Z", "lastSignInDateTime": "2026-03-02T08:00:00Z"},
        "ben": {
            "lastSignInDateTime": "2023-05-01T08:00:00Z",
            "lastNonInteractiveSignInDateTime": "2023-06-01T08:00:00Z",
        },
        "cid": {"lastSuccessfulSignInDateTime": None},
        "dan": None,
    }
    for name, activity in told.items():
        tenant.user(f"{name}@contoso.com", signInActivity=activity)
        User.objects.create(username=f"{name}@contoso.com")
    tenant.page_size = 3
    system = TargetSystem.objects.create(name="Contoso", slug="contoso")
    with EntraTenant(save_connector(system, tenant)) as connector:
        found = {use.name.partition("@")[0]: use.used_at for use in connector.last_used()}
    assert found == {
        "ada": datetime(2026, 3, 1, 8, tzinfo=UTC),
        "ben": datetime(2023, 6, 1, 8, tzinfo=UTC),
        "cid": None,
        "dan": None,
    }
    [first, *_more] = tenant.sent("GET", "/users")
    assert "signInActivity" in first.options["$select"]


def test_a_tenant_that_does_not_permit_it_says_which_permission_is_missing(graph_server: GraphServer) -> None:
    tenant = graph_server.tenant()
    tenant.override = lambda request: error(403, "Authorization_RequestDenied", "Insufficient privileges")
    system = TargetSystem.objects.create(name="Contoso", slug="contoso")
    with (
        EntraTenant(save_connector(system, tenant)) as connector,
        pytest.raises(ConnectorError, match=r"AuditLog\.Read\.All"),
    ):
        list(connector.last_used())


def test_a_database_tells_by_a_statement(ledger_database: Any) -> None:
    system = TargetSystem.objects.create(name="Ledger", slug="ledger")
    told = "('rita', timestamptz '2026-03-01 08:00Z', 'books'), ('marco', NULL, NULL), (NULL, NULL, 'x')"
    options = SqlDatabase.clean_options({**ledger_database.options, "last_use": f"VALUES {told}"})
    row = Connector(system=system, kind=ConnectorKind.SQL, options=options)
    row.set_secret(ledger_database.password)
    row.save()
    with SqlDatabase(row) as connector:
        assert Capability.LAST_USE in connector.capabilities
        assert list(connector.last_used()) == [
            Use("", datetime(2026, 3, 1, 8, tzinfo=UTC), name="rita", resource_id="books"),
            Use("", None, name="marco"),
        ]


# --- From files -------------------------------------------------------------------------------------------------------

Importer = Callable[..., str]


@pytest.fixture
def importer(cast: Cast, tmp_path: Path) -> Importer:
    def write_and_run(text: str, *switches: str) -> str:
        path, out = tmp_path / "use.csv", StringIO()
        path.write_text(text, encoding="utf-8")
        call_command("import_usage", str(path), *switches, stdout=out, stderr=StringIO())
        return out.getvalue()

    return write_and_run


def test_a_file_says_when_people_last_used_systems_and_resources(
    cast: Cast, importer: Importer, resource: Resource
) -> None:
    User.objects.filter(pk=cast.marco.pk).update(employee_number="17")
    said = importer(
        "person;last_used;system;resource\n"
        "RITA;2026-02-03T10:00:00Z;directory;\n"
        f"17;2026-02-04;directory;{resource.origin_id}\n"
        "olga;;directory;\n"
    )
    assert "3 rows about 3 people taken in; 0 bad rows left out" in said
    assert used_at(cast.rita) == datetime(2026, 2, 3, 10, tzinfo=UTC)
    assert LastUse.objects.get(person=cast.marco).resource == resource
    assert used_at(cast.olga) is None
    reading = UseReading.objects.get()
    assert (reading.source, reading.people, reading.is_by_resource) == (UseSource.IMPORT, 3, True)
    assert Event.objects.get(verb="use.imported").details["file"] == "use.csv"


def test_rows_that_name_no_system_are_about_the_one_that_is_named_beside_the_file(importer: Importer) -> None:
    importer("person,last_used\nrita,2026-02-03\n", "--system", "directory", "--as-of", "2026-02-10T00:00:00Z")
    assert UseReading.objects.get().seen_at == datetime(2026, 2, 10, tzinfo=UTC)


def test_a_bad_row_keeps_the_whole_file_out_and_is_told_with_its_line(
    cast: Cast, tmp_path: Path, resource: Resource
) -> None:
    tomorrow = (timezone.now() + 2 * DAY).date().isoformat()
    path, err = tmp_path / "use.csv", StringIO()
    path.write_text(
        "person,last_used,system,resource\n"
        "rita,2026-02-03,directory,\n"
        "nobody,2026-02-03,directory,\n"
        "rita,yesterday,directory,\n"
        "rita,2026-02-31,directory,\n"
        "rita,2026-02-03,erp,\n"
        "rita,2026-02-03,,\n"
        "rita,2026-02-03,directory,unknown\n"
        f"rita,{tomorrow},directory,\n"
        ",2026-02-03,directory,\n"
        "rita,2026-02-03\n"
    )
    with pytest.raises(CommandError, match="9 rows are bad"):
        call_command("import_usage", str(path), stdout=StringIO(), stderr=err)
    told = err.getvalue()
    for line, words in [
        (3, "employee number or user name nobody"),
        (4, "yesterday"),
        (5, "2026-02-31"),
        (6, "erp"),
        (7, "no system is named"),
        (8, "no resource with the id"),
        (9, "later than the file"),
        (10, "nobody is named"),
        (11, "cells"),
    ]:
        assert any(f"line {line}:" in one and words in one for one in told.splitlines()), (line, words, told)
    assert not LastUse.objects.exists()
    assert not UseReading.objects.exists()


def test_good_rows_are_imported_all_the_same_where_that_is_asked_for(cast: Cast, importer: Importer) -> None:
    text = "person,last_used,system\nrita,2026-02-03,directory\nnobody,2026-02-03,directory\n"
    assert "1 rows about 1 people taken in; 1 bad rows left out" in importer(text, "--skip-bad-rows")
    assert LastUse.objects.get().person == cast.rita


def test_a_dry_run_keeps_nothing(importer: Importer) -> None:
    said = importer("person,last_used,system\nrita,2026-02-03,directory\n", "--dry-run")
    assert "1 rows about 1 people" in said
    assert not LastUse.objects.exists()
    assert not Event.objects.filter(verb="use.imported").exists()


@pytest.mark.parametrize(
    ("text", "switches", "says"),
    [
        ("person,used\nrita,x\n", [], "unknown columns: used"),
        ("", [], "is empty"),
        ("person,last_used\n", ["--system", "erp"], "no target system has the short name erp"),
        ("person,last_used\n", ["--as-of", "2199-01-01"], "in the future"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(importer: Importer, text: str, switches: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=f"(?i){says}"):
        importer(text, *switches)
