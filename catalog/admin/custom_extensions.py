"""Custom extensions: configured by the owners of their catalog, with a test that really calls them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accessgov.administration import ConfigurationAdmin, TabularRows, after_dialog, by, page_of, user_of

from .. import actions, trying
from ..choices import CalloutMoment
from ..extension_forms import CustomExtensionForm
from ..models import CustomExtension, PolicyCallout
from ..permissions import can_manage_catalog
from ..roles import Right
from .delegated import DelegatedInline, DelegatedRows


@admin.register(CustomExtension)
class CustomExtensionAdmin(DelegatedRows, ConfigurationAdmin):
    """Extensions by catalog; the secret is typed or made, and never shown again."""

    reading, changing = Right.PACKAGES, Right.OWN
    form = CustomExtensionForm
    list_display = ("name", "catalog", "behaviour", "host", "health")
    list_select_related = ("catalog",)
    list_filter = (("catalog", AutocompleteSelectFilter), "behaviour")
    list_filter_submit = True
    search_fields = ("name", "description", "catalog__name")
    autocomplete_fields = ("catalog",)
    fields = (
        ("name", "catalog"),
        "description",
        "url",
        ("secret", "wants_new_secret"),
        ("grace_hours", "former_secret"),
        "behaviour",
        ("time_limit_hours", "on_timeout"),
        "health",
    )
    readonly_fields = ("health", "former_secret")
    shown_to_readers = (
        "name",
        "catalog",
        "description",
        "host",
        "behaviour",
        "time_limit_hours",
        "on_timeout",
        "health",
    )
    actions_detail = ("test_call",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever may only read sees no secret, and of the address nothing after its question mark."""
        if obj is None:
            return [one for one in self.fields if one != ("grace_hours", "former_secret")]
        if self.has_change_permission(request, obj):
            return self.fields
        return self.shown_to_readers

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        made = form.made_secret()  # type: ignore[attr-defined]  # of our form
        typed = form.cleaned_data["secret"] or None
        grace = form.grace()  # type: ignore[attr-defined]  # of our form
        actions.save_custom_extension(extension=form.instance, secret=typed or made, grace=grace, **by(request))
        if made:
            said = _("Its secret is <code>{}</code> Copy it now: it is not shown again.")
            messages.warning(request, format_html(str(said), made))

    def erase(self, request: HttpRequest, row: CustomExtension) -> None:
        actions.delete_custom_extension(extension=row, **by(request))

    @display(description=_("address"))
    def host(self, extension: CustomExtension) -> str:
        return extension.url.partition("?")[0]

    @display(description=_("old secret"))
    def former_secret(self, extension: CustomExtension) -> str:
        until = extension.former_secret_until
        if until is None or until <= timezone.now():
            return str(_("none holds beside the new one"))
        moment = date_format(timezone.localtime(until), "DATETIME_FORMAT")
        return _("holds too, until %(moment)s") % {"moment": moment}

    @display(description=_("last test"))
    def health(self, extension: CustomExtension) -> str:
        if extension.last_error:
            return _("failed: %(error)s") % {"error": extension.last_error}
        if extension.last_answer_at is None:
            return str(_("not tested yet"))
        at = date_format(timezone.localtime(extension.last_answer_at), "DATETIME_FORMAT")
        return _("took it on %(moment)s") % {"moment": at}

    @action(
        description=_("Test call"),
        permissions=("test",),
        dialog={
            "title": _("Call it to test it?"),
            "description": _("Sends a signed call of the type “test” to the address that was saved last."),
            "form_submit_text": _("Call"),
        },
    )
    def test_call(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        extension = CustomExtension.objects.select_related("catalog").get(pk=object_id)
        error = _try(extension)
        actions.note_extension_test(extension=extension, error=error, **by(request))
        if error:
            messages.error(request, error)
        else:
            messages.success(request, _("It took the call."))
        return after_dialog(page_of(CustomExtension, object_id))

    def has_test_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        extension = CustomExtension.objects.select_related("catalog").filter(pk=object_id).first()
        return extension is not None and can_manage_catalog(user_of(request), extension.catalog)


class CalloutInline(DelegatedInline, TabularRows):
    """Which extensions the policy calls, and when."""

    to_catalog = "package__catalog"
    model = PolicyCallout
    fields = ("moment", "extension")
    autocomplete_fields = ("extension",)
    hide_title = True
    verbose_name = _("call")
    verbose_name_plural = _("custom extensions that it calls")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyCallout]:
        return super().get_queryset(request).select_related("extension")

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_choice_field(db_field, request, **kwargs)
        field.choices = [choice for choice in field.choices if choice[0] != CalloutMoment.WHO_DECIDES]
        return field


def _try(extension: CustomExtension) -> str:
    """Why it did not take the call; empty where it did. Outside any transaction."""
    try:
        trying.call_to_test(extension, now=timezone.now())
    except (trying.CallError, ImproperlyConfigured) as error:
        return str(error)
    return ""
