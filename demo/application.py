"""Runs the application that the demo governs, `demo.scim_app`, as a child process: started, watched, stopped."""

import logging
import os
import subprocess  # nosec B404  # starts nothing but our own module
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.utils import timezone

from provisioning.actions import configure_connector
from provisioning.models import Connector

from . import SECRET_VARIABLE, TOKEN_VARIABLE, travel
from .offer import CRM

logger = logging.getLogger(__name__)

FILE = settings.VAR_DIR / "demo-atlas-crm.sqlite3"
SAYS = "SCIM 2.0 at "
PORT_FREE_WITHIN = 3.0
"""Seconds that a predecessor has to notice that its parent is gone, and to give its port back."""
UP_WITHIN = 10.0
STOP_WITHIN = 2.0
PAUSE = 0.5


class CannotStart(Exception):
    """The application did not start."""


@contextmanager
def running(token: str, *, groups: Iterable[str]) -> Iterator[str]:
    """The application on a free port, with these groups, for the time of the block; gives its address."""
    process, address = start(token, groups=groups)
    try:
        yield address
    finally:
        stop(process)


def start(
    token: str, *, port: int = 0, groups: Iterable[str] = (), secret: str = ""
) -> tuple["subprocess.Popen[str]", str]:
    """Start it and wait until it answers; with a secret, it plays the custom extension too.

    Raises CannotStart, mostly because the port is taken.
    """
    options = ("--port", str(port), "--file", str(FILE), "--parent", str(os.getpid()), "--groups", ",".join(groups))
    process = subprocess.Popen(  # nosec B603
        [sys.executable, "-m", "demo.scim_app", *options],
        cwd=settings.BASE_DIR,
        env={**os.environ, TOKEN_VARIABLE: token, SECRET_VARIABLE: secret},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C in the terminal is for us, and we stop it
    )
    line = process.stdout.readline().strip() if process.stdout else ""
    if not line.startswith(SAYS):
        stop(process)
        raise CannotStart(f"{CRM} did not start on port {port}.")
    return process, line.removeprefix(SAYS)


def stop(process: "subprocess.Popen[str]") -> None:
    """End it, by force if need be."""
    process.terminate()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


class Application:
    """The application beside the demo's server, where its connector says it is; started again whenever it ends."""

    def __init__(self) -> None:
        self._is_up = threading.Event()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and watch over it, in a thread of its own; returns when it answers, or when it should have.

        Waiting spares the worker a first attempt that fails, and the person at the demo the wait for the second.
        """
        threading.Thread(target=self._watch, name="demo-application", daemon=True).start()
        self._is_up.wait(timeout=UP_WITHIN)

    def stop(self) -> None:
        """End it, and leave it so."""
        self._stopping.set()
        if self._process is not None:
            stop(self._process)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._process = _start_where_it_was()
                self._is_up.set()
            except CannotStart as fault:
                logger.error("%s Trying again.", fault)
            else:
                self._process.wait()
            finally:
                connection.close()
            self._stopping.wait(PAUSE)


def _start_where_it_was() -> "subprocess.Popen[str]":
    """On the port that the connector names; else, where somebody else has taken that, on another one."""
    connector = Connector.objects.get(system__name=CRM)
    port, secret = urlsplit(connector.base_url).port or 0, travel.secret()
    deadline = time.monotonic() + PORT_FREE_WITHIN
    while True:
        try:
            return start(connector.secret, port=port, secret=secret)[0]
        except CannotStart:
            if time.monotonic() > deadline:
                break
            time.sleep(PAUSE)
    process, connector.base_url = start(connector.secret, secret=secret)
    configure_connector(connector=connector, secret=connector.secret, actor=None, now=timezone.now())
    travel.move(base_url=connector.base_url)
    return process


def forget() -> None:
    """Remove what it keeps."""
    for path in (FILE, *(FILE.with_name(FILE.name + end) for end in ("-wal", "-shm"))):
        Path(path).unlink(missing_ok=True)
