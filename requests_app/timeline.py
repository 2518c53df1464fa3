"""A request or an assignment told from the journal: what matters to people, each step in few words."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from audit.models import Event
from provisioning import events as provisioning_events

from . import events
from .models import Assignment

MOST_STEPS = 300
"""A page tells no more events than these."""


@dataclass(frozen=True)
class Telling:
    """How an event is told on the page of its story; `text` and `quote` name details of the event."""

    title: Any
    icon: str = ""
    tone: str = ""
    is_failure: bool = False
    text: str = ""
    quote: str = ""


TELLINGS = {
    events.REQUEST_SUBMITTED: Telling(_("Asked"), icon="send", tone="info"),
    events.EXTENSION_REQUESTED: Telling(_("Asked to extend it until {until}"), icon="send", tone="info"),
    events.REQUEST_ASSIGNED: Telling(_("Assigned directly"), icon="plus", tone="info"),
    events.REQUEST_AUTO_APPROVED: Telling(_("Approved by the policy: nobody had to decide")),
    events.REQUEST_SCHEDULED: Telling(_("Begins on {start}"), icon="calendar", tone="info"),
    events.REQUEST_LAPSED: Telling(_("Not given, though it was approved"), is_failure=True, text="why"),
    events.REQUEST_REPROCESSED: Telling(_("The delivery is tried again at once"), icon="refresh", tone="info"),
    events.ASSIGNMENT_REASSERTED: Telling(_("Everything is put in place again"), icon="refresh", tone="info"),
    events.REQUEST_DENIED: Telling(_("Denied"), is_failure=True, quote="justification"),
    events.REQUEST_CANCELED: Telling(_("Canceled"), icon="undo", tone="neutral"),
    events.REQUEST_EXPIRED: Telling(_("Nobody decided in time"), icon="clock", tone="warn"),
    events.REQUEST_IN_CONFLICT: Telling(
        _("Not given: something incompatible was there by then"), is_failure=True, text="why"
    ),
    events.APPROVAL_SKIPPED: Telling(
        _("Stage {position} is not needed"), icon="arrow-right", tone="neutral", text="why"
    ),
    events.APPROVAL_SHORTENED: Telling(_("Shortened: {new}, instead of {old}"), icon="clock", tone="warn"),
    events.INFORMATION_ASKED: Telling(_("Asked for information"), icon="message", tone="warn", quote="question"),
    events.INFORMATION_GIVEN: Telling(_("Answered"), icon="message", tone="info", quote="answer"),
    events.INFORMATION_MISSING: Telling(_("Nobody answered: the time to decide goes on"), icon="clock", tone="warn"),
    events.APPROVAL_STARTED: Telling(_("Asked to decide: {approvers}"), icon="message", tone="info"),
    events.APPROVAL_REROUTED: Telling(
        _("Nobody whom the policy names could decide; asked instead: {via}"), icon="refresh", tone="warn"
    ),
    events.ALTERNATES_ASKED: Telling(
        _("Not decided so far; asked as alternates: {approvers}"), icon="clock", tone="warn"
    ),
    events.APPROVAL_REASSIGNED: Telling(_("Handed over to {approver}"), icon="users", tone="info", quote="why"),
    events.APPROVAL_DELEGATED: Telling(
        _("{delegate} may decide too, in the place of {delegator}"), icon="users", tone="info"
    ),
    events.APPROVAL_WITHDRAWN: Telling(_("Approval withdrawn"), icon="undo", tone="warn", quote="why"),
    events.APPROVER_ABSENT: Telling(_("{absent} can no longer decide"), icon="user", tone="warn"),
    events.APPROVAL_DECIDED: Telling(_("Approved"), quote="justification"),
    events.CALLOUT_STARTED: Telling(_("Waiting for the answer of {extension}"), icon="clock", tone="info"),
    events.CALLOUT_SENT: Telling(_("{extension} was told"), icon="send", tone="neutral"),
    events.CALLOUT_ANSWERED: Telling(_("{extension} answered"), quote="detail"),
    events.CALLOUT_DENIED: Telling(_("{extension} answered no"), is_failure=True, quote="detail"),
    events.CALLOUT_TIMED_OUT: Telling(_("{extension} did not answer in time"), icon="clock", tone="warn"),
    events.CALLOUT_STUCK: Telling(_("{extension} cannot be reached"), icon="alert", tone="warn"),
    events.CALLOUT_RETRIED: Telling(_("{extension} is called again"), icon="refresh", tone="info"),
    events.EMERGENCY_TAKEN: Telling(_("Taken in an emergency"), icon="alert", tone="bad", quote="justification"),
    events.EMERGENCY_JUSTIFIED: Telling(_("Reviewed: justified"), quote="findings"),
    events.EMERGENCY_NOT_JUSTIFIED: Telling(_("Reviewed: not justified"), is_failure=True, quote="findings"),
    events.ASSIGNMENT_DELIVERED: Telling(_("Everything is there"), icon="check-circle"),
    events.ASSIGNMENT_FAILED: Telling(_("Not everything could be delivered yet"), icon="alert", tone="warn"),
    events.ASSIGNMENT_EXTENDED: Telling(_("Extended: ends on {new_end}, no longer on {old_end}"), icon="calendar"),
    events.ASSIGNMENT_END_MOVED: Telling(
        _("End moved to {new_end}, from {old_end}"), icon="calendar", tone="info", quote="why"
    ),
    events.ASSIGNMENT_ENDED: Telling(_("Access ended"), icon="clock", tone="neutral", text="why"),
    events.ASSIGNMENT_CLEARED: Telling(_("Everything is taken away"), icon="check-circle", tone="neutral"),
    provisioning_events.GRANT_DELIVERED: Telling(_("{target} delivered"), icon="key", text="proof"),
    provisioning_events.GRANT_FAILED: Telling(_("{target} not delivered yet"), is_failure=True, text="error"),
    provisioning_events.GRANT_ADOPTED: Telling(_("{target} was there before, and stays"), tone="neutral"),
    provisioning_events.GRANT_KEPT: Telling(_("{target} stays"), tone="neutral", text="why"),
    provisioning_events.GRANT_REMOVED: Telling(_("{target} removed"), icon="ban", tone="neutral", text="proof"),
    provisioning_events.REMOVAL_FAILED: Telling(_("{target} not removed yet"), is_failure=True, text="error"),
    provisioning_events.OPERATION_STUCK: Telling(
        _("{target} given up after {attempts} attempts"), is_failure=True, text="error"
    ),
    provisioning_events.OPERATION_RETRIED: Telling(_("{target} put back to work"), icon="refresh", tone="info"),
}
"""What people are told. The rest of the journal is there too, folded away: what was queued, what began."""


@dataclass(frozen=True)
class Step:
    """One step of a timeline, as its template takes it."""

    title: str
    at: datetime
    who: str
    state: str
    icon: str
    tone: str
    text: str
    quote: str


def story_of(access_request_id: UUID) -> list[Event]:
    """Everything that belongs to one request, in the order in which it happened."""
    return list(Event.objects.story(access_request_id)[:MOST_STEPS])


def stories_of(assignment: Assignment, *, request_ids: Iterable[UUID]) -> list[Event]:
    """Everything that belongs to an assignment and to the requests that led to it and ended it."""
    stories = Event.objects.filter(correlation_id__in=[assignment.pk, *request_ids])
    return list(stories.order_by("occurred_at", "id")[:MOST_STEPS])


def steps(story: Iterable[Event]) -> list[Step]:
    """Those events of a story that people are told."""
    return [_step(event, TELLINGS[event.verb]) for event in story if event.verb in TELLINGS]


def _step(event: Event, telling: Telling) -> Step:
    facts: defaultdict[str, Any] = defaultdict(lambda: "…", {**event.details, "target": event.target_label})
    return Step(
        title=str(telling.title).format_map(facts),
        at=event.occurred_at,
        who=event.actor_label if event.actor_id else "",
        state="failed" if telling.is_failure else "done",
        icon=telling.icon,
        tone=telling.tone,
        text=str(event.details.get(telling.text, "")),
        quote=str(event.details.get(telling.quote, "")),
    )
