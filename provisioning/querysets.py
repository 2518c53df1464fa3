"""Reads of grants, reasons and operations."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accessgov.outbox import WorkQuerySet

from .lifecycle import PRESENT, GrantStatus

if TYPE_CHECKING:
    from directory.models import User

    from .models import AccountChange, Grant, GrantReason, Operation


class GrantQuerySet(models.QuerySet["Grant"]):
    """Grants."""

    def wanted(self) -> Self:
        """Grants that a living reason asks for, or that were there before AccessGov."""
        return self.filter(Q(is_adopted=True) | Exists(self._living_reasons()))

    def held(self) -> Self:
        """Grants that the target has, as far as AccessGov knows; also those that are just delivered once more."""
        again = Q(status__in=(GrantStatus.PENDING, GrantStatus.FAILED), was_delivered=True)
        return self.filter(Q(status__in=PRESENT) | again)

    def asked_for(self) -> Self:
        """Grants that a living reason asks for."""
        return self.filter(Exists(self._living_reasons()))

    def unwanted(self) -> Self:
        """Grants that nothing asks for any more."""
        return self.filter(~Exists(self._living_reasons()), is_adopted=False)

    def with_names(self) -> Self:
        """With person and role, as sentences and connectors need them."""
        return self.select_related("person", "resource_role__resource__system")

    @staticmethod
    def _living_reasons() -> "models.QuerySet[GrantReason]":
        from .models import GrantReason

        return GrantReason.objects.living().filter(grant=OuterRef("pk"))


class ReasonQuerySet(models.QuerySet["GrantReason"]):
    """Reasons."""

    def living(self) -> Self:
        """Reasons that still hold."""
        return self.filter(ended_at=None)

    def of(self, references: Iterable[UUID]) -> Self:
        """What these assignments give, with names, in a stable order."""
        return (
            self.filter(reference__in=list(references))
            .select_related("grant__resource_role__resource__system__connector", "grant__resource_role__reading")
            .order_by("grant__resource_role__resource__system__name", "grant__resource_role__resource__name", "id")
        )


class OperationQuerySet(WorkQuerySet["Operation"]):
    """Operations."""

    def due_in(self, system_id: UUID, *, now: datetime) -> Self:
        """What is due in a system, in order, with all that it needs, locked, and without what others are at.

        Left out is whatever concerns a person and resource for which somebody is at work already.
        """
        from .models import Operation

        busy = Operation.objects.pending().filter(
            leased_until__gt=now,
            system=system_id,
            grant__person=OuterRef("grant__person"),
            grant__resource_role__resource=OuterRef("grant__resource_role__resource"),
        )
        due = self.with_grants().due(now).filter(~Exists(busy), system=system_id).order_by("due_at", "id")
        return due.select_for_update(skip_locked=True, of=("self",))

    def with_grants(self) -> Self:
        """With all that carrying them out needs."""
        return self.select_related("grant__person", "grant__resource_role__resource__system__connector")


class AccountChangeQuerySet(WorkQuerySet["AccountChange"]):
    """Changes of accounts."""

    def with_names(self) -> Self:
        """With all that carrying them out needs."""
        return self.select_related("system__connector", "person")

    def to_be_undone(self, people: "Iterable[User]") -> Self:
        """What disabled accounts of these people that are not enabled again yet, in the order in which it was asked."""
        rows = self.filter(person__in=people, is_to_be_undone=True).select_related("system__connector")
        return rows.order_by("created_at", "id")
