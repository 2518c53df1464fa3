"""Reads of messages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from accessgov.outbox import WorkQuerySet
from directory.models import User
from directory.permissions import is_administrator
from requests_app.lifecycle import ApprovalStatus
from requests_app.models import AccessRequest, ApprovalAssignee, Assignment

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


def undecided_untold(
    occasion: str, *, point: Combinable, now: datetime, unless_told: Sequence[str] = ()
) -> "QuerySet[ApprovalAssignee]":
    """Those who still have to decide on an open stage whose `point` in time has come, and were not told so.

    Whoever was asked only after that point is left in peace, and so is whoever was told on one of the occasions
    `unless_told`.
    """
    from .models import Message

    told = Message.objects.filter(
        occasion__in=(occasion, *unless_told), reference=OuterRef("approval"), recipient=OuterRef("person")
    )
    asked = ApprovalAssignee.objects.filter(is_approved=None, person__is_active=True, asked_at__lt=point)
    waiting = asked.filter(approval__status=ApprovalStatus.IN_PROGRESS, approval__due_at__gt=now)
    reached = waiting.annotate(point=ExpressionWrapper(point, output_field=DateTimeField())).filter(point__lte=now)
    return reached.filter(~Exists(told)).select_related("approval").order_by("approval__due_at", "pk")


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
