"""The pytest plugin (`-p tests.servers`) that chooses the database and the broker before Django reads its settings.

ACCESSGOV_TEST_DATABASE=sqlite (the default) is the embedded set-up: SQLite, and Celery's `memory://`.
ACCESSGOV_TEST_DATABASE=postgres is production's: a real PostgreSQL and a real Valkey. DATABASE_URL and REDIS_URL in the
environment win over starting them here; without either, and without the programs, the run stops and says so.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

CHOICE = "ACCESSGOV_TEST_DATABASE"
REPORT = "ACCESSGOV_TEST_REPORT"
"""Names a file to which the run appends which database and broker it used; `make test` prints it at its end."""
POSTGRES_SCHEMES = {"postgres", "postgresql"}
ROOT = Path(__file__).resolve().parent.parent

_supervisor: subprocess.Popen[str] | None = None
_scratch: str | None = None
_description = ""


def chosen(environ: MutableMapping[str, str]) -> str:
    """`sqlite` or `postgres`: as asked, else as DATABASE_URL implies, else sqlite."""
    implied = "postgres" if urlsplit(environ.get("DATABASE_URL", "")).scheme in POSTGRES_SCHEMES else "sqlite"
    choice = environ.get(CHOICE, "") or implied
    if choice not in ("sqlite", "postgres"):
        raise pytest.UsageError(f"{CHOICE} must be sqlite or postgres, not {choice!r}.")
    return choice


def use_sqlite(environ: MutableMapping[str, str]) -> str:
    """The embedded set-up. Returns what it is, with its version."""
    environ.pop("DATABASE_URL", None)
    environ.pop("REDIS_URL", None)
    return f"SQLite {sqlite3.sqlite_version}, broker memory:// in the process"


def use_postgres(environ: MutableMapping[str, str]) -> str:
    """Production's set-up, started here unless the environment names it. Returns what answered, with its versions."""
    if environ.get("DATABASE_URL") and urlsplit(environ["DATABASE_URL"]).scheme not in POSTGRES_SCHEMES:
        raise pytest.UsageError(f"{CHOICE}=postgres, but DATABASE_URL is not PostgreSQL's: unset one of them.")
    if not (environ.get("DATABASE_URL") and environ.get("REDIS_URL")):
        for name, url in started_servers().items():
            if not environ.get(name):
                environ[name] = url
    give_worker_its_own_database(environ)
    return f"{postgres_version(environ['DATABASE_URL'])}, broker {broker_version(environ['REDIS_URL'])}"


def started_servers() -> dict[str, str]:
    """Starts both servers under a supervisor that stops them when this process is gone, however it went."""
    global _supervisor
    _supervisor = subprocess.Popen(
        [sys.executable, "-m", "tests.supervisor"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C in the terminal, or the kill of our group, is not for the servers
    )
    assert _supervisor.stdout is not None
    answer = json.loads(_supervisor.stdout.readline() or '{"error": "the supervisor of the test servers died"}')
    if "error" in answer:
        raise pytest.UsageError(answer["error"])
    return {str(name): str(url) for name, url in answer.items()}


def give_worker_its_own_database(environ: MutableMapping[str, str]) -> None:
    """Workers of xdist share one Valkey: each counts on from the database that REDIS_URL names."""
    url = urlsplit(environ["REDIS_URL"])
    first = int(url.path.strip("/") or 0)
    worker = environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    own = first + 1 + int(worker) if worker else first
    environ["REDIS_URL"] = url._replace(path=f"/{own}").geturl()


def postgres_version(url: str) -> str:
    """Asks the server itself."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            number = connection.info.server_version
    except psycopg.OperationalError as error:
        raise pytest.UsageError(f"DATABASE_URL does not answer: {error}") from None
    return f"PostgreSQL {number // 10000}.{number % 10000}"


def broker_version(url: str) -> str:
    """Asks the server itself, which is Valkey or Redis."""
    try:
        with redis.Redis.from_url(url) as client:
            facts = client.info("server")
    except redis.RedisError as error:
        raise pytest.UsageError(f"REDIS_URL does not answer: {error}") from None
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}"


def stop() -> None:
    """Closes the pipe, which ends the servers, and waits until they are gone."""
    global _supervisor, _scratch
    if _supervisor is not None and _supervisor.stdin is not None:
        _supervisor.stdin.close()
        _supervisor.wait(timeout=60)
        _supervisor = None
    if _scratch is not None:
        shutil.rmtree(_scratch, ignore_errors=True)
        _scratch = None


# --- Hooks ----------------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Before pytest-django reads the settings: say what they find."""
    global _description, _scratch
    environ = os.environ
    environ["ACCESSGOV_MODE"] = "test"
    if "PYTEST_XDIST_WORKER" in environ or "ACCESSGOV_VAR_DIR" not in environ:
        _scratch = environ["ACCESSGOV_VAR_DIR"] = tempfile.mkdtemp(prefix="accessgov-test-")
    try:
        _description = use_postgres(environ) if chosen(environ) == "postgres" else use_sqlite(environ)
    except BaseException:
        stop()
        raise
    yield


def pytest_report_header() -> str:
    """The first lines of the run name the servers."""
    return f"servers: {_description}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """And so do the last."""
    terminalreporter.write_sep("-", f"ran on {_description}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Notes what ran for whoever asked by ACCESSGOV_TEST_REPORT."""
    if (path := os.environ.get(REPORT)) and "PYTEST_XDIST_WORKER" not in os.environ:
        verdict = {0: "passed", 5: "nothing to run"}.get(int(exitstatus), "FAILED")
        with Path(path).open("a") as report:
            report.write(f"{verdict:>6}: {session.testscollected or ''} tests on {_description}\n".replace("  ", " "))


def pytest_unconfigure() -> None:
    """The servers end with the run."""
    stop()
