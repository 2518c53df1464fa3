"""Reviews are set up, changed and deleted; campaigns that are under way keep the terms that they started with."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Facts, facts_of, names
from catalog.actions.rules import refuse_if_used
from catalog.actions.saving import stored, tell
from directory.models import User

from .. import events
from ..models import Review, ReviewStage
from ..wording import stage_with_its_part
from .rules import NAMES, Stage, check_review, require_definer
from .starting import schedule

CALENDAR = ("is_enabled", "trigger", "frequency", "interval", "starts_on", "start_time", "ends_on", "occurrences")
"""What its next start depends on."""
KEPT = ("started", "next_at", "created_by", "created_at")
"""What is never given by whoever changes it."""
COPIED = [one.name for one in ReviewStage._meta.concrete_fields if one.editable and one.name not in ("id", "review")]


@transaction.atomic
def save_review(
    *,
    review: Review,
    actor: User | None,
    now: datetime,
    stages: Sequence[Stage] | None = None,
    told_at_end: Collection[User] | None = None,
) -> Review:
    """Set up or change a review; what is None stays as it is, the rest becomes what is given, in that order.

    Raises PermissionDenied, and ValidationError by field.
    """
    old = stored(review)
    for looked_at in filter(None, (old, review)):
        require_definer(actor, looked_at)
    before = _facts(old) if old else None
    for name in KEPT:
        setattr(review, name, getattr(old, name) if old else {"created_by": actor, "created_at": now}.get(name))
    review.started = review.started or 0
    wanted = [Stage.of(row) for row in review.stages.all()] if stages is None and old else list(stages or ())
    check_review(review, wanted, old=old, now=now, actor=actor)
    review.full_clean()
    review.save()
    if stages is not None:
        _replace_stages(review, stages)
    if told_at_end is not None:
        review.told_at_end.set(told_at_end)
    if old is None or any(getattr(old, name) != getattr(review, name) for name in CALENDAR):
        schedule(review, now)
    tell(
        review,
        created=events.REVIEW_CREATED,
        changed=events.REVIEW_CHANGED,
        before=before,
        after=_facts(review),
        actor=actor,
        now=now,
        package=review.package_concerned,
        person=review.person,
    )
    return review


@transaction.atomic
def delete_review(*, review: Review, actor: User | None, now: datetime) -> None:
    """Delete a review that never started. Raises PermissionDenied and ValidationError."""
    require_definer(actor, review)
    refuse_if_used(review, instead=_("Disable it, or give it an earlier end."))
    journal.record(
        events.REVIEW_DELETED,
        actor=actor,
        target=review,
        at=now,
        package=review.package_concerned,
        person=review.person,
    )
    review.delete()


def _replace_stages(review: Review, stages: Sequence[Stage]) -> None:
    """Nothing refers to a stage, since campaigns copy it; so all are made anew, in the order given."""
    review.stages.all().delete()
    for stage in stages:
        row = ReviewStage(review=review, **{name: getattr(stage.row, name) for name in COPIED})
        row.full_clean()
        row.save()
        for name in NAMES:
            getattr(row, name).set(getattr(stage, name))


def _facts(review: Review) -> Facts:
    """What the review says, with everything that hangs on it, read afresh."""
    stages = Review.objects.with_stages().get(pk=review.pk).stages.all()
    return facts_of(
        review,
        stages=names(_("stages"), [stage_with_its_part(stage) for stage in stages]),
        told_at_end=names(_("who is told of the results"), review.told_at_end.all()),
    )
