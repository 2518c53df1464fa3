"""Reads of the journal."""

from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import models

from . import permissions

if TYPE_CHECKING:
    from .models import Event


class EventQuerySet(models.QuerySet["Event"]):
    """Events, newest first unless asked otherwise. Updating and deleting are refused here and by the database."""

    def visible_to(self, user: Any) -> Self:
        """The journal as a whole is for auditors and administrators; others see events on the pages of their things."""
        return self if permissions.can_read_journal(user) else self.none()

    def story(self, correlation_id: UUID) -> Self:
        """Everything that belongs to one request or one run, in the order in which it happened."""
        return self.filter(correlation_id=correlation_id).order_by("occurred_at", "id")

    def update(self, **kwargs: Any) -> int:
        raise PermissionError("The journal is append-only: events are never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise PermissionError("The journal is append-only: events are never deleted.")
