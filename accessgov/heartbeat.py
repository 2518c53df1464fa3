"""The sign of life of beat and worker: a task that beat sends and a worker carries out, remembered in the cache.

The cache is Redis where worker and beat are processes of their own, and this process's memory where they are threads
in it; either way it is the cache that the web sees as well. It needs no durability: the next beat renews it.
"""

import time

from celery import shared_task
from django.core.cache import cache

KEY = "accessgov.heartbeat"
EVERY = 15
"""Seconds between two beats."""
LONGEST_SILENCE = 90
"""Seconds without a beat after which worker or beat is taken for gone; a long queue may hold one up for a while."""


@shared_task(name="accessgov.heartbeat", expires=EVERY)
def beat() -> None:
    """Say that beat sent this and that a worker took it."""
    cache.set(KEY, time.time(), timeout=None)


def silence() -> float | None:
    """Seconds since the last beat; None where there was none yet."""
    last = cache.get(KEY)
    return None if last is None else max(time.time() - last, 0.0)
