"""The demo as a newcomer runs it: real processes, its pages over HTTP, a real SCIM application, real kills.

One demo is set up for all of these tests, since that takes a while; each leaves it running or stopped as it says.
"""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import psutil
import pytest

from accessgov import sealing
from demo.organisation import MANAGER, REQUESTER
from tests.supervisor import free_port

ROOT = Path(__file__).resolve().parents[2]
FIRST_START, START, STOP, DELIVERY = 240, 20, 5, 5
"""Seconds. The first start sets up a year of history; the last two are what the project promises."""
READY = "demo is ready"
STARTER = "Sales Representative: Starter Kit"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("demo"),
    pytest.mark.one_database("the demo brings its own SQLite"),
]


class Demo:
    """`manage.py demo` in a directory of its own, and what can be seen of it from outside."""

    def __init__(self, var):
        self.var, self.port = var, free_port()
        self.process: subprocess.Popen[bytes] = None  # type: ignore[assignment]  # until it is started
        self.seconds_to_start = 0.0

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, within=START):
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        own = {"ACCESSGOV_MODE": "demo", "ACCESSGOV_VAR_DIR": str(self.var), "PORT": str(self.port)}
        self.log = self.var.with_suffix(".log").open("a+")
        began, starts = time.monotonic(), self.said().count(READY)
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"],
            cwd=ROOT,
            env={**kept, **own},
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(lambda: self.is_running() and self.said().count(READY) > starts, within=within, why=self.said)
        self.seconds_to_start = time.monotonic() - began

    def said(self):
        return self.var.with_suffix(".log").read_text()

    def is_running(self):
        assert self.process.poll() is None, self.said()
        return True

    def processes(self):
        """All of them: the master, the server, the application."""
        master = psutil.Process(self.process.pid)
        return [master, *master.children(recursive=True)]

    def application(self):
        until(lambda: any("demo.scim_app" in one.cmdline() for one in self.processes()[1:]), within=10)
        return next(one for one in self.processes() if "demo.scim_app" in one.cmdline())

    def kill(self):
        """As `kill -9` of everything."""
        processes = self.processes()
        for one in processes:
            one.kill()
        self.process.wait(10)
        psutil.wait_procs(processes, timeout=10)

    def visit(self, user_name):
        browser = Browser(self.address)
        browser.post("/demo/", "/demo/sign-in/", person=user_name)
        return browser

    def read(self, statement, *values):
        """What the database says, read past every line of ours."""
        with contextlib.closing(sqlite3.connect(f"file:{self.var}/demo.sqlite3?mode=ro", uri=True)) as database:
            return database.execute(statement, values).fetchall()

    def sellers(self):
        """The user names in the application's group, as a list, by its own API."""
        ((base_url, sealed),) = self.read(
            "SELECT base_url, sealed_secret FROM provisioning_connector c "
            "JOIN catalog_targetsystem s ON s.id = c.system_id WHERE s.slug = 'atlas-crm'"
        )
        headers = {"Authorization": f"Bearer {sealing.unseal(sealed)}"}
        with httpx2.Client(base_url=base_url, headers=headers, timeout=5, trust_env=False) as http:
            (group,) = http.get("/Groups", params={"filter": 'displayName eq "Sellers"'}).json()["Resources"]
            members = [member["value"] for member in group.get("members", [])]
            return [http.get(f"/Users/{member}").json()["userName"] for member in members]

    def groups(self, user_name):
        """The groups of the built-in directory that somebody is in."""
        rows = self.read(
            "SELECT g.name FROM directory_group g JOIN directory_membership m ON m.group_id = g.id "
            "JOIN directory_user u ON u.id = m.person_id WHERE u.username = ?",
            user_name,
        )
        return {name for (name,) in rows}


class Browser:
    """One person's browser, as far as links and forms go."""

    def __init__(self, address):
        self.http = httpx2.Client(base_url=address, timeout=10, trust_env=False, follow_redirects=True)

    def get(self, path):
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text[:500]
        return answer.text

    def post(self, page, path, **fields):
        """Send a form that stands on a page."""
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(page))[0]
        answer = self.http.post(path, data={"csrfmiddlewaretoken": token, **fields})
        assert answer.status_code == 200, answer.text[:2000]
        return answer


def until(condition, *, within, why=str):
    """Waits for it; returns how many seconds that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, f"not within {within} s. {why()}"
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    running = Demo(tmp_path_factory.mktemp("demo"))
    running.start(within=FIRST_START)
    yield running
    if running.process.poll() is None:
        running.kill()


@pytest.fixture
def running(demo):
    """The demo, started again if a test stopped it."""
    if demo.process.poll() is not None:
        demo.start()
    return demo


def ask_for(browser, page):
    """Fill in the request's form as far as its questions need it."""
    text = browser.get(page)
    answers = dict.fromkeys(re.findall(r'name="(question_[^"]+)"', text), "Europe")
    return browser.post(page, page, justification="I start in sales on Monday.", **answers)


def package_page(demo, name):
    ((package,),) = demo.read("SELECT id FROM catalog_accesspackage WHERE name = ?", name)
    return f"/packages/{package[:8]}-{package[8:12]}-{package[12:16]}-{package[16:20]}-{package[20:]}/request/"


