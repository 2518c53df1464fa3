"""`manage.py serve`: web, worker and beat in one process, as a small installation runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.supervisor import free_port

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.one_database("the server brings its own SQLite")


@pytest.fixture
def environment(tmp_path):
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    own = {"ACCESSGOV_MODE": "development", "ACCESSGOV_VAR_DIR": str(tmp_path), "PORT": str(free_port())}
    return {**kept, **own}


@pytest.mark.slow
def test_it_serves_works_and_ends_with_one_signal(environment, tmp_path):
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    address = f"http://127.0.0.1:{environment['PORT']}"
    with (tmp_path / "log").open("w+") as log:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(lambda: f"AccessGov answers at {address}" in (tmp_path / "log").read_text(), within=30)
            assert httpx2.get(f"{address}/healthz", trust_env=False).status_code == 200
            _wait(lambda: httpx2.get(f"{address}/readyz", trust_env=False).json()["status"] == "ok", within=20)
            running = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        finally:
            server.send_signal(signal.SIGINT)
            code = server.wait(10)
    assert code == 0
    assert not psutil.wait_procs(running, timeout=1)[1]


@pytest.mark.slow
def test_a_taken_port_is_said_in_one_sentence(environment):
    with socket.create_server(("127.0.0.1", int(environment["PORT"]))):
        refused = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert refused.returncode == 1
    assert f"127.0.0.1:{environment['PORT']} cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


def _wait(condition, *, within):
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
