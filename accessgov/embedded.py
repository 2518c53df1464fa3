"""Celery's worker and beat as threads of the web process: one process does everything, with nothing to install.

They are started after the web server's fork, never from `AppConfig.ready`, and run the same tasks on the same schedule
as separate processes would. Celery's Django support closes the database connections of each task when it is done.
"""

import logging
import threading
from datetime import timedelta
from typing import Any

from celery import beat
from celery.worker import WorkController, state
from django.apps import apps
from django.conf import settings
from django.db import connection

from provisioning import connectors

from . import heartbeat, outbox
from .celery import app
from .outbox import WorkRow

logger = logging.getLogger(__name__)

WAKES_EVERY = 0.5
"""Seconds that beat sleeps at most, and with that how long it takes to notice that it is to stop."""
RESTART_AFTER = 2
STOP_WITHIN = 3.0
"""Seconds given to tasks under way when the process is to stop; what they leave undone is done after the next start."""

_embedded: "Embedded | None" = None


class PromptScheduler(beat.Scheduler):
    """The schedule, kept in memory: everything is due at once after a start, however long we were away."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at = entry.default_now() - timedelta(days=2)


class Embedded:
    """A worker and a beat, each in a thread of its own."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._beat = beat.Service(app, max_interval=WAKES_EVERY, scheduler_cls=PromptScheduler, remote_control=False)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start both. Work that an earlier process held when it died is free again at once, where that is safe."""
        global _embedded  # noqa: PLW0603 - one per process, as Celery's own worker state
        if is_alone():
            release_leases()
        state.should_stop = None
        _embedded = self
        self._threads = [  # made here: a thread that was made before the fork counts as dead after it
            threading.Thread(target=target, name=f"accessgov-{name}", daemon=True)
            for name, target in (("worker", self._work), ("beat", self._beat.start))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take no new work, wait a moment for what is under way, and return; the rest waits for the next start."""
        self._stopping.set()
        self._beat.stop()
        state.should_stop = 0  # an exit code, at which Celery's loop looks after each message, or every two seconds
        for _cycle in ("this", "the last"):
            heartbeat.beat.delay()
        for thread in self._threads:
            thread.join(timeout=STOP_WITHIN)

    @property
    def is_alive(self) -> bool:
        """Whether both threads run."""
        return (
            not self._stopping.is_set() and bool(self._threads) and all(thread.is_alive() for thread in self._threads)
        )

    def _work(self) -> None:
        for kind in connectors.KINDS:
            connectors.kind_of(kind)  # loads what deliveries need while nobody waits for one
        while not self._stopping.is_set():
            worker: Any = WorkController(
                app=app, pool="threads", without_gossip=True, without_mingle=True, without_heartbeat=True
            )
            worker.start()  # until it is to stop; a fault is logged by Celery, and answered by a new worker
            if not self._stopping.wait(RESTART_AFTER):
                logger.error("The embedded worker ended by itself; a new one is started.")


def is_alive() -> bool:
    """Whether this process has a worker and a beat in it, and both run."""
    return _embedded is not None and _embedded.is_alive


def is_alone() -> bool:
    """Whether no other process can be working on this database: SQLite, held by whoever serves, and no broker."""
    return connection.vendor == "sqlite" and settings.CELERY_BROKER_URL.startswith("memory://")


def work_rows() -> list[type[WorkRow]]:
    """Every kind of work that there is."""
    return [model for model in apps.get_models() if issubclass(model, WorkRow)]


def release_leases() -> int:
    """Free all work that some dead process holds; returns how much. Only for the one process that does all the work."""
    return sum(outbox.release(model._default_manager.all()) for model in work_rows())
