"""Reads of messages, and of what is to be told without an event that says so."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from accessgov.outbox import WorkQuerySet
from directory.models import User
from directory.permissions import is_administrator
from requests_app.lifecycle import DECIDABLE, ApprovalStatus, RequestStatus
from requests_app.models import AccessRequest, Approval, ApprovalAssignee, Assignment

if TYPE_CHECKING:
    from .models import Message

GONE = (RequestStatus.DENIED, RequestStatus.EXPIRED, RequestStatus.CANCELED)


class MessageQuerySet(WorkQuerySet["Message"]):
    """Messages."""

    def visible_to(self, user: User) -> Self:
        """Other people's mail is read by administrators, who look after its delivery."""
        return self if is_administrator(user) else self.none()

    def with_recipients(self) -> Self:
        """With all that sending them needs."""
        return self.select_related("recipient__mail_settings")

    def due(self, now: datetime) -> Self:
        """Those that are to be sent now, each by itself: what goes into a digest is sent with it."""
        return super().due(now).filter(digest_at=None)

    def uncollected(self) -> Self:
        """Those that wait for a digest that is not begun yet."""
        return self.pending().filter(digest_at__isnull=False, digest=None)


def undecided_untold(
    occasion: str, *, point: Combinable, now: datetime, unless_told: Sequence[str] = (), column: str = "person"
) -> "QuerySet[ApprovalAssignee]":
    """Those who still have to decide on an open stage whose `point` in time has come, and were not told so.

    Whoever was asked only after that point is left in peace, and so is whoever was told on one of the occasions
    `unless_told`. The column `delegate` is about those who stand in for them.
    """
    asked = ApprovalAssignee.objects.filter(is_approved=None, person__is_active=True, asked_at__lt=point)
    running = asked.filter(approval__status=ApprovalStatus.IN_PROGRESS, approval__paused_at=None)
    waiting = running.filter(approval__due_at__gt=now)
    reached = waiting.annotate(point=ExpressionWrapper(point, output_field=DateTimeField())).filter(point__lte=now)
    untold = _untold(reached.filter(**{f"{column}__is_active": True}), occasion, *unless_told, column=column)
    return untold.order_by("approval__due_at", "pk")


def bystanders_of_stages(occasion: str, *, since: datetime) -> "QuerySet[ApprovalAssignee]":
    """Those who were asked in a stage that others have approved since then, while the request still goes on."""
    decided = ApprovalAssignee.objects.filter(
        approval__status=ApprovalStatus.APPROVED,
        approval__decided_at__gte=since,
        approval__access_request__status__in=DECIDABLE,
        person__is_active=True,
    )
    others = decided.exclude(decided_at=F("approval__decided_at"), decided_by=F("person"))
    return _untold(others, occasion).order_by("approval", "pk")


def bystanders_of_requests(occasion: str, *, since: datetime) -> "QuerySet[ApprovalAssignee]":
    """Those who were asked in any stage of a request that has all its approvals since then.

    Whoever gave the last one knows. Somebody who was asked in several stages comes several times.
    """
    from .models import Message

    of_the_request = Approval.objects.filter(access_request=OuterRef("approval__access_request"))
    finished = of_the_request.filter(status=ApprovalStatus.APPROVED, decided_at__gte=since)
    approvals = ApprovalAssignee.objects.filter(
        approval__access_request=OuterRef("approval__access_request"), is_approved=True
    )
    last = approvals.order_by("-decided_at", "-pk").values("decided_by")[:1]
    told = Message.objects.filter(
        occasion=occasion, reference=OuterRef("approval__access_request"), recipient=OuterRef("person")
    )
    asked = ApprovalAssignee.objects.filter(Exists(finished), person__is_active=True).exclude(
        approval__access_request__status__in=(*DECIDABLE, *GONE)
    )
    others = asked.exclude(person=Subquery(last)).filter(~Exists(told))
    return others.select_related("approval").order_by("approval__access_request", "pk")


def asked_in_vain(occasion: str, *, since: datetime) -> "QuerySet[ApprovalAssignee]":
    """Those who were asked in a stage that ran out of time since then, whether or not they decided."""
    expired = ApprovalAssignee.objects.filter(
        approval__status=ApprovalStatus.EXPIRED, approval__decided_at__gte=since, person__is_active=True
    )
    return _untold(expired, occasion).order_by("approval", "pk")


def _untold(
    asked: "QuerySet[ApprovalAssignee]", *occasions: str, column: str = "person"
) -> "QuerySet[ApprovalAssignee]":
    """Those of them who were told of the approval on none of these occasions."""
    from .models import Message

    told = Message.objects.filter(occasion__in=occasions, reference=OuterRef("approval"), recipient=OuterRef(column))
    return asked.filter(~Exists(told)).select_related("approval")


def ending_untold(occasion: str, *, after: datetime, until: datetime, notice: timedelta) -> "QuerySet[Assignment]":
    """Live assignments that end in (`after`, `until`], last longer than the notice, and have had none for this end.

    A message older than the notice for the present end was about an earlier one: a moved end is told anew. Nobody is
    told whose policy sends no mails about assignments. Each is annotated with its `story`: the request that gave it.
    """
    from .models import Message

    told = Message.objects.filter(
        occasion=occasion, reference=OuterRef("pk"), created_at__gte=OuterRef("ends_at") - notice
    )
    ending = Assignment.objects.live().filter(ends_at__gt=after, ends_at__lte=until, person__is_active=True)
    spoken_of = ending.filter(policy__is_silent=False)
    long_enough = spoken_of.filter(ends_at__gt=Coalesce("delivered_at", "starts_at") + notice)
    story = AccessRequest.objects.adding().filter(assignment=OuterRef("pk")).order_by("submitted_at").values("pk")[:1]
    return long_enough.filter(~Exists(told)).annotate(story=Coalesce(Subquery(story), "pk")).order_by("ends_at", "pk")
