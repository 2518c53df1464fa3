"""Reports as answers to a browser or a program: recorded first, then sent while they are read."""

from datetime import datetime

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from directory.models import User

from ..actions.reporting import record_history, record_report
from ..models import Campaign
from ..result_forms import HistoryForm
from .files import CONTENT_TYPES, FLOWING, flow
from .paper import pdf_of


def report_file(campaign: Campaign, *, actor: User, file_format: str, now: datetime) -> HttpResponseBase:
    """A campaign's report. Raises PermissionDenied."""
    record_report(campaign=campaign, actor=actor, file_format=file_format, now=now)
    kind = CONTENT_TYPES[file_format]
    answer: HttpResponseBase
    if file_format in FLOWING:
        answer = StreamingHttpResponse(flow([campaign], file_format=file_format), content_type=kind)
    else:
        answer = HttpResponse(pdf_of(campaign, made_by=actor, now=now), content_type=kind)
    return _named(answer, f"access-review-{timezone.localdate(campaign.created_at)}-{campaign.pk}.{file_format}")


def history_file(form: HistoryForm, *, actor: User, file_format: str, now: datetime) -> HttpResponseBase:
    """The items of all campaigns that this person may see and that the valid form asks for."""
    record_history(actor=actor, file_format=file_format, filters=form.asked(), now=now)
    campaigns = form.narrow(Campaign.objects.visible_to(actor)).select_related("review").order_by("created_at", "pk")
    pieces = flow(campaigns.iterator(), file_format=file_format, wanted=form.wanted)
    answer = StreamingHttpResponse(pieces, content_type=CONTENT_TYPES[file_format])
    return _named(answer, f"access-reviews-{timezone.localdate(now)}.{file_format}")


def _named(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
