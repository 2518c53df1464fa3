"""Who is told what: one function per kind of event. It only adds rows; what they say is decided when they are sent.

To have somebody told of a new event: a letter (see `letters`), and here a function that listens to the event and calls
`_tell`: on which occasion, `whom`, and `about` what (the id that the letter starts from: of the event's subject, unless
something in its details is meant). `tell_answer` below is an example. The same notice to the same person is stored
once, so listen as often as is needed. It runs inside the transaction of whoever caused the event, and may add one
statement to it: the insert. Who is told must therefore be in the event, in its subject or in its details; where that
takes a search, let a sweep find it (`actions.reminding`) and wake it here.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from accessgov import outbox
from audit import journal
from audit.models import Event
from catalog import events as catalog_events
from directory.models import User
from provisioning import events as provisioning_events
from provisioning.models import Connector
from requests_app import events as requests_events
from requests_app.lifecycle import UPDATING
from reviews import events as reviews_events

from .actions import Notice, concerned_by, queue
from .models import Occasion

DECISIONS = {
    requests_events.REQUEST_APPROVED: Occasion.APPROVED,
    requests_events.REQUEST_DENIED: Occasion.DENIED,
    requests_events.REQUEST_EXPIRED: Occasion.EXPIRED,
    **dict.fromkeys(requests_events.NOT_GIVEN, Occasion.NOT_GIVEN),
}
"""What is told as a decision. A request that its policy approves by itself is told once, when the access is there."""
ASKED = {
    requests_events.APPROVAL_STARTED: Occasion.APPROVER_ASKED,
    requests_events.ALTERNATES_ASKED: Occasion.ALTERNATE_ASKED,
}
NEW_ENDS = {
    requests_events.ASSIGNMENT_EXTENDED: Occasion.EXTENDED,
    requests_events.ASSIGNMENT_END_MOVED: Occasion.END_MOVED,
}
GATHERING = timedelta(minutes=1)
"""Tasks by hand that are opened within a minute are told in one letter: a package often has several."""
COLLECTING = timedelta(minutes=15)
"""Stuck work of one system within a quarter of an hour is told in one message: a system is rarely down for one only."""


# --- Deciding -------------------------------------------------------------------------------------------------------


@journal.listen(*ASKED)
def ask_approvers(heard: list[Event]) -> None:
    """Whoever is asked to decide is told at once."""
    _tell(heard, ASKED[heard[0].verb], whom=_asked, about=_detail("approval"))


@journal.listen(requests_events.APPROVAL_REASSIGNED)
def ask_successors(heard: list[Event]) -> None:
    """Whoever decides in somebody's place is told at once, also where they handed the same thing over before."""
    _tell(heard, Occasion.HANDED_OVER, whom=_asked, about=_detail("approval"), is_told_each_time=True)


@journal.listen(requests_events.APPROVAL_DELEGATED)
def ask_delegates(heard: list[Event]) -> None:
    """Whoever stands in is asked as the others are; what waited when it began at once is told with the delegation."""
    new = [event for event in heard if not event.details["was_waiting"]]
    _tell(new, Occasion.APPROVER_ASKED, whom=_asked, about=_detail("approval"))


@journal.listen(requests_events.DELEGATION_SET, requests_events.DELEGATION_CHANGED, requests_events.DELEGATION_ENDED)
def tell_delegations(heard: list[Event]) -> None:
    """Whoever stands in is told, and so is whoever is away where somebody else had a hand in it.

    What ends by its time is as it was said; whoever a changed delegation no longer names is told that it ended.
    """
    by_people = [event for event in heard if event.actor_id is not None]
    is_over = heard[0].verb == requests_events.DELEGATION_ENDED
    occasion = Occasion.DELEGATION_ENDED if is_over else Occasion.DELEGATED
    _tell(by_people, occasion, whom=_in_the_delegation, is_told_each_time=True)
    _tell(by_people, Occasion.DELEGATION_ENDED, whom=_no_longer_in_it, is_told_each_time=True)


@journal.listen(requests_events.APPROVAL_DECIDED, requests_events.REQUEST_DENIED)
def tell_whoever_is_away(heard: list[Event]) -> None:
    """Whoever is away learns what was decided in their place."""
    in_place = [event for event in heard if "in_place_of_id" in event.details]
    _tell(in_place, Occasion.DECIDED_FOR_YOU, whom=_one("in_place_of_id"), about=_detail("decided"))


@journal.listen(requests_events.APPROVAL_WITHDRAWN)
def tell_owners_of_withdrawals(heard: list[Event]) -> None:
    """The owner of the package learns that an approval was withdrawn; whoever it is about is told what came of that."""
    by_others = [event for event in heard if event.actor_id != event.subject.package.owner_id]
    _tell(by_others, Occasion.APPROVAL_WITHDRAWN, whom=_owner)


