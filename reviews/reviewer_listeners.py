"""What changes who reviews: people who are disabled, and people who stand in for others."""

from accessgov import outbox
from audit import journal
from audit.models import Event
from directory import events as directory_events
from requests_app import events as request_events

from . import events, tasks


@journal.listen(
    directory_events.PERSON_DISABLED,
    request_events.DELEGATION_SET,
    request_events.DELEGATION_CHANGED,
    request_events.DELEGATION_ENDED,
    events.CAMPAIGN_OPENED,
    events.CAMPAIGN_STAGE_OPENED,
    events.CAMPAIGN_RESET,
    events.ITEM_HANDED_ON,
    events.ITEMS_PUT_TO_MANAGER,
)
def ask_others(heard: list[Event]) -> None:
    """As soon as that is committed, others review in the place of those who cannot, or who are away."""
    outbox.wake(tasks.replace_absent)
