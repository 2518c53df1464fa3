"""Measures how fast operations reach a SCIM application, against a bare loop of the same HTTP calls.

    ACCESSGOV_MODE=test ACCESSGOV_VAR_DIR=/somewhere/empty python -m benchmarks.delivery --operations 10000

Seeds the configured database, which must be one to throw away: people who have accounts, and roles for fifty people
each. AccessGov and the bare loop run in turn against applications of their own, with as many threads each; the figure
is the median of the paired ratios. The bare loop knows beforehand what to call, and writes nothing down.
"""

import argparse
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import django
import httpx2

AT_ONCE = 50
"""People of one role: what a worker takes at once."""
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Application:
    """A SCIM application in a process of its own, with its users and its empty groups."""

    base_url: str
    token: str
    users: list[str]
    groups: list[str]

    def http(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/scim+json"}
        return httpx2.Client(base_url=self.base_url, headers=headers, timeout=60, trust_env=False)


def main() -> None:
    options = _options()
    os.environ.setdefault("ACCESSGOV_MODE", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessgov.settings")
    django.setup()
    _prepare()
    from django.db import connection

    print(
        f"{connection.vendor}, {options.operations:,} operations, {options.threads} threads, {options.pause} s a call"
    )
    ratios = []
    for number in range(options.pairs):
        bare, ours = (_rate(options, run) for run in (_bare, _ours))
        ratios.append(ours / bare)
        print(f"pair {number + 1}: bare {bare:.0f}/s, AccessGov {ours:.0f}/s, ratio {ours / bare:.2f}")
    print(f"median ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0, help="seconds before each answer, as a network has them")
    parser.add_argument("--pairs", type=int, default=3)
    return parser.parse_args()


def _prepare() -> None:
    from django.conf import settings
    from django.core.management import call_command

    Path(settings.VAR_DIR).mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)


def _rate(options: argparse.Namespace, run: Callable[[Application, int], Callable[[], None]]) -> float:
    """Operations a second of one run."""
    with _application(options.operations, options.pause) as application:
        go = run(application, options.threads)
        began = perf_counter()
        go()
        took = perf_counter() - began
        _check(application)
    return options.operations / took


@contextmanager
def _application(operations: int, pause: float) -> Iterator[Application]:
    token = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "application.sqlite3"
        users, groups = _fill(path, operations)
        command = [sys.executable, "-m", "demo.scim_app", "--port", "0", "--file", str(path), "--pause", str(pause)]
        process = subprocess.Popen([*command, f"--token={token}", "--groups", ""], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            yield Application(process.stdout.readline().split()[-1], token, users, groups)
        finally:
            process.kill()
            process.wait()


def _fill(path: Path, operations: int) -> tuple[list[str], list[str]]:
    """The ids of users and of empty groups, put into the application's file before it starts."""
    from scim2_models import Group, Meta, User

    from demo.scim_app import StoredResources

    now = datetime.now(UTC)
    meta: dict[str, Any] = {"created": now, "last_modified": now, "version": 'W/"1"'}
    users: list[Any] = [
        User(id=str(uuid4()), user_name=f"person{n}", meta=Meta(resource_type="User", **meta))
        for n in range(operations)
    ]
    groups: list[Any] = [
        Group(id=str(uuid4()), display_name=f"group{n}", meta=Meta(resource_type="Group", **meta))
        for n in range(0, operations, AT_ONCE)
    ]
    StoredResources(path)
    with sqlite3.connect(path) as file:
        rows = ((one.id, one.meta.resource_type, one.model_dump_json()) for one in [*users, *groups])
        file.executemany("INSERT INTO resource VALUES (?, ?, ?)", rows)
    return [one.id for one in users], [one.id for one in groups]


def _check(application: Application) -> None:
    """Everybody is where they belong, once."""
    with application.http() as http:
        members = [len(http.get(f"/Groups/{group}").json()["members"]) for group in application.groups]
    assert sum(members) == len(application.users), members


def _bare(application: Application, threads: int) -> Callable[[], None]:
    """For each role: is everybody's account there, who is in the group; add them; who is in the group now."""
    work = list(zip(application.groups, range(0, len(application.users), AT_ONCE), strict=True))

    def fill(group: str, start: int) -> None:
        users = application.users[start : start + AT_ONCE]
        with application.http() as http:
            for user in users:
                http.get(f"/Users/{user}", params={"attributes": "userName"}).raise_for_status().json()
            for _look in range(2):
                http.get(f"/Groups/{group}").raise_for_status().json()
            add = {"op": "add", "path": "members", "value": [{"value": user} for user in users]}
            http.patch(f"/Groups/{group}", json={"schemas": [PATCH], "Operations": [add]}).raise_for_status()
            http.get(f"/Groups/{group}").raise_for_status().json()

    def go() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda each: fill(*each), work))

    return go


def _ours(application: Application, threads: int) -> Callable[[], None]:
    """Queue the operations, and let as many workers carry them out."""
    from django.db import connection, connections
    from django.utils import timezone

    from provisioning.connectors import kind_of
    from provisioning.delivery import work_off

    system = _seed(application, threads)
    kind_of(system.connector.kind)  # a worker that has been at work has it loaded

    def work(_number: int) -> None:
        try:
            work_off(system.pk)
        finally:
            connections.close_all()

    def go() -> None:
        connection.close()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(threads)))
        assert not system.operations.pending().filter(due_at__lte=timezone.now()).exists()

    return go


def _seed(application: Application, threads: int) -> Any:
    from django.db import transaction
    from django.utils import timezone

    from catalog.models import Resource, ResourceRole, TargetSystem
    from directory.actions import lock_people
    from directory.models import User
    from provisioning.actions import Reason, provide
    from provisioning.models import Account, Connector, ConnectorKind

    name = uuid4().hex[:8]
    system = TargetSystem.objects.create(name=name, slug=name)
    connector = Connector(
        system=system, kind=ConnectorKind.SCIM, base_url=application.base_url, max_concurrency=threads
    )
    connector.set_secret(application.token)
    connector.save()
    people = User.objects.bulk_create([User(username=f"{name}.{n}") for n in range(len(application.users))])
    Account.objects.bulk_create(
        Account(connector=connector, person=person, external_id=account)
        for person, account in zip(people, application.users, strict=True)
    )
    resource = Resource.objects.create(system=system, kind="application", origin_id=name, name=name)
    roles = [ResourceRole(resource=resource, origin_id=group, name=group) for group in application.groups]
    ResourceRole.objects.bulk_create(roles)
    for number, role in enumerate(roles):
        those = people[number * AT_ONCE : (number + 1) * AT_ONCE]
        with transaction.atomic():
            lock_people(person.pk for person in those)
            reasons = [Reason(person=p, role=role, reference=uuid4(), correlation_id=uuid4()) for p in those]
            provide(reasons, now=timezone.now())
    return system


if __name__ == "__main__":
    main()
