"""How many guests a campaign blocked, and what became of them since, in words for its page."""

from datetime import datetime

from django.db.models import Count, Min
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import ngettext

from .choices import DeniedGuests
from .models import Campaign, Farewell


def farewells(campaign: Campaign) -> list[str]:
    """A sentence for each outcome; no statement where the terms block nobody."""
    if campaign.rules.denied_guests != DeniedGuests.BLOCK:
        return []
    rows = (
        campaign.guest_removals.order_by("outcome").values("outcome").annotate(count=Count("pk"), at=Min("delete_at"))
    )
    return [_in_words(**row) for row in rows]


def _in_words(*, outcome: str, count: int, at: datetime) -> str:
    told = {"count": count, "when": date_format(localtime(at), "DATE_FORMAT")}
    sentences = {
        Farewell.WAITING: ngettext(
            "%(count)d guest is blocked, and is deleted on %(when)s unless somebody enables them again.",
            "%(count)d guests are blocked, and are deleted from %(when)s on unless somebody enables them again.",
            count,
        ),
        Farewell.DELETED: ngettext("%(count)d guest was deleted.", "%(count)d guests were deleted.", count),
        Farewell.SPARED: ngettext(
            "%(count)d guest was enabled again, and stays.", "%(count)d guests were enabled again, and stay.", count
        ),
    }
    return sentences[Farewell(outcome)] % told
