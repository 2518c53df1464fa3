"""What is done with the journal itself: taking it out of the house, which is journalled too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from . import events, journal
from .models import Event
from .permissions import can_read_journal


@transaction.atomic
def record_export(*, actor: Any, file_format: str, filters: Mapping[str, str], now: datetime) -> Event:
    """Record that somebody takes out the events that match these filters. Raises PermissionDenied."""
    if not can_read_journal(actor):
        raise PermissionDenied(_("Only auditors and administrators export the journal."))
    criteria = ", ".join(f"{name} {value}" for name, value in filters.items())
    details = {"format": file_format, "filters": dict(filters), "criteria": criteria or _("everything")}
    return journal.record(events.JOURNAL_EXPORTED, actor=actor, target=actor, details=details, at=now)
