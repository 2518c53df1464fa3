"""Whom a review would reach if it started now: how many items of how many people, put to how many reviewers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import AccessPackage, Catalog, Resource
from directory.models import User

from . import reviewers
from .choices import ReviewerKind, Trigger
from .models import Campaign, Review, ReviewStage
from .population import ASSIGNMENTS, Source, sources_of
from .terms import Terms

MOST_COUNTED = 10_000
"""Of more items than these it is only said that they are more: whoever opens the page waits for no million rows."""

NOBODY = gettext_lazy(
    "Nobody could answer: whom it names is not there, no fallback is named, nothing of it has an owner, and no "
    "administrator is enabled."
)


@dataclass(frozen=True)
class ReviewReach:
    """What a campaign would look at now; of more than `MOST_COUNTED` items nothing else is counted."""

    items: int
    people: int = 0
    reviewers: int = 0
    """In its first stage, without those who are asked where nobody is found."""

    @property
    def is_more(self) -> bool:
        """Whether they are more than are counted."""
        return self.items > MOST_COUNTED


def reach_of(review: Review, *, now: datetime) -> ReviewReach | None:
    """What a campaign would look at now, by a fixed number of statements; None where an event starts it."""
    if review.trigger != Trigger.SCHEDULE:
        return None
    sources = _sources(review, now=now)
    items = sum(source.rows.order_by()[: MOST_COUNTED + 1].count() for source in sources)
    if items > MOST_COUNTED:
        return ReviewReach(MOST_COUNTED + 1)
    first = review.stages.order_by("position").first()
    people = _people_of(sources)
    reviewers_of_it = people if first and first.reviewers == ReviewerKind.SELF else _asked(first, sources)
    return ReviewReach(items, people, reviewers_of_it)


def is_reviewable(review: Review, *, now: datetime, person: User | None = None) -> bool:
    """Whether anybody at all could answer in its first stage if it started now; also where nothing is to be answered.

    One statement as long as there is an administrator. `person` is the one concerned, where an event starts it.
    """
    stage = None if _is_administered() else review.stages.order_by("position").first()
    if stage is None:
        return True
    people = [*_ids(stage.people), *_ids(stage.fallback_people)]
    named = {"people": people, "groups": [*_ids(stage.groups), *_ids(stage.fallback_groups)]}
    return could_be_reviewed(review, by=stage.reviewers, named=named, now=now, person=person)


def could_be_reviewed(
    review: Review, *, by: str, named: Mapping[str, Sequence[str]], now: datetime, person: User | None = None
) -> bool:
    """The same of a stage by these reviewers, with whoever is `named`, be it as fallback (`reviewers.named`)."""
    if _is_administered() or by == ReviewerKind.SELF or reviewers.named(named):
        return True
    sources = [source for source in _sources(review, now=now, person=person) if source.rows.exists()]
    is_anybody = by != ReviewerKind.PEOPLE and _asked(ReviewStage(reviewers=by), sources) > 0
    return is_anybody or not sources or any(_is_owned(source) for source in sources)


def _is_owned(source: Source) -> bool:
    """Whether any of it has an owner, who is asked where a stage finds nobody."""
    rows = source.rows.order_by()
    if source.name != ASSIGNMENTS:
        resources = Resource.objects.filter(pk__in=rows.values("resource_role__resource"))
        return bool(reviewers.of_resources(resources, or_of_their_catalogs=True))
    packages = AccessPackage.objects.filter(pk__in=rows.values("package"))
    catalogs = Catalog.objects.filter(pk__in=packages.values("catalog"))
    return packages.filter(owner__is_active=True).exists() or bool(reviewers.of_catalogs(catalogs))


def _is_administered() -> bool:
    """They are asked where nobody else is found."""
    return User.objects.administrators().exists()


def in_words(reach: ReviewReach | None) -> str:
    """“12 items of 10 people, put to 3 reviewers.”"""
    if reach is None:
        return _("Each time one person: whoever it happens to.")
    if reach.is_more:
        said = _("More than %(most)s items; who is asked about them is found out when it starts.")
        return said % {"most": number_format(MOST_COUNTED, force_grouping=True)}
    if not reach.items:
        return _("Nothing at present: a campaign that started now would end at once.")
    facts = {
        "items": ngettext("%(count)d item", "%(count)d items", reach.items) % {"count": reach.items},
        "people": ngettext("%(count)d person", "%(count)d people", reach.people) % {"count": reach.people},
        "reviewers": ngettext("%(count)d reviewer", "%(count)d reviewers", reach.reviewers)
        % {"count": reach.reviewers},
    }
    if not reach.reviewers:
        return _("%(items)s of %(people)s; nobody whom its first stage names is there to review them.") % facts
    return _("%(items)s of %(people)s, put to %(reviewers)s.") % facts


def _sources(review: Review, *, now: datetime, person: User | None = None) -> list[Source]:
    """What a campaign would take in."""
    return sources_of(Campaign(terms=Terms.of(review, person=person).as_json(), created_at=now))


def _people_of(sources: Sequence[Source]) -> int:
    """How many people they are of, each counted once; by one statement, since they may be a million."""
    first, *others = (source.rows.order_by().values("person") for source in sources)
    return first.union(*others).count() if others else first.distinct().count()


def _asked(stage: ReviewStage | None, sources: Sequence[Source]) -> int:
    return len(set().union(*(_reviewers(stage, source) for source in sources))) if stage else 0


def _reviewers(stage: ReviewStage, source: Source) -> Iterable[UUID]:
    """Those whom the stage asks about these rows."""
    rows = source.rows.order_by()
    match stage.reviewers:
        case ReviewerKind.PEOPLE:
            return reviewers.named({name: _ids(getattr(stage, name)) for name in ("people", "groups")})
        case ReviewerKind.MANAGER:
            return rows.filter(person__manager__is_active=True).values_list("person__manager", flat=True).distinct()
        case ReviewerKind.SPONSORS:
            return _all(reviewers.sponsors(User.objects.filter(pk__in=rows.values("person"))))
    return _owners(stage, source, rows)


def _owners(stage: ReviewStage, source: Source, rows: "QuerySet[Any]") -> Iterable[UUID]:
    if source.name != ASSIGNMENTS:
        resources = Resource.objects.filter(pk__in=rows.values("resource_role__resource"))
        return _all(reviewers.of_resources(resources)) if stage.reviewers == ReviewerKind.RESOURCE_OWNERS else ()
    packages = AccessPackage.objects.filter(pk__in=rows.values("package"))
    match stage.reviewers:
        case ReviewerKind.PACKAGE_OWNER:
            return packages.filter(owner__is_active=True).values_list("owner", flat=True)
        case ReviewerKind.CATALOG_OWNERS:
            return _all(reviewers.of_catalogs(Catalog.objects.filter(pk__in=packages.values("catalog"))))
    return _all(reviewers.of_resources_in(packages))


def _all(seats: reviewers.Seats) -> set[UUID]:
    return {person for people in seats.values() for person in people}


def _ids(people_or_groups: Any) -> list[str]:
    return [str(pk) for pk in people_or_groups.values_list("pk", flat=True)]
