"""Groups in the administration site: owners, direct members, nested groups."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from accessgov.administration import (
    ConfigurationAdmin,
    TabularRows,
    by,
    count_of,
)

from .. import actions
from ..models import Group, GroupNesting, Membership, User

Formsets = Sequence[BaseInlineFormSet]


class MemberInline(TabularRows):
    """Direct members: they come and go."""

    model = Membership
    fields = ("person", "added_at")
    readonly_fields = ("added_at",)
    autocomplete_fields = ("person",)
    verbose_name = _("member")
    hide_title = True
    verbose_name_plural = _("direct members")
    ordering = ("person__display_name", "pk")
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("person")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NestedInline(TabularRows):
    """Groups in this group, whose members count as its own."""

    model = GroupNesting
    fk_name = "parent"
    fields = ("child",)
    autocomplete_fields = ("child",)
    verbose_name = _("group in it")
    hide_title = True
    verbose_name_plural = _("groups in it, whose members count as its own")
    ordering = ("child__name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[GroupNesting]:
        return super().get_queryset(request).select_related("child")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Group)
class GroupAdmin(ConfigurationAdmin):
    """Groups with their owners, direct members and nested groups."""

    is_named_by_delegates = True
    list_display = ("name", "description", "members_in_it")
    search_fields = ("name", "description")
    autocomplete_fields = ("owners",)
    list_filter = ("makes_administrators", "makes_auditors")
    fieldsets = (
        (None, {"fields": ("name", "description", "owners")}),
        (_("Rights in AccessGov"), {"fields": (("makes_administrators", "makes_auditors"),)}),
    )
    inlines = (MemberInline, NestedInline)

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Formsets) -> None:
        members, nested = formsets
        group, change = form.instance, by(request)
        actions.save_group(group=group, **change)
        _change_owners(group, form.cleaned_data.get("owners"), change=change)
        for membership in members.deleted_objects:
            actions.remove_member(group=group, person=membership.person, **change)
        for membership in members.new_objects:
            actions.add_member(group=group, person=membership.person, **change)
        for nesting in nested.deleted_objects:
            actions.unnest_group(parent=group, child=nesting.child, **change)
        for nesting in nested.new_objects:
            actions.nest_group(parent=group, child=nesting.child, **change)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Resources and policies name groups by their id: a group that is over is emptied instead."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(member_count=count_of(Membership, by="group"))

    @display(description=_("direct members"))
    def members_in_it(self, group: Any) -> str:
        return ngettext("%(count)d member", "%(count)d members", group.member_count) % {"count": group.member_count}


def _change_owners(group: Group, owners: Any, *, change: dict[str, Any]) -> None:
    if owners is None:
        return
    wanted: dict[UUID, User] = {person.pk: person for person in owners}
    present: dict[UUID, User] = {person.pk: person for person in group.owners.all()}
    for person_id in present.keys() - wanted.keys():
        actions.remove_owner(group=group, person=present[person_id], **change)
    for person_id in wanted.keys() - present.keys():
        actions.add_owner(group=group, person=wanted[person_id], **change)
