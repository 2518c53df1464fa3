"""What the portal hears from the apps below: people who were disabled."""

from audit import journal
from audit.models import Event
from directory import events as directory_events
from directory.actions import end_sessions

from . import actions


@journal.listen(directory_events.PERSON_DISABLED)
def shut_out_leavers(heard: list[Event]) -> None:
    """Whoever is disabled has no sessions and no API tokens any more, also should they be enabled again."""
    end_sessions([event.subject for event in heard], now=heard[0].occurred_at)
    actions.revoke_all_tokens([event.subject for event in heard], now=heard[0].occurred_at)
