"""What a review looks at is deleted: the review goes with it, unless it has campaigns, which are kept."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from directory.models import User

from ..models import Review
from .defining import delete_review


@transaction.atomic
def delete_with_their_subject(*, reviews: Iterable[Review], actor: User | None, now: datetime) -> None:
    """Delete these reviews. Raises ValidationError, which keeps what they look at as well, where one has campaigns."""
    for review in reviews:
        delete_review(review=review, actor=actor, now=now)
