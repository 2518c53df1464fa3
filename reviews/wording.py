"""How reviews are said in plain words, to whoever defines, runs and concerns them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import Policy
from catalog.wording import MOST_NAMES, further, time_in_words
from directory.models import Group, User

from .choices import ApplyWhen, DeniedGuests, Frequency, NoResponse, ReviewerKind, ReviewScope, Trigger
from .models import Campaign, Review, ReviewStage
from .reach import is_reviewable
from .recurrence import MONTHS, occurrence

MOST_STARTS = 5
"""So many of the next starts are shown."""
WHO = {
    ReviewerKind.MANAGER: gettext_lazy("each person's manager"),
    ReviewerKind.SELF: gettext_lazy("the people themselves"),
    ReviewerKind.PACKAGE_OWNER: gettext_lazy("the package's owner"),
    ReviewerKind.CATALOG_OWNERS: gettext_lazy("an owner of the catalog"),
    ReviewerKind.RESOURCE_OWNERS: gettext_lazy("an owner of the resource"),
    ReviewerKind.SPONSORS: gettext_lazy("one of their sponsors"),
}
SHORTLY = {
    ReviewerKind.MANAGER: gettext_lazy("by the manager"),
    ReviewerKind.SELF: gettext_lazy("by the people themselves"),
    ReviewerKind.PEOPLE: gettext_lazy("by people named for it"),
    ReviewerKind.PACKAGE_OWNER: gettext_lazy("by the package's owner"),
    ReviewerKind.CATALOG_OWNERS: gettext_lazy("by an owner of the catalog"),
    ReviewerKind.RESOURCE_OWNERS: gettext_lazy("by an owner of the resource"),
    ReviewerKind.SPONSORS: gettext_lazy("by a sponsor"),
}
"""The same, where it is said shortly."""
OCCASIONS = {
    Trigger.MANAGER_CHANGED: gettext_lazy("when somebody has a new manager"),
    Trigger.JOB_CHANGED: gettext_lazy("when somebody has another job or department"),
    Trigger.CONFLICT: gettext_lazy("when somebody has incompatible access"),
    Trigger.RISK: gettext_lazy("when somebody becomes a higher risk"),
}
UNANSWERED = {
    NoResponse.KEEP: gettext_lazy("what nobody answers stays"),
    NoResponse.REMOVE: gettext_lazy("what nobody answers is removed"),
    NoResponse.RECOMMENDATION: gettext_lazy("where nobody answers, the recommendation counts"),
}


def sentence(review: Review) -> str:
    """What it means: “Every six months from 1 Jan 2027, access to Sales is reviewed by each person's manager within
    14 days; what nobody answers stays.”
    """
    return of_stages(review, list(review.stages.all()))


def of_stages(review: Review, stages: Sequence[ReviewStage]) -> str:
    """The same, of a review with these stages."""
    steps = _(", then by ").join(stage_in_words(stage) for stage in stages) or _("nobody yet")
    facts = {"when": capfirst(when_in_words(review)), "what": what_in_words(review), "who": steps}
    said = [
        _("%(when)s, %(what)s is reviewed by %(who)s") % facts,
        str(UNANSWERED[NoResponse(review.if_no_response)]),
        *_results(review),
        *([] if review.is_enabled else [_("disabled")]),
    ]
    return f"{'; '.join(said)}."


def short(review: Review) -> str:
    """How often and by whom, to go on with: “reviewed every six months by the manager”."""
    kinds = dict.fromkeys(stage.reviewers for stage in review.stages.all())
    by = _(", then ").join(str(SHORTLY[ReviewerKind(kind)]) for kind in kinds)
    often = frequency_in_words(review) if review.frequency != Frequency.ONCE else when_in_words(review)
    return _("reviewed %(often)s %(by)s") % {"often": often, "by": by}


def when_in_words(review: Review) -> str:
    """When it starts, as it fits into a sentence."""
    if review.trigger == Trigger.DORMANT:
        days = review.dormant_days or 0
        said = ngettext(
            "when somebody has used nothing for %(count)d day",
            "when somebody has used nothing for %(count)d days",
            days,
        )
        return said % {"count": days}
    if review.trigger != Trigger.SCHEDULE:
        return str(OCCASIONS[Trigger(review.trigger)])
    day = date_format(review.starts_on, "j M Y") if review.starts_on else _("a day to be chosen")
    if review.frequency == Frequency.ONCE:
        return _("once, on %(day)s") % {"day": day}
    said = _("%(often)s from %(day)s") % {"often": frequency_in_words(review), "day": day}
    return said + _end(review)


def frequency_in_words(review: Review) -> str:
    """How often it starts: “every week”, “every six months”."""
    if review.frequency == Frequency.WEEKLY:
        count = review.interval
        return ngettext("every week", "every %(count)d weeks", count) % {"count": count}
    months = MONTHS.get(Frequency(review.frequency), 0) * review.interval
    if months == 0:
        return _("once")
    if months % 12 == 0:
        return ngettext("every year", "every %(count)d years", months // 12) % {"count": months // 12}
    usual = {1: _("every month"), 3: _("every quarter"), 6: _("every six months")}
    return usual.get(months) or _("every %(count)d months") % {"count": months}


def what_in_words(review: Review) -> str:
    """Whose access to what it looks at, as it fits into a sentence."""
    said = _subject(review)
    if limits := limits_in_words(review):
        said = _("%(what)s (only %(limits)s)") % {"what": said, "limits": limits}
    return said


def limits_in_words(review: Review) -> str:
    """What of it alone is looked at; empty where it is all."""
    days = review.inactive_days or 0
    unused = ngettext("what was not used for %(count)d day", "what was not used for %(count)d days", days)
    said = [
        *([_("guests")] if review.is_for_guests else ()),
        *([_("what is privileged")] if review.is_for_privileged else ()),
        *([unused % {"count": days}] if days else ()),
    ]
    return get_text_list(said, _("and"))


def stage_in_words(stage: ReviewStage) -> str:
    """Who reviews in it, within which time, and who else where nobody is found."""
    named = _named(stage.people.all(), stage.groups.all()) if stage.reviewers == ReviewerKind.PEOPLE else ""
    who = named or WHO.get(ReviewerKind(stage.reviewers)) or _("nobody yet")
    said = _("%(who)s within %(time)s") % {"who": who, "time": time_in_words(stage.duration)}
    if otherwise := _named(stage.fallback_people.all(), stage.fallback_groups.all()):
        said = _("%(said)s (else %(fallback)s)") % {"said": said, "fallback": otherwise}
    return said


def stage_with_its_part(stage: ReviewStage) -> str:
    """A stage as the journal tells it: with its place, and of a later one what it takes on."""
    said = f"{stage.position}. {stage_in_words(stage)}"
    if stage.position == 1:
        return said
    taken = get_text_list([str(verdict.label) for verdict in stage.takes], _("and"))
    return _("%(stage)s, of what was: %(taken)s") % {"stage": said, "taken": taken}


def next_starts(review: Review, *, now: datetime, most: int = MOST_STARTS) -> list[datetime]:
    """When its next campaigns start by the calendar, the first first; none where it is disabled or has ended.

    One that is due and waits is not among them (`waiting_in_words`).
    """
    if not review.is_enabled or review.next_at is None:
        return []
    found: list[datetime] = []
    number = 0
    while len(found) < most and (moment := occurrence(review, number)) is not None:
        if moment >= review.next_at and moment > now:
            found.append(moment)
        number += 1
    return found


def waiting_in_words(review: Review, *, now: datetime) -> str:
    """Since when a campaign is due by the calendar that has not started, and for what it waits; empty where none is.

    No statement where none is.
    """
    if not review.is_enabled or review.next_at is None or review.next_at > now:
        return ""
    told: dict[str, Any] = {"when": moment_in_words(review.next_at)}
    running = Campaign.objects.running().filter(review=review, person=None).first()
    if running:
        said = _("One is due since %(when)s: it starts when “%(campaign)s” has closed.")
        return said % {**told, "campaign": running}
    if not is_reviewable(review, now=now):
        return _("One is due since %(when)s: it starts when there is somebody who could answer.") % told
    return _("One is due since %(when)s: it starts in a moment.") % told


def moment_in_words(moment: datetime) -> str:
    """A start, in the organisation's time."""
    return date_format(timezone.localtime(moment), "D j M Y, H:i")


