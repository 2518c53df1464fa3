"""The test run itself: which servers it uses, that it says so truthfully, and that it leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import TransactionTestCase
from django.utils import timezone

from audit.models import Event
from tests import servers

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30


@pytest.mark.django_db
def test_the_suite_runs_on_the_database_that_it_announces() -> None:
    announced = servers.pytest_report_header()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        version = cursor.fetchone()[0]
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]
    assert f"{name} {version}" in announced


@pytest.mark.django_db(transaction=True)
def test_sqlite_is_tested_as_it_is_run_in_a_file_with_a_write_ahead_log() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone()[0] == "wal"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "sqlite"),
        ({"DATABASE_URL": "postgresql://somewhere/db"}, "postgres"),
        ({"DATABASE_URL": "postgresql://somewhere/db", servers.CHOICE: "sqlite"}, "sqlite"),
        ({servers.CHOICE: "postgres"}, "postgres"),
    ],
)
def test_the_database_under_test_is_as_asked(environment: dict[str, str], expected: str) -> None:
    assert servers.chosen(environment) == expected


def test_an_unknown_database_under_test_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match="must be sqlite or postgres"):
        servers.chosen({servers.CHOICE: "oracle"})


def test_postgres_is_not_asked_of_a_database_url_of_another_kind() -> None:
    with pytest.raises(pytest.UsageError, match="is not PostgreSQL's"):
        servers.use_postgres({"DATABASE_URL": "sqlite:///x"})


@pytest.mark.parametrize(
    ("worker", "url"),
    [("", "redis://:p@h:1/3"), ("gw0", "redis://:p@h:1/4"), ("gw7", "redis://:p@h:1/11")],
)
def test_each_worker_counts_on_from_the_given_redis_database(worker: str, url: str) -> None:
    environment = {"REDIS_URL": "redis://:p@h:1/3", "PYTEST_XDIST_WORKER": worker}
    servers.give_worker_its_own_database(environment)
    assert environment["REDIS_URL"] == url


@pytest.mark.django_db(transaction=True)
def test_the_flush_between_tests_empties_the_journal_that_nothing_else_can_empty() -> None:
    facts = {"verb": "test.happened", "target_kind": "test", "target_id": "1", "source": "worker"}
    Event.objects.create(occurred_at=timezone.now(), correlation_id=uuid4(), **facts)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event")
    TransactionTestCase()._fixture_teardown()  # type: ignore[attr-defined]
    assert not Event.objects.exists()


@pytest.mark.slow
@pytest.mark.one_database("starts servers of its own")
def test_servers_die_with_a_test_run_that_is_killed(tmp_path: Path) -> None:
    """A stand-in for the test run holds the supervisor's pipe, as the plugin does, and is killed by SIGKILL."""
    stand_in = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'tests.supervisor'], stdin=subprocess.PIPE,"
        " stdout=subprocess.PIPE, start_new_session=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", stand_in], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    supervisor = psutil.Process(int(run.stdout.readline()))
    started = [supervisor, *supervisor.children(recursive=True)]
    programs = {process.name() for process in started}
    assert {"postgres", "valkey-server"} <= programs
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    _, alive = psutil.wait_procs(started, timeout=PATIENCE)
    assert not alive