def approval_of(demo, user_name, package):
    """The address of the open approval of somebody's request."""
    ((pk,),) = demo.read(
        "SELECT a.id FROM requests_app_approval a JOIN requests_app_accessrequest r ON r.id = a.access_request_id "
        "JOIN directory_user u ON u.id = r.person_id JOIN catalog_accesspackage p ON p.id = r.package_id "
        "WHERE u.username = ? AND p.name = ? AND a.status = 'inProgress'",
        user_name,
        package,
    )
    return f"/approvals/{pk[:8]}-{pk[8:12]}-{pk[12:16]}-{pk[16:20]}-{pk[20:]}/"


def test_the_first_start_leaves_a_company_that_is_well(running):
    said = running.said()
    assert f"{running.address}/demo/" in said
    assert "Traceback" not in said, said[-6000:]
    until(lambda: _health(running) == "ok", within=10, why=lambda: "what is overdue is done at once after a start")
    assert running.read("SELECT count(*) FROM directory_user")[0][0] > 190


def test_what_one_asks_for_and_another_approves_is_in_both_targets_within_seconds(running):
    page = package_page(running, STARTER)
    ask_for(running.visit(REQUESTER), page)
    assert REQUESTER not in running.sellers()

    approval = approval_of(running, REQUESTER, STARTER)
    running.visit(MANAGER).post(approval, approval, decision="approve", justification="Welcome.")

    took = until(lambda: REQUESTER in running.sellers() and "Sales Team" in running.groups(REQUESTER), within=DELIVERY)
    print(f"delivered {took:.2f} s after the approval")
    assert running.sellers().count(REQUESTER) == 1


def test_everything_killed_while_the_application_is_asked_ends_delivered_once(running):
    waiting = running.read(
        "SELECT u.username FROM requests_app_accessrequest r JOIN directory_user u ON u.id = r.person_id "
        "JOIN catalog_accesspackage p ON p.id = r.package_id "
        "WHERE p.name = ? AND r.status = 'pendingApproval' AND u.username != ? ORDER BY r.submitted_at",
        STARTER,
        REQUESTER,
    )
    seller = waiting[0][0]
    approval = approval_of(running, seller, STARTER)
    manager = running.visit(MANAGER)
    running.application().send_signal(signal.SIGSTOP)  # takes the connection, and never answers
    manager.post(approval, approval, decision="approve", justification="Welcome.")
    held = "SELECT count(*) FROM provisioning_operation WHERE status = 'pending' AND lease IS NOT NULL"
    until(lambda: running.read(held)[0][0] > 0, within=5)
    running.kill()
    assert running.read(held)[0][0] > 0, "the dead worker still holds it"

    running.start()

    took = until(lambda: seller in running.sellers(), within=DELIVERY + START)
    print(f"delivered {took:.2f} s after the restart, which took {running.seconds_to_start:.2f} s")
    assert running.sellers().count(seller) == 1
    (status,) = running.read(
        "SELECT a.status FROM requests_app_assignment a JOIN directory_user u ON u.id = a.person_id "
        "JOIN catalog_accesspackage p ON p.id = a.package_id WHERE u.username = ? AND p.name = ?",
        seller,
        STARTER,
    )
    assert status == ("delivered",)
    granted = "SELECT count(*) FROM audit_event WHERE verb = 'grant.delivered' AND person_label = (SELECT display_name "
    granted += "FROM directory_user WHERE username = ?) AND target_label LIKE 'Seller of%'"
    assert running.read(granted, seller) == [(1,)]


def test_the_application_is_started_again_when_it_dies(running):
    first = running.application()
    sellers = running.sellers()
    first.kill()
    until(lambda: first.pid not in {one.pid for one in running.processes()}, within=5)
    until(lambda: _sellers_or_nobody(running) == sellers, within=10)


def test_the_application_does_not_outlive_a_server_that_was_killed(running):
    application, server = running.application(), running.process
    os.killpg(server.pid, signal.SIGKILL)  # not the application: it has a session of its own
    server.wait(10)
    until(lambda: not application.is_running(), within=STOP)


def test_a_second_start_keeps_the_data_and_takes_seconds(demo):
    if demo.process.poll() is None:
        demo.kill()
    before = demo.read("SELECT count(*) FROM requests_app_accessrequest")
    demo.start()
    print(f"second start: {demo.seconds_to_start:.2f} s")
    assert demo.seconds_to_start < START
    assert demo.read("SELECT count(*) FROM requests_app_accessrequest") == before


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_everything_within_seconds(running, sent):
    running.application()
    processes = running.processes()
    began = time.monotonic()
    if sent == signal.SIGINT:
        os.killpg(running.process.pid, sent)  # as Ctrl-C in a terminal does
    else:
        running.process.send_signal(sent)
    assert running.process.wait(STOP) == 0, running.said()
    _gone, alive = psutil.wait_procs(processes, timeout=max(0.1, STOP - (time.monotonic() - began)))
    print(f"stopped in {time.monotonic() - began:.2f} s")
    assert not alive
    assert "SIGKILL" not in running.said()


def test_a_second_demo_on_the_same_data_or_port_is_refused_with_a_reason(running):
    environment = {**os.environ, "ACCESSGOV_MODE": "demo", "ACCESSGOV_VAR_DIR": str(running.var)}
    for port, reason in ((running.port, "cannot be used"), (free_port(), "stop that one first")):
        again = subprocess.run(
            [sys.executable, "manage.py", "demo"],
            cwd=ROOT,
            env={**environment, "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert again.returncode == 1
        assert reason in again.stderr
        assert "Traceback" not in again.stderr


def _health(demo):
    return httpx2.get(f"{demo.address}/readyz", trust_env=False).json()["status"]


def _sellers_or_nobody(demo):
    try:
        return demo.sellers()
    except (httpx2.HTTPError, KeyError, ValueError):
        return None
