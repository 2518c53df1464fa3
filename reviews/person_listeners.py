"""What reviews hear of people: whoever has a new manager, another job or a higher risk may have to be reviewed."""

from audit import journal
from audit.models import Event
from directory import events as directory_events

from . import occasions
from .actions import reacting


@journal.listen(directory_events.PERSON_CHANGED)
def review_who_changed(heard: list[Event]) -> None:
    """Only cues are left here: an import of thousands of movers must not wait for thousands of campaigns."""
    for trigger, found in occasions.in_journal(heard).items():
        reacting.leave_cues(trigger, found, now=heard[0].occurred_at)