def warnings(review: Review) -> list[str]:
    """What whoever defines it ought to know before it is too late."""
    said = []
    if review.if_no_response == NoResponse.REMOVE:
        said.append(
            _("Where reviewers do nothing, everybody loses this access when the review closes. Is that what you want?")
        )
    if review.applies == ApplyWhen.AT_ONCE:
        said.append(_("Each denial removes access at once: reviewers cannot change their minds."))
    return said


def _subject(review: Review) -> str:
    facts = {"what": review.subject}
    match review.scope:
        case ReviewScope.POLICY if review.policy:
            return _("access to %(package)s under “%(policy)s”") % {
                "package": review.policy.package,
                "policy": review.policy,
            }
        case ReviewScope.CATALOG if review.includes_adopted:
            return _("access to all packages of %(what)s, and to its resources without one,") % facts
        case ReviewScope.CATALOG:
            return _("access to all packages of %(what)s") % facts
        case ReviewScope.PERSON:
            return _("all access of %(what)s") % facts
        case ReviewScope.CONCERNED:
            return _("all access of that person")
    return _("access to %(what)s") % facts


def _end(review: Review) -> str:
    if review.ends_on:
        return _(" until %(day)s") % {"day": date_format(review.ends_on, "j M Y")}
    if review.occurrences:
        said = ngettext(", %(count)d time", ", %(count)d times", review.occurrences)
        return said % {"count": review.occurrences}
    return ""