@journal.listen(requests_events.INFORMATION_ASKED)
def ask_requesters(heard: list[Event]) -> None:
    """Whoever asked, and whom they asked for, are told what an approver wants to know."""
    _tell(heard, Occasion.INFORMATION_ASKED, whom=_parties, about=_detail("inquiry"))


@journal.listen(requests_events.INFORMATION_GIVEN)
def tell_answer(heard: list[Event]) -> None:
    """The approver who asked is told the answer."""
    _tell(heard, Occasion.INFORMATION_GIVEN, whom=_one("asked_by"), about=_detail("inquiry"))


@journal.listen(requests_events.INFORMATION_MISSING)
def tell_silence(heard: list[Event]) -> None:
    """The approver who asked is told that nobody answered, and that the time to decide goes on."""
    _tell(heard, Occasion.INFORMATION_MISSING, whom=_one("asked_by"), about=_detail("inquiry"))


@journal.listen(*DECISIONS)
def tell_decision(heard: list[Event]) -> None:
    """Whoever asked, and whom they asked for, learn how it was decided; of an extension, by the new end."""
    occasion = DECISIONS[heard[0].verb]
    told_later = occasion == Occasion.APPROVED
    _tell([event for event in heard if not (told_later and event.subject.kind in UPDATING)], occasion, whom=_parties)


@journal.listen(requests_events.REQUEST_CANCELED)
def tell_cancellation(heard: list[Event]) -> None:
    """Whoever did not cancel it themselves learns who did; what the system cancels is told as what caused it."""
    by_people = [event for event in heard if event.actor_id is not None]
    _tell(by_people, Occasion.CANCELED, whom=_parties_but_the_actor)


@journal.listen(requests_events.APPROVAL_DECIDED, requests_events.REQUEST_EXPIRED)
def wake_outcomes(heard: list[Event]) -> None:
    """Others who were asked learn what became of it, by a sweep: who they are takes a search."""
    from .tasks import tell_outcomes

    outbox.wake(tell_outcomes)


# --- Having ---------------------------------------------------------------------------------------------------------


@journal.listen(requests_events.ASSIGNMENT_DELIVERED)
def tell_granted(heard: list[Event]) -> None:
    """Whoever has everything that a package gives learns what that is."""
    _tell(heard, Occasion.GRANTED, whom=_holder)


@journal.listen(*NEW_ENDS)
def tell_new_end(heard: list[Event]) -> None:
    """Whoever has it learns until when."""
    _tell(heard, NEW_ENDS[heard[0].verb], whom=_holder, about=_story)


@journal.listen(requests_events.ASSIGNMENT_ENDED)
def tell_ended(heard: list[Event]) -> None:
    """Whoever lost access learns why; those who were disabled read no mail of ours any more."""
    _tell([event for event in heard if event.subject.person.is_active], Occasion.ENDED, whom=_holder)


@journal.listen(catalog_events.ROLE_GRANTED)
def tell_appointments(heard: list[Event]) -> None:
    """Whoever has a role learns of it; of a group its owners."""
    _tell(heard, Occasion.ROLE_GRANTED, whom=_appointed)


@journal.listen(catalog_events.ROLE_REVOKED)
def tell_end_of_appointments(heard: list[Event]) -> None:
    """Whoever had a role learns that it is gone; of a group its owners."""
    _tell(heard, Occasion.ROLE_REVOKED, whom=_appointed)


# --- What is out of the ordinary ------------------------------------------------------------------------------------


@journal.listen(requests_events.EXCEPTION_ASKED)
def ask_for_decisions_on_exceptions(heard: list[Event]) -> None:
    """Whoever decides on an exception is told at once."""
    _tell(heard, Occasion.EXCEPTION_ASKED, whom=_asked)


@journal.listen(requests_events.EXCEPTION_APPROVED, requests_events.EXCEPTION_DENIED, requests_events.EXCEPTION_EXPIRED)
def tell_decision_on_exceptions(heard: list[Event]) -> None:
    """The person, and whoever asked for them, learn whether the exception is in force."""
    _tell(heard, Occasion.EXCEPTION_DECIDED, whom=lambda event: [event.subject.person_id, event.subject.asked_by_id])


@journal.listen(requests_events.EXCEPTION_ENDED, requests_events.EXCEPTION_REVOKED)
def tell_end_of_exceptions(heard: list[Event]) -> None:
    """Whom it concerns learns that an exception is over; what is held by it stays, and is reported."""
    _tell(heard, Occasion.EXCEPTION_OVER, whom=lambda event: concerned_by(event.subject))


@journal.listen(requests_events.EMERGENCY_TAKEN)
def alarm_of_emergencies(heard: list[Event]) -> None:
    """Owners are alarmed at once when somebody takes access without approval."""
    _tell(heard, Occasion.EMERGENCY_TAKEN, whom=_asked, about=_detail("review"))


