"""What provisioning hears from the directory: people who leave, and people who come back."""

from uuid import UUID

from audit import journal
from audit.models import Event
from directory import events as directory_events

from . import actions


@journal.listen(directory_events.PERSON_DISABLED)
def disable_accounts_of_leavers(heard: list[Event]) -> None:
    """Whoever leaves, or is blocked as a guest, has no account any more wherever that was chosen."""
    people = [event.subject for event in heard]
    actions.disable_accounts_of(people, stories=_stories(heard), now=heard[0].occurred_at)


@journal.listen(directory_events.PERSON_ENABLED)
def enable_accounts_of_returners(heard: list[Event]) -> None:
    """Whoever comes back has the accounts again that were disabled because they left."""
    people = [event.subject for event in heard]
    actions.enable_accounts_of(people, stories=_stories(heard), now=heard[0].occurred_at)


def _stories(heard: list[Event]) -> dict[UUID, UUID | None]:
    return {event.subject.pk: event.correlation_id for event in heard}
