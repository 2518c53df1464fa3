"""Accounts of leavers in the administration site: what was disabled where, what is stuck, and a person's accounts."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accessgov.administration import ReadingAdmin, after_dialog, by, link_to, page_of, user_of
from accessgov.outbox import WorkStatus
from audit.admin import NewestPaginator
from directory.admin.people import PersonAdmin
from directory.models import User
from directory.permissions import is_administrator

from . import actions
from .admin_helping import ActionWithReason, SkipForm
from .connectors import base, kind_of
from .models import AccountChange, AccountChangeKind

CHANGE_LABELS = {WorkStatus.PENDING: "info", WorkStatus.DONE: "success", WorkStatus.STUCK: "danger"}
DONE = {
    AccountChangeKind.DISABLE: _("nobody signs in with it since %(moment)s: %(what)s"),
    AccountChangeKind.ENABLE: _("enabled again on %(moment)s: %(what)s"),
}
TO_BE_DONE = {
    AccountChangeKind.DISABLE: _("to be disabled: %(what)s"),
    AccountChangeKind.ENABLE: _("to be enabled again: %(what)s"),
}

admin.site.unregister(User)


def may_disable(kind: str) -> bool:
    """Whether accounts can be disabled by such a connector, however it is configured."""
    return kind_of(kind).disable_account is not base.Connector.disable_account


@admin.register(User)
class PersonWithAccountsAdmin(PersonAdmin):
    """People, with what became of their accounts in other systems when they left or came back."""

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "accounts")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        return (*shown, (_("Accounts in other systems"), {"fields": ("accounts",)})) if obj else shown

    @display(description=_("disabled or enabled from here"))
    def accounts(self, person: User) -> str:
        rows = AccountChange.objects.filter(person=person).exclude(status=WorkStatus.SUPERSEDED)
        rows = rows.select_related("system").order_by("system__name", "created_at", "id")
        last = {change.system_id: change for change in rows}
        said = ((page_of(AccountChange, one.pk), one.system, _sentence(one)) for one in last.values())
        lines = format_html_join(SafeString("<br>"), '<a href="{}" class="underline">{}</a>: {}', said)
        return lines or "—"


def _sentence(change: AccountChange) -> str:
    kind = AccountChangeKind(change.kind)
    if change.settled_at is None:
        return str(TO_BE_DONE[kind]) % {"what": change.last_error or change.get_status_display()}
    moment = date_format(timezone.localtime(change.settled_at), "DATETIME_FORMAT")
    return str(DONE[kind]) % {"moment": moment, "what": change.outcome}


@admin.register(AccountChange)
class AccountChangeAdmin(ReadingAdmin):
    """What is done with accounts of those who leave or come back: the stuck first, which can be put back to work."""

    action_form = ActionWithReason
    list_display = ("kind", "person", "system", "state", "attempts", "created_at", "said")
    list_select_related = ("system__connector", "person")
    list_filter = ("status", "kind", "system")
    search_fields = ("person__display_name", "person__username", "system__name")
    fields = (
        ("kind", "status", "attempts"),
        ("person_page", "connector_page", "is_to_be_undone"),
        ("due_at", "created_at", "settled_at"),
        ("outcome", "last_error"),
        "correlation_id",
    )
    readonly_fields = ("person_page", "connector_page", "is_to_be_undone")
    sortable_by = ()
    paginator = NewestPaginator
    actions = ("retry_chosen", "skip_chosen")
    actions_detail = ("retry", "skip")

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        open_first = Case(
            When(status=WorkStatus.STUCK, then=Value(0)), When(status=WorkStatus.PENDING, then=Value(1)),
            default=Value(2),
        )  # fmt: skip
        return (open_first, "-created_at", "-id")

    @display(description=_("person"))
    def person_page(self, change: AccountChange) -> str:
        return link_to(change.person)

    @display(description=_("connector"))
    def connector_page(self, change: AccountChange) -> str:
        return link_to(change.connector)

    @display(description=_("state"), label=CHANGE_LABELS)
    def state(self, change: AccountChange) -> tuple[str, str]:
        return change.status, change.get_status_display()

    @display(description=_("outcome"))
    def said(self, change: AccountChange) -> str:
        return change.outcome or change.last_error or "—"

    @admin.action(description=_("Retry what is stuck"), permissions=("retry",))
    def retry_chosen(self, request: HttpRequest, changes: QuerySet[AccountChange]) -> None:
        count = actions.retry_accounts(changes=list(changes), **by(request))
        said = ngettext("%(count)d account is back to work.", "%(count)d accounts are back to work.", count)
        messages.info(request, said % {"count": count})

    @admin.action(description=_("Skip what is stuck, and say why"), permissions=("retry",))
    def skip_chosen(self, request: HttpRequest, changes: QuerySet[AccountChange]) -> None:
        self._skip(request, changes, why=request.POST.get("why", ""))

    @action(
        description=_("Retry"),
        permissions=("retry",),
        dialog={
            "title": _("Put it back to work?"),
            "description": _("It is tried again at once, with its attempts counted anew."),
            "form_submit_text": _("Retry"),
        },
    )
    def retry(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        self.retry_chosen(request, AccountChange.objects.filter(pk=object_id))
        return after_dialog(page_of(AccountChange, object_id))

    @action(
        description=_("Skip, and say why"),
        permissions=("retry",),
        dialog={
            "title": _("Skip it?"),
            "description": _(
                "It is not tried any more, and the account stays as it is. Where somebody has left, make sure by hand "
                "that nobody signs in with it."
            ),
            "form_class": SkipForm,
            "form_submit_text": _("Skip"),
        },
    )
    def skip(self, request: HttpRequest, form: SkipForm, object_id: str) -> HttpResponse:
        self._skip(request, AccountChange.objects.filter(pk=object_id), why=form.cleaned_data["why"])
        return after_dialog(page_of(AccountChange, object_id))

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        is_stuck = object_id is None or AccountChange.objects.stuck().filter(pk=object_id).exists()
        return is_administrator(user_of(request)) and is_stuck

    def _skip(self, request: HttpRequest, changes: Iterable[AccountChange], *, why: str) -> None:
        try:
            count = actions.skip_accounts(changes=list(changes), reason=why[:300], **by(request))
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return
        said = ngettext("%(count)d account is left as it is.", "%(count)d accounts are left as they are.", count)
        messages.info(request, said % {"count": count})
