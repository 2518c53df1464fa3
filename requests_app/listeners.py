"""What requests hear from the apps below: grants that were settled, people who were disabled."""

from accessgov import outbox
from audit import journal
from audit.models import Event
from directory import events as directory_events
from provisioning import events as provisioning_events

from . import actions, tasks


@journal.listen(
    provisioning_events.GRANT_DELIVERED, provisioning_events.GRANT_FAILED, provisioning_events.GRANT_REMOVED
)
def follow_grants(heard: list[Event]) -> None:
    """An assignment shows what its grants show."""
    actions.refresh([event.subject for event in heard], now=heard[0].occurred_at)


@journal.listen(directory_events.PERSON_DISABLED)
def end_access_of_leavers(heard: list[Event]) -> None:
    """Whoever is disabled loses everything at once, and others are asked to decide in their place."""
    actions.end_everything_of([event.subject for event in heard], now=heard[0].occurred_at)
    outbox.wake(tasks.replace_absent_approvers)
