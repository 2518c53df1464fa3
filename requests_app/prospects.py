"""What lies ahead of whoever asks now: who would decide each stage, who after them, and how long they usually take."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from catalog.choices import ApproverKind, ApproverUse
from catalog.models import ApprovalStage, Policy
from directory.models import User

from . import approvers, conditions, pace
from .approvers import Found

NOBODY = Found(people=[], via="", is_rerouted=False)


@dataclass(frozen=True)
class Prospect:
    """One stage as it would be, were it asked for now; `usual` is the median time of those who would decide.

    A stage that is not needed, for the reason that `not_needed` gives, asks nobody.
    """

    stage: ApprovalStage
    found: Found
    alternates: Found | None
    usual: timedelta | None
    not_needed: str = ""

    @property
    def says_who(self) -> str:
        """The custom extension that says who decides, once the stage begins; empty where the policy does."""
        asked = (one for one in self.stage.approvers.all() if one.kind == ApproverKind.EXTENSION)
        return next((str(one.extension) for one in asked), "")

    @property
    def required(self) -> int:
        """How many of those who would be asked must approve."""
        return approvers.quorum(self.stage.approvals_required, of=len(self.found.people))


def look_ahead(
    policies: Iterable[Policy], *, person: User, now: datetime, asker: User | None = None
) -> dict[UUID, list[Prospect]]:
    """The stages of each policy, by its id, if the person asked now, or the asker for them; policies come `complete()`.

    The usual times of all of them cost one statement.
    """
    policies = list(policies)
    stages = [(policy, stage) for policy in policies for stage in policy.stages.all()]
    reasons: dict[UUID, str] = {}
    for policy in policies:
        reasons |= conditions.not_needed(policy.stages.all(), person=person, package=policy.package)
    found = [
        NOBODY
        if stage.pk in reasons or _is_open(stage)
        else approvers.preview(stage, person=person, asker=asker, package=policy.package)
        for policy, stage in stages
    ]
    usual = pace.medians([one.people for one in found], now=now)
    ahead: dict[UUID, list[Prospect]] = {policy.pk: [] for policy in policies}
    for (policy, stage), asked, time in zip(stages, found, usual, strict=True):
        reason = reasons.get(stage.pk, "")
        parties = [person, *([asker] if asker else [])]
        alternates = None if reason else _alternates(stage, policy=policy, parties=parties, asked=asked)
        prospect = Prospect(stage=stage, found=asked, alternates=alternates, usual=time, not_needed=reason)
        ahead[policy.pk].append(prospect)
    return ahead


def _is_open(stage: ApprovalStage) -> bool:
    """Whether nobody knows yet who decides: a custom extension says so when the stage begins."""
    return any(one.kind == ApproverKind.EXTENSION for one in stage.approvers.all())


def _alternates(stage: ApprovalStage, *, policy: Policy, parties: list[User], asked: Found) -> Found | None:
    if stage.alternates_after is None:
        return None
    left_out = [one.pk for one in (*parties, *asked.people)]
    return approvers.find(
        approvers.rules_of(stage),
        person=parties[0],
        package=policy.package,
        left_out=left_out,
        use=ApproverUse.ALTERNATE,
    )
