"""The journal's pages: its search, one event, and its exports."""

import json
from itertools import islice
from typing import Any

from django.apps import apps
from django.contrib.auth.mixins import UserPassesTestMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import DetailView, View

from . import exports
from .actions import record_export
from .filters import EventFilter
from .models import Event
from .pagination import PARAMETER, Page, page_address
from .permissions import can_read_journal
from .querysets import EventQuerySet


class JournalReaderMixin(UserPassesTestMixin):
    """For auditors and administrators: others get a 403, and whoever is not signed in is asked to."""

    request: HttpRequest

    def test_func(self) -> bool:
        return can_read_journal(self.request.user)


class JournalView(JournalReaderMixin, View):
    """The search: fifty events a page, newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        search = EventFilter(request.GET, queryset=Event.objects.visible_to(request.user))
        is_valid = search.is_valid()
        page = self._page(search) if is_valid else Page[Event](rows=[])
        context = {
            "filter": search,
            "events": page.rows,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
            "exports": self._exports(search) if is_valid else [],
            "narrowed_to": _narrowed_to(search, page.rows) if is_valid else [],
            "is_filtered": bool(search.asked()),
        }
        return render(request, "audit/journal.html", context, status=200 if is_valid else 400)

    def _page(self, search: EventFilter) -> Page[Event]:
        return exports.JOURNAL.page(search.qs, cursor=self.request.GET.get(PARAMETER))

    def _exports(self, search: EventFilter) -> list[tuple[str, str]]:
        query = self.request.GET.copy()
        query.pop(PARAMETER, None)
        names = (("CSV", "audit:export-csv"), ("JSON lines", "audit:export-jsonl"))
        return [(label, f"{reverse(name)}?{query.urlencode()}".rstrip("?")) for label, name in names]


class EventView(JournalReaderMixin, DetailView):
    """One event with everything that was written down about it."""

    template_name = "audit/event.html"
    context_object_name = "event"

    def get_object(self, queryset: Any = None) -> Event:
        return get_object_or_404(Event.objects.visible_to(self.request.user), pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        details = [(name.replace("_", " "), _in_words(value)) for name, value in kwargs["object"].details.items()]
        return super().get_context_data(details=details, kind=_kind(kwargs["object"].target_kind), **kwargs)


class ExportView(JournalReaderMixin, View):
    """The events that match the search, as a file; a search that makes no sense leads back to its page."""

    http_method_names = ["get", "options"]
    file_format = "csv"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        search = EventFilter(request.GET, queryset=Event.objects.visible_to(request.user))
        if not search.is_valid():
            return JournalView.as_view()(request)
        return export(search, actor=request.user, file_format=self.file_format)


def _narrowed_to(search: EventFilter, found: list[Event]) -> list[str]:
    """To what a link narrowed the search, by id and hence not readable in its fields; names as the events bear them."""
    asked = search.asked()
    said = [_("one story, from its first event to its last")] if "story" in asked else []
    for question, words, ids, labels in (
        ("target", _("one thing: %s"), "target_id", "target_label"),
        ("person", _("one person: %s"), "person_id", "person_label"),
        ("package", _("one package: %s"), "package_id", "package_label"),
        ("actor", _("what one person did: %s"), "actor_id", "actor_label"),
    ):
        same = (event for event in found if str(getattr(event, ids)) == asked.get(question, "").lower())
        said += [words % getattr(event, labels) for event in islice(same, 1)]
    return said


def _kind(model_name: str) -> str:
    """What kind of thing an event is about, in words; as it was written down where no such kind is known any more."""
    ours = (model for model in apps.get_models() if not model.__module__.startswith("django."))
    return next((str(model._meta.verbose_name) for model in ours if model._meta.model_name == model_name), model_name)


def _in_words(value: Any) -> str:
    """A detail as text: lists and tables as JSON writes them, nothing as a dash."""
    if value is None or value == "":
        return "—"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def export(search: EventFilter, *, actor: Any, file_format: str) -> HttpResponseBase:
    """Record the export, then stream every event that the valid search finds and that occurred before this moment."""
    now = timezone.now()
    found: EventQuerySet = search.qs
    record_export(actor=actor, file_format=file_format, filters=search.asked(), now=now)
    return exports.response(found, file_format=file_format, as_of=now)
