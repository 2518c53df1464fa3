"""What an event inherits from where it happened: its correlation id and its source, carried in context variables."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    WEB = "web", _("web page")
    API = "api", _("API")
    WORKER = "worker", _("worker")
    COMMAND = "command", _("command line")


@dataclass(frozen=True)
class Context:
    """The surroundings of an event; without a correlation id, each event begins a story of its own."""

    source: Source = Source.COMMAND
    correlation_id: UUID | None = None


_current: ContextVar[Context] = ContextVar("audit_context", default=Context())  # noqa: B039 - frozen


def current() -> Context:
    """The surroundings in force."""
    return _current.get()


@contextmanager
def surroundings(*, source: Source, correlation_id: UUID | None = None) -> Iterator[None]:
    """Events recorded inside carry this source, and this correlation id unless they name their own."""
    token = _current.set(Context(source=source, correlation_id=correlation_id))
    try:
        yield
    finally:
        _current.reset(token)
