"""`kill -9` of real workers at each step of an operation: afterwards the access is there, once, and then gone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from django.db import connection
from django.utils import timezone

from catalog.choices import ResourceKind
from catalog.models import Resource, ResourceRole, TargetSystem
from provisioning.models import Connector, ConnectorKind, Operation
from provisioning.tasks import sweep
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import Assignment
from tests.cast import make_cast
from tests.provisioning.scim_server import ScimServer, running_scim_server

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 40.0

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif("not os.environ.get('REDIS_URL')", reason="a worker of its own needs a broker of its own"),
]


class HoldingProxy(ThreadingHTTPServer):
    """Passes everything on to the target; an answer to `held` (a method and a kind of resource) is kept back."""

    daemon_threads = True

    def __init__(self, application: ScimServer) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        self.application = application
        self.held: tuple[str, str] | None = None
        self.asked: list[tuple[str, str]] = []
        self.is_holding, self.released = threading.Event(), threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v2"

    def hold(self, method: str, kind: str) -> None:
        """From now on, do what is asked by this method of this kind of resource, and do not answer."""
        self.is_holding.clear()
        self.released.clear()
        self.held = (method, kind)

    def release(self) -> None:
        """Answer what is held, and hold nothing more."""
        self.held = None
        self.released.set()


class _Relay(BaseHTTPRequestHandler):
    server: HoldingProxy

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        passed_on = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        url = self.server.application.base_url + self.path.removeprefix("/v2")
        answer = httpx2.request(self.command, url, content=body, headers=passed_on, timeout=10, trust_env=False)
        what = (self.command, self.path.split("/")[2].split("?")[0])
        self.server.asked.append(what)
        if self.server.held == what:
            self.server.is_holding.set()
            if not self.server.released.wait(PATIENCE):
                return
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/scim+json"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = _relay  # noqa: N815 - the names that the library looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
        """Say nothing."""


@pytest.fixture
def proxy(tmp_path) -> Iterator[HoldingProxy]:
    with running_scim_server(tmp_path / "crm.sqlite3") as application:
        server = HoldingProxy(application)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker as it is started in production, on the test's database and broker."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    command = [sys.executable, "-m", "celery", "--app", "accessgov", "worker", "--concurrency", "2", "--without-mingle"]
    environment = {**os.environ, "DATABASE_URL": database}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The whole process group at once, as a machine that loses its power does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


def crm_role(cast, proxy) -> ResourceRole:
    system = TargetSystem.objects.create(name="CRM", slug="crm")
    connector = Connector(system=system, kind=ConnectorKind.SCIM, base_url=proxy.base_url)
    connector.set_secret(proxy.application.token)
    connector.save()
    resource = Resource.objects.create(system=system, kind=ResourceKind.APPLICATION, origin_id="crm", name="CRM")
    cast.catalog.resources.add(resource)
    group = proxy.application.create_group("Sellers")
    return ResourceRole.objects.create(resource=resource, origin_id=group, name="Seller")


STEPS = {
    "looking whether it is there": ("GET", "Users"),
    "creating the account": ("POST", "Users"),
    "changing the group": ("PATCH", "Groups"),
    "reading it back": ("GET", "Groups"),
}


def die_at(step: str, proxy: HoldingProxy, begin: Callable[[], object]) -> None:
    """Start a worker and kill it while the target has done this step and has not answered."""
    proxy.hold(*STEPS[step])
    with worker() as process:
        begin()
        assert proxy.is_holding.wait(PATIENCE), f"the worker came as far as {step}"
        kill(process)
    proxy.held = None


def after_the_lease() -> None:
    """The dead worker's lease runs out, without a minute's waiting, and the next sweep finds what it held."""
    assert sweep() == 0, "the dead worker's lease still holds"
    Operation.objects.filter(status="pending").update(leased_until=timezone.now())
    assert sweep() == 1


def test_workers_killed_at_each_step_of_a_grant_and_of_a_removal(proxy):
    cast = make_cast()
    role = crm_role(cast, proxy)
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package)
    made = actions.submit(package=package, actor=cast.rita, justification="New", now=timezone.now())
    approval = made.approvals.get()
    begin: Callable[[], object] = partial(actions.approve, approval=approval, actor=cast.marco, now=timezone.now())
    for step in STEPS:
        die_at(step, proxy, begin)
        assert Assignment.objects.get().status == AssignmentStatus.DELIVERING, "nobody knows yet that it is there"
        begin = after_the_lease
    with worker():
        after_the_lease()
        wait_until(lambda: Assignment.objects.get().status == AssignmentStatus.DELIVERED)
    assert [user["userName"] for user in proxy.application.users()] == ["rita"], "one account"
    assert len(proxy.application.member_ids(role.origin_id)) == 1, "who is a member once"
    operation = Operation.objects.get()
    assert (operation.status, operation.attempts) == ("done", len(STEPS) + 1)
    assert not operation.grant.is_adopted, "its own work was not taken for access that was there before"

    assignment = Assignment.objects.get()
    begin = partial(actions.give_back, assignment=assignment, actor=cast.rita, now=timezone.now())
    for step in [step for step in STEPS if step != "creating the account"]:
        die_at(step, proxy, begin)
        assert Assignment.objects.get().status == AssignmentStatus.REMOVAL_PENDING, "it does not show as gone"
        begin = after_the_lease
    with worker():
        after_the_lease()
        wait_until(lambda: Assignment.objects.get().status == AssignmentStatus.ENDED)
    assert proxy.application.member_ids(role.origin_id) == []
    assert proxy.asked.count(STEPS["creating the account"]) == 1
    assert proxy.asked.count(STEPS["changing the group"]) == 2, "once to give, once to take"


def cut_all_connections() -> int:
    """What a restart of the database does to everybody but us; returns how many connections were cut."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def test_the_database_goes_away_while_the_target_is_called(proxy):
    cast = make_cast()
    role = crm_role(cast, proxy)
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package, approver=None)
    proxy.hold("PATCH", "Groups")
    with worker():
        actions.submit(package=package, actor=cast.rita, justification="New", now=timezone.now())
        assert proxy.is_holding.wait(PATIENCE), "the worker called the target"
        assert cut_all_connections() >= 1, "the worker's connection among them"
        proxy.release()
        wait_until(lambda: len(proxy.application.member_ids(role.origin_id)) == 1)
        wait_until(swept_and_delivered)
    assert len(proxy.application.member_ids(role.origin_id)) == 1
    assert len(proxy.application.users()) == 1
    assert not Operation.objects.get().grant.is_adopted


def swept_and_delivered() -> bool:
    """Beat sweeps again and again: a hint may meet a process that only then learns that its connection is gone."""
    if Assignment.objects.get().status == AssignmentStatus.DELIVERED:
        return True
    Operation.objects.filter(status="pending").update(leased_until=timezone.now())
    sweep()
    time.sleep(3)
    return False
