"""What monitoring asks: whether the process lives, and whether everything that it needs answers.

`/readyz` says `failing` with 503 where somebody must act now: the database, a migration, the broker, beat or the
worker. It says `degraded` with 200 where the pages work but work does not get done as it should: rows of work that were
given up, and rows that are overdue although a worker lives. Whoever asks is told no more than that; the log has the
rest.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Value
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accessgov import embedded, heartbeat
from accessgov.outbox import WorkQuerySet
from requests_app.models import Assignment

logger = logging.getLogger(__name__)

OK, DEGRADED, FAILING = "ok", "degraded", "failing"
BROKER_ANSWERS_WITHIN = 2
OVERDUE_AFTER = timedelta(minutes=2)
"""How long after its time work may wait: sweeps come every 20 seconds, and a lease lasts one minute."""

Check = Callable[[], dict[str, Any]]


class Unhealthy(Exception):
    """A check failed; the text may be told to anybody."""


@never_cache
@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": OK})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Everything that the process needs answers."""
    checks = {name: _outcome(name, check) for name, check in CHECKS.items()}
    found = {check["status"] for check in checks.values()}
    status = next(status for status in (FAILING, DEGRADED, OK) if status in found)
    return JsonResponse({"status": status, "checks": checks}, status=503 if status == FAILING else 200)


def check_database() -> dict[str, Any]:
    """A statement is answered."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"status": OK}


def check_migrations() -> dict[str, Any]:
    """Every migration of this code was applied to this database."""
    missing = _newest_migrations() - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        raise Unhealthy(f"not migrated: {', '.join(sorted({app for app, _name in missing}))}")
    return {"status": OK}


def check_broker() -> dict[str, Any]:
    """Redis answers; or, where tasks are carried in this process, there is a worker in it to take them."""
    if settings.CELERY_BROKER_URL.startswith("memory://"):
        if not embedded.is_alive():
            raise Unhealthy("no worker in this process, and no broker to others")
        return {"status": OK}
    timeouts = {"socket_timeout": BROKER_ANSWERS_WITHIN, "socket_connect_timeout": BROKER_ANSWERS_WITHIN}
    with redis.Redis.from_url(settings.CELERY_BROKER_URL, **timeouts) as client:
        client.ping()
    return {"status": OK}


def check_worker() -> dict[str, Any]:
    """A task that beat sent was carried out a moment ago."""
    silence = heartbeat.silence()
    if silence is None:
        raise Unhealthy("no heartbeat yet: beat or worker is not running")
    if silence > heartbeat.LONGEST_SILENCE:
        raise Unhealthy(f"no heartbeat for {silence:.0f} seconds: beat or worker is not running")
    return {"status": OK, "last_heartbeat_seconds_ago": round(silence)}


def check_work() -> dict[str, Any]:
    """Nothing was given up, and nothing is overdue."""
    before = timezone.now() - OVERDUE_AFTER
    rows: dict[str, WorkQuerySet[Any]] = {
        model._meta.label_lower: WorkQuerySet(model) for model in embedded.work_rows()
    }
    counts = [
        work.stuck().order_by().values(name=Value(name)).annotate(number=Count("pk")) for name, work in rows.items()
    ]
    found = {row["name"]: row["number"] for row in counts[0].union(*counts[1:], all=True)}
    stuck = {name: found.get(name, 0) for name in rows}
    overdue = [name for name, work in rows.items() if work.due(before).exists()]
    if Assignment.objects.due_to_end(before).exists():
        overdue.append(Assignment._meta.label_lower)
    return {"status": DEGRADED if overdue or any(stuck.values()) else OK, "stuck": stuck, "overdue": overdue}


CHECKS: dict[str, Check] = {
    "database": check_database,
    "migrations": check_migrations,
    "broker": check_broker,
    "worker": check_worker,
    "work": check_work,
}


def _outcome(name: str, check: Check) -> dict[str, Any]:
    """What a check answers; a fault's own words may name hosts and users, and go to the log only."""
    try:
        return check()
    except Unhealthy as reason:
        return {"status": FAILING, "reason": str(reason)}
    except (DatabaseError, redis.RedisError, OSError) as error:
        logger.warning("The check of %s failed: %s", name, error)
        return {"status": FAILING, "reason": "does not answer"}


@cache
def _newest_migrations() -> set[tuple[str, str]]:
    """The last migration of each app; what a process has loaded does not change."""
    return set(MigrationLoader(None).graph.leaf_nodes())
