"""A real SMTP server on a free port, which keeps what it takes and refuses what it is told to."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller


class Inbox:
    """What a mail server took, and how it answers; while `is_holding`, it does not answer at all."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers = {"RCPT": "250 OK", "DATA": "250 OK"}
        self.is_holding = False
        self.was_asked = threading.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        self.was_asked.set()
        while self.is_holding:
            await asyncio.sleep(0.05)
        if self.answers["RCPT"].startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answers["RCPT"]

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if self.answers["DATA"].startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answers["DATA"]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def inbox(settings) -> Iterator[Inbox]:
    """A real SMTP server on a free port, which the settings name."""
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.DEFAULT_FROM_EMAIL = "AccessGov <access@corp.example>"
    yield inbox
    controller.stop()
