"""What came of campaigns in the REST API: counts, items page by page, reports; for those who may see the results."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from audit.api import FileAsAsked
from directory.api import caller

from ..listing import keyed_page
from ..models import Campaign
from ..reports.rows import lines_for, with_everybody
from ..reports.taking_out import report_file
from ..result_forms import id_of
from ..results import progress, results
from ..serializers.results import CampaignResultsSerializer, ItemPageSerializer

BINARY: dict[Any, Any] = {(200, "application/pdf"): OpenApiTypes.BINARY}


class CampaignView(APIView):
    """Something about one campaign whose results the caller may see."""

    permission_classes = [IsAuthenticated]
    http_method_names = ["get", "options"]

    def find(self, pk: UUID) -> Campaign:
        """The campaign; for others there is nothing here."""
        visible = Campaign.objects.visible_to(caller(self.request))
        return get_object_or_404(visible.select_related("review", "person", "started_by"), pk=pk)


class CampaignResultsView(CampaignView):
    """How far reviewers are, what was answered, and what came of it, in all and by department."""

    @extend_schema(operation_id="campaigns_results", responses=CampaignResultsSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        campaign = self.find(pk)
        counts = results(campaign, now=timezone.now())
        found = {
            "progress": progress(campaign),
            "as_of": counts.as_of,
            "results": counts.total,
            "departments": [{"department": name, "results": tally} for name, tally in counts.departments],
        }
        return Response(CampaignResultsSerializer(found).data)


class CampaignItemsView(CampaignView):
    """The items in the order in which they were frozen, as reports tell them."""

    @extend_schema(
        operation_id="campaigns_items",
        responses=ItemPageSerializer,
        parameters=[OpenApiParameter("after", OpenApiTypes.UUID, description="The id of the last item of a page.")],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        campaign = self.find(pk)
        items, after = with_everybody(campaign.items.all()), id_of(request.query_params.get("after"))
        page = keyed_page(items, campaign, after=after)
        address = request.build_absolute_uri()
        following = replace_query_param(address, "after", str(page.after)) if page.after else None
        return Response({"next": following, "results": lines_for(campaign, page.items)})


class CampaignReportView(CampaignView):
    """The report of a campaign as a file; that it was taken out is journalled."""

    content_negotiation_class = FileAsAsked
    file_format = "csv"

    def answer(self, request: Request, pk: UUID) -> HttpResponseBase:
        now = timezone.now()
        return report_file(self.find(pk), actor=caller(request), file_format=self.file_format, now=now)


class CampaignCsvView(CampaignReportView):
    @extend_schema(operation_id="campaigns_report_csv", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        return self.answer(request, pk)


class CampaignJsonLinesView(CampaignReportView):
    file_format = "jsonl"

    @extend_schema(operation_id="campaigns_report_jsonl", responses={(200, "application/x-ndjson"): OpenApiTypes.STR})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        return self.answer(request, pk)


class CampaignPdfView(CampaignReportView):
    file_format = "pdf"

    @extend_schema(operation_id="campaigns_report_pdf", responses=BINARY)
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        return self.answer(request, pk)


urlpatterns = [
    path("campaigns/<uuid:pk>/results/", CampaignResultsView.as_view(), name="campaign-results"),
    path("campaigns/<uuid:pk>/items/", CampaignItemsView.as_view(), name="campaign-items"),
    path("campaigns/<uuid:pk>/report.csv", CampaignCsvView.as_view(), name="campaign-report-csv"),
    path("campaigns/<uuid:pk>/report.jsonl", CampaignJsonLinesView.as_view(), name="campaign-report-jsonl"),
    path("campaigns/<uuid:pk>/report.pdf", CampaignPdfView.as_view(), name="campaign-report-pdf"),
]
