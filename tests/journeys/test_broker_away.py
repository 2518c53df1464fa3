"""The broker is killed while people ask and approve, and comes back later: nobody waits, and nothing is lost."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import redis
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.models import Membership
from portal.actions import create_token
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import AccessRequest, Assignment
from tests.cast import make_cast
from tests.supervisor import free_port, valkey_program

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
AT_MOST = 3.0
"""Seconds that a click may take while the broker is away."""

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif("not os.environ.get('REDIS_URL')", reason="processes of their own need PostgreSQL"),
]


class Broker:
    """A Valkey of this test's own, which is killed and started again on the same port."""

    def __init__(self, directory: Path) -> None:
        self.port, self.directory = free_port(), directory
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no")
        self.process = subprocess.Popen(
            [str(valkey_program()), *options], cwd=self.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self.answers)

    def answers(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def site(broker: Broker, tmp_path: Path) -> Iterator[str]:
    """Web, worker and beat as in production, on the test's database; the address of the web."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    environment = {**os.environ, "DATABASE_URL": database, "REDIS_URL": broker.url}
    port = free_port()
    gunicorn = ["gunicorn", "accessgov.wsgi:application", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    celery = [
        "celery",
        "--app",
        "accessgov",
        "worker",
        "--beat",
        "--schedule",
        str(tmp_path / "beat"),
        "--concurrency=2",
    ]
    with ExitStack() as ends:
        for command in (gunicorn, celery):
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=environment,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            ends.callback(process.wait, 10)
            ends.callback(os.killpg, process.pid, signal.SIGKILL)
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_up(address))
        yield address


def is_up(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/healthz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def wait_until(condition) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)


class Browser:
    """Somebody who is signed in, whose every click is timed."""

    def __init__(self, site: str, person) -> None:
        signed_in = Client()
        signed_in.force_login(person)
        cookies = {"sessionid": signed_in.cookies["sessionid"].value}
        self.http = httpx2.Client(base_url=site, cookies=cookies, timeout=30, trust_env=False)

    def click(self, method: str, path: str, **sent) -> httpx2.Response:
        began = time.monotonic()
        answer = self.http.request(method, path, **sent)
        took = time.monotonic() - began
        assert took < AT_MOST, f"{method} {path} took {took:.1f} s"
        return answer

    def send(self, path: str, **typed: str) -> httpx2.Response:
        """Open the page, and send its form."""
        form = self.click("GET", path)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
        assert found is not None
        return self.click("POST", path, data={"csrfmiddlewaretoken": found[1], **typed})


def test_people_go_on_while_the_broker_is_gone_and_all_is_delivered_afterwards(broker, site):
    cast = make_cast()
    group, role = cast.role("Sales EMEA")
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package)
    rita, marco = Browser(site, cast.rita), Browser(site, cast.marco)
    token = create_token(actor=cast.rita, now=timezone.now())
    broker.kill()

    asked = rita.send(reverse("requests:ask", args=[package.pk]), justification="New in Sales")
    assert asked.status_code == 302
    approval = AccessRequest.objects.get().approvals.get()
    approved = marco.send(reverse("requests:approval", args=[approval.pk]), decision="approve", justification="Welcome")
    assert approved.status_code == 302
    api = rita.click("GET", "/api/v1/requests/", headers={"Authorization": f"Bearer {token}"})
    assert (api.status_code, len(api.json()["results"])) == (200, 1), "the API's limits go on without Redis"
    nobody = httpx2.Client(base_url=site, timeout=30, trust_env=False)
    assert nobody.get("/accounts/login/").status_code == 200
    assert rita.http.get("/readyz").status_code == 503, "monitoring is told"
    assert Assignment.objects.get().status == AssignmentStatus.DELIVERING

    broker.start()
    wait_until(lambda: Assignment.objects.get().status == AssignmentStatus.DELIVERED)
    assert Membership.objects.filter(group=group, person=cast.rita).count() == 1
