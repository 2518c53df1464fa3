"""`kill -9` of a real worker between the target's change and its answer: the access is there afterwards, once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """Passes everything on to the target; while `is_holding`, a change is made there and its answer is kept back."""

    daemon_threads = True

    def __init__(self, application: ScimServer) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        self.application = application
        self.is_holding = True
        self.changed = threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v2"


class _Relay(BaseHTTPRequestHandler):
    server: HoldingProxy

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        passed_on = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        url = self.server.application.base_url + self.path.removeprefix("/v2")
        answer = httpx2.request(self.command, url, content=body, headers=passed_on, timeout=10, trust_env=False)
        if self.command == "PATCH" and self.server.is_holding:
            self.server.changed.set()
            time.sleep(PATIENCE)
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


def test_a_worker_killed_between_the_change_and_its_answer(proxy):
    cast = make_cast()
    role = crm_role(cast, proxy)
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package)
    made = actions.submit(package=package, actor=cast.rita, justification="New", now=timezone.now())
    with worker() as first:
        actions.approve(approval=made.approvals.get(), actor=cast.marco, now=timezone.now())
        assert proxy.changed.wait(PATIENCE), "the worker took the hint from the broker and called the target"
        kill(first)
    assert Assignment.objects.get().status == AssignmentStatus.DELIVERING, "nobody knows yet that it is there"

    proxy.is_holding = False
    assert sweep() == 0, "the dead worker's lease still holds"
    Operation.objects.update(leased_until=timezone.now())  # the lease runs out, without a minute's waiting
    assert sweep() == 1
    with worker():
        wait_until(lambda: Assignment.objects.get().status == AssignmentStatus.DELIVERED)

    assert proxy.application.members(role.origin_id) == {"rita"}
    assert len(proxy.application.member_ids(role.origin_id)) == 1
    assert len(proxy.application.users()) == 1, "and one account"
    operation = Operation.objects.get()
    assert (operation.status, operation.attempts) == ("done", 2)
    assert not operation.grant.is_adopted, "its own work was not taken for access that was there before"
