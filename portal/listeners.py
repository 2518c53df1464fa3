"""What the portal hears from the apps below: people who were disabled."""

from audit import journal
from audit.models import Event
from directory import events as directory_events

from . import actions


@journal.listen(directory_events.PERSON_DISABLED)
def end_tokens_of_leavers(heard: list[Event]) -> None:
    """Whoever is disabled has no API tokens any more."""
    actions.revoke_all_tokens([event.subject for event in heard], now=heard[0].occurred_at)
