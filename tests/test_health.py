"""What `/healthz` and `/readyz` say, and that each fault that they look for is found."""

import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accessgov import embedded, health, heartbeat
from accessgov.embedded import Embedded
from accessgov.outbox import WorkStatus
from provisioning.models import Operation
from requests_app import actions
from requests_app.models import Assignment
from tests.cast import make_cast

SECRET = "s3cret-in-the-address"


@pytest.fixture(autouse=True)
def a_fresh_heartbeat(db):
    cache.set(heartbeat.KEY, time.time(), timeout=None)
    yield
    cache.delete(heartbeat.KEY)


@pytest.fixture
def broker(settings, monkeypatch):
    """A broker that answers, whichever the run has: Valkey itself, or a worker in the process."""
    if settings.CELERY_BROKER_URL.startswith("memory://"):
        monkeypatch.setattr(embedded, "is_alive", lambda: True)


def ask(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_healthz_answers_whatever_else_is_wrong(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(health, "CHECKS", {"database": _broken})
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_all_is_well(client, broker):
    status, body = ask(client)
    assert (status, body["status"]) == (200, "ok")
    assert {name: check["status"] for name, check in body["checks"].items()} == dict.fromkeys(health.CHECKS, "ok")


def test_it_is_never_cached_and_costs_the_same_few_statements(client, broker, django_assert_max_num_queries):
    ask(client)
    with django_assert_max_num_queries(5 + len(embedded.work_rows())):
        answer = client.get("/readyz")
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/readyz").status_code == 405


def test_a_database_that_is_away_fails_and_its_address_is_not_told(client, broker, monkeypatch):
    monkeypatch.setitem(health.CHECKS, "database", _broken)
    status, body = ask(client)
    assert (status, body["status"]) == (503, "failing")
    assert body["checks"]["database"] == {"status": "failing", "reason": "does not answer"}
    assert SECRET not in str(body)


def test_a_database_that_is_not_there_is_noticed_by_the_check_itself(monkeypatch):
    def refuse():
        raise OperationalError(SECRET)

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        assert health._outcome("database", health.check_database)["status"] == "failing"


def test_a_migration_that_was_not_applied_fails_and_names_the_app(client, broker):
    app, name = sorted(health._newest_migrations())[0]
    MigrationRecorder(connection).record_unapplied(app, name)
    status, body = ask(client)
    assert status == 503
    assert body["checks"]["migrations"]["reason"] == f"not migrated: {app}"


def test_redis_that_is_away_fails_within_two_seconds(client, settings):
    settings.CELERY_BROKER_URL = f"redis://:{SECRET}@127.0.0.1:1/0"
    began = time.monotonic()
    status, body = ask(client)
    assert status == 503
    assert body["checks"]["broker"] == {"status": "failing", "reason": "does not answer"}
    assert SECRET not in str(body)
    assert time.monotonic() - began < 4


def test_a_process_without_a_worker_fails_where_tasks_do_not_leave_it(client, settings):
    settings.CELERY_BROKER_URL = "memory://localhost"
    assert ask(client)[1]["checks"]["broker"]["status"] == "failing"


@pytest.mark.parametrize("silence", [None, heartbeat.LONGEST_SILENCE + 5])
def test_a_silent_beat_or_worker_fails(client, broker, silence):
    cache.delete(heartbeat.KEY)
    if silence is not None:
        cache.set(heartbeat.KEY, time.time() - silence, timeout=None)
    status, body = ask(client)
    assert status == 503
    assert "beat or worker is not running" in body["checks"]["worker"]["reason"]


def test_work_that_was_given_up_degrades_and_is_counted(client, broker):
    _operation(due_ago=timedelta(), status=WorkStatus.STUCK)
    status, body = ask(client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["work"]["stuck"]["provisioning.operation"] == 1


def test_work_that_nobody_does_degrades_after_two_minutes(client, broker):
    operation = _operation(due_ago=timedelta(seconds=90))
    assert ask(client)[1]["status"] == "ok"
    Operation.objects.filter(pk=operation.pk).update(due_at=timezone.now() - timedelta(minutes=3))
    status, body = ask(client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["work"]["overdue"] == ["provisioning.operation"]


def test_access_that_should_have_ended_degrades(client, broker):
    _operation(due_ago=timedelta())
    Assignment.objects.update(ends_at=timezone.now() - timedelta(minutes=3))
    assert ask(client)[1]["checks"]["work"]["overdue"] == ["requests_app.assignment"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_embedded_worker_and_beat_are_alive_until_they_are_stopped(settings, client):
    cache.delete(heartbeat.KEY)
    running = Embedded()
    running.start()
    try:
        deadline = time.monotonic() + 20
        while heartbeat.silence() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert ask(client)[1]["status"] == "ok"
    finally:
        began = time.monotonic()
        running.stop()
    assert time.monotonic() - began < 4
    assert not embedded.is_alive()
    is_ours = settings.CELERY_BROKER_URL.startswith("memory://")
    assert ask(client)[1]["checks"]["broker"]["status"] == ("failing" if is_ours else "ok")


def _broken():
    raise OperationalError(f'connection to server at "db", user "accessgov", password "{SECRET}" failed')


def _operation(*, due_ago, status=WorkStatus.PENDING):
    cast = make_cast()
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package, approver=None)
    actions.submit(package=package, actor=cast.rita, justification="New", now=timezone.now() - due_ago)
    operation = Operation.objects.get()
    Operation.objects.filter(pk=operation.pk).update(status=status)
    return operation
