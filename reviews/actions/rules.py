"""What every review is held to before it is saved: each thing that is wrong, told at the field where it is."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.wording import time_in_words
from directory.models import Group, User
from directory.permissions import is_administrator

from .. import reviewers
from ..choices import DeniedGuests, Frequency, ReviewerKind, ReviewScope, Trigger
from ..models import Review, ReviewStage
from ..models.reviews import MOST_STAGES, NAMED_BY
from ..permissions import can_define
from ..reach import NOBODY, could_be_reviewed
from ..recurrence import occurrence, shortest_gap

FURTHEST = timedelta(days=3650)
"""A first start further off than this is a slip of the keyboard."""
BY_PACKAGE = (ReviewScope.POLICY, ReviewScope.PACKAGE)
BY_ROLE = (ReviewScope.RESOURCE, ReviewScope.ROLE)
Fault = tuple[str, str]
"""A field, and what is wrong with it."""


@dataclass(frozen=True)
class Stage:
    """A stage as it is to be: its row and whom it names, none of it saved."""

    row: ReviewStage
    people: Collection[User] = field(default=())
    groups: Collection[Group] = field(default=())
    fallback_people: Collection[User] = field(default=())
    fallback_groups: Collection[Group] = field(default=())

    @classmethod
    def of(cls, row: ReviewStage) -> "Stage":
        """A stage that is stored."""
        return cls(row, *(list(getattr(row, name).all()) for name in NAMES))


NAMES = ("people", "groups", "fallback_people", "fallback_groups")


def require_definer(actor: User | None, review: Review) -> None:
    """Raises PermissionDenied unless the actor may define reviews of what this one looks at; the system (None) may."""
    if actor is not None and not can_define(actor, review):
        raise PermissionDenied(_("You may only set up reviews of what you look after yourself."))


def check_review(
    review: Review, stages: Sequence[Stage], *, old: Review | None, now: datetime, actor: User | None = None
) -> None:
    """Raises ValidationError, by field, with everything that keeps the review from being what it says, or what is not
    the actor's to say.
    """
    review.clean_fields()
    wrong = list(chain(
        _subject(review, old=old), _limits(review, actor=actor), _trigger(review), _calendar(review, old=old, now=now),
        _stages(review, stages),
    ))  # fmt: skip
    faults: defaultdict[str, list[str]] = defaultdict(list)
    for name, said in wrong or chain(_overlap(review, stages), _nobody(review, stages, now=now)):
        faults[name].append(said)
    if faults:
        raise ValidationError(dict(faults))


def check_stage(stage: Stage) -> None:
    """Raises ValidationError, by field, where nobody could review in the stage, or nothing."""
    if found := dict([*_reviewers(stage), *_taking(stage)]):
        raise ValidationError({name: [said] for name, said in found.items()})


# --- What it looks at ------------------------------------------------------------------------------------------------


def _subject(review: Review, *, old: Review | None) -> Iterator[Fault]:
    named = NAMED_BY.get(ReviewScope(review.scope))
    for name in NAMED_BY.values():
        chosen = getattr(review, f"{name}_id")
        label = getattr(Review, name).field.verbose_name
        if name == named and chosen is None:
            yield name, _("Say which %(what)s is reviewed.") % {"what": label}
        elif name != named and chosen is not None:
            yield name, _("Leave this empty: something else is reviewed.")
    if old and old.campaigns.exists() and _named_by(old) != _named_by(review):
        yield "scope", _("It has campaigns, whose results would change hands. Set up another review instead.")
    elif review.policy and Review.objects.filter(policy=review.policy).exclude(pk=review.pk).exists():
        yield "policy", _("This policy has a review already: change that one.")


def _named_by(review: Review) -> tuple[object, ...]:
    return (review.scope, *(getattr(review, f"{name}_id") for name in NAMED_BY.values()))


def _limits(review: Review, *, actor: User | None) -> Iterator[Fault]:
    if review.denied_guests == DeniedGuests.BLOCK and not review.is_for_guests:
        yield "denied_guests", _("Only a review of guests alone blocks and deletes those who are denied.")
    elif review.denied_guests == DeniedGuests.BLOCK and not (actor is None or is_administrator(actor)):
        yield "denied_guests", _("Guests belong to more than this: only administrators have them blocked and deleted.")
    if review.includes_adopted and review.scope in BY_PACKAGE:
        yield "includes_adopted", _("A package knows nothing of what it did not give: review the catalog or resource.")


# --- When it starts --------------------------------------------------------------------------------------------------


def _trigger(review: Review) -> Iterator[Fault]:
    is_concerned = review.scope == ReviewScope.CONCERNED
    if review.trigger == Trigger.SCHEDULE and is_concerned:
        yield "trigger", _("A review of the person concerned is started by something that happens to them.")
    if review.trigger != Trigger.SCHEDULE and not is_concerned:
        yield "scope", _("What happens to somebody starts a review of everything that this person has.")
    if review.trigger == Trigger.DORMANT and review.dormant_days is None:
        yield "dormant_days", _("Say after how many days without use somebody is dormant.")
    if review.trigger != Trigger.DORMANT and review.dormant_days is not None:
        yield "dormant_days", _("Leave this empty: it is not dormancy that starts it.")


def _calendar(review: Review, *, old: Review | None, now: datetime) -> Iterator[Fault]:
    if review.trigger != Trigger.SCHEDULE:
        yield from _no_calendar(review)
        return
    if review.starts_on is None:
        yield "starts_on", _("Say on which day it starts for the first time.")
        return
    if old is None or old.starts_on != review.starts_on:
        if review.starts_on < timezone.localdate(now):
            yield "starts_on", _("That is over already: choose today or a later day.")
        if review.starts_on > timezone.localdate(now + FURTHEST):
            yield "starts_on", _("Choose a day within the next ten years.")
    if review.ends_on and review.ends_on < review.starts_on:
        yield "ends_on", _("It would end before it starts for the first time.")
    if review.ends_on and review.occurrences:
        yield "occurrences", _("It ends on a day or after so many times: choose one of the two.")
    if review.frequency == Frequency.ONCE and (review.ends_on or review.occurrences or review.interval > 1):
        yield "frequency", _("It starts only once: leave out how often and when it ends.")


def _no_calendar(review: Review) -> Iterator[Fault]:
    has_rhythm = review.frequency != Frequency.ONCE or review.interval > 1
    for name in ("starts_on", "ends_on", "occurrences"):
        if getattr(review, name) is not None:
            yield name, _("Leave this empty: it is not the calendar that starts it.")
    if has_rhythm:
        yield "frequency", _("Choose “once”: it is not the calendar that starts it.")


# --- Who reviews -----------------------------------------------------------------------------------------------------


def _stages(review: Review, stages: Sequence[Stage]) -> Iterator[Fault]:
    if not stages:
        yield "stages", _("Nobody would review: give it a stage.")
        return
    if len(stages) > MOST_STAGES:
        yield "stages", _("A review has three stages at most.")
    if [stage.row.position for stage in stages] != list(range(1, len(stages) + 1)):
        yield "stages", _("Number the stages from 1 on, without a gap.")
    for stage in stages:
        for said in _of_stage(review, stage):
            yield "stages", _("Stage %(position)d: %(fault)s") % {"position": stage.row.position, "fault": said}


def _of_stage(review: Review, stage: Stage) -> Iterator[str]:
    try:
        stage.row.clean_fields(exclude=["review", "position"])
    except ValidationError as wrong:
        yield from wrong.messages
    yield from (said for _name, said in chain(_reviewers(stage), _taking(stage)))
    if review.scope in BY_ROLE and stage.row.reviewers in (ReviewerKind.PACKAGE_OWNER, ReviewerKind.CATALOG_OWNERS):
        yield _("a role belongs to no one package or catalog: have the resource's owners review it.")
    is_of_a_person = review.scope == ReviewScope.PERSON and stage.row.reviewers == ReviewerKind.PEOPLE
    if is_of_a_person and reviewers.named(_names(stage.people, stage.groups)) == [review.person_id]:
        yield _("nobody answers on their own access: name somebody else, or have people review themselves.")


def _reviewers(stage: Stage) -> Iterator[Fault]:
    is_named = bool(stage.people or stage.groups)
    if stage.row.reviewers == ReviewerKind.PEOPLE and not is_named:
        yield "people", _("Say which people or groups review.")
    elif stage.row.reviewers == ReviewerKind.PEOPLE and not _is_anybody(stage.people, stage.groups):
        yield "people", _("Nobody of those who are named is enabled, or the groups are empty.")
    elif stage.row.reviewers != ReviewerKind.PEOPLE and is_named:
        yield "people", _("Leave out people and groups, or choose that named people review.")
    if (stage.fallback_people or stage.fallback_groups) and not _is_anybody(
        stage.fallback_people, stage.fallback_groups
    ):
        yield "fallback_people", _("Nobody of those who are named is enabled, or the groups are empty.")


def _taking(stage: Stage) -> Iterator[Fault]:
    if stage.row.position > 1 and not stage.row.takes:
        yield "takes_approved", _("It takes nothing on, and so has nothing to review.")


def _is_anybody(people: Collection[User], groups: Collection[Group]) -> bool:
    if any(person.is_active for person in people):
        return True
    return bool(groups) and User.objects.enabled().in_groups([group.pk for group in groups]).exists()


def _nobody(review: Review, stages: Sequence[Stage], *, now: datetime) -> Iterator[Fault]:
    """Of what it would look at now; whom an event will concern nobody knows yet."""
    if review.trigger != Trigger.SCHEDULE:
        return
    first = stages[0]
    named = _names([*first.people, *first.fallback_people], [*first.groups, *first.fallback_groups])
    if not could_be_reviewed(review, by=first.row.reviewers, named=named, now=now):
        yield "stages", str(NOBODY)


def _names(people: Collection[User], groups: Collection[Group]) -> dict[str, list[str]]:
    return {"people": [str(one.pk) for one in people], "groups": [str(one.pk) for one in groups]}


def _overlap(review: Review, stages: Sequence[Stage]) -> Iterator[Fault]:
    """The stages of a campaign end before the next one starts; an hour more or less is the clocks' being changed."""
    if review.trigger != Trigger.SCHEDULE or occurrence(review, 0) is None:
        return
    gap, open_for = shortest_gap(review), sum((stage.row.duration for stage in stages), timedelta())
    if gap is not None and open_for > gap + timedelta(hours=1):
        facts = {"open": time_in_words(open_for), "gap": time_in_words(gap)}
        yield "stages", _("It is open for %(open)s in all, but starts again after %(gap)s: they would overlap.") % facts
