"""Tasks by hand in the administration site, and taking in a list of who holds what in a system without an interface."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from accessgov.administration import ReadingAdmin, by, link_to, page_of, user_of
from audit.admin import NewestPaginator
from directory.imports import ImportRefused
from directory.permissions import is_administrator

from . import actions
from .holder_files import HolderFile, read_holders
from .lifecycle import IllegalMove, TaskState
from .models import Connector, ConnectorKind, HandTask, HolderList

TASK_LABELS = {TaskState.OPEN: "warning", TaskState.DONE: "success", TaskState.REFUSED: "danger"}


class HoldersForm(forms.Form):
    """A file of who holds what, and when that was so."""

    file = forms.FileField(
        label=_("File"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv"}),
        help_text=_("CSV with the columns username (or mail, or employee_number), resource, role."),
    )
    made_at = forms.DateTimeField(
        label=_("As of"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text=_("When it was so, if not now. What changed later is not judged by it."),
    )

    def read(self, connector: Connector) -> HolderFile | None:
        """What the file says; None with errors at the field where something is wrong with it."""
        try:
            return _read(self.cleaned_data["file"], connector)
        except ImportRefused as refusal:
            self.add_error("file", [str(refusal), *map(str, refusal.bad_rows)])
            return None


class ListingAdmin:
    """What the page of a connector has about lists of holders."""

    @display(description=_("list of holders"))
    def listed(self, connector: Connector) -> str:
        found = HolderList.objects.filter(connector=connector).first()
        if found is None:
            return str(_("none yet; without one there is nothing to reconcile"))
        at = date_format(timezone.localtime(found.made_at), "DATETIME_FORMAT")
        return _("%(rows)d rows, as of %(moment)s") % {"rows": found.rows, "moment": at}

    @action(description=_("Take in a list of holders"), permissions=("take_in",), url_path="holders")
    def take_in(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connector = Connector.objects.select_related("system").get(pk=object_id)
        form = HoldersForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid() and _take_in(request, connector, form):
            return redirect(page_of(Connector, object_id))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]  # of the admin that this is mixed into
            "opts": Connector._meta,
            "title": _("Who holds what in %(system)s") % {"system": connector},
            "form": form,
            "connector": connector,
            "back_url": page_of(Connector, object_id),
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/provisioning/holders.html", context, status=status)

    def has_take_in_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        manual = Connector.objects.filter(pk=object_id, kind=ConnectorKind.MANUAL)
        return is_administrator(user_of(request)) and manual.exists()


def _take_in(request: HttpRequest, connector: Connector, form: HoldersForm) -> bool:
    """Keep the list, and compare the system with it at once; what is wrong stands in the form."""
    found = form.read(connector)
    if found is None:
        return False
    made_at = form.cleaned_data["made_at"] or timezone.now()
    try:
        kept = actions.take_in_holders(
            connector=connector, known_by=found.known_by, holders=found.holders, made_at=made_at, **by(request)
        )
    except ValidationError as error:
        form.add_error("made_at" if hasattr(error, "error_dict") else None, error.messages)
        return False
    try:
        actions.start_reconciliation(connector=connector, **by(request))
    except IllegalMove as refusal:
        messages.warning(request, str(refusal))
    messages.success(request, _("%(rows)d rows were taken in; they are reconciled now.") % {"rows": kept.rows})
    return True


def _read(upload: UploadedFile, connector: Connector) -> HolderFile:
    """The file, which is read from the disk as those of the commands are. Raises ImportRefused."""
    with NamedTemporaryFile(suffix=".csv") as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        return read_holders(Path(copy.name), connector=connector)


@admin.register(HandTask)
class HandTaskAdmin(ReadingAdmin):
    """What teams do by hand, to read: it is settled on the pages of tasks."""

    list_display = ("sentence", "progress", "team", "opened_at", "due_at", "settled_by")
    list_filter = ("state", "kind", "connector")
    search_fields = ("person__display_name", "person__username", "resource_role__resource__name")
    fields = (
        ("kind", "state", "page"),
        ("person_page", "resource_role", "connector", "team"),
        ("opened_at", "due_at"),
        ("settled_by", "settled_at"),
        "proof",
        "refusal",
    )
    readonly_fields = ("person_page", "page")
    sortable_by = ()
    ordering = ("-opened_at", "-id")
    paginator = NewestPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[HandTask]:
        return super().get_queryset(request).with_names()

    @display(description=_("person"))
    def person_page(self, task: HandTask) -> str:
        return link_to(task.person)

    @display(description=_("task"))
    def sentence(self, task: HandTask) -> str:
        return task.sentence

    @display(description=_("state"), label=TASK_LABELS)
    def progress(self, task: HandTask) -> tuple[str, str]:
        return task.state, task.get_state_display()

    @display(description=_("page"))
    def page(self, task: HandTask) -> str:
        return format_html('<a href="{}" class="underline">{}</a>', reverse("task", args=[task.pk]), _("settle it"))
