"""What reviewers are told: who has open items is a search, so sweeps find them; each once, and nobody who is done."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from reviews.models import CampaignStage, PanelMember

from ..models import Message, Occasion
from .queueing import Notice, queue_for_all

DAY = timedelta(days=1)


def queue_review_questions(*, now: datetime) -> int:
    """Tell everybody who has open items in the stage that is open, and was not told so; returns how many."""
    asked = _untold(_with_open_items(now), Occasion.REVIEW_ASKED)
    return queue_for_all(_once_each(asked), partial(_notice, Occasion.REVIEW_ASKED), now=now)


def queue_campaign_reminders(*, now: datetime) -> int:
    """Remind those who have open items: at half of the stage's time, and one day before it ends (behaviour 1).

    After a downtime the later reminder is enough. What somebody steering the campaign wants said comes as well.
    Returns how many.
    """
    reminded = _with_open_items(now).filter(panel__campaign__terms__reminds=True)
    tomorrow, half = Occasion.REVIEW_TOMORROW, Occasion.REVIEW_HALFTIME
    late = _reached(reminded, F("closes") - DAY, now=now)
    late = late.filter(~Exists(_told(tomorrow).filter(created_at__gte=OuterRef("point"))))
    told = queue_for_all(_once_each(late), partial(_notice, tomorrow, since="closes"), now=now)
    half_of_its_time = Cast(ExpressionWrapper(F("lasts") / 2, output_field=DurationField()), DurationField())
    halves = _untold(_reached(reminded, F("closes") - half_of_its_time, now=now), half, tomorrow)
    told += queue_for_all(_once_each(halves), partial(_notice, half), now=now)
    return told + _queue_wanted_reminders(now=now)


def _queue_wanted_reminders(*, now: datetime) -> int:
    occasion = Occasion.REVIEW_REMINDED
    asked = _with_open_items(now).annotate(wanted=F("panel__campaign__reminded_at"))
    wanted = asked.filter(wanted__lte=now, asked_at__lte=F("wanted"))
    untold = wanted.filter(~Exists(_told(occasion).filter(created_at__gte=OuterRef("wanted"))))
    return queue_for_all(_once_each(untold), partial(_notice, occasion, since="wanted"), now=now)


def _with_open_items(now: datetime) -> "QuerySet[PanelMember]":
    """Those for whose answers a stage waits that is open, with the stage, its length and its end."""
    stage = CampaignStage.objects.filter(campaign=OuterRef("panel__campaign"), position=OuterRef("panel__stage"))
    seats = PanelMember.objects.waiting().filter(person__is_active=True, panel__campaign__terms__sends_mails=True)
    found = seats.annotate(
        round=Subquery(stage.values("pk")),
        lasts=Subquery(stage.values("duration")),
        closes=Subquery(stage.values("ends_at")),
    )
    return found.filter(closes__gt=now)


def _reached(seats: "QuerySet[PanelMember]", point: Combinable, *, now: datetime) -> "QuerySet[PanelMember]":
    """Where this point in time has come, and they were asked before it."""
    with_point = seats.annotate(point=ExpressionWrapper(point, output_field=DateTimeField()))
    return with_point.filter(point__lte=now, asked_at__lt=F("point"))


def _told(*occasions: Occasion) -> "QuerySet[Message]":
    return Message.objects.filter(occasion__in=occasions, reference=OuterRef("round"), recipient=OuterRef("person"))


def _untold(seats: "QuerySet[PanelMember]", *occasions: Occasion) -> "QuerySet[PanelMember]":
    return seats.filter(~Exists(_told(*occasions)))


def _once_each(seats: "QuerySet[PanelMember]") -> "QuerySet[PanelMember]":
    """Somebody who sits in several panels comes several times; the message's key makes one of them."""
    return seats.select_related("panel__campaign").order_by("panel__campaign", "person", "pk")


def _notice(occasion: Occasion, seat: Any, *, since: str = "") -> Notice:
    """Once for the stage; or, with `since`, once for each value of that column of the seat."""
    once = f"{seat.round}:{getattr(seat, since).timestamp()}" if since else ""
    return Notice(seat.person_id, occasion, reference=seat.round, correlation_id=seat.panel.campaign_id, once_per=once)
