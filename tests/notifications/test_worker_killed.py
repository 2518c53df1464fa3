"""`kill -9` of a process that talks to the mail server: the mail goes afterwards, once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from notifications.models import Message
from tests.cast import NOW

from .conftest import post

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def database_url() -> str:
    """Where the database of this test is, for another process."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"


def worker(message: Message, *, port: int) -> "subprocess.Popen[bytes]":
    """A process that sends one message by SMTP, as a worker does."""
    environment = {
        **os.environ,
        "ACCESSGOV_MODE": "development",
        "ACCESSGOV_SMTP_PORT": str(port),
        "DATABASE_URL": database_url(),
    }
    program = f"from notifications.tasks import deliver; deliver('{message.pk}')"
    return subprocess.Popen([sys.executable, "manage.py", "shell", "-v", "0", "-c", program], cwd=ROOT, env=environment)


def test_a_worker_killed_while_the_mail_server_thinks(ask, inbox, settings):
    ask()
    row = Message.objects.get()
    inbox.is_holding = True
    process = worker(row, port=settings.EMAIL_PORT)
    try:
        assert inbox.was_asked.wait(PATIENCE), "the worker reached the mail server"
    finally:
        process.kill()
        process.wait(timeout=10)
    inbox.is_holding = False
    row.refresh_from_db()
    assert (row.status, row.attempts, inbox.mails) == ("pending", 1, [])

    post()
    assert inbox.mails == [], "the dead worker's lease still holds"
    Message.objects.update(leased_until=NOW)  # the lease runs out, without a minute's waiting
    post()
    post()
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("done", 2)
    assert [mail["Message-ID"] for mail in inbox.mails] == [f"<{row.pk}.message@corp.example>"]
