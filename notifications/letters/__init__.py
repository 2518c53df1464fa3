"""What messages say: `write` makes the words of one from the facts of the moment."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.utils import timezone, translation

from ..models import Message, Occasion
from . import deciding, extending, having, operating
from .letter import Draft, Letter, NoLongerNeeded, render

__all__ = ["Letter", "NoLongerNeeded", "write"]

WRITERS: dict[str, Callable[[Message, datetime], Draft]] = {
    Occasion.APPROVER_ASKED: deciding.approver_asked,
    Occasion.DECIDE_HALFTIME: deciding.approver_reminded,
    Occasion.DECIDE_TOMORROW: deciding.approver_reminded,
    Occasion.APPROVED: deciding.approved,
    Occasion.DENIED: deciding.denied,
    Occasion.EXPIRED: deciding.expired,
    Occasion.GRANTED: having.granted,
    Occasion.ENDS_IN_TWO_WEEKS: having.ends_soon,
    Occasion.ENDS_TOMORROW: having.ends_soon,
    Occasion.EXTENDED: extending.extended,
    Occasion.END_MOVED: extending.end_moved,
    Occasion.ENDED: having.ended,
    Occasion.WORK_STUCK: operating.work_stuck,
}


def write(message: Message, *, now: datetime) -> Letter:
    """The words of a message as of now, in the language and time zone of the installation. Raises NoLongerNeeded."""
    with translation.override(settings.LANGUAGE_CODE), timezone.override(timezone.get_default_timezone()):
        return render(WRITERS[message.occasion](message, now), recipient=message.recipient)
