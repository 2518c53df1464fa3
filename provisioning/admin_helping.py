"""What administrators do about stuck operations beside retrying them: say that they are not to be done, and why."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.forms import ActionForm, BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accessgov.administration import after_dialog, by, link_to, page_of

from . import actions
from .models import Connector, Operation

WHY = _("Why?")


class SkipForm(BaseDialogForm):
    """Why an operation is not to be done."""

    why = forms.CharField(label=WHY, max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))


class ActionWithReason(ActionForm):
    """The choice of what is done with chosen rows, and why."""

    why = forms.CharField(
        label="",
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget(
            attrs={"placeholder": WHY, "aria-label": WHY, "x-show": "action == 'skip_chosen'"}
        ),
    )


class SkippingAdmin:
    """What the pages of operations have for skipping them, one or many, always with a reason."""

    action_form = ActionWithReason

    @display(description=_("connector"))
    def connector(self, operation: Operation) -> str:
        return link_to(Connector.objects.filter(system=operation.system_id).first())

    @admin.action(description=_("Skip what is stuck, and say why"), permissions=("retry",))
    def skip_chosen(self, request: HttpRequest, operations: QuerySet[Operation]) -> None:
        self._skip(request, operations, why=request.POST.get("why", ""))

    @action(
        description=_("Skip, and say why"),
        permissions=("retry",),
        dialog={
            "title": _("Skip it?"),
            "description": _(
                "It is not tried any more. What was to be given stays missing; what was to be taken away counts as "
                "gone on your word, so look into the system first."
            ),
            "form_class": SkipForm,
            "form_submit_text": _("Skip"),
        },
    )
    def skip(self, request: HttpRequest, form: SkipForm, object_id: str) -> HttpResponse:
        self._skip(request, Operation.objects.filter(pk=object_id), why=form.cleaned_data["why"])
        return after_dialog(page_of(Operation, object_id))

    def _skip(self, request: HttpRequest, operations: Any, *, why: str) -> None:
        try:
            count = actions.skip_stuck(operations=list(operations), reason=why[:300], **by(request))
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return
        said = ngettext("%(count)d operation is skipped.", "%(count)d operations are skipped.", count)
        messages.info(request, said % {"count": count})
