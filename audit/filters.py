"""The questions that the journal's search answers: about whom, by whom, which package, what, when, which story.

Names are looked up among people and packages first, so that the journal itself is only ever asked by id and index.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from . import verbs
from .models import Event
from .querysets import EventQuerySet

MOST = 50
"""More things of one name than this are not searched for at once: an incomplete answer would look like a whole one."""
SYSTEM = "AccessGov"


def _no_packages(text: str) -> list[UUID]:
    return []


package_lookup: Callable[[str], list[UUID]] = _no_packages
"""Finds packages by name. The catalog sets it when it is ready, for the journal imports no other app."""


class _NamesField(forms.CharField):
    """A name or an id, cleaned into the ids of what bears it; None where nothing was asked.

    The ids come as a frozenset: an empty list would pass for an empty field, and an unknown name for no question.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 200, **options})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = frozenset([exact] if (exact := _as_uuid(text)) else self.find(text))
        if len(found) > MOST:
            raise forms.ValidationError(
                _("More than %(most)d match “%(text)s”: please be more precise.") % {"most": MOST, "text": text}
            )
        return found

    def find(self, text: str) -> Iterable[UUID | None]:
        """The ids of what the text means, one more than `MOST` at most; each kind of name has its own."""
        raise NotImplementedError


class PeopleField(_NamesField):
    """A username or an address, or else the beginning of a name."""

    def find(self, text: str) -> Iterable[UUID | None]:
        people = get_user_model()._default_manager.order_by("pk").values_list("pk", flat=True)
        exactly = people.filter(Q(username__iexact=text) | Q(email__iexact=text))
        return exactly[: MOST + 1] or people.filter(display_name__istartswith=text)[: MOST + 1]


class ActorField(PeopleField):
    """A person who did something, or the system itself by its name."""

    def find(self, text: str) -> Iterable[UUID | None]:
        return [None] if text.casefold() == SYSTEM.casefold() else super().find(text)


class PackagesField(_NamesField):
    """An access package's name, as the catalog finds it."""

    def find(self, text: str) -> Iterable[UUID | None]:
        return package_lookup(text)


@extend_schema_field(OpenApiTypes.STR)
class PeopleFilter(django_filters.Filter):
    field_class = PeopleField


@extend_schema_field(OpenApiTypes.STR)
class ActorFilter(django_filters.Filter):
    field_class = ActorField


@extend_schema_field(OpenApiTypes.STR)
class PackagesFilter(django_filters.Filter):
    field_class = PackagesField


def _hint(text: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"placeholder": text})


def _day(**options: Any) -> django_filters.DateFilter:
    return django_filters.DateFilter(widget=forms.DateInput(attrs={"type": "date"}), **options)


class EventFilter(django_filters.FilterSet):
    """The search of the journal, for its page, its API and its exports alike."""

    person = PeopleFilter(label=gettext_lazy("Person"), method="about_or_by", widget=_hint(gettext_lazy("Name, mail")))
    package = PackagesFilter(
        label=gettext_lazy("Package"), method="of_packages", widget=_hint(gettext_lazy("Part of its name"))
    )
    actor = ActorFilter(label=gettext_lazy("Who did it"), method="by", widget=_hint(gettext_lazy("Name, mail")))
    verb = django_filters.ChoiceFilter(
        label=gettext_lazy("What"), choices=verbs.choices, empty_label=gettext_lazy("Everything")
    )
    since = _day(label=gettext_lazy("From"), method="from_day")
    until = _day(label=gettext_lazy("To"), method="to_day")
    story = django_filters.UUIDFilter(
        label=gettext_lazy("Story"), field_name="correlation_id", widget=forms.HiddenInput()
    )
    target = django_filters.CharFilter(
        label=gettext_lazy("Thing"), field_name="target_id", max_length=60, widget=forms.HiddenInput()
    )

    class Meta:
        model = Event
        fields: list[str] = []

    def about_or_by(self, events: EventQuerySet, name: str, people: frozenset[UUID]) -> EventQuerySet:
        """What happened to these people, and what they did."""
        return events.filter(Q(person_id__in=people) | Q(actor__in=people))

    def of_packages(self, events: EventQuerySet, name: str, packages: frozenset[UUID]) -> EventQuerySet:
        """What happened around these packages."""
        return events.filter(package_id__in=packages)

    def by(self, events: EventQuerySet, name: str, people: frozenset[UUID | None]) -> EventQuerySet:
        """What these people, or the system itself, did."""
        return events.filter(actor__isnull=True) if people == {None} else events.filter(actor__in=people)

    def from_day(self, events: EventQuerySet, name: str, day: date) -> EventQuerySet:
        """From the beginning of this day, in the zone that pages show."""
        return events.filter(occurred_at__gte=_midnight(day))

    def to_day(self, events: EventQuerySet, name: str, day: date) -> EventQuerySet:
        """Up to the end of this day, the day included."""
        return events.filter(occurred_at__lt=_midnight(day + timedelta(days=1))) if day < date.max else events

    def asked(self) -> dict[str, str]:
        """The questions of this search as they were put, for the record and for links."""
        return {name: text for name in self.filters if (text := str(self.data.get(name, "")).strip())}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