def _results(review: Review) -> list[str]:
    """What comes of the answers, where that is not as usual."""
    return [
        *([_("what is denied is removed at once")] if review.applies == ApplyWhen.AT_ONCE else ()),
        *([_("the results wait until somebody applies them")] if review.applies == ApplyWhen.BY_HAND else ()),
        *([_("denied guests are blocked, and deleted later")] if review.denied_guests == DeniedGuests.BLOCK else ()),
    ]


def _named(people: Iterable[User], groups: Iterable[Group]) -> str:
    said = [*(str(person) for person in people), *(_("a member of %(group)s") % {"group": one} for one in groups)]
    if len(said) > MOST_NAMES:
        left = len(said) - MOST_NAMES
        said = [*said[:MOST_NAMES], ngettext("%(count)d other", "%(count)d others", left) % {"count": left}]
    return get_text_list(said, _("or"))


@further(reads=("reviews__stages", "package__reviews__stages", "package__catalog__reviews__stages"))
def of_policy(policy: Policy) -> str:
    """How access under the policy is reviewed, by whatever reviews take all of it in; empty where none does."""
    found = [*policy.reviews.all(), *policy.package.reviews.all(), *policy.package.catalog.reviews.all()]
    return get_text_list([short(review) for review in found if review.takes_in_everybody], _("and"))


def told_to_holders(policies: Sequence[Policy]) -> dict[UUID, str]:
    """The same as a sentence, of many policies by two statements; policies that nobody reviews are left out."""
    of_any = Q(policy__in=policies)
    of_any |= Q(package__in={policy.package_id for policy in policies})
    of_any |= Q(catalog__in={policy.package.catalog_id for policy in policies})
    found = list(Review.objects.taking_in_everybody().filter(of_any).prefetch_related("stages"))
    told = {}
    for policy in policies:
        ids = (policy.pk, policy.package_id, policy.package.catalog_id)
        mine = [short(one) for one in found if {one.policy_id, one.package_id, one.catalog_id}.intersection(ids)]
        if mine:
            told[policy.pk] = capfirst(f"{get_text_list(mine, _('and'))}.")
    return told
