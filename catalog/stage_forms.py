"""The shape of a stage of approval as people fill it in: its approvers by kind, its times in days or hours."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectMultipleWidget, UnfoldAdminSelectWidget

from accessgov.administration import pick_many, pick_one

from .actions import Stage, check_stage
from .choices import ApproverKind, ApproverUse
from .models import ApprovalStage, StageApprover
from .models.stages import HIGHEST_LEVEL, NAMED_BY
from .wording import manager_in_words

PERSON = StageApprover._meta.get_field("person")
GROUP = StageApprover._meta.get_field("group")
EXTENSION = StageApprover._meta.get_field("extension")


class Unit(models.TextChoices):
    DAYS = "days", _("days")
    HOURS = "hours", _("hours")


UNITS = {Unit.DAYS: timedelta(days=1), Unit.HOURS: timedelta(hours=1)}


class PeriodWidget(forms.MultiWidget):
    """A number, and what it counts."""

    def __init__(self) -> None:
        number = UnfoldAdminIntegerFieldWidget(attrs={"min": 1, "aria-label": _("number")})
        unit = UnfoldAdminSelectWidget(attrs={"aria-label": _("days or hours")}, choices=Unit.choices)
        super().__init__([number, unit])

    def decompress(self, value: timedelta | None) -> list[Any]:
        """In days where it has no rest, else in hours."""
        if value is None:
            return [None, Unit.DAYS]
        unit = Unit.HOURS if value % UNITS[Unit.DAYS] else Unit.DAYS
        return [value // UNITS[unit], unit]


class PeriodField(forms.MultiValueField):
    """A number of days or hours; nothing where no number is given."""

    def __init__(self, **options: Any) -> None:
        number = forms.IntegerField(min_value=1, max_value=9999)
        unit = forms.ChoiceField(choices=Unit.choices)
        super().__init__((number, unit), widget=PeriodWidget(), require_all_fields=False, **options)

    def clean(self, value: Any) -> timedelta | None:
        """A unit alone is no period: it is always chosen."""
        number = value[0] if isinstance(value, Sequence) and value else None
        return super().clean([None, None] if number in (None, "") else value)

    def compress(self, data_list: list[Any]) -> timedelta | None:
        return data_list[0] * UNITS[Unit(data_list[1])] if data_list and data_list[0] else None


def _places() -> list[tuple[str, Any]]:
    """Everybody whom a stage can ask without naming them, by what they are to the request; the usual ones first."""
    managers = [(f"{ApproverKind.MANAGER}:{n}", capfirst(manager_in_words(n))) for n in range(1, HIGHEST_LEVEL + 1)]
    unnamed = [kind for kind in ApproverKind if kind != ApproverKind.MANAGER and kind not in NAMED_BY]
    return [*managers[:2], *((f"{kind}:1", capfirst(kind.label)) for kind in unnamed), *managers[2:]]


class PlacesField(forms.MultipleChoiceField):
    """Some of those whom a stage can ask without naming them."""

    def __init__(self, **options: Any) -> None:
        widget = UnfoldAdminSelectMultipleWidget(attrs={"size": 8})
        super().__init__(choices=_places, required=False, widget=widget, **options)


PREFIXES = {ApproverUse.PRIMARY: "", ApproverUse.FALLBACK: "fallback_", ApproverUse.ALTERNATE: "alternate_"}
"""What the names of the fields begin with that say who is asked as what."""


class StageForm(forms.ModelForm):
    """A stage with its approvers, chosen by kind instead of one by one."""

    time_limit = PeriodField(label=_("Time to decide"), initial=timedelta(days=14))
    alternates_after = PeriodField(
        label=_("Alternates are asked after"),
        required=False,
        help_text=_("Where it is not decided by then, they are asked as well."),
    )
    places = PlacesField(label=_("Asked by what they are"))
    people = pick_many(PERSON, label=_("Named people"))
    groups = pick_many(GROUP, label=_("Members of groups"))
    fallback_places = PlacesField(label=_("Else, by what they are"), help_text=_("Asked where none of those is found."))
    fallback_people = pick_many(PERSON, label=_("Else, people"))
    fallback_groups = pick_many(GROUP, label=_("Else, members of groups"))
    alternate_places = PlacesField(label=_("As alternates, by what they are"))
    alternate_people = pick_many(PERSON, label=_("As alternates, people"))
    alternate_groups = pick_many(GROUP, label=_("As alternates, members of groups"))
    extension = pick_one(
        EXTENSION,
        label=_("Or, whoever this custom extension names"),
        help_text=_("It is asked when the stage begins. Name nobody else above but who decides where it does not say."),
    )

    class Meta:
        model = ApprovalStage
        fields = (
            "position",
            "approvals_required",
            "time_limit",
            "requires_justification",
            "alternates_after",
            "audience",
            "is_for_privileged",
            "least_risk",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial.setdefault("places", [f"{ApproverKind.MANAGER}:1"])
            return
        asked = list(self.instance.approvers.all())
        for use, prefix in PREFIXES.items():
            mine = [one for one in asked if one.use == use]
            unnamed = [one for one in mine if one.kind not in NAMED_BY]
            self.initial[f"{prefix}places"] = [f"{one.kind}:{one.level}" for one in unnamed]
            self.initial[f"{prefix}people"] = [one.person_id for one in mine if one.person_id]
            self.initial[f"{prefix}groups"] = [one.group_id for one in mine if one.group_id]
        self.initial["extension"] = next((one.extension_id for one in asked if one.extension_id), None)

    def _post_clean(self) -> None:
        """Say here, at its field, what the action would refuse of the stage as a whole."""
        super()._post_clean()  # type: ignore[misc]  # Django's own step, after which the row is filled in
        if self.errors or self.cleaned_data.get("DELETE"):
            return
        stage = self.stage()
        try:
            check_stage(stage.row, stage.approvers)
        except ValidationError as refusal:
            for field, errors in refusal.error_dict.items():
                self.add_error("places" if field == "approvers" else field, errors)

    def stage(self) -> Stage:
        """The stage as it is to be."""
        named = [one for use, prefix in PREFIXES.items() for one in self._approvers(use, prefix)]
        if extension := self.cleaned_data["extension"]:
            named.append(StageApprover(kind=ApproverKind.EXTENSION, extension=extension))
        return Stage(self.instance, named)

    def _approvers(self, use: ApproverUse, prefix: str) -> list[StageApprover]:
        chosen = self.cleaned_data
        places = [place.partition(":") for place in chosen[f"{prefix}places"]]
        people, groups = chosen[f"{prefix}people"], chosen[f"{prefix}groups"]
        return [
            *(StageApprover(use=use, kind=kind, level=int(level)) for kind, _colon, level in places),
            *(StageApprover(use=use, kind=ApproverKind.PERSON, person=person) for person in people),
            *(StageApprover(use=use, kind=ApproverKind.GROUP, group=group) for group in groups),
        ]
