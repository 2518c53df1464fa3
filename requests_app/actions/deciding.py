"""Deciding on requests: stages, decisions, cancelling and running out of time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.models import Event
from catalog.choices import ApproverUse, CalloutMoment
from directory.actions import lock_people
from directory.models import User

from .. import approvers, conflicts, events
from ..lifecycle import UNBEGUN, UPDATING, ApprovalStatus, IllegalMove, RequestStatus
from ..models import AccessRequest, Approval, ApprovalAssignee, Inquiry
from ..permissions import can_cancel, can_decide
from ..seats import may_sit, seat_of
from .calling import launch
from .granting import finish
from .shortening import Shorter, shorten
from .waiting import stop_waiting


class AlreadyDecided(IllegalMove):
    """Somebody else was first; the message says who, and what they decided."""


def start_stage(
    approval: Approval,
    *,
    access_request: AccessRequest,
    now: datetime,
    told: Sequence[Event] = (),
    is_known_who_decides: bool = False,
) -> None:
    """Ask whoever is to decide this stage, as of now (behaviour 4); never a dead end.

    Where a custom extension is to say who that is, it is asked first, and the stage begins with its answer. `told` are
    events that led to it and are not stored yet: all are stored together.
    """
    who = CalloutMoment.WHO_DECIDES
    if not is_known_who_decides and launch(access_request, who, approval=approval, now=now, told=told):
        return
    found = find_approvers(approval, access_request=access_request)
    approval.asked_via = found.via[:40]
    approval.move_to(ApprovalStatus.IN_PROGRESS, at=now)
    rerouted = [tell(events.APPROVAL_REROUTED, access_request, actor=None, now=now, via=found.via)]
    told = [*told, *(rerouted if found.is_rerouted else ())]
    ask_people(approval, found.people, access_request=access_request, now=now, told=told)


@transaction.atomic
def approve(
    *, approval: Approval, actor: User, now: datetime, justification: str = "", shorter: Shorter | None = None
) -> AccessRequest:
    """Approve a stage; with the last approval that it asks for, the next stage begins, or the delivery.

    `shorter` approves it for less time than is asked for; whoever decides afterwards decides on that. Raises
    PermissionDenied for whoever is not asked or is a party, ValidationError where a justification is missing, it would
    be no shorter, or the person has something incompatible (code `incompatible`), and AlreadyDecided.
    """
    access_request, locked, asked = _decide(
        approval, actor=actor, is_approved=True, justification=justification, now=now
    )
    told = [tell(events.APPROVAL_DECIDED, access_request, actor=actor, now=now, justification=justification)]
    if shorter is not None:
        facts = shorten(access_request, shorter, actor=actor, now=now)
        told.append(tell(events.APPROVAL_SHORTENED, access_request, actor=actor, now=now, **facts))
    _in_whose_place(told, actor=actor, asked=asked)
    if sum(bool(assignee.is_approved) for assignee in asked) < locked.quorum(asked):
        stop_waiting(locked, now=now, asker=actor)
        journal.record_many(told)
        return access_request
    stop_waiting(locked, now=now)
    locked.move_to(ApprovalStatus.APPROVED, at=now)
    following = access_request.approvals.filter(status=ApprovalStatus.WAITING).first()
    if following is not None:
        start_stage(following, access_request=access_request, now=now, told=told)
        return access_request
    finish(access_request, verb=events.REQUEST_APPROVED, told=told, now=now)
    return access_request


@transaction.atomic
def deny(*, approval: Approval, actor: User, now: datetime, justification: str = "") -> AccessRequest:
    """Deny: one denial at any stage ends the request. Raises as `approve` does."""
    access_request, locked, asked = _decide(
        approval, actor=actor, is_approved=False, justification=justification, now=now
    )
    stop_waiting(locked, now=now)
    locked.move_to(ApprovalStatus.DENIED, at=now)
    _close(access_request, status=RequestStatus.DENIED, now=now)
    told = [tell(events.REQUEST_DENIED, access_request, actor=actor, now=now, justification=justification)]
    _in_whose_place(told, actor=actor, asked=asked)
    journal.record_many(told)
    return access_request


@transaction.atomic
def cancel(*, access_request: AccessRequest, actor: User | None, now: datetime) -> AccessRequest:
    """Cancel a request that has not begun yet; actor None is the system. Raises PermissionDenied and IllegalMove."""
    if actor is not None and not can_cancel(actor, access_request):
        raise PermissionDenied(_("Only those who asked may cancel a request."))
    locked = lock(access_request)
    if locked.status not in UNBEGUN:
        raise IllegalMove(_("This request is %(status)s already.") % {"status": locked.get_status_display()})
    _close(locked, status=RequestStatus.CANCELED, now=now)
    _record(events.REQUEST_CANCELED, locked, actor=actor, now=now)
    return locked


def cancel_undecided(access_requests: Sequence[AccessRequest], *, now: datetime) -> None:
    """Cancel locked requests that nobody need decide on any more, by a fixed number of statements."""
    if not access_requests:
        return
    open_stages = Approval.objects.filter(
        access_request__in=access_requests, status__in=(ApprovalStatus.WAITING, ApprovalStatus.IN_PROGRESS)
    )
    stages = list(open_stages.select_for_update(of=("self",)).order_by("pk"))
    Inquiry.objects.open().filter(approval__in=stages).update(closed_at=now)
    Approval.move_all(stages, status=ApprovalStatus.CANCELED, at=now)
    AccessRequest.move_all(access_requests, status=RequestStatus.CANCELED, at=now)
    journal.record_many(tell(events.REQUEST_CANCELED, one, actor=None, now=now) for one in access_requests)


def end_undecided(
    access_request: AccessRequest,
    *,
    status: RequestStatus,
    verb: str,
    now: datetime,
    actor: User | None = None,
    **details: object,
) -> None:
    """End a locked request without a decision on a stage; nobody is asked about it any more."""
    _close(access_request, status=status, now=now)
    _record(verb, access_request, actor=actor, now=now, **details)


@transaction.atomic
def expire_overdue(*, approval: Approval, now: datetime) -> bool:
    """End a request on which nobody decided in time (behaviour 6); False where somebody just did."""
    access_request = lock(approval.access_request)
    locked = Approval.objects.select_for_update().get(pk=approval.pk)
    if locked.status != ApprovalStatus.IN_PROGRESS or locked.due_at is None or locked.due_at > now or locked.paused_at:
        return False
    locked.move_to(ApprovalStatus.EXPIRED, at=now)
    _close(access_request, status=RequestStatus.EXPIRED, now=now)
    _record(events.REQUEST_EXPIRED, access_request, actor=None, now=now)
    return True


@transaction.atomic
def replace_absent_approvers(*, approval: Approval, now: datetime) -> bool:
    """Resolve an open stage again where somebody who is asked can no longer decide (behaviours 4 and 17).

    Those who decided stay, those who are disabled go. False where nothing changed, also where there is nobody else to
    ask: then everything stays as it is, and the next sweep tries again.
    """
    access_request = lock(approval.access_request)
    locked = Approval.objects.select_for_update().get(pk=approval.pk)
    if locked.status != ApprovalStatus.IN_PROGRESS:
        return False
    asked = list(locked.assignees.select_related("person"))
    absent = [one for one in asked if one.is_approved is None and not one.person.is_active]
    decided = [pk for one in asked if one.is_approved is not None for pk in (one.person_id, one.decided_by_id)]
    handed_over = [one.instead_of_id for one in asked if one.instead_of_id and one not in absent]
    found = find_approvers(locked, access_request=access_request, left_out=[*decided, *handed_over])
    new = [person for person in found.people if person.pk not in {one.person_id for one in asked}]
    if not new and not any(one.is_approved is None and one.person.is_active for one in asked):
        return False
    locked.assignees.filter(pk__in=[one.pk for one in absent]).delete()
    if absent:
        names = ", ".join(str(one.person) for one in absent)
        _record(events.APPROVER_ABSENT, access_request, actor=None, now=now, absent=names, approval=str(locked.pk))
    if new:
        locked.asked_via = found.via[:40]
        locked.save(update_fields=["asked_via"])
        ask_people(locked, new, access_request=access_request, now=now)
    return bool(new or absent)


def find_approvers(
    approval: Approval,
    *,
    access_request: AccessRequest,
    left_out: Sequence[UUID | None] = (),
    use: ApproverUse = ApproverUse.PRIMARY,
) -> approvers.Found:
    """Whom the stage asks; never a party of the request."""
    return approvers.find(
        approval.approver_rules,
        person=access_request.person,
        package=access_request.package,
        left_out=(access_request.person_id, access_request.requested_by_id, *left_out),
        use=use,
    )


def ask_people(
    approval: Approval,
    people: Sequence[User],
    *,
    access_request: AccessRequest,
    now: datetime,
    told: Sequence[Event] = (),
    verb: str = events.APPROVAL_STARTED,
) -> None:
    """Ask these people, and tell so; `told` as for `start_stage`."""
    is_alternate = verb == events.ALTERNATES_ASKED
    ApprovalAssignee.objects.bulk_create(
        [
            ApprovalAssignee(approval=approval, person=person, asked_at=now, is_alternate=is_alternate)
            for person in people
        ]
    )
    names = ", ".join(str(person) for person in people)
    facts = {"approvers": names, "asked": [str(person.pk) for person in people], "approval": str(approval.pk)}
    journal.record_many([*told, tell(verb, access_request, actor=None, now=now, **facts)])


def _decide(
    approval: Approval, *, actor: User, is_approved: bool, justification: str, now: datetime
) -> tuple[AccessRequest, Approval, list[ApprovalAssignee]]:
    """Lock, judge and write down one person's decision; everybody who is asked comes with it."""
    access_request = lock(approval.access_request)
    lasting = access_request.kind in UPDATING
    conflict = conflicts.exist(access_request.person_id, access_request.package_id, lasting=lasting)
    locked = Approval.objects.select_for_update().annotate(is_in_conflict=conflict).get(pk=approval.pk)
    asked = list(locked.assignees.with_people())
    mine = seat_of(actor, among=asked)
    if mine is None or not can_decide(actor, access_request):
        raise PermissionDenied(_("You are not asked to decide on this request."))
    has_decided = mine.is_approved is not None or actor.pk in {one.decided_by_id for one in asked}
    if locked.status != ApprovalStatus.IN_PROGRESS or has_decided:
        raise AlreadyDecided(_what_was_decided(locked))
    if not may_sit(actor, seat=mine, access_request=access_request, now=now):
        raise PermissionDenied(_("You no longer decide in the place of %(person)s.") % {"person": mine.person})
    if locked.requires_justification and not justification.strip():
        raise ValidationError({"justification": _("Say why you decide so.")})
    if is_approved and locked.is_in_conflict:
        conflicts.refuse(access_request.package_id, person=access_request.person, reader=actor, lasting=lasting)
    mine.is_approved, mine.justification = is_approved, justification.strip()
    mine.decided_at, mine.decided_by = now, actor
    mine.save(update_fields=["is_approved", "justification", "decided_at", "decided_by"])
    return access_request, locked, asked


