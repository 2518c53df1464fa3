"""Asking once more for what was denied, ran out of time or was canceled."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from directory.models import User

from ..answers import Given, field_of, given_before
from ..lifecycle import RESUBMITTABLE, IllegalMove, RequestType
from ..models import AccessRequest
from ..periods import AS_THE_POLICY_SAYS, Period
from ..permissions import can_resubmit
from .asking import submit


def resubmit(
    *,
    access_request: AccessRequest,
    actor: User,
    now: datetime,
    justification: str = "",
    answers: Given | None = None,
    period: Period = AS_THE_POLICY_SAYS,
    languages: Iterable[str] = (),
) -> AccessRequest:
    """Ask for the same again, with the reason and the answers of then where none are given now; a new request.

    It is judged by the policies of now. Raises what `submit` raises, PermissionDenied for whoever did not ask, and
    IllegalMove where the request is open or was granted.
    """
    if not can_resubmit(actor, access_request):
        raise PermissionDenied(_("Only the person who asked asks again."))
    if access_request.kind != RequestType.USER_ADD or access_request.status not in RESUBMITTABLE:
        raise IllegalMove(_("Only what was denied, expired or canceled is asked for again."))
    policy = access_request.policy
    before = given_before(access_request, policy)
    asked = policy.questions.all() if policy.is_enabled else []
    kept = {str(one.pk): before[field_of(one)] for one in asked if field_of(one) in before}
    if not period.is_chosen and policy.is_enabled and policy.is_period_chosen:
        period = Period(_ahead(access_request.wanted_start, now=now), _ahead(access_request.wanted_end, now=now))
    return submit(
        package=access_request.package,
        person=access_request.person,
        actor=actor,
        now=now,
        policy=policy if policy.is_enabled else None,
        justification=justification or access_request.justification,
        answers={**kept, **(answers or {})},
        period=period,
        languages=languages,
    )


def _ahead(at: datetime | None, *, now: datetime) -> datetime | None:
    return at if at and at > now else None
