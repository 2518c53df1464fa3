"""Who has which delegated role: the list of all of them, and where those that hold everywhere are given."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from accessgov.administration import ConfigurationAdmin, by, user_of
from directory.permissions import is_administrator

from .. import actions
from ..choices import DelegatedRole
from ..models import RoleAssignment
from ..permissions import can_appoint
from ..roles import EVERYWHERE, Right
from .delegated import DelegatedRows, reach


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(DelegatedRows, ConfigurationAdmin):
    """Roles are given and taken away; to change one, take it away and give another."""

    changing = Right.OWN
    list_display = ("holder", "role", "where", "granted_at")
    list_select_related = ("catalog", "person", "group")
    list_filter = (
        "role",
        ("catalog", AutocompleteSelectFilter),
        ("person", AutocompleteSelectFilter),
        ("group", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = ("person__display_name", "person__username", "group__name", "catalog__name")
    autocomplete_fields = ("catalog", "person", "group")
    fields = ("role", "catalog", ("person", "group"))
    ordering = ("-granted_at", "-id")
    sortable_by = ()

    @display(description=_("who"))
    def holder(self, given: RoleAssignment) -> str:
        return _("everybody in %(group)s") % {"group": given.group} if given.group else str(given.person)

    @display(description=_("where"))
    def where(self, given: RoleAssignment) -> str:
        return str(given.catalog or _("everywhere"))

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        actions.grant_role(given=form.instance, **by(request))

    def erase(self, request: HttpRequest, row: RoleAssignment) -> None:
        actions.revoke_role(given=row, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleAssignment]:
        return RoleAssignment.objects.visible_to(user_of(request)).order_by(*self.ordering)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RoleAssignment | None = None) -> bool:
        if obj is None:
            return reach(request).has(Right.OWN)
        return can_appoint(user_of(request), DelegatedRole(obj.role), obj.catalog)

    def has_view_permission(self, request: HttpRequest, obj: RoleAssignment | None = None) -> bool:
        is_shown = obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()
        return reach(request).has(Right.READ) and is_shown

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_choice_field(db_field, request, **kwargs)
        if not is_administrator(user_of(request)):
            field.choices = [choice for choice in field.choices if choice[0] not in EVERYWHERE]
        return field
