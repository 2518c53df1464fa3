"""The shapes of catalog configuration: resources, policies, their stages and questions as people fill them in."""

from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from accessgov.administration import ConfigurationForm, pick_many

from .actions import Stage
from .choices import ApproverKind, ApproverUse, QuestionKind
from .models import ApprovalStage, Catalog, Policy, Question, Resource, StageApprover

IN_CATALOG = Catalog.resources.through._meta.get_field("catalog")
PERSON = StageApprover._meta.get_field("person")
GROUP = StageApprover._meta.get_field("group")


class ResourceForm(ConfigurationForm):
    """A resource, and the catalogs that hold it."""

    catalogs = pick_many(IN_CATALOG, label=_("Catalogs"), help_text=_("Packages of these catalogs may use its roles."))

    class Meta:
        model = Resource
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["catalogs"] = list(self.instance.catalogs.all())


class DecidedBy(models.TextChoices):
    AS_IT_IS = "", _("as set on the policy's own page")
    MANAGER = "manager", _("their manager, within 14 days")
    NOBODY = "nobody", _("nobody: approved by itself")


class PolicyOnPackageForm(forms.ModelForm):
    """A policy on its package's page, where the usual ways to decide are one choice."""

    decided_by = forms.ChoiceField(label=_("Decided by"), required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Policy
        fields = (
            "name", "is_enabled", "scope", "people", "groups", "requires_justification", "duration_kind",
            "duration_amount", "ends_at",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance._state.adding
        field = self.fields["decided_by"]
        field.choices = [choice for choice in DecidedBy.choices if choice[0] or not is_new]  # type: ignore[attr-defined]  # a choice field
        field.initial = DecidedBy.MANAGER if is_new else DecidedBy.AS_IT_IS

    def stages(self) -> list[Stage] | None:
        """Who is to decide; None where that stays as it is."""
        match self.cleaned_data["decided_by"]:
            case DecidedBy.MANAGER:
                return [Stage(ApprovalStage(), [StageApprover(kind=ApproverKind.MANAGER)])]
            case DecidedBy.NOBODY:
                return []
        return None


ASKED: dict[str, tuple[ApproverUse, ApproverKind]] = {
    "manager": (ApproverUse.PRIMARY, ApproverKind.MANAGER),
    "people": (ApproverUse.PRIMARY, ApproverKind.PERSON),
    "groups": (ApproverUse.PRIMARY, ApproverKind.GROUP),
    "fallback_manager": (ApproverUse.FALLBACK, ApproverKind.MANAGER),
    "fallback_people": (ApproverUse.FALLBACK, ApproverKind.PERSON),
    "fallback_groups": (ApproverUse.FALLBACK, ApproverKind.GROUP),
    "alternate_manager": (ApproverUse.ALTERNATE, ApproverKind.MANAGER),
    "alternate_people": (ApproverUse.ALTERNATE, ApproverKind.PERSON),
    "alternate_groups": (ApproverUse.ALTERNATE, ApproverKind.GROUP),
}
"""Which approvers each field of a stage stands for."""


class StageForm(forms.ModelForm):
    """A stage with its approvers, chosen by kind instead of one by one."""

    manager = forms.BooleanField(label=_("The person's manager"), required=False, widget=UnfoldBooleanSwitchWidget)
    people = pick_many(PERSON, label=_("Named people"))
    groups = pick_many(GROUP, label=_("Members of groups"))
    fallback_manager = forms.BooleanField(
        label=_("Else, the manager"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    fallback_people = pick_many(PERSON, label=_("Else, people"), help_text=_("Asked where none of the first is found."))
    fallback_groups = pick_many(GROUP, label=_("Else, members of groups"))
    alternate_manager = forms.BooleanField(
        label=_("As alternate, the manager"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    alternate_people = pick_many(
        PERSON,
        label=_("As alternates, people"),
        help_text=_("Asked as well, where it is not decided after so many days."),
    )
    alternate_groups = pick_many(GROUP, label=_("As alternates, members of groups"))

    class Meta:
        model = ApprovalStage
        fields = (
            "position",
            "approvals_required",
            "time_limit_days",
            "requires_justification",
            "alternates_after_days",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial.setdefault("manager", True)
            return
        asked = list(self.instance.approvers.all())
        for name, (use, kind) in ASKED.items():
            those = [one for one in asked if (one.use, one.kind) == (use, kind)]
            is_switch = kind == ApproverKind.MANAGER
            self.initial[name] = bool(those) if is_switch else [one.person_id or one.group_id for one in those]

    def stage(self) -> Stage:
        """The stage as it is to be."""
        return Stage(self.instance, [approver for name in ASKED for approver in self._approvers(name)])

    def _approvers(self, name: str) -> list[StageApprover]:
        (use, kind), chosen = ASKED[name], self.cleaned_data[name]
        match kind:
            case ApproverKind.PERSON:
                return [StageApprover(use=use, kind=kind, person=person) for person in chosen]
            case ApproverKind.GROUP:
                return [StageApprover(use=use, kind=kind, group=group) for group in chosen]
        return [StageApprover(use=use, kind=kind)] if chosen else []


class LinesField(forms.CharField):
    """A list of words, one a line."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return list(dict.fromkeys(line.strip() for line in (value or "").splitlines() if line.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)


class QuestionForm(forms.ModelForm):
    """A question; its choices are typed one a line."""

    choices = LinesField(label=_("Choices, one a line"), required=False)

    class Meta:
        model = Question
        fields = ("position", "text", "kind", "choices", "is_required")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if cleaned and cleaned.get("kind") == QuestionKind.TEXT:
            cleaned["choices"] = []
        return cleaned
