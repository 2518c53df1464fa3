"""The journal in the REST API: events to list, to open and to export; nothing to change.

Wire `urlpatterns` before the router's own addresses: a file's address ends in its format.
"""

from typing import Any

from django.http import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from .exports import JOURNAL
from .filters import EventFilter
from .models import Event
from .pagination import KeysetPagination
from .permissions import can_read_journal
from .querysets import EventQuerySet
from .serializers import EventSerializer
from .views import export


class ReadsJournal(IsAuthenticated):
    """Auditors and administrators."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and can_read_journal(request.user)


class JournalPages(KeysetPagination):
    keyset = JOURNAL


class EventViewSet(ReadOnlyModelViewSet[Event]):
    """What happened, newest first."""

    serializer_class = EventSerializer
    permission_classes = [ReadsJournal]
    pagination_class = JournalPages
    filterset_class = EventFilter
    queryset = Event.objects.none()

    def get_queryset(self) -> EventQuerySet:
        return Event.objects.visible_to(self.request.user)


class FileAsAsked(DefaultContentNegotiation):
    """The address names the format, whatever the client says that it accepts; errors stay JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class EventExportView(APIView):
    """Every event that matches the filters and occurred before this moment, newest first; the export is journalled."""

    permission_classes = [ReadsJournal]
    content_negotiation_class = FileAsAsked
    http_method_names = ["get", "options"]
    file_format: str

    def get(self, request: Request) -> HttpResponseBase:
        search = EventFilter(request.query_params, queryset=Event.objects.visible_to(request.user))
        if not search.is_valid():
            raise ValidationError(search.errors)
        return export(search, actor=request.user, file_format=self.file_format)


class EventCsvView(EventExportView):
    file_format = "csv"

    @extend_schema(operation_id="events_export_csv", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponseBase:
        return super().get(request)


class EventJsonLinesView(EventExportView):
    file_format = "jsonl"

    @extend_schema(operation_id="events_export_jsonl", responses={(200, "application/x-ndjson"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponseBase:
        return super().get(request)


routes = [("events", EventViewSet, "event")]
urlpatterns = [
    path("events/export.csv", EventCsvView.as_view(), name="event-export-csv"),
    path("events/export.jsonl", EventJsonLinesView.as_view(), name="event-export-jsonl"),
]
