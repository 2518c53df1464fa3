"""Who is told what: one function per kind of event. It only adds rows; what they say is decided when they are sent."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from audit import journal
from audit.models import Event
from directory.models import User
from provisioning import events as provisioning_events
from requests_app import events as requests_events
from requests_app.lifecycle import UPDATING

from .actions import Notice, queue
from .models import Occasion

DECISIONS = {
    requests_events.REQUEST_APPROVED: Occasion.APPROVED,
    requests_events.REQUEST_DENIED: Occasion.DENIED,
    requests_events.REQUEST_EXPIRED: Occasion.EXPIRED,
}
"""What is told as a decision. A request that its policy approves by itself is told once, when the access is there."""
COLLECTING = timedelta(minutes=15)
"""Stuck work of one system within a quarter of an hour is told in one message: a system is rarely down for one only."""


@journal.listen(requests_events.APPROVAL_STARTED, requests_events.ALTERNATES_ASKED)
def ask_approvers(heard: list[Event]) -> None:
    """Whoever is asked to decide is told at once."""
    queue(
        [
            Notice(
                UUID(person),
                Occasion.APPROVER_ASKED,
                reference=UUID(event.details["approval"]),
                correlation_id=event.correlation_id,
            )
            for event in heard
            for person in event.details["asked"]
        ],
        now=heard[0].occurred_at,
    )


@journal.listen(requests_events.APPROVAL_REASSIGNED)
def ask_successors(heard: list[Event]) -> None:
    """Whoever decides in somebody's place is told at once, also where they handed the same thing over before."""
    now = heard[0].occurred_at
    queue(
        [
            Notice(
                UUID(person),
                Occasion.APPROVER_ASKED,
                reference=UUID(event.details["approval"]),
                correlation_id=event.correlation_id,
                once_per=str(event.pk),
            )
            for event in heard
            for person in event.details["asked"]
        ],
        now=now,
    )


@journal.listen(*DECISIONS)
def tell_decision(heard: list[Event]) -> None:
    """Whoever asked, and whom they asked for, learn how it was decided; of an extension, by the new end."""
    queue(
        [
            Notice(party, DECISIONS[event.verb], reference=event.subject.pk, correlation_id=event.correlation_id)
            for event in heard
            if event.verb != requests_events.REQUEST_APPROVED or event.subject.kind not in UPDATING
            for party in dict.fromkeys((event.subject.person_id, event.subject.requested_by_id))
            if party is not None
        ],
        now=heard[0].occurred_at,
    )


@journal.listen(requests_events.ASSIGNMENT_DELIVERED)
def tell_granted(heard: list[Event]) -> None:
    """Whoever has everything that a package gives learns what that is."""
    _tell_holders(heard, occasion=Occasion.GRANTED)


@journal.listen(requests_events.ASSIGNMENT_EXTENDED, requests_events.ASSIGNMENT_END_MOVED)
def tell_new_end(heard: list[Event]) -> None:
    """Whoever has it learns until when."""
    is_extension = heard[0].verb == requests_events.ASSIGNMENT_EXTENDED
    queue(
        [
            Notice(
                event.subject.person_id,
                Occasion.EXTENDED if is_extension else Occasion.END_MOVED,
                reference=event.correlation_id,
                correlation_id=event.correlation_id,
            )
            for event in heard
        ],
        now=heard[0].occurred_at,
    )


@journal.listen(requests_events.ASSIGNMENT_ENDED)
def tell_ended(heard: list[Event]) -> None:
    """Whoever lost access learns why; those who were disabled read no mail of ours any more."""
    _tell_holders([event for event in heard if event.subject.person.is_active], occasion=Occasion.ENDED)


@journal.listen(provisioning_events.OPERATION_STUCK)
def alarm_administrators(heard: list[Event]) -> None:
    """Administrators learn that a system does not do what was approved, at most every quarter of an hour."""
    now = heard[0].occurred_at
    slot = int(now.timestamp() // COLLECTING.total_seconds()) + 1
    systems = dict.fromkeys(event.subject.resource_role.resource.system_id for event in heard)
    queue(
        [
            Notice(person, Occasion.WORK_STUCK, reference=system, correlation_id=system, once_per=f"{system}:{slot}")
            for system in systems
            for person in User.objects.administrators().values_list("pk", flat=True)
        ],
        now=now,
        due_at=datetime.fromtimestamp(slot * COLLECTING.total_seconds(), tz=UTC),
    )


def _tell_holders(heard: list[Event], *, occasion: Occasion) -> None:
    if not heard:
        return
    queue(
        [
            Notice(event.subject.person_id, occasion, reference=event.subject.pk, correlation_id=event.correlation_id)
            for event in heard
        ],
        now=heard[0].occurred_at,
    )
