"""How long we wait for what does not answer: Redis, the broker, the database."""

import socket
import time

import pytest
from django.conf import settings
from django.db import connection
from kombu.exceptions import OperationalError

from accessgov import outbox
from accessgov.cache import EnduringRedisCache


@pytest.fixture(autouse=True)
def all_is_well(monkeypatch):
    monkeypatch.setattr(EnduringRedisCache, "back_at", 0.0)
    monkeypatch.setattr(outbox._Broker, "back_at", 0.0)


@pytest.fixture
def cache():
    """On a server that takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = {"socket_timeout": 0.3, "socket_connect_timeout": 0.3}
        yield EnduringRedisCache(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", {"OPTIONS": options})


def test_the_cache_waits_for_redis_once_and_keeps_in_memory_what_it_would_have_kept(cache):
    began = time.monotonic()
    cache.set("attempts", 1)
    assert [cache.get("attempts"), cache.incr("attempts"), cache.add("attempts", 5)] == [1, 2, False]
    assert cache.get_many(["attempts"]) == {"attempts": 2}
    cache.delete("attempts")
    assert cache.get("attempts") is None
    assert not cache.has_key("attempts")
    assert time.monotonic() - began < 1


def test_the_cache_asks_redis_again_after_a_while(cache, monkeypatch):
    cache.get("anything")
    later = EnduringRedisCache.back_at
    assert later > time.monotonic()
    monkeypatch.setattr(EnduringRedisCache, "back_at", time.monotonic())
    cache.get("anything")
    assert EnduringRedisCache.back_at > later


class Task:
    """A task whose broker is away; counts how often it was tried."""

    tries = 0

    def delay(self, *arguments: str) -> None:
        self.tries += 1
        raise OperationalError("away")


def test_one_click_that_hints_at_several_rows_waits_for_the_broker_once():
    task = Task()
    assert [outbox.send(task, ["1", "2"]), outbox.send(task, ["3"])] == [0, 0]
    assert task.tries == 1
    outbox._Broker.back_at = time.monotonic()
    outbox.send(task, ["1"])
    assert task.tries == 2


@pytest.mark.skipif("sqlite" in settings.DATABASES["default"]["ENGINE"], reason="SQLite has none of them")
def test_postgresql_ends_what_takes_too_long(db):
    assert settings.DATABASES["default"]["OPTIONS"]["connect_timeout"] == 5
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        assert cursor.fetchone() == ("5min",)
        cursor.execute("SELECT current_setting('idle_in_transaction_session_timeout')")
        assert cursor.fetchone() == ("1min",)
