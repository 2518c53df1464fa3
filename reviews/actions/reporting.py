"""Taking reports out: journalled, and only by those who may see the results."""

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.models import Event
from directory.models import User

from .. import events
from ..models import Campaign
from ..permissions import can_see_results


@transaction.atomic
def record_report(*, campaign: Campaign, actor: User, file_format: str, now: datetime) -> Event:
    """Record that somebody takes out the report of a campaign. Raises PermissionDenied."""
    if not can_see_results(actor, campaign):
        raise PermissionDenied(_("Its results are for those who look after what it reviews, and for auditors."))
    details = {"what": _("the report of %(campaign)s") % {"campaign": campaign}, "format": file_format}
    return journal.record(events.REPORT_EXPORTED, actor=actor, target=campaign, details=details, at=now)


@transaction.atomic
def record_history(*, actor: User, file_format: str, filters: Mapping[str, str], now: datetime) -> Event:
    """Record that somebody takes out what came of all the campaigns that they may see and that match these filters."""
    criteria = ", ".join(f"{name} {value}" for name, value in filters.items()) or _("everything")
    what = _("the history of reviews (%(criteria)s)") % {"criteria": criteria}
    details = {"what": what, "format": file_format, "filters": dict(filters)}
    return journal.record(events.REPORT_EXPORTED, actor=actor, target=actor, details=details, at=now)
