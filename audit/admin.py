"""The journal in the administration site: to read, never to write, and without counting millions of rows."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from . import verbs
from .models import Event
from .permissions import can_read_journal

NEWEST = 1000


class NewestPaginator(Paginator):
    """Pages through the newest thousand only: no row is counted that would not be shown. The journal has the rest."""

    @cached_property
    def count(self) -> int:
        newest: Any = self.object_list
        return len(newest.values_list("pk")[:NEWEST])


class VerbFilter(admin.SimpleListFilter):
    """What happened, from the registry of verbs rather than from all the rows."""

    title = _("what")
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return verbs.choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        return queryset.filter(verb=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(ModelAdmin):
    """The newest events."""

    list_display = ("occurred_at", "sentence", "actor_label", "verb", "source")
    list_filter = (VerbFilter, "source")
    ordering = ("-occurred_at", "-id")
    sortable_by: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False
    paginator = NewestPaginator

    @admin.display(description=_("what happened"))
    def sentence(self, event: Event) -> str:
        return event.sentence

    def has_view_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return can_read_journal(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return can_read_journal(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False