@journal.listen(requests_events.EMERGENCY_JUSTIFIED, requests_events.EMERGENCY_NOT_JUSTIFIED)
def tell_judgements(heard: list[Event]) -> None:
    """Whoever took access in an emergency learns what was found."""
    _tell(heard, Occasion.EMERGENCY_JUDGED, whom=_holder)


@journal.listen(provisioning_events.OPERATION_STUCK)
def alarm_administrators(heard: list[Event]) -> None:
    """Administrators learn that a system does not do what was approved, at most every quarter of an hour."""
    systems = [event.subject.resource_role.resource.system_id for event in heard]
    _alarm(systems, occasion=Occasion.WORK_STUCK, now=heard[0].occurred_at)


@journal.listen(provisioning_events.ACCOUNT_STUCK)
def alarm_of_accounts(heard: list[Event]) -> None:
    """Administrators learn that a system leaves accounts as they are, at most every quarter of an hour."""
    _alarm([event.subject.system_id for event in heard], occasion=Occasion.WORK_STUCK, now=heard[0].occurred_at)


@journal.listen(provisioning_events.RECONCILIATION_FINISHED)
def tell_owners_of_drift(heard: list[Event]) -> None:
    """Owners learn what a reconciliation found at their resources: once for the run, not for each case."""
    _tell(heard, Occasion.DRIFT_FOUND, whom=_asked)


@journal.listen(requests_events.CALLOUT_STUCK)
def alarm_of_extensions(heard: list[Event]) -> None:
    """Administrators learn that a custom extension cannot be reached, at most every quarter of an hour."""
    extensions = [UUID(event.details["extension_id"]) for event in heard]
    _alarm(extensions, occasion=Occasion.EXTENSION_STUCK, now=heard[0].occurred_at)


@journal.listen(provisioning_events.TASK_OPENED)
def tell_teams(heard: list[Event]) -> None:
    """Teams learn what they are to do by hand: what comes within a minute in one letter."""
    _tell_teams(heard, Occasion.TASK_OPENED)


@journal.listen(provisioning_events.TASK_OVERDUE)
def tell_teams_of_delays(heard: list[Event]) -> None:
    """Teams are reminded once of what they should have done by now."""
    _tell_teams(heard, Occasion.TASK_OVERDUE)


@journal.listen(provisioning_events.TASK_REFUSED)
def tell_of_refusals(heard: list[Event]) -> None:
    """The owners of the connector, else administrators, learn what a team cannot do."""
    _tell(heard, Occasion.TASK_REFUSED, whom=_those_who_look_after_it, is_told_each_time=True)


@journal.listen(provisioning_events.CONNECTOR_PAUSED)
def tell_of_pauses(heard: list[Event]) -> None:
    """The owners of a connector, else administrators, learn that its system is away, each time that it is."""
    _tell(heard, Occasion.CONNECTOR_PAUSED, whom=_owners_of_connector, is_told_each_time=True)


@journal.listen(provisioning_events.CONNECTOR_RESUMED)
def tell_of_recoveries(heard: list[Event]) -> None:
    """They learn that it is back; the letter falls away where the first one did."""
    _tell(heard, Occasion.CONNECTOR_RESUMED, whom=_owners_of_connector, is_told_each_time=True)


# --- Reviews --------------------------------------------------------------------------------------------------------


@journal.listen(
    reviews_events.CAMPAIGN_OPENED,
    reviews_events.CAMPAIGN_STAGE_OPENED,
    reviews_events.REVIEWER_REPLACED,
    reviews_events.REVIEWER_FOUND,
    reviews_events.ITEMS_PUT_TO_MANAGER,
    reviews_events.CAMPAIGN_REMINDED,
    reviews_events.CAMPAIGN_RESET,
)
def wake_questions(heard: list[Event]) -> None:
    """Reviewers with open items are asked, by a sweep: who they are takes a search."""
    from .tasks import ask_reviewers

    outbox.wake(ask_reviewers)


@journal.listen(reviews_events.ITEM_HANDED_ON)
def tell_of_items_handed_on(heard: list[Event]) -> None:
    """Whoever is to review what was handed on is told, each time."""
    _tell(heard, Occasion.REVIEW_HANDED_ON, whom=_asked, is_told_each_time=True)


@journal.listen(reviews_events.CAMPAIGN_COMPLETED)
def tell_results(heard: list[Event]) -> None:
    """Whoever set a review up, and whoever it names, learn that it is complete."""
    _tell(heard, Occasion.REVIEW_COMPLETED, whom=_told_at_end)


