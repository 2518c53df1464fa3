"""Deciding on several requests at once: each is judged by itself, and what came of each is said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import AccessPackage
from directory.models import User

from .. import conflicts
from ..lifecycle import IllegalMove, RequestStatus
from ..models import AccessRequest, Approval
from .deciding import AlreadyDecided, approve, deny

MOST = 50
"""More than these are decided in several goes: each takes its own transaction."""


class Result(models.TextChoices):
    """What came of one of the requests."""

    APPROVED = "approved", gettext_lazy("approved")
    DENIED = "denied", gettext_lazy("denied")
    ALREADY_DECIDED = "alreadyDecided", gettext_lazy("somebody else decided")
    CONFLICT = "conflict", gettext_lazy("in conflict")
    PRIVILEGED = "privileged", gettext_lazy("to be decided by itself")
    INCOMPLETE = "incomplete", gettext_lazy("something is missing")
    REFUSED = "refused", gettext_lazy("refused")


@dataclass(frozen=True)
class Outcome:
    """What came of one request, and why."""

    approval: Approval
    result: Result
    detail: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether the decision was taken."""
        return self.result in (Result.APPROVED, Result.DENIED)


def decide_many(
    *, approvals: Sequence[Approval], actor: User, is_approved: bool, justification: str, now: datetime
) -> list[Outcome]:
    """Approve or deny several stages with one reason; returns what came of each, in their order.

    Each is decided in a transaction of its own: what is refused holds up nothing else. What gives a privileged
    resource is never approved or denied in bulk (behaviour.md). Raises ValidationError where there are too many.
    """
    if len(approvals) > MOST:
        raise ValidationError(_("Decide on %(most)d at most at once.") % {"most": MOST}, code="too_many")
    privileged = privileged_packages(approval.access_request for approval in approvals)
    outcomes = []
    for approval in approvals:
        if approval.access_request.package_id in privileged:
            why = _("It gives a privileged resource: open it and decide on it by itself.")
            outcomes.append(Outcome(approval, Result.PRIVILEGED, why))
        else:
            outcomes.append(
                _decide_one(approval, actor=actor, is_approved=is_approved, justification=justification, now=now)
            )
    return outcomes


def privileged_packages(access_requests: Iterable[AccessRequest]) -> set[UUID]:
    """Those of the packages that give a privileged resource, by one statement."""
    packages = {access_request.package_id for access_request in access_requests}
    return set(AccessPackage.objects.privileged().filter(pk__in=packages).values_list("pk", flat=True))


def _decide_one(approval: Approval, *, actor: User, is_approved: bool, justification: str, now: datetime) -> Outcome:
    decide = approve if is_approved else deny
    try:
        with transaction.atomic():
            made = decide(approval=approval, actor=actor, justification=justification, now=now)
    except AlreadyDecided as refusal:
        return Outcome(approval, Result.ALREADY_DECIDED, str(refusal))
    except ValidationError as refusal:
        is_conflict = getattr(refusal, "code", None) == conflicts.INCOMPATIBLE
        return Outcome(approval, Result.CONFLICT if is_conflict else Result.INCOMPLETE, " ".join(refusal.messages))
    except (IllegalMove, PermissionDenied) as refusal:
        return Outcome(approval, Result.REFUSED, str(refusal))
    return Outcome(approval, Result.APPROVED if is_approved else Result.DENIED, _what_follows(made))


def _what_follows(access_request: AccessRequest) -> str:
    if access_request.status == RequestStatus.PENDING_APPROVAL:
        return _("Others decide on it as well.")
    return ""
