"""What lies ahead of whoever asks now: who would decide each stage, who after them, and how long they usually take."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from catalog.choices import ApproverUse
from catalog.models import ApprovalStage, Policy
from directory.models import User

from . import approvers, pace
from .approvers import Found


@dataclass(frozen=True)
class Prospect:
    """One stage as it would be, were it asked for now; `usual` is the median time of those who would decide."""

    stage: ApprovalStage
    found: Found
    alternates: Found | None
    usual: timedelta | None

    @property
    def required(self) -> int:
        """How many of those who would be asked must approve."""
        return approvers.quorum(self.stage.approvals_required, of=len(self.found.people))


def look_ahead(policies: Iterable[Policy], *, person: User, now: datetime) -> dict[UUID, list[Prospect]]:
    """The stages of each policy, by its id, if the person asked for themselves; policies come `complete()`.

    The usual times of all of them cost one statement.
    """
    stages = [(policy, stage) for policy in policies for stage in policy.stages.all()]
    found = [approvers.preview(stage, person=person, package=policy.package) for policy, stage in stages]
    usual = pace.medians([one.people for one in found], now=now)
    ahead: dict[UUID, list[Prospect]] = {policy.pk: [] for policy in policies}
    for (policy, stage), asked, time in zip(stages, found, usual, strict=True):
        alternates = _alternates(stage, policy=policy, person=person, asked=asked)
        ahead[policy.pk].append(Prospect(stage=stage, found=asked, alternates=alternates, usual=time))
    return ahead


def _alternates(stage: ApprovalStage, *, policy: Policy, person: User, asked: Found) -> Found | None:
    if stage.alternates_after_days is None:
        return None
    left_out = [person.pk, *(one.pk for one in asked.people)]
    return approvers.find(
        approvers.rules_of(stage),
        person=person,
        package=policy.package,
        left_out=left_out,
        use=ApproverUse.ALTERNATE,
    )
