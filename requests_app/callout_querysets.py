"""Reads of callouts, and of what is to be called about."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Exists, OuterRef, Subquery, TextField
from django.db.models.functions import Cast, Coalesce

from accessgov.outbox import WorkQuerySet
from directory.models import User

from .lifecycle import CALLOUT_OPEN
from .querysets import AssignmentQuerySet

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


def ending_uncalled(moment: str, *, after: datetime, until: datetime, notice: timedelta) -> AssignmentQuerySet:
    """Live assignments that end in (`after`, `until`] and about whose present end an extension is still to be called.

    A call older than the notice for the present end was about an earlier one: of a moved end it is told anew. Each is
    annotated with its `story`: the request that gave it.
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
    return untold.select_related("person", "package").order_by("ends_at", "pk")