@journal.listen(reviews_events.CAMPAIGN_WORK_STUCK)
def alarm_of_campaigns(heard: list[Event]) -> None:
    """Administrators learn that a campaign does not go on, at most every quarter of an hour."""
    _alarm([event.subject.pk for event in heard], occasion=Occasion.REVIEW_STUCK, now=heard[0].occurred_at)


# --- Queueing -------------------------------------------------------------------------------------------------------


def _story(event: Event) -> UUID:
    return event.correlation_id


def _subject(event: Event) -> UUID:
    return event.subject.pk


def _tell(
    heard: list[Event],
    occasion: Occasion,
    *,
    whom: Callable[[Event], Iterable[UUID]],
    about: Callable[[Event], UUID] = _subject,
    is_told_each_time: bool = False,
) -> None:
    """Queue a notice for everybody whom the events concern; the same one anew only where each event is news."""
    if not heard:
        return
    queue(
        [
            Notice(
                person,
                occasion,
                reference=about(event),
                correlation_id=event.correlation_id,
                once_per=str(event.pk) if is_told_each_time else "",
            )
            for event in heard
            for person in dict.fromkeys(whom(event))
        ],
        now=heard[0].occurred_at,
    )


def _alarm(references: list[UUID], *, occasion: Occasion, now: datetime) -> None:
    """Tell administrators of each of these, in the message of this quarter of an hour."""
    slot = int(now.timestamp() // COLLECTING.total_seconds()) + 1
    queue(
        [
            Notice(person, occasion, reference=reference, correlation_id=reference, once_per=f"{reference}:{slot}")
            for reference in dict.fromkeys(references)
            for person in User.objects.administrators().values_list("pk", flat=True)
        ],
        now=now,
        due_at=datetime.fromtimestamp(slot * COLLECTING.total_seconds(), tz=UTC),
    )


def _tell_teams(heard: list[Event], occasion: Occasion) -> None:
    """Everybody in the team that each task is for, in the letter of this minute about its connector."""
    slot = int(heard[0].occurred_at.timestamp() // GATHERING.total_seconds()) + 1
    teams = {(event.details["team_id"], event.subject.connector_id) for event in heard if event.details["team_id"]}
    queue(
        [
            Notice(person, occasion, reference=connector, correlation_id=connector, once_per=f"{connector}:{slot}")
            for team, connector in sorted(teams, key=str)
            for person in User.objects.enabled().in_groups([UUID(team)]).values_list("pk", flat=True)
        ],
        now=heard[0].occurred_at,
        due_at=datetime.fromtimestamp(slot * GATHERING.total_seconds(), tz=UTC),
    )


def _those_who_look_after_it(event: Event) -> list[UUID]:
    """The owners of a task's connector, else administrators."""
    return _look_after(event.subject.connector)


def _owners_of_connector(event: Event) -> list[UUID]:
    return _look_after(event.subject)


def _look_after(connector: Connector) -> list[UUID]:
    """The owners of a connector, as far as they are there, else administrators."""
    owners = list(connector.owners.filter(is_active=True).values_list("pk", flat=True))
    return owners or list(User.objects.administrators().values_list("pk", flat=True))


def _detail(name: str) -> Callable[[Event], UUID]:
    return lambda event: UUID(event.details[name])


def _one(name: str) -> Callable[[Event], list[UUID]]:
    return lambda event: [UUID(event.details[name])]


def _asked(event: Event) -> list[UUID]:
    return [UUID(person) for person in event.details["asked"]]


def _holder(event: Event) -> list[UUID]:
    return [event.subject.person_id]


def _owner(event: Event) -> list[UUID]:
    return [event.subject.package.owner_id]


def _parties(event: Event) -> list[UUID]:
    """Whoever asked, and whom they asked for."""
    return [party for party in (event.subject.person_id, event.subject.requested_by_id) if party is not None]


def _parties_but_the_actor(event: Event) -> list[UUID]:
    return [party for party in _parties(event) if party != event.actor_id]


def _told_at_end(event: Event) -> list[UUID]:
    """Whom its terms name, and whoever set up its review; of a campaign that an event started only the first."""
    campaign = event.subject
    named = [UUID(person) for person in campaign.rules.told_at_end]
    author = None if campaign.person_id else campaign.review.created_by_id
    return [*named, *([author] if author else [])]


def _appointed(event: Event) -> list[UUID]:
    owners = [UUID(pk) for pk in event.details["group_owners"]]
    return [pk for pk in (event.person_id, *owners) if pk is not None and pk != event.actor_id]


def _in_the_delegation(event: Event) -> list[UUID]:
    delegation = event.subject
    return [delegation.delegate_id, *([] if event.actor_id == delegation.delegator_id else [delegation.delegator_id])]


def _no_longer_in_it(event: Event) -> list[UUID]:
    return [UUID(pk) for pk in event.details.get("former", [])]
