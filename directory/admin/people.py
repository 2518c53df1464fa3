"""People in the administration site."""

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm

from accessgov.administration import (
    ConfigurationAdmin,
    ConfigurationForm,
    after_dialog,
    by,
    page_of,
    user_of,
)

from .. import actions
from ..models import Group, User

Formsets = Sequence[BaseInlineFormSet]


class PersonForm(ConfigurationForm):
    """A person's record, without their password."""

    class Meta:
        model = User
        exclude = ("password",)
        labels = {
            "is_superuser": _("Administrator"),
            "is_staff": _("May open these pages"),
        }
        help_texts = {
            "username": "",
            "is_superuser": _("Configures everything. Nobody decides for themselves, administrators neither."),
            "is_staff": _("Whoever was given a role needs it not."),
        }


class PasswordForm(AdminPasswordChangeForm):
    """A new password for somebody, set by an action."""

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def save(self, commit: bool = True) -> User:
        password = self.cleaned_data["password1"] if self.cleaned_data["set_usable_password"] else None
        return actions.set_password(person=self.user, password=password, actor=self.actor, now=timezone.now())


@admin.register(User)
class PersonAdmin(ConfigurationAdmin, DjangoUserAdmin):  # type: ignore[misc]
    """People: most come from imports; disabling ends what they have and is never undone by enabling."""

    is_named_by_delegates = True
    form = add_form = PersonForm
    list_display = ("display_name", "username", "email", "department", "job_title", "manager", "kind", "state")
    list_select_related = ("manager",)
    list_filter = ("is_active", "kind", "is_superuser", "is_auditor", ("organisation", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("display_name", "username", "email", "employee_number")
    ordering = ("display_name", "id")
    autocomplete_fields = ("manager", "sponsors", "organisation")
    filter_horizontal = ()
    readonly_fields = ("may_sign_in", "last_login", "by_groups")
    fieldsets = add_fieldsets = (  # type: ignore[assignment]
        (None, {"fields": (("display_name", "kind"), ("username", "email"), ("may_sign_in", "last_login"))}),
        (
            _("Work"),
            {
                "fields": (
                    ("job_title", "department", "company"),
                    ("manager", "employee_number"),
                    ("sponsors", "organisation"),
                    ("hired_on", "leaves_on"),
                    "attributes",
                )
            },
        ),
        (_("Risk"), {"fields": ("risk",)}),
        (_("Rights in AccessGov"), {"fields": (("is_superuser", "is_staff", "is_auditor"), "by_groups")}),
    )
    actions = ("disable_people", "enable_people")
    actions_detail = ("disable_person", "enable_person", "password")

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Formsets) -> None:
        actions.save_person(person=form.instance, sponsors=form.cleaned_data.get("sponsors"), **by(request))

    @display(description=_("by groups"))
    def by_groups(self, person: User) -> str:
        """What the groups of this person make of them."""
        found = Group.objects.enclosing(person.pk).filter(Q(makes_administrators=True) | Q(makes_auditors=True))
        said = [
            _("administrator, by %(group)s") % {"group": group}
            if group.makes_administrators
            else _("auditor, by %(group)s") % {"group": group}
            for group in found
        ]
        return ", ".join(said) or "—"

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Django's page, with a form that calls the action."""
        acting = copy(self)
        acting.change_password_form = partial(PasswordForm, actor=user_of(request))
        return DjangoUserAdmin.user_change_password(acting, request, id, form_url)

    @display(description=_("may sign in"), boolean=True)
    def may_sign_in(self, person: User) -> bool:
        return person.is_active

    @display(description=_("state"), label={"enabled": "success", "disabled": "danger"}, ordering="is_active")
    def state(self, person: User) -> tuple[str, Any]:
        return ("enabled", _("enabled")) if person.is_active else ("disabled", _("disabled"))

    @admin.action(description=_("Disable: sign-in blocked, requests cancelled, access ended"), permissions=("change",))
    def disable_people(self, request: HttpRequest, people: QuerySet[User]) -> None:
        self._each(
            request,
            people,
            actions.disable_person,
            said=_("Disabled: %(names)s. What has ended since is in the journal."),
        )

    @admin.action(description=_("Enable: sign-in works again, ended access stays ended"), permissions=("change",))
    def enable_people(self, request: HttpRequest, people: QuerySet[User]) -> None:
        self._each(request, people, actions.enable_person, said=_("Enabled again: %(names)s."))

    @action(
        description=_("Disable"),
        permissions=("disable",),
        dialog={
            "title": _("Disable this person?"),
            "description": _("Sign-in is blocked at once, open requests are cancelled, and all access ends."),
            "form_submit_text": _("Disable"),
        },
    )
    def disable_person(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        self.disable_people(request, User.objects.filter(pk=object_id))
        return after_dialog(page_of(User, object_id))

    @action(
        description=_("Enable"),
        permissions=("enable",),
        dialog={
            "title": _("Enable this person again?"),
            "description": _("They can sign in again. Access that has ended stays ended."),
            "form_submit_text": _("Enable"),
        },
    )
    def enable_person(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        self.enable_people(request, User.objects.filter(pk=object_id))
        return after_dialog(page_of(User, object_id))

    @action(description=_("Set a password"), permissions=("change",), url_path="set-password")
    def password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:auth_user_password_change", args=[object_id]))

    def has_disable_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_change_permission(request) and User.objects.filter(pk=object_id, is_active=True).exists()

    def has_enable_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_change_permission(request) and User.objects.filter(pk=object_id, is_active=False).exists()

    def _each(self, request: HttpRequest, people: QuerySet[User], change: Callable[..., bool], *, said: Any) -> None:
        changed: list[Any] = []
        for person in people:
            try:
                if change(person=person, **by(request)):
                    changed.append(str(person))
            except ValidationError as refusal:
                messages.error(request, " ".join(refusal.messages))
        if changed:
            messages.success(request, said % {"names": get_text_list(changed, _("and"))})
        else:
            messages.info(request, _("Nothing was changed."))