def lock(access_request: AccessRequest) -> AccessRequest:
    """The request under lock, and the person that it is for before it (docs/adr/0002)."""
    lock_people([access_request.person_id])
    rows = AccessRequest.objects.select_related("person__manager", "package__catalog", "package__owner")
    return rows.select_for_update(of=("self",)).get(pk=access_request.pk)


def _close(access_request: AccessRequest, *, status: RequestStatus, now: datetime) -> None:
    for approval in access_request.approvals.filter(status__in=(ApprovalStatus.WAITING, ApprovalStatus.IN_PROGRESS)):
        stop_waiting(approval, now=now)
        approval.move_to(ApprovalStatus.CANCELED, at=now)
    access_request.move_to(status, at=now)


def _what_was_decided(approval: Approval) -> str:
    decided = approval.assignees.exclude(is_approved=None).with_people().order_by("-decided_at").first()
    if decided is None:
        return _("This approval is %(status)s.") % {"status": approval.get_status_display()}
    said = _("%(person)s approved this already.") if decided.is_approved else _("%(person)s denied this already.")
    return said % {"person": decided.decider}


def _in_whose_place(told: Sequence[Event], *, actor: User, asked: Sequence[ApprovalAssignee]) -> None:
    """Have events say so where somebody decided in another's place: “Olga for Marco”."""
    seat = next(one for one in asked if one.decided_by_id == actor.pk)
    if seat.person_id == actor.pk:
        return
    for event in told:
        event.actor_label = seat.decider[:200]
        event.details |= {"in_place_of": str(seat.person), "in_place_of_id": str(seat.person_id)}
        event.details["decided"] = str(seat.pk)


def tell(verb: str, access_request: AccessRequest, *, actor: User | None, now: datetime, **details: object) -> Event:
    """An event of this request's story, not stored yet."""
    return journal.entry(
        verb,
        actor=actor,
        target=access_request,
        person=access_request.person,
        package=access_request.package,
        at=now,
        details=details,
        correlation_id=access_request.pk,
    )


def _record(verb: str, access_request: AccessRequest, *, actor: User | None, now: datetime, **details: object) -> None:
    journal.record_many([tell(verb, access_request, actor=actor, now=now, **details)])
