"""What went wrong with a SQL database, said so that an administrator can act on it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.utils.translation import gettext as _

from . import base
from .base import ConnectorError

DETAIL_LENGTH = 300
TRANSIENT = ("40", "55P03", "57014")
"""Deadlocks, locks that others hold, statements that took too long: this change's bad luck alone."""
SYSTEM = ("08", "25", "28", "3D", "42", "53", "57", "58")
"""The connection, our rights, the statement itself, the server: any other change would meet the same."""


@contextmanager
def explained(*, system: str, doing: str) -> Iterator[None]:
    """Turn whatever the database does inside the block into a ConnectorError; `doing` names statement and role."""
    try:
        yield
    except psycopg.Error as error:
        raise _error(error, system=system, doing=doing) from error


def cannot_connect(error: psycopg.Error, *, system: str) -> ConnectorError:
    """Nobody answers there, or does not let us in."""
    words = _(
        "The database of %(system)s cannot be reached (%(reason)s): check its host, database, user, password and "
        "certificate in its connector."
    )
    reason = shortened(str(error).replace("connection failed: ", ""))
    return ConnectorError(words % {"system": system, "reason": reason}, is_outage=True)


def shortened(text: str) -> str:
    """On one line, and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= DETAIL_LENGTH else line[:DETAIL_LENGTH] + "…"


def _error(error: psycopg.Error, *, system: str, doing: str) -> ConnectorError:
    state = error.sqlstate or ""
    words = {"system": system, "doing": doing, "reason": _reason(error), "seconds": base.TIMEOUT}
    if state.startswith(TRANSIENT):
        text = _("%(system)s could not do it within %(seconds)d seconds, or others were at it (%(doing)s: %(reason)s).")
        return ConnectorError(text % words)
    if state.startswith(("25", "42")):
        text = _("%(system)s does not carry out the statement (%(doing)s: %(reason)s): correct it in its connector.")
        return ConnectorError(text % words, is_outage=True)
    is_lost = isinstance(error, psycopg.OperationalError) and not state
    if is_lost or state.startswith(SYSTEM):
        text = _("The database of %(system)s went away (%(doing)s: %(reason)s).")
        return ConnectorError(text % words, is_outage=True)
    return ConnectorError(_("%(system)s refused it (%(doing)s: %(reason)s).") % words)


def _reason(error: psycopg.Error) -> str:
    said = " ".join(filter(None, (error.diag.message_primary, error.diag.message_detail)))
    return shortened(said or str(error))
