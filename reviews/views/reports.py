"""Reports of one campaign and of many, as files and as a page."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.pagination import PARAMETER, Keyset, page_address
from requests_app.views.base import SignedInRequest, SignedInView

from ..models import Campaign
from ..permissions import sees_campaigns
from ..reports.files import PDF
from ..reports.history import totals_of
from ..reports.taking_out import history_file, report_file
from ..result_forms import HistoryForm

HISTORY = Keyset("created_at", size=50)


class ReportView(SignedInView):
    """A campaign's report as a file; that it was taken out is journalled."""

    http_method_names = ["get", "options"]
    file_format = PDF

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponseBase:
        visible = Campaign.objects.visible_to(request.user).select_related("review", "person", "started_by")
        campaign = get_object_or_404(visible, pk=pk)
        return report_file(campaign, actor=request.user, file_format=self.file_format, now=timezone.now())


class HistoryView(SignedInView):
    """What came of the campaigns that I may see, the latest first."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        _require_sight(request)
        form = HistoryForm(request.GET)
        if not form.is_valid():
            return render(request, "reviews/campaigns/history.html", {"form": form, "rows": []}, status=400)
        campaigns = form.narrow(Campaign.objects.visible_to(request.user)).select_related("review")
        page = HISTORY.page(campaigns, cursor=request.GET.get(PARAMETER))
        context = {
            "form": form,
            "rows": totals_of(page.rows),
            "files": self._files(),
            "is_narrowed": form.is_narrowed,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
        }
        return render(request, "reviews/campaigns/history.html", context)

    def _files(self) -> list[tuple[str, str]]:
        query = self.request.GET.copy()
        query.pop(PARAMETER, None)
        names = (("CSV", "reviews:history-csv"), ("JSON lines", "reviews:history-jsonl"))
        return [(label, f"{reverse(name)}?{query.urlencode()}".rstrip("?")) for label, name in names]


class HistoryFileView(SignedInView):
    """The items of all those campaigns, as a file; that it was taken out is journalled."""

    http_method_names = ["get", "options"]
    file_format = "csv"

    def get(self, request: SignedInRequest) -> HttpResponseBase:
        _require_sight(request)
        form = HistoryForm(request.GET)
        if not form.is_valid():
            return HistoryView.as_view()(request)
        return history_file(form, actor=request.user, file_format=self.file_format, now=timezone.now())


def _require_sight(request: SignedInRequest) -> None:
    if not sees_campaigns(request.user):
        raise PermissionDenied(_("This is for those who look after packages or resources, and for auditors."))
