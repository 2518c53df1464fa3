"""Reads of callouts, and of what is to be called about."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery, TextField
from django.db.models.functions import Cast, Coalesce

from accessgov.outbox import WorkQuerySet
from directory.models import User

from .callouts import Plan
from .lifecycle import CALLOUT_OPEN

if TYPE_CHECKING:
    from .models import Callout


class CalloutQuerySet(WorkQuerySet["Callout"]):
    """Callouts."""

    def visible_to(self, user: User) -> Self:
        """Those of the requests that this person may see."""
        from .models import AccessRequest

        return self.filter(access_request__in=AccessRequest.objects.visible_to(user).values("pk"))

    def waited_for(self) -> Self:
        """Those that are still to be answered."""
        return self.filter(answer_by__isnull=False, state__in=CALLOUT_OPEN)

    def overdue(self, now: datetime) -> Self:
        """Those whose time to be answered is over, the longest first."""
        return self.waited_for().filter(answer_by__lte=now).order_by("answer_by", "pk")

    def with_names(self) -> Self:
        """With all that sending and telling them needs."""
        named = ("person", "requested_by", "package__catalog", "policy", "assignment")
        return self.select_related("extension", "approval", *(f"access_request__{name}" for name in named))


class Ending(NamedTuple):
    """Access that is about to end: when, which it is, the request that gave it, and what is called about it."""

    ends_at: datetime
    pk: UUID
    story: UUID
    plan: Plan


def ending_uncalled(
    moment: str, *, after: datetime, until: datetime, notice: timedelta, most: int, beyond: Ending | None = None
) -> list[Ending]:
    """Live access that ends in (`after`, `until`] and about whose present end an extension is still to be called.

    The first `most` of it, or those behind `beyond`; by one statement. A call older than the notice for the present end
    was about an earlier one: of a moved end it is told anew.
    """
    from .models import AccessRequest, Assignment, Callout

    called = Callout.objects.filter(
        moment=moment, access_request__assignment=OuterRef("pk"), created_at__gte=OuterRef("ends_at") - notice
    )
    ending = Assignment.objects.live().filter(ends_at__gt=after, ends_at__lte=until)
    # Containment in JSON is not to be had on SQLite; both databases write it so, and no name can hold a bare quote.
    planned = ending.annotate(plan=Cast("callout_plan", TextField())).filter(plan__contains=f'"moment": "{moment}"')
    long_enough = planned.filter(ends_at__gt=Coalesce("delivered_at", "starts_at") + notice)
    story = AccessRequest.objects.adding().filter(assignment=OuterRef("pk")).order_by("submitted_at").values("pk")[:1]
    untold = long_enough.filter(~Exists(called)).annotate(story=Subquery(story)).exclude(story=None)
    if beyond is not None:
        untold = untold.filter(Q(ends_at__gt=beyond.ends_at) | Q(ends_at=beyond.ends_at, pk__gt=beyond.pk))
    rows = untold.order_by("ends_at", "pk").values_list("ends_at", "pk", "story", "callout_plan")
    return [Ending(ends_at, pk, story, plan) for ends_at, pk, story, plan in rows[:most] if ends_at]
