"""The web server of the demo, of development and of small installations: gunicorn, one process, with companions in it.

Everything runs in the one worker process of gunicorn, because `memory://` reaches no further; its master only watches
it, and starts it again should it die. Ctrl-C or SIGTERM stops all within `STOP_WITHIN` seconds.
"""

import fcntl
import http.client
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import connections
from gunicorn.app.base import BaseApplication

LOOPBACK = "127.0.0.1"
THREADS = 8
STOP_WITHIN = 4
ANSWER_WITHIN = 30
PREDECESSOR_GONE_WITHIN = 5.0
"""Seconds that a server whose master was killed needs at most to notice, and to end."""


class CannotServe(Exception):
    """There is a reason why the server cannot start; the text says what to do about it."""


class Companion(Protocol):
    """Something that runs in the server's process, from its start to its end."""

    def start(self) -> None:
        """Begin; called after the fork."""

    def stop(self) -> None:
        """End within a few seconds."""


class Server(BaseApplication):
    """gunicorn with one worker process, configured by us and by nothing else."""

    def __init__(self, *, host: str, port: int, companions: Sequence[Companion], announce: Callable[[], None]) -> None:
        self.host, self.port = host, port
        self.companions, self.announce = companions, announce
        super().__init__()

    def load_config(self) -> None:
        """What gunicorn asks for."""
        options = {
            "bind": f"{self.host}:{self.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "graceful_timeout": STOP_WITHIN,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._begin,
            "worker_exit": self._end,
            "on_exit": lambda server: _leave(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application, loaded in the worker process."""
        warnings.filterwarnings("ignore", "No directory at", UserWarning)  # static files come from their sources
        from accessgov.wsgi import application

        return application

    def _begin(self, worker: Any) -> None:
        for companion in self.companions:
            companion.start()
        threading.Thread(target=self._announce_when_it_answers, daemon=True).start()

    def _end(self, server: Any, worker: Any) -> None:
        if worker.pid != os.getpid():
            return  # the master speaks of a worker that is gone
        for again in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(again, signal.SIG_IGN)  # Ctrl-C comes from the terminal and from the master: once is enough
        for companion in reversed(self.companions):
            companion.stop()
        if worker.booted:
            _leave()

    def _announce_when_it_answers(self) -> None:
        deadline = time.monotonic() + ANSWER_WITHIN
        while time.monotonic() < deadline:
            if answers(self.host, self.port):
                self.announce()
                return
            time.sleep(0.05)


def _leave() -> None:
    """End the process here and now: all is done, and taking the interpreter apart would only cost seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def answers(host: str, port: int) -> bool:
    """Whether an HTTP server answers there, whatever it says."""
    asked = http.client.HTTPConnection(host, port, timeout=5)
    try:
        asked.request("GET", "/healthz")
        asked.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()
    return True


def serve(*, host: str, port: int, companions: Sequence[Companion], announce: Callable[[], None]) -> None:
    """Serve until told to stop; does not return. Raises CannotServe where the port is taken."""
    refuse_taken_port(host=host, port=port)
    connections.close_all()  # a connection must not be shared across the fork
    Server(host=host, port=port, companions=companions, announce=announce).run()


def refuse_taken_port(*, host: str, port: int) -> None:
    """Raises CannotServe where something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotServe(f"{host}:{port} cannot be used ({error.strerror}). Choose another with PORT=…") from error


def hold_database() -> Any:
    """Keep other servers with a worker of their own off a SQLite database, while this process or a child of it lives.

    Returns what must be kept. Raises CannotServe where another one does not go away.
    """
    database = settings.DATABASES["default"]
    is_sqlite = database["ENGINE"] == "django.db.backends.sqlite3"
    path = Path(database["NAME"]).with_suffix(".lock") if is_sqlite else settings.VAR_DIR / "serve.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("w")
    deadline = time.monotonic() + PREDECESSOR_GONE_WITHIN
    while not _locked(lock):
        if time.monotonic() > deadline:
            lock.close()
            raise CannotServe(f"Another server works with this database (it holds {path}): stop that one first.")
        time.sleep(0.1)
    return lock


def _locked(lock: Any) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
