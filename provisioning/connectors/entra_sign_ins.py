"""When somebody last signed in to a tenant, as Microsoft Graph tells it with each user (`signInActivity`)."""

from datetime import UTC, datetime
from typing import Any

from .entra_graph import Item

READ_SIGN_INS = "AuditLog.Read.All"
SUCCEEDED = "lastSuccessfulSignInDateTime"
TRIED = ("lastSignInDateTime", "lastNonInteractiveSignInDateTime")
"""Told of the time before 2023-12, when nothing was kept of success."""


def signed_in_at(user: Item) -> datetime | None:
    """The last sign-in that succeeded; where that is not told, the last that was tried; None where there is none."""
    activity: Any = user.get("signInActivity")
    if not isinstance(activity, dict):
        return None
    tried = [moment for name in TRIED if (moment := _moment(activity.get(name)))]
    return _moment(activity.get(SUCCEEDED)) or max(tried, default=None)


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if found else None
