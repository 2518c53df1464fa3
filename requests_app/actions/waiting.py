"""The clock of a stage, which stands still while the requester is asked for information."""

from datetime import datetime

from directory.models import User

from ..models import Approval


def stop_waiting(approval: Approval, *, now: datetime, asker: User | None = None) -> None:
    """Close the question that is open on a locked stage, if one is, and have the clock go on.

    `asker` narrows it down to a question of theirs: whoever decides needs no answer to what they asked, while the
    others may still wait for one.
    """
    if approval.paused_at is None:
        return
    questions = approval.inquiries.open()
    if asker is not None:
        questions = questions.filter(asked_by=asker)
    if questions.update(closed_at=now):
        approval.resume(at=now)
