"""Measures how long it takes to reconcile a system, against the same comparison in plain SQL.

    ACCESSGOV_MODE=test DATABASE_URL=postgres://… python -m benchmarks.reconcile --grants 1000000

Seeds the configured PostgreSQL database, which must be one to throw away. AccessGov and the plain SQL run in turn over
the same data: a target that names a hundred holders of each role, a few of them added outside and a few missing. The
plain SQL stages all of it by one COPY and makes the anti-join both ways; it writes nothing else down. The figure is the
median of the paired ratios, with the peak of memory of AccessGov's process, to be compared with a smaller size.
"""

import argparse
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

import django

PER_ROLE = 100
PEOPLE = 20_000
DIFFERENT = 1000
"""One role in so many has somebody missing and somebody added outside."""

SEED = """
    INSERT INTO provisioning_grant (id, person_id, resource_role_id, status, is_adopted, was_present, generation,
                                    last_error, changed_at, verified_at)
    SELECT gen_random_uuid(), people.id, roles.id, 'verified', false, false, 1, '', now() - interval '1 day', now()
    FROM (SELECT id, (row_number() OVER (ORDER BY origin_id::int)) - 1 AS n FROM catalog_resourcerole) roles
    CROSS JOIN generate_series(0, %s) slot
    JOIN (SELECT id, (row_number() OVER (ORDER BY username)) - 1 AS n FROM directory_user) people
      ON people.n = (roles.n * 97 + slot) %% %s
"""
STAGE = "CREATE TEMPORARY TABLE said (role uuid, account text)"
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

    def holders(self, number: int) -> Iterator[str]:
        start = number * 97
        off = 1 if number % DIFFERENT == 0 else 0
        for slot in range(PER_ROLE):
            yield f"a{(start + slot + off) % PEOPLE}"

    def named(self, number: int) -> Iterator[Any]:
        """As a connector names them; both sides take them from here."""
        from provisioning.connectors.base import Holder

        return (Holder(account) for account in self.holders(number))


def main() -> None:
    options = _options()
    os.environ.setdefault("ACCESSGOV_MODE", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessgov.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    assert connection.vendor == "postgresql", "set DATABASE_URL to a PostgreSQL to throw away"
    call_command("migrate", verbosity=0)
    target = _seed(options.grants)
    print(f"{options.grants:,} grants of {len(target.roles):,} roles, {PEOPLE:,} people, load {os.getloadavg()[0]:.1f}")
    ratios = []
    for number in range(options.pairs):
        ours, plain = _ours(target), _plain(target)
        ratios.append(ours / plain)
        print(
            f"pair {number + 1}: AccessGov {ours:.1f} s, plain SQL {plain:.1f} s, ratio {ours / plain:.2f}", flush=True
        )
    print(f"median ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), load {os.getloadavg()[0]:.1f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grants", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    return parser.parse_args()


def _seed(grants: int) -> Target:
    from django.db import connection
    from django.utils import timezone

    from catalog.models import Resource, ResourceRole, TargetSystem
    from directory.models import User
    from provisioning.models import Account, Connector, ConnectorKind

    system = TargetSystem.objects.create(name="Target", slug="target")
    connector = Connector.objects.create(system=system, kind=ConnectorKind.BUILTIN, last_answer_at=timezone.now())
    people = [User(username=f"p{n:06}", display_name=f"Person {n}") for n in range(PEOPLE)]
    for start in range(0, PEOPLE, 2000):
        some = User.objects.bulk_create(people[start : start + 2000])
        Account.objects.bulk_create(
            Account(connector=connector, person=one, external_id=f"a{start + n}") for n, one in enumerate(some)
        )
    numbers = range(grants // PER_ROLE)
    for start in range(0, len(numbers), 2000):
        some_resources = Resource.objects.bulk_create(
            Resource(system=system, kind="group", origin_id=str(n), name=f"Group {n}")
            for n in numbers[start : start + 2000]
        )
        ResourceRole.objects.bulk_create(
            ResourceRole(resource=one, origin_id=one.origin_id, name="Member") for one in some_resources
        )
    with connection.cursor() as cursor:
        cursor.execute(SEED, [PER_ROLE - 1, PEOPLE])
        for table in ("provisioning_grant", "provisioning_account", "directory_user", "catalog_resourcerole"):
            cursor.execute(f"ANALYZE {table}")  # nosec B608 - a constant
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
            return target.named(int(entitlement.role_id))

    connectors.kind_of = lambda kind: Named
    began = perf_counter()
    run = actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=timezone.now())
    reconciling.work_off(run.pk)
    took = perf_counter() - began
    run = Reconciliation.objects.get(pk=run.pk)
    expected = len(range(0, len(target.roles), DIFFERENT))
    assert run.status == "done", run.last_error
    assert (run.missing, run.extra) == (expected, expected), run.found
    DriftCase.objects.all().delete()
    Grant.objects.filter(status="drifted").update(status="verified", changed_at=run.created_at - timedelta(days=1))
    return took


def _plain(target: Target) -> float:
    """All of it staged by one COPY, and the anti-join both ways."""
    from django.db import connection

    expected = len(range(0, len(target.roles), DIFFERENT))
    with connection.cursor() as cursor:
        began = perf_counter()
        cursor.execute(STAGE)
        with cursor.copy("COPY said FROM STDIN") as copy:
            for number, role in target.roles.items():
                for holder in target.named(int(number)):
                    copy.write_row((role, holder.account_id))
        for statement in (MISSING, EXTRA):
            cursor.execute(statement)
            found = cursor.fetchone()
            assert found == (expected,), found
        took = perf_counter() - began
        cursor.execute("DROP TABLE said")
    return took


if __name__ == "__main__":
    main()
