"""What reviews do about changes to the catalog: when a policy or package is deleted, nothing is left to review."""

from django.db.models import Q

from audit import journal
from audit.models import Event
from catalog.events import PACKAGE_DELETED, POLICY_DELETED

from .actions.letting_go import delete_with_their_subject
from .models import Review


@journal.listen(POLICY_DELETED, PACKAGE_DELETED)
def let_go(events: list[Event]) -> None:
    """Their reviews go before they do, each with its own word in the journal."""
    for event in events:
        of_it = Q(policy=event.target_id) | Q(package=event.target_id) | Q(policy__package=event.target_id)
        reviews = Review.objects.filter(of_it).with_names().order_by("pk")
        delete_with_their_subject(reviews=reviews, actor=event.actor, now=event.occurred_at)
