"""A real target that is down when access ends, and one that does everything twice: both agree with us afterwards."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.choices import DurationKind, ResourceKind
from catalog.models import Resource, ResourceRole, TargetSystem
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, ConnectorKind, Grant
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import Assignment
from tests.cast import Cast
from tests.provisioning.scim_server import ScimServer, running_scim_server

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(tmp_path) -> Iterator[ScimServer]:
    with running_scim_server(tmp_path / "crm.sqlite3") as server:
        yield server


def connect(cast: Cast, application: ScimServer, base_url: str) -> ResourceRole:
    system = TargetSystem.objects.create(name="CRM", slug="crm")
    connector = Connector(system=system, kind=ConnectorKind.SCIM, base_url=base_url)
    connector.set_secret(application.token)
    connector.save()
    resource = Resource.objects.create(system=system, kind=ResourceKind.APPLICATION, origin_id="crm", name="CRM")
    cast.catalog.resources.add(resource)
    return ResourceRole.objects.create(resource=resource, origin_id=application.create_group("Sellers"), name="Seller")


def test_access_that_ends_while_its_target_is_down_is_pending_until_it_is_removed(cast, application, client):
    role = connect(cast, application, application.base_url)
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package, approver=None, duration_kind=DurationKind.HOURS, duration_amount=8)
    actions.submit(package=package, actor=cast.rita, justification="New", now=timezone.now())
    perform_all_due(now=timezone.now())
    assignment = Assignment.objects.get()
    assert application.members(role.origin_id) == {"rita"}

    application.kill()
    assert assignment.ends_at is not None
    ended_at = assignment.ends_at + timedelta(minutes=1)
    actions.expire_due(now=ended_at)
    for minutes in range(0, 180, 11):
        perform_all_due(now=ended_at + timedelta(minutes=minutes))
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.REMOVAL_PENDING, "it never shows as gone while it is not"
    client.force_login(cast.rita)
    assert "emoval pending" in client.get(reverse("requests:access")).content.decode()
    assert Connector.objects.get(system__name="CRM").paused_at is not None

    application.start()
    assert application.members(role.origin_id) == {"rita"}
    perform_all_due(now=ended_at + 4 * HOUR)
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.ENDED, "without a hand"
    assert application.members(role.origin_id) == set()
    for hours in range(5, 30, 5):
        perform_all_due(now=ended_at + hours * HOUR)
    assert application.members(role.origin_id) == set(), "and it never comes back"


class Echo(BaseHTTPRequestHandler):
    """Passes each call on twice, and answers what was said the second time."""

    base_url: str

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        passed_on = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        url = self.base_url + self.path.removeprefix("/v2")
        for _ in range(2):
            answer = httpx2.request(self.command, url, content=body, headers=passed_on, timeout=10, trust_env=False)
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/scim+json"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = _relay  # noqa: N815 - the names that the library looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
        """Say nothing."""


@contextmanager
def echoing(application: ScimServer) -> Iterator[str]:
    handler = type("ThisEcho", (Echo,), {"base_url": application.base_url})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v2"
        server.shutdown()


def test_a_target_that_does_everything_twice_ends_up_right(cast, application):
    """The second creation of an account is refused there; the next attempt finds the first."""
    with echoing(application) as base_url:
        role = connect(cast, application, base_url)
        package = cast.package("Sales: Standard Access", role)
        cast.policy(package, approver=None)
        actions.submit(package=package, actor=cast.rita, justification="New", now=timezone.now())
        perform_all_due(now=timezone.now())
        perform_all_due(now=timezone.now() + HOUR)
        assert Assignment.objects.get().status == AssignmentStatus.DELIVERED
        assert application.member_ids(role.origin_id) == [user["id"] for user in application.users()]
        assert len(application.users()) == 1
        assert not Grant.objects.get().is_adopted
        actions.give_back(assignment=Assignment.objects.get(), actor=cast.rita, now=timezone.now())
        perform_all_due(now=timezone.now() + 2 * HOUR)
        assert Assignment.objects.get().status == AssignmentStatus.ENDED
        assert application.member_ids(role.origin_id) == []
