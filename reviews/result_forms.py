"""What those type who steer and look over campaigns: which of them, which items, until when, and why."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from requests_app.fields import LastDayField, WordsField

from .choices import Result, ReviewScope, Trigger, Verdict
from .lifecycle import UNFINISHED, ApplyState, CampaignStatus
from .models import PanelMember
from .querysets import CampaignQuerySet, ItemQuerySet

UNDER_WAY, OVER = "underWay", "over"
NO_DEPARTMENT = "-"


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


def _choices(everything: Any, choices: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    return [("", everything), *((value, capfirst(str(label))) for value, label in choices)]


class CampaignFilterForm(forms.Form):
    """Which campaigns are listed."""

    q = forms.CharField(label=_("Name"), max_length=200, required=False)
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=_choices(_("All"), [(UNDER_WAY, _("under way")), (OVER, _("over")), *CampaignStatus.choices]),
    )
    scope = forms.ChoiceField(
        label=_("What was reviewed"), required=False, choices=_choices(_("Anything"), ReviewScope.choices)
    )
    trigger = forms.ChoiceField(label=_("Started by"), required=False, choices=_choices(_("Anything"), Trigger.choices))
    since = _day(_("Begun from"))
    until = _day(_("Begun to"))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            raise ValidationError({"until": _("This is before the first day.")})
        return given

    def narrow(self, campaigns: CampaignQuerySet) -> CampaignQuerySet:
        """The campaigns that were asked for."""
        asked = self.cleaned_data
        wanted = Q()
        if asked["q"]:
            wanted &= Q(name__icontains=asked["q"])
        if asked["status"] in (UNDER_WAY, OVER):
            wanted &= Q(status__in=UNFINISHED) if asked["status"] == UNDER_WAY else ~Q(status__in=UNFINISHED)
        elif asked["status"]:
            wanted &= Q(status=asked["status"])
        if asked["scope"]:
            wanted &= Q(review__scope=asked["scope"])
        if asked["trigger"]:
            wanted &= Q(review__trigger=asked["trigger"])
        if asked["since"]:
            wanted &= Q(created_at__gte=_midnight(asked["since"]))
        if asked["until"]:
            wanted &= Q(created_at__lt=_midnight(asked["until"] + timedelta(days=1)))
        return campaigns.filter(wanted)

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.values())

    def asked(self) -> dict[str, str]:
        """What was asked for, as it was put: for the record and for links."""
        return {name: text for name in self.fields if (text := str(self.data.get(name, "")).strip())}


class HistoryForm(CampaignFilterForm):
    """Which campaigns are looked back upon, and which of their items a file has."""

    outcome = forms.ChoiceField(
        label=_("In files, items that"),
        required=False,
        choices=_choices(
            _("were reviewed"),
            [
                (Result.KEEP, _("stay")),
                (Result.REMOVE, _("are removed")),
                (Verdict.DENY, _("were denied")),
                (Verdict.DONT_KNOW, _("nobody knew about")),
                (Verdict.NOT_REVIEWED, _("nobody answered")),
                (ApplyState.FAILED, _("could not be removed yet")),
            ],
        ),
    )

    @property
    def wanted(self) -> Q:
        """The items that were asked for."""
        outcome = self.cleaned_data["outcome"]
        if not outcome:
            return Q()
        if outcome in Verdict:
            return Q(verdict=outcome)
        return Q(state=outcome) if outcome in ApplyState else Q(result=outcome)


class ResultFilterForm(forms.Form):
    """Which items of a campaign are listed."""

    q = forms.CharField(label=_("Person or access"), max_length=200, required=False)
    verdict = forms.ChoiceField(label=_("Answer"), required=False, choices=_choices(_("Any"), Verdict.choices))
    result = forms.ChoiceField(
        label=_("Result"), required=False, choices=_choices(_("Any"), [one for one in Result.choices if one[0]])
    )
    state = forms.ChoiceField(label=_("Applied"), required=False, choices=_choices(_("Any"), ApplyState.choices))
    department = forms.ChoiceField(label=_("Department"), required=False)
    reviewer = forms.CharField(label=_("Reviewer"), max_length=200, required=False)

    def __init__(self, *args: Any, departments: Iterable[str], **more: Any) -> None:
        super().__init__(*args, **more)
        names = [(name or NO_DEPARTMENT, name or _("none")) for name in departments]
        self.fields["department"].choices = [("", _("All")), *names]  # type: ignore[attr-defined]

    def narrow(self, items: ItemQuerySet) -> ItemQuerySet:
        """The items that were asked for."""
        asked = self.cleaned_data
        wanted = Q(**{name: asked[name] for name in ("verdict", "result", "state") if asked[name]})
        if asked["department"]:
            wanted &= Q(department="" if asked["department"] == NO_DEPARTMENT else asked["department"])
        if asked["q"]:
            wanted &= Q(person_name__icontains=asked["q"]) | Q(what__icontains=asked["q"])
        if asked["reviewer"]:
            seated = PanelMember.objects.filter(
                panel=OuterRef("panel"), person__display_name__icontains=asked["reviewer"]
            )
            wanted &= Q(decided_by__display_name__icontains=asked["reviewer"]) | Q(Exists(seated))
        return items.filter(wanted)

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.values())


class NothingForm(forms.Form):
    """Nothing is asked but whether."""


class WhyForm(forms.Form):
    """Why something is done to a campaign."""

    why = WordsField(label=_("Why?"), help_text=_("Kept in the journal, and in the report."))


class UntilForm(forms.Form):
    """Until when a campaign stays open."""

    until = LastDayField(label=_("Open until the end of"))


def id_of(text: str | None) -> UUID | None:
    """The id that was given; None where there is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
