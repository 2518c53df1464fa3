"""Changes to policies with their stages, approvers and questions: each makes a new version."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Facts, facts_of, names
from directory.models import Group, User

from .. import events
from ..choices import ApproverKind, ApproverUse, DurationKind, RequestorScope
from ..models import ApprovalStage, Policy, Question, StageApprover
from ..wording import question_in_words, stage_in_words
from .rules import refuse_if_used, refuse_lax_privileges, require_manager
from .saving import stored, tell

MOST_STAGES = 5


@dataclass(frozen=True)
class Stage:
    """A stage as it is to be: its row and whom it asks, neither of them saved."""

    row: ApprovalStage
    approvers: Sequence[StageApprover]


@transaction.atomic
def save_policy(
    *,
    policy: Policy,
    actor: User | None,
    now: datetime,
    people: Collection[User] | None = None,
    groups: Collection[Group] | None = None,
    stages: Sequence[Stage] | None = None,
    questions: Sequence[Question] | None = None,
) -> Policy:
    """Create or change a policy; what is None stays as it is, the rest becomes what is given, in that order.

    Open requests go on under the version that they were submitted under. Raises PermissionDenied and ValidationError.
    """
    require_manager(actor, policy.package.catalog)
    old = stored(policy)
    before = _facts(old) if old else None
    _refuse_an_end_in_the_past(policy, old=old, now=now)
    policy.version = old.version if old else 1
    policy.full_clean()
    policy.save()
    if people is not None:
        policy.people.set(people)
    if groups is not None:
        policy.groups.set(groups)
    if stages is not None:
        _replace_stages(policy, stages)
    if questions is not None:
        _replace_questions(policy, questions)
    _refuse_a_policy_for_nobody(policy)
    refuse_lax_privileges(pk=policy.pk)
    after = _facts(policy)
    if before is not None and before != after:
        policy.version += 1
        policy.save(update_fields=["version"])
    tell(
        policy,
        created=events.POLICY_CREATED,
        changed=events.POLICY_CHANGED,
        before=before,
        after=after,
        actor=actor,
        now=now,
        package=policy.package,
        details={"version": policy.version},
    )
    return policy


@transaction.atomic
def delete_policy(*, policy: Policy, actor: User | None, now: datetime) -> None:
    """Delete a policy under which nobody ever asked. Raises PermissionDenied and ValidationError."""
    require_manager(actor, policy.package.catalog)
    refuse_if_used(policy, instead=_("Disable it instead."))
    journal.record(events.POLICY_DELETED, actor=actor, target=policy, package=policy.package, at=now)
    policy.delete()


def _replace_stages(policy: Policy, stages: Sequence[Stage]) -> None:
    """Nothing refers to a stage, since requests copy it; so all are made anew, in the order given."""
    if len(stages) > MOST_STAGES:
        raise ValidationError(
            _("A policy has at most %(most)d approval stages."), code="too_many_stages", params={"most": MOST_STAGES}
        )
    policy.stages.all().delete()
    for position, stage in enumerate(stages, start=1):
        row = ApprovalStage(
            policy=policy,
            position=position,
            approvals_required=stage.row.approvals_required,
            time_limit_days=stage.row.time_limit_days,
            requires_justification=stage.row.requires_justification,
            alternates_after_days=stage.row.alternates_after_days,
        )
        row.full_clean()
        row.save()
        approvers = [
            StageApprover(stage=row, use=one.use, kind=one.kind, person=one.person, group=one.group)
            for one in stage.approvers
        ]
        for approver in approvers:
            approver.full_clean()
        _refuse_a_stage_that_cannot_end(row, approvers)
        _refuse_alternates_without_a_delay(row, approvers)
        StageApprover.objects.bulk_create(approvers)


def _replace_questions(policy: Policy, questions: Sequence[Question]) -> None:
    policy.questions.exclude(pk__in=[question.pk for question in questions]).delete()
    for position, question in enumerate(questions, start=1):
        question.policy, question.position = policy, position
        question.full_clean()
        question.save()


def _refuse_a_stage_that_cannot_end(row: ApprovalStage, approvers: Sequence[StageApprover]) -> None:
    primary = [one for one in approvers if one.use == ApproverUse.PRIMARY]
    if not primary:
        raise ValidationError(_("Say who decides in %(stage)s.") % {"stage": row}, code="no_approver")
    if row.approvals_required is None or any(one.kind == ApproverKind.GROUP for one in primary):
        return
    if row.approvals_required > len(primary):
        raise ValidationError(
            _("%(stage)s asks for %(required)d approvals, but only %(count)d may decide."),
            code="too_few_approvers",
            params={"stage": row, "required": row.approvals_required, "count": len(primary)},
        )


def _refuse_alternates_without_a_delay(row: ApprovalStage, approvers: Sequence[StageApprover]) -> None:
    has_alternates = any(one.use == ApproverUse.ALTERNATE for one in approvers)
    if has_alternates and row.alternates_after_days is None:
        raise ValidationError(
            _("Say after how many days the alternates of %(stage)s are asked."),
            code="alternates_without_delay",
            params={"stage": row},
        )
    if row.alternates_after_days is not None and not has_alternates:
        raise ValidationError(
            _("Say who the alternates of %(stage)s are, or leave out when they are asked."),
            code="delay_without_alternates",
            params={"stage": row},
        )


def _refuse_an_end_in_the_past(policy: Policy, *, old: Policy | None, now: datetime) -> None:
    is_new = old is None or (old.ends_at, old.duration_kind) != (policy.ends_at, policy.duration_kind)
    if is_new and policy.duration_kind == DurationKind.UNTIL and policy.ends_at and policy.ends_at <= now:
        raise ValidationError({"ends_at": _("That is over already: choose a date in the future.")})


def _refuse_a_policy_for_nobody(policy: Policy) -> None:
    if policy.scope == RequestorScope.SPECIFIC and not (policy.people.exists() or policy.groups.exists()):
        raise ValidationError(
            _("Name the people or groups who may ask under “%(policy)s”."), code="nobody", params={"policy": policy}
        )


def _facts(policy: Policy) -> Facts:
    """What the policy says, with everything that hangs on it, read afresh."""
    stages = policy.stages.prefetch_related("approvers__person", "approvers__group")
    numbered = [f"{stage.position}. {stage_in_words(stage)}" for stage in stages]
    questions = [question_in_words(question) for question in policy.questions.all()]
    return facts_of(
        policy,
        people=names(_("named people"), policy.people.all()),
        groups=names(_("named groups"), policy.groups.all()),
        stages=names(_("approval"), numbered),
        questions=names(_("questions"), questions),
    )
