"""Following what is being removed until it is gone: items show what the targets show, campaigns what items do."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accessgov.outbox import WorkQuerySet, WorkStatus
from audit import journal
from audit.models import Event
from provisioning.lifecycle import GrantStatus
from provisioning.models import Grant, GrantReason
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import Assignment

from .. import events
from ..choices import Result
from ..lifecycle import UNAPPLIED, UNFINISHED, ApplyState, CampaignStatus
from ..models import Campaign, CampaignWork, ReviewItem
from .carrying import record
from .giving import what_gives

BATCH = 500
"""Items that one transaction brings up to date."""
TO_GO = Q(result=Result.REMOVE, state__in=(ApplyState.NEW, *UNAPPLIED))
"""What is to be removed and is not known to be gone."""


@dataclass
class Sight:
    """What the world shows of some items, by their ids."""

    gone: set[UUID] = field(default_factory=set)
    standing: set[UUID] = field(default_factory=set)
    """Roles that the target has, and is not to lose."""
    anew: set[UUID] = field(default_factory=set)
    """Something that was approved since gives it, so that it stays."""
    problems: dict[UUID, str] = field(default_factory=dict)
    """Why it is not gone yet, in the words of the system."""


@transaction.atomic
def follow_assignments(assignments: Collection[UUID], *, now: datetime) -> int:
    """Bring the items about these assignments up to what has become of them; returns how many there are."""
    return _follow(Q(assignment__in=assignments), now=now)


@transaction.atomic
def follow_grants(grants: Collection[UUID], *, now: datetime) -> int:
    """As `follow_assignments`, about these grants, and about the assignments that gave them."""
    reasons = GrantReason.objects.filter(grant__in=grants, ended_at__isnull=False)
    given = list(reasons.values_list("reference", flat=True))
    return _follow(Q(grant__in=grants) | Q(assignment__in=given), now=now)


def follow(*, now: datetime) -> int:
    """Catch up with whatever was not heard, and end the campaigns of which everything is applied.

    Returns how many were completed. Each batch, and each campaign, is committed by itself; two statements where nothing
    is to be done, however many campaigns are under way.
    """
    _catch_up(now=now)
    applying = Campaign.objects.filter(status=CampaignStatus.APPLYING).order_by("closed_at", "pk")
    waiting = Exists(ReviewItem.objects.filter(TO_GO, campaign=OuterRef("pk")))
    done = applying.exclude(waiting).exclude(Exists(_open_work().filter(campaign=OuterRef("pk"))))
    return sum(complete(campaign_id, now=now) for campaign_id in list(done.values_list("pk", flat=True)))


@transaction.atomic
def complete(campaign_id: UUID, *, now: datetime) -> bool:
    """End a campaign that is being applied and of which nothing is left to be removed; returns whether that is so."""
    if ReviewItem.objects.filter(TO_GO, campaign=campaign_id).exists():
        return False
    rows = Campaign.objects.with_review().select_for_update(of=("self",), no_key=True)
    campaign = rows.get(pk=campaign_id)
    if campaign.status != CampaignStatus.APPLYING or _open_work().filter(campaign=campaign).exists():
        return False
    campaign.move_to(CampaignStatus.COMPLETED, at=now)
    record(events.CAMPAIGN_COMPLETED, campaign, now=now)
    return True


def look(items: Sequence[ReviewItem]) -> Sight:
    """What the world shows of these items now; three statements at most."""
    seen = Sight()
    _look_at_assignments(items, seen)
    _look_at_grants(items, seen)
    return seen


def settle(items: Sequence[ReviewItem], *, now: datetime) -> None:
    """Bring locked items that are being removed up to what is true of them, by a fixed number of statements."""
    if not items:
        return
    seen = look(items)
    _tell_apart([item for item in items if item.pk in seen.standing], seen)
    gone = [item for item in items if item.pk in seen.gone]
    anew = [item for item in items if item.pk in seen.anew]
    waiting = [item for item in items if item.pk in seen.problems.keys() - seen.gone - seen.anew]
    blamed = [item for item in waiting if item.problem != seen.problems[item.pk]]
    news = [item for item in blamed if item.state != ApplyState.FAILED]
    move(gone, state=ApplyState.APPLIED, verb=events.ITEM_APPLIED, now=now)
    keep_what_was_approved_anew(anew, now=now)
    if blamed:
        ReviewItem.fail_all(blamed, problems=seen.problems, at=now)
        journal.record_many(tell(events.ITEM_FAILED, item, now=now, error=item.problem) for item in news)


def move(items: Sequence[ReviewItem], *, state: ApplyState, verb: str, now: datetime, problem: str = "") -> None:
    """Write how far applying came for locked items, and journal it."""
    if items:
        ReviewItem.move_all(items, state=state, at=now, problem=problem)
        journal.record_many(tell(verb, item, now=now) for item in items)


def keep_what_was_approved_anew(items: Sequence[ReviewItem], *, now: datetime) -> None:
    """The reviewers were asked about what was there when they began: what was approved since is not theirs to end."""
    why = _("It was approved anew since the review began, and stays.")
    move(items, state=ApplyState.NOT_NEEDED, verb=events.ITEM_APPROVED_ANEW, now=now, problem=why)


def tell(verb: str, item: ReviewItem, *, now: datetime, **details: object) -> Event:
    """An event about an item, not stored yet; it is told of its campaign."""
    return journal.entry(
        verb,
        actor=None,
        target=item.campaign,
        person=item.person,
        package=item.assignment.package if item.assignment else None,
        at=now,
        details={"what": item.what, "item": str(item.pk), **details},
        correlation_id=item.campaign_id,
    )


def lock_items(wanted: Q) -> list[ReviewItem]:
    """These items, locked, with all that events about them need; their people are locked, where access changes."""
    rows = ReviewItem.objects.filter(wanted).select_related("campaign", "person", "assignment__package")
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


# --- What the world shows -------------------------------------------------------------------------------------------


def _look_at_assignments(items: Sequence[ReviewItem], seen: Sight) -> None:
    by_assignment = _ids_by({item.pk: item.assignment_id for item in items})
    if not by_assignment:
        return
    ended = Assignment.objects.filter(pk__in=by_assignment, status=AssignmentStatus.ENDED)
    for pk in ended.values_list("pk", flat=True):
        seen.gone.update(by_assignment[pk])
    pending = GrantReason.objects.filter(reference__in=by_assignment, grant__status=GrantStatus.REMOVAL_PENDING)
    for reference, error in pending.values_list("reference", "grant__last_error"):
        if error:
            seen.problems.update(dict.fromkeys(by_assignment[reference], error))


def _look_at_grants(items: Sequence[ReviewItem], seen: Sight) -> None:
    by_grant = _ids_by({item.pk: item.grant_id for item in items})
    if not by_grant:
        return
    for pk, status, error in Grant.objects.filter(pk__in=by_grant).values_list("pk", "status", "last_error"):
        if status == GrantStatus.REMOVED:
            seen.gone.update(by_grant[pk])
        elif status != GrantStatus.REMOVAL_PENDING:
            seen.standing.update(by_grant[pk])
        elif error:
            seen.problems.update(dict.fromkeys(by_grant[pk], error))


def _ids_by(about: Mapping[UUID, UUID | None]) -> dict[UUID, list[UUID]]:
    """Items by what they are about: several campaigns may deny the same."""
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for item, thing in about.items():
        if thing:
            found[thing].append(item)
    return dict(found)


def _tell_apart(standing: Sequence[ReviewItem], seen: Sight) -> None:
    """Why roles go on that were denied: they were approved anew, or go only together with what stays."""
    giving = what_gives(standing)
    for item in standing:
        if item.pk in giving.held and item.pk not in giving.anew:
            seen.problems[item.pk] = giving.held[item.pk]
        else:
            seen.anew.add(item.pk)


def _open_work() -> "WorkQuerySet[CampaignWork]":
    return CampaignWork.objects.filter(status__in=(WorkStatus.PENDING, WorkStatus.STUCK))


def _follow(about: Q, *, now: datetime) -> int:
    items = lock_items(about & Q(state__in=UNAPPLIED))
    settle(items, now=now)
    return len(items)


def _catch_up(*, now: datetime) -> None:
    """Items whose removal came to its end by a way that no event tells: the access was given anew meanwhile.

    Those of canceled campaigns, too, where answers were applied at once.
    """
    over = Q(assignment__status=AssignmentStatus.ENDED) | Q(grant__isnull=False) & ~Q(
        grant__status=GrantStatus.REMOVAL_PENDING
    )
    campaigns = Campaign.objects.filter(status__in=(*UNFINISHED, CampaignStatus.CANCELED))
    rows = ReviewItem.objects.unapplied().filter(over, campaign__in=campaigns.order_by().values("pk")).order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    while ids:
        with transaction.atomic():
            settle(lock_items(Q(pk__in=ids, state__in=UNAPPLIED)), now=now)
        ids = list(rows.filter(pk__gt=ids[-1]).values_list("pk", flat=True)[:BATCH])
