"""Asking that one's access last longer (behaviour 15)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NoReturn

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from directory.actions import lock_people
from directory.models import User

from .. import events
from ..answers import Given, check_answers, keep_answers
from ..extensions import Offer, offer_for
from ..lifecycle import LIVE, IllegalMove, RequestType
from ..models import AccessRequest, Assignment
from ..permissions import can_extend
from .asking import create, proceed
from .moving import in_journal


@transaction.atomic
def extend(
    *,
    assignment: Assignment,
    actor: User,
    now: datetime,
    justification: str = "",
    answers: Given | None = None,
    languages: Iterable[str] = (),
) -> AccessRequest:
    """Ask for one's access beyond its end. `answers` maps the ids of the policy's questions to what was answered.

    The end stays as it is until that is approved; it moves at once where the policy wants no approval. Raises
    PermissionDenied, IllegalMove where the access has ended, and ValidationError with the reason where it cannot be
    extended (code `open_request` where that was asked for already) or where something is missing.
    """
    lock_people([assignment.person_id])
    rows = Assignment.objects.select_related("person__manager", "package").select_for_update(of=("self",))
    locked = rows.get(pk=assignment.pk)
    if not can_extend(actor, locked):
        raise PermissionDenied(_("Only the person who has it extends it."))
    offer = offer_for(locked, now=now)
    if offer.policy is None:
        _refuse(offer, assignment=locked)
    given = check_answers(
        offer.policy,
        person=locked.person,
        asker=actor,
        justification=justification,
        answers=answers or {},
        languages=languages,
    )
    access_request, stages = create(
        offer.policy,
        kind=RequestType.USER_UPDATE,
        person=locked.person,
        actor=actor,
        justification=justification,
        now=now,
        is_approval_needed=offer.policy.does_extension_need_approval,
        most_time=locked.ends_at - now if locked.ends_at else timedelta.max,
        assignment=locked,
        wanted_end=offer.ends_at,
    )
    keep_answers(access_request, given)
    proceed(
        access_request,
        stages,
        verb=events.EXTENSION_REQUESTED,
        actor=actor,
        now=now,
        until=in_journal(offer.ends_at),
    )
    return access_request


def _refuse(offer: Offer, *, assignment: Assignment) -> NoReturn:
    if assignment.status not in LIVE:
        raise IllegalMove(offer.obstacle)
    raise ValidationError(offer.obstacle, code="open_request" if offer.open_request else "not_extendable")
