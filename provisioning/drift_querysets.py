"""Reads of drift cases."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models

from catalog.models import Resource
from directory.models import User
from directory.permissions import can_read_everything, is_administrator

from .lifecycle import UNSETTLED, CaseState

if TYPE_CHECKING:
    from .models import DriftCase


class CaseQuerySet(models.QuerySet["DriftCase"]):
    """Drift cases."""

    def visible_to(self, user: User) -> Self:
        """Cases at resources that this person owns; administrators and auditors see all."""
        if can_read_everything(user):
            return self.all()
        return self._owned_by(user)

    def answerable_by(self, user: User) -> Self:
        """Cases that this person may answer: as owner of the resource or administrator, never about themselves."""
        rows = self.all() if is_administrator(user) else self._owned_by(user)
        return rows.exclude(person=user.pk)

    def open(self) -> Self:
        """Cases that wait for an answer."""
        return self.filter(state=CaseState.OPEN)

    def unsettled(self) -> Self:
        """Cases that wait for an answer, and those that are ignored for a while."""
        return self.filter(state__in=UNSETTLED)

    def to_reopen(self, now: datetime) -> Self:
        """Ignored cases whose time of being ignored is over."""
        return self.filter(state=CaseState.IGNORED, ignored_until__lte=now)

    def with_names(self) -> Self:
        """With all that is needed to say them in words."""
        return self.select_related("person", "resource_role__resource", "system", "answered_by", "grant")

    def _owned_by(self, user: User) -> Self:
        if not user.is_active:
            return self.none()
        return self.filter(resource_role__resource__in=Resource.objects.owned_by(user).values("pk"))
