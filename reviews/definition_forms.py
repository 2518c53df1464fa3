"""The shape of reviews and their stages as people fill them in."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from accessgov.administration import ConfigurationForm, pick_many
from catalog.stage_forms import PeriodField

from .actions.rules import NAMES, Stage, check_stage
from .choices import DeniedGuests, Frequency, ReviewerKind, Trigger
from .models import Review, ReviewStage
from .models.reviews import NAMED_BY

PEOPLE = ReviewStage.people.through._meta.get_field("user")
GROUPS = ReviewStage.groups.through._meta.get_field("group")


class ReviewForm(ConfigurationForm):
    """A review; what an action refuses is told at the field where it is."""

    class Meta:
        model = Review
        fields = "__all__"

    def clean(self) -> dict[str, Any] | None:
        """What the page hides, since something else was chosen, is not meant."""
        super().clean()
        named = NAMED_BY.get(self.cleaned_data.get("scope", ""))
        hidden: dict[str, Any] = {name: None for name in NAMED_BY.values() if name != named}
        if self.cleaned_data.get("trigger") != Trigger.SCHEDULE:
            hidden |= {"starts_on": None, "frequency": Frequency.ONCE}
        if self.cleaned_data.get("frequency", Frequency.ONCE) == Frequency.ONCE or "starts_on" in hidden:
            hidden |= {"interval": 1, "ends_on": None, "occurrences": None}
        if self.cleaned_data.get("trigger") != Trigger.DORMANT:
            hidden["dormant_days"] = None
        if not self.cleaned_data.get("is_for_guests"):
            hidden["denied_guests"] = DeniedGuests.REMOVE
        self.cleaned_data |= {name: value for name, value in hidden.items() if name in self.fields}
        return self.cleaned_data

    def _get_validation_exclusions(self) -> set[str]:
        """What belongs together is judged by the action, which says it in words."""
        return {*super()._get_validation_exclusions(), "scope", "trigger", "policy"}  # type: ignore[misc]

    def placed(self, refusal: ValidationError) -> ValidationError:
        """At its field where the form has it; what is wrong with the stages, above the form."""
        if not hasattr(refusal, "error_dict"):
            return super().placed(refusal)
        placed: dict[str, list[ValidationError]] = {}
        for name, errors in refusal.error_dict.items():
            placed.setdefault(name if name in self.fields else NON_FIELD_ERRORS, []).extend(errors)
        return ValidationError(placed)


class ReviewStageForm(forms.ModelForm):
    """A stage with whom it names."""

    duration = PeriodField(label=_("Open for"), initial=timedelta(days=14))
    people = pick_many(PEOPLE, label=_("Named people"))
    groups = pick_many(GROUPS, label=_("Members of groups"))
    fallback_people = pick_many(
        PEOPLE,
        label=_("Else, people"),
        help_text=_("Asked where nobody is found; else the package's owner, the catalog's owners, administrators."),
    )
    fallback_groups = pick_many(GROUPS, label=_("Else, members of groups"))

    class Meta:
        model = ReviewStage
        fields = (
            "position", "reviewers", "duration", "takes_approved", "takes_denied", "takes_unknown", "takes_unreviewed",
            "shows_earlier",
        )  # fmt: skip
        help_texts = {"takes_approved": _("Answers of the stage before it that are asked again; not of the first.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial.update({name: [row.pk for row in getattr(self.instance, name).all()] for name in NAMES})

    def _get_validation_exclusions(self) -> set[str]:
        """What a later stage takes on is judged below, at its field: the page shows no others of a stage."""
        return {*super()._get_validation_exclusions(), "position"}  # type: ignore[misc]  # Django's own

    def has_changed(self) -> bool:
        """A stage that somebody added is meant, also where it is left as it is offered."""
        return self.instance._state.adding or super().has_changed()

    def _post_clean(self) -> None:
        """Say here, at its field, what the action would refuse of the stage as a whole."""
        super()._post_clean()  # type: ignore[misc]  # Django's own step, after which the row is filled in
        if self.errors or self.cleaned_data.get("DELETE"):
            return
        try:
            check_stage(self.stage())
        except ValidationError as refusal:
            for name, errors in refusal.error_dict.items():
                self.add_error(name, errors)

    def stage(self) -> Stage:
        """The stage as it is to be."""
        return Stage(self.instance, *(list(self.cleaned_data[name]) for name in NAMES))


UNNAMED = [("", _("as set on the review's own page"))]


class ReviewOnPolicyForm(forms.ModelForm):
    """A policy's review on the policy's page, in the choices that most of them need."""

    reviewers = forms.ChoiceField(label=_("Who reviews"), required=False, widget=UnfoldAdminSelectWidget)
    people = pick_many(PEOPLE, label=_("Named people"))
    groups = pick_many(GROUPS, label=_("Members of groups"))
    open_for = PeriodField(label=_("Open for"), required=False)

    class Meta:
        model = Review
        fields = ("is_enabled", "frequency", "starts_on", "if_no_response")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance._state.adding
        kinds = [(kind.value, capfirst(kind.label)) for kind in ReviewerKind]
        field: Any = self.fields["reviewers"]
        field.choices = kinds if self.is_new else [*UNNAMED, *kinds]
        self.only = self._only_stage()
        if self.only:
            field.choices = kinds
            self.initial.update(reviewers=self.only.row.reviewers, open_for=self.only.row.duration)
            self.initial.update({name: [row.pk for row in getattr(self.only, name)] for name in ("people", "groups")})
        elif self.is_new:
            self.initial.update(frequency=Frequency.SEMI_ANNUALLY, starts_on=timezone.localdate())
            self.initial.update(reviewers=ReviewerKind.MANAGER, open_for=timedelta(days=14))

    def has_changed(self) -> bool:
        """A review that somebody added is meant, also where it is left as it is offered."""
        return self.is_new or super().has_changed()

    def _only_stage(self) -> Stage | None:
        """The one stage, where there is just one: of several, each is on the review's own page."""
        rows = [] if self.is_new else list(self.instance.stages.all())
        return Stage.of(rows[0]) if len(rows) == 1 else None

    def stages(self) -> list[Stage] | None:
        """Who is to review; None where that stays as it is."""
        chosen = self.cleaned_data
        if not chosen.get("reviewers"):
            return None
        row = self.only.row if self.only else ReviewStage(position=1)
        row.reviewers = chosen["reviewers"]
        row.duration = chosen.get("open_for") or row.duration
        kept = (self.only.fallback_people, self.only.fallback_groups) if self.only else ((), ())
        return [Stage(row, list(chosen["people"]), list(chosen["groups"]), *kept)]
