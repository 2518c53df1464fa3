"""Measures how long it takes to reconcile a system, against the same comparison in plain SQL.

    ACCESSGOV_MODE=test DATABASE_URL=postgres://… python -m benchmarks.reconcile --grants 1000000

Seeds the configured PostgreSQL database, which must be one to throw away: a target that names a hundred holders of each
role, a few of them added outside and a few missing. At a quarter, a half and all of it AccessGov and the floor run in
turn; the figures are the medians of the pairs.

**The floor** is what nobody can do without who compares such a list with a table: the list, which lies outside the
database, is loaded by one COPY of plain lines into a temporary table that is not logged and has no index; its accounts
are joined to people, and two anti-joins count what is missing and what was added. Both sides take the list from the
same generator and run on one connection to the same server as it is set up. The floor knows beforehand which id each
role has, and writes nothing down. AccessGov's figure is a whole run: roles read, steps committed, grants marked, cases
opened and journalled, readings noted, the run summed up.

**Memory** is the most that the process has during a run of AccessGov, and must not grow with the size.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import django

PER_ROLE = 100
PEOPLE = 20_000
DIFFERENT = 1000
"""One role in so many has somebody missing and somebody added outside."""
PARTS = (4, 2, 1)
"""A quarter, a half, all: what grows faster than its size shows."""
FLAT = 16
"""Megabytes by which the need of memory may differ between a quarter and all of it."""

SEED = """
    INSERT INTO provisioning_grant (id, person_id, resource_role_id, status, is_adopted, was_present, was_delivered,
                                    generation, last_error, changed_at, verified_at)
    SELECT gen_random_uuid(), people.id, roles.id, 'verified', false, false, false, 1, '', now() - interval '1 day',
           now()
    FROM (SELECT id, origin_id::int AS n FROM catalog_resourcerole WHERE origin_id::int >= %s) roles
    CROSS JOIN generate_series(0, %s) slot
    JOIN (SELECT id, (row_number() OVER (ORDER BY username)) - 1 AS n FROM directory_user) people
      ON people.n = (roles.n * 97 + slot) %% %s
"""
LOAD = "CREATE TEMPORARY TABLE said (role uuid, account text)"
MISSING = """
    SELECT count(*) FROM provisioning_grant held WHERE held.status IN ('delivered', 'verified') AND NOT EXISTS (
        SELECT 1 FROM said JOIN provisioning_account known ON known.external_id = said.account
        WHERE said.role = held.resource_role_id AND known.person_id = held.person_id)
"""
EXTRA = """
    SELECT count(*) FROM said JOIN provisioning_account known ON known.external_id = said.account
    WHERE NOT EXISTS (
        SELECT 1 FROM provisioning_grant held
        WHERE held.resource_role_id = said.role AND held.person_id = known.person_id)
"""


@dataclass
class Target:
    """What the system says: the holders of role number n are a hundred people in a row, from 97 n on."""

    roles: dict[str, Any]

    def holders(self, number: int) -> Iterator[Any]:
        """As a connector names them; both sides take them from here."""
        from provisioning.connectors.base import Holder

        start = number * 97 + (number % DIFFERENT == 0)
        return (Holder(f"a{n % PEOPLE}") for n in range(start, start + PER_ROLE))

    def lines(self) -> Iterator[str]:
        """As COPY reads them."""
        for number, role in self.roles.items():
            start = f"{role}\t"
            for holder in self.holders(int(number)):
                yield f"{start}{holder.account_id}\n"

    @property
    def different(self) -> int:
        return len(range(0, len(self.roles), DIFFERENT))


def main() -> None:
    options = _options()
    os.environ.setdefault("ACCESSGOV_MODE", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessgov.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    assert connection.vendor == "postgresql", "set DATABASE_URL to a PostgreSQL to throw away"
    call_command("migrate", verbosity=0)
    _seed_system()
    results = [_measure(_seed_grants(options.grants // part), options.pairs) for part in PARTS]
    (_ratio, at_first), (ratio, at_last) = results[0], results[-1]
    assert at_last <= at_first + FLAT, f"memory grows with the size: {at_first:.0f} MB, then {at_last:.0f} MB"
    assert options.at_most is None or ratio <= options.at_most, f"{ratio:.2f} is more than {options.at_most}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grants", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--at-most", type=float, help="fail where the ratio at the full size is higher")
    return parser.parse_args()


def _measure(target: Target, pairs: int) -> tuple[float, float]:
    """The median of the paired ratios, and the most megabytes that a run needed."""
    ours, floors, needs = [], [], []
    for _pair in range(pairs):
        _forget_peak()
        ours.append(_ours(target))
        needs.append(_peak())
        floors.append(_floor(target))
    ratios = [one / other for one, other in zip(ours, floors, strict=True)]
    print(
        f"{len(target.roles) * PER_ROLE:>9,} grants of {len(target.roles):>6,} roles: "
        f"AccessGov {median(ours):.1f} s, floor {median(floors):.1f} s, "
        f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
        f"memory {max(needs):.0f} MB, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return median(ratios), max(needs)


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """The most memory, in megabytes, that the process had since it was forgotten."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def _seed_system() -> None:
    """A system, and people who have an account there."""
    from django.utils import timezone

    from catalog.models import TargetSystem
    from directory.models import User
    from provisioning.models import Account, Connector, ConnectorKind

    system = TargetSystem.objects.create(name="Target", slug="target")
    connector = Connector.objects.create(system=system, kind=ConnectorKind.BUILTIN, last_answer_at=timezone.now())
    for start in range(0, PEOPLE, 2000):
        numbers = range(start, start + 2000)
        people = User.objects.bulk_create(User(username=f"p{n:06}", display_name=f"Person {n}") for n in numbers)
        Account.objects.bulk_create(
            Account(connector=connector, person=one, external_id=f"a{n}")
            for n, one in zip(numbers, people, strict=True)
        )


