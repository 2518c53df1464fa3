"""What is wanted: roles that people are to hold, and why; and what no reason asks for any more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from catalog.models import ResourceRole
from directory.models import User

from .. import events
from ..lifecycle import GrantStatus, sources_of
from ..models import Grant, GrantReason, OperationKind
from .answering import close_cases_of
from .queueing import given_up, queue, tell, turn

ABSENT = (GrantStatus.REMOVED, GrantStatus.REMOVAL_PENDING, GrantStatus.DRIFTED)
"""What is approved anew is put in place where the target is not known to have it, or soon will not."""


@dataclass(frozen=True)
class Reason:
    """Why somebody is to hold a role: the assignment `reference` gives `role` to `person`."""

    person: User
    role: ResourceRole
    reference: UUID
    correlation_id: UUID


@transaction.atomic
def provide(reasons: Sequence[Reason], *, now: datetime) -> list[Grant]:
    """Have these people hold these roles, and return their grants as they stand now.

    What they hold already only gains a reason (one that ended lives again); for the rest an operation is queued. A
    fixed number of statements, however many reasons there are.
    """
    grants = _lock_grants(reasons, now=now)
    GrantReason.objects.bulk_create(
        [
            GrantReason(grant=grants[reason.person.pk, reason.role.pk], reference=reason.reference, starts_at=now)
            for reason in reasons
        ],
        update_conflicts=True,
        unique_fields=["reference", "grant"],
        update_fields=["ended_at"],
        batch_size=journal.BATCH,
    )
    absent = [grant for grant in grants.values() if grant.status in ABSENT]
    _forget_drift(absent, now=now)
    absent += given_up(list(grants.values()))
    turn(absent, status=GrantStatus.PENDING, now=now)
    new = [grant for grant in grants.values() if grant.status == GrantStatus.PENDING]
    stories = {grants[reason.person.pk, reason.role.pk].pk: reason.correlation_id for reason in reasons}
    queue(new, kind=OperationKind.GRANT, now=now, stories=stories)
    return list(grants.values())


@transaction.atomic
def withdraw(stories: Mapping[UUID, UUID], *, now: datetime, role: ResourceRole | None = None) -> list[Grant]:
    """End what these references give (or only one role of it), and return the grants that are to go.

    `stories` maps each reference to the correlation id of its ending. What was there before AccessGov stays
    (behaviour 12), and so does what another assignment gives (behaviour 13). A fixed number of statements, however
    many references there are.
    """
    reasons = GrantReason.objects.living().filter(reference__in=list(stories)).select_related("grant")
    # The role is compared here: in the query it tempts SQLite to try each reference with each grant of the role.
    ending = [reason for reason in reasons if role is None or reason.grant.resource_role_id == role.pk]
    affected = {reason.grant_id: stories[reason.reference] for reason in ending}
    GrantReason.objects.filter(pk__in=[reason.pk for reason in ending]).update(ended_at=now)
    rows = Grant.objects.filter(pk__in=affected, status__in=sources_of(GrantStatus.REMOVAL_PENDING))
    going = list(rows.unwanted().with_names().select_for_update(of=("self",)).order_by("pk"))
    _forget_drift(going, now=now)
    turn(going, status=GrantStatus.REMOVAL_PENDING, now=now)
    queue(going, kind=OperationKind.REVOKE, now=now, stories=affected)
    _tell_kept(affected.keys() - {grant.pk for grant in going}, now=now, stories=affected)
    return going


def _forget_drift(grants: Sequence[Grant], *, now: datetime) -> None:
    """Nobody is asked any more about what is missing there; costs nothing where nothing is."""
    if drifted := [grant for grant in grants if grant.status == GrantStatus.DRIFTED]:
        close_cases_of(drifted, now=now)


def _lock_grants(reasons: Sequence[Reason], *, now: datetime) -> dict[tuple[UUID, UUID], Grant]:
    wanted = {(reason.person.pk, reason.role.pk): reason for reason in reasons}
    Grant.objects.bulk_create(
        [Grant(person=reason.person, resource_role=reason.role, changed_at=now) for reason in wanted.values()],
        ignore_conflicts=True,
        batch_size=journal.BATCH,
    )
    people, roles = {key[0] for key in wanted}, {key[1] for key in wanted}
    rows = Grant.objects.filter(person__in=people, resource_role__in=roles).with_names()
    locked = rows.select_for_update(of=("self",)).order_by("pk")
    return {key: grant for grant in locked if (key := (grant.person_id, grant.resource_role_id)) in wanted}


def _tell_kept(grant_ids: Iterable[UUID], *, now: datetime, stories: Mapping[UUID, UUID]) -> None:
    """Journal why these grants outlive the reason that has just ended."""
    kept = Grant.objects.filter(pk__in=list(grant_ids)).wanted().with_names() if grant_ids else []
    journal.record_many(
        tell(events.GRANT_KEPT, grant, now=now, story=stories[grant.pk], why=_why_kept(grant)) for grant in kept
    )


def _why_kept(grant: Grant) -> str:
    return _("it was there before") if grant.is_adopted else _("another assignment gives it too")
