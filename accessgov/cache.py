"""The cache of an installation with Redis: while Redis is away, this process's own memory stands in for it.

What is kept here may be lost at any time (the sign of life of beat and worker), or limits something (attempts to sign
in, calls of the API). A limit that each process keeps for itself is a weaker limit; a site on which nobody can sign in
is worse.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

ASK_AGAIN_AFTER = 5.0
"""Seconds for which Redis is left alone once it did not answer, so that not every call waits for it in vain."""


def _enduring(name: str) -> Callable[..., Any]:
    """The operation of this name: by Redis, or else in memory."""

    def operation(cache: "EnduringRedisCache", *args: Any, **options: Any) -> Any:
        if time.monotonic() >= EnduringRedisCache.back_at:
            try:
                return getattr(RedisCache, name)(cache, *args, **options)
            except RedisError as error:
                EnduringRedisCache.back_at = time.monotonic() + ASK_AGAIN_AFTER
                logger.warning("Redis is away (%s); the cache is kept in this process's memory.", error)
        return getattr(cache.memory, name)(*args, **options)

    return operation


class EnduringRedisCache(RedisCache):
    """Redis, or this process's memory while it is away."""

    back_at = 0.0
    """When to ask Redis again, by the monotonic clock. The process's: each thread has a cache object of its own."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.memory = LocMemCache("while Redis is away", {})


for _name in (
    "add",
    "get",
    "set",
    "touch",
    "delete",
    "get_many",
    "set_many",
    "delete_many",
    "has_key",
    "incr",
    "clear",
):
    setattr(EnduringRedisCache, _name, _enduring(_name))
