"""Names in systems: by which people were given something where names are all there is."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accessgov.administration import ReadingAdmin, after_dialog, by, link_to, page_of, user_of
from audit.admin import NewestPaginator
from directory.permissions import is_administrator

from . import actions
from .admin_helping import SkipForm
from .models import Alias


@admin.register(Alias)
class AliasAdmin(ReadingAdmin):
    """What people were called in a system when something was given to them there."""

    list_display = ("person", "connector", "username", "email", "employee_number")
    list_select_related = ("person", "connector__system")
    list_filter = ("connector",)
    search_fields = ("username", "email", "employee_number", "person__display_name", "person__username")
    fields = (("person_page", "connector_page"), ("username", "email", "employee_number"), "called_today")
    readonly_fields = ("person_page", "connector_page", "called_today")
    sortable_by = ()
    ordering = ("-id",)
    paginator = NewestPaginator
    actions_detail = ("is_renamed",)

    @display(description=_("person"))
    def person_page(self, alias: Alias) -> str:
        return link_to(alias.person)

    @display(description=_("connector"))
    def connector_page(self, alias: Alias) -> str:
        return link_to(alias.connector)

    @display(description=_("called by now"))
    def called_today(self, alias: Alias) -> str:
        return alias.person.username

    @action(
        description=_("Is renamed there"),
        permissions=("rename",),
        dialog={
            "title": _("Is the person renamed there?"),
            "description": _(
                "Say so when you have seen that the system calls them what they are called here. What they hold is "
                "taken away by that name alone from then on, and whoever bears an earlier one can be given something."
            ),
            "form_class": SkipForm,
            "form_submit_text": _("Is renamed there"),
        },
    )
    def is_renamed(self, request: HttpRequest, form: SkipForm, object_id: str) -> HttpResponse:
        alias = get_object_or_404(Alias.objects.select_related("connector__system", "person"), pk=object_id)
        try:
            actions.note_renamed(alias=alias, reason=form.cleaned_data["why"], **by(request))
        except (PermissionDenied, ValidationError) as refusal:
            said = " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
            messages.error(request, said)
            return after_dialog(page_of(Alias, object_id))
        messages.info(request, _("%(person)s goes by today’s name there.") % {"person": alias.person})
        left = alias.connector.aliases.get(person=alias.person)
        return after_dialog(page_of(Alias, left.pk))

    def has_rename_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return is_administrator(user_of(request))
