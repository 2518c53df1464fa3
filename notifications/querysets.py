"""Reads of messages."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accessgov.outbox import WorkQuerySet
from directory.models import User
from directory.permissions import is_administrator
from requests_app.models import AccessRequest, Assignment

if TYPE_CHECKING:
    from .models import Message


class MessageQuerySet(WorkQuerySet["Message"]):
    """Messages."""

    def visible_to(self, user: User) -> Self:
        """Other people's mail is read by administrators, who look after its delivery."""
        return self if is_administrator(user) else self.none()

    def with_recipients(self) -> Self:
        """With all that sending them needs."""
        return self.select_related("recipient")


def ending_untold(occasion: str, *, after: datetime, until: datetime, notice: timedelta) -> "QuerySet[Assignment]":
    """Live assignments that end in (`after`, `until`], last longer than the notice, and have had none for this end.

    A message older than the notice for the present end was about an earlier one: a moved end is told anew.
    Each is annotated with its `story`: the request that gave it.
    """
    from .models import Message

    told = Message.objects.filter(
        occasion=occasion, reference=OuterRef("pk"), created_at__gte=OuterRef("ends_at") - notice
    )
    ending = Assignment.objects.live().filter(ends_at__gt=after, ends_at__lte=until, person__is_active=True)
    long_enough = ending.filter(ends_at__gt=Coalesce("delivered_at", "starts_at") + notice)
    story = AccessRequest.objects.adding().filter(assignment=OuterRef("pk")).order_by("submitted_at").values("pk")[:1]
    return long_enough.filter(~Exists(told)).annotate(story=Coalesce(Subquery(story), "pk")).order_by("ends_at", "pk")