def _seed_grants(grants: int) -> Target:
    """As many more roles with their grants as make up so many."""
    from django.db import connection

    from catalog.models import Resource, ResourceRole, TargetSystem

    system = TargetSystem.objects.get()
    first, last = ResourceRole.objects.count(), grants // PER_ROLE
    for start in range(first, last, 2000):
        resources = Resource.objects.bulk_create(
            Resource(system=system, kind="group", origin_id=str(n), name=f"Group {n}")
            for n in range(start, min(start + 2000, last))
        )
        ResourceRole.objects.bulk_create(
            ResourceRole(resource=one, origin_id=one.origin_id, name="Member") for one in resources
        )
    with connection.cursor() as cursor:
        cursor.execute(SEED, [first, PER_ROLE - 1, PEOPLE])
        for table in ("provisioning_grant", "provisioning_account", "directory_user", "catalog_resourcerole"):
            cursor.execute(f"VACUUM ANALYZE {table}")  # nosec B608 - a constant
    return Target(dict(ResourceRole.objects.values_list("origin_id", "pk")))


def _ours(target: Target) -> float:
    """A whole run, from its start to the event that sums it up. What it found is taken back afterwards."""
    from django.utils import timezone

    from provisioning import actions, connectors, reconciling
    from provisioning.connectors.base import Capability
    from provisioning.connectors.builtin import BuiltinDirectory
    from provisioning.models import Connector, DriftCase, Grant, Reconciliation

    class Named(BuiltinDirectory):
        capabilities = frozenset({Capability.HOLDERS})

        def holders(self, entitlement: Any) -> Iterator[Any]:
            return target.holders(int(entitlement.role_id))

    connectors.kind_of = lambda kind: Named
    began = perf_counter()
    run = actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=timezone.now())
    reconciling.work_off(run.pk)
    took = perf_counter() - began
    run = Reconciliation.objects.get(pk=run.pk)
    assert run.status == "done", run.last_error
    assert (run.missing, run.extra) == (target.different, target.different), run.found
    DriftCase.objects.all().delete()
    Grant.objects.filter(status="drifted").update(status="verified", changed_at=run.created_at - timedelta(days=1))
    return took


def _floor(target: Target) -> float:
    """All of it loaded by one COPY, and the anti-join both ways."""
    from django.db import connection

    with connection.cursor() as cursor:
        began = perf_counter()
        cursor.execute(LOAD)
        with cursor.copy("COPY said FROM STDIN") as copy:
            lines = target.lines()
            while some := "".join(islice(lines, 10_000)):
                copy.write(some)
        for statement in (MISSING, EXTRA):
            cursor.execute(statement)
            found = cursor.fetchone()
            assert found == (target.different,), found
        took = perf_counter() - began
        cursor.execute("DROP TABLE said")
    return took


if __name__ == "__main__":
    main()
