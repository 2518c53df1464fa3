"""The stages of a policy, written anew with their approvers; and what is refused of them, each at its field."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ..choices import ApproverKind, ApproverUse
from ..models import ApprovalStage, Policy, StageApprover

MOST_STAGES = 5
ALONE = (ApproverKind.MANAGER, ApproverKind.PERSON, ApproverKind.PACKAGE_OWNERS)
"""The kinds of approver behind which there is one person; how many there are behind the others, nobody knows yet."""
APPROVER_FIELDS = ("use", "kind", "level", "person", "group", "extension")


@dataclass(frozen=True)
class Stage:
    """A stage as it is to be: its row and whom it asks, neither of them saved."""

    row: ApprovalStage
    approvers: Sequence[StageApprover]


def replace_stages(policy: Policy, stages: Sequence[Stage]) -> None:
    """Nothing refers to a stage, since requests copy it; so all are made anew, in the order given.

    Raises ValidationError.
    """
    if len(stages) > MOST_STAGES:
        raise ValidationError(
            _("A policy has at most %(most)d approval stages."), code="too_many_stages", params={"most": MOST_STAGES}
        )
    policy.stages.all().delete()
    for position, stage in enumerate(stages, start=1):
        row = _copy(stage.row, policy=policy, position=position)
        row.full_clean()
        row.save()
        approvers = [
            StageApprover(stage=row, **{name: getattr(one, name) for name in APPROVER_FIELDS})
            for one in stage.approvers
        ]
        for approver in approvers:
            approver.full_clean()
        check_stage(row, approvers)
        StageApprover.objects.bulk_create(approvers)
    _refuse_the_same_manager_twice(stages)


def check_stage(row: ApprovalStage, approvers: Sequence[StageApprover]) -> None:
    """Raises ValidationError, by field, where the stage could not end or its alternates could not be asked."""
    _refuse_a_stage_that_cannot_end(row, approvers)
    _refuse_an_extension_beside_others(row, approvers)
    _refuse_alternates_without_a_delay(row, approvers)


def _copy(row: ApprovalStage, *, policy: Policy, position: int) -> ApprovalStage:
    fields = (field for field in row._meta.concrete_fields if field.name not in ("id", "policy", "position"))
    return ApprovalStage(policy=policy, position=position, **{field.name: getattr(row, field.name) for field in fields})


def _refuse_a_stage_that_cannot_end(row: ApprovalStage, approvers: Sequence[StageApprover]) -> None:
    primary = [one for one in approvers if one.use == ApproverUse.PRIMARY]
    if not primary:
        raise _fault("approvers", _("Say who decides in %(stage)s."), code="no_approver", stage=row)
    if row.approvals_required is None or any(one.kind not in ALONE for one in primary):
        return
    if row.approvals_required > len(primary):
        raise _fault(
            "approvals_required",
            _("%(stage)s asks for %(required)d approvals, but only %(count)d may decide."),
            code="too_few_approvers",
            stage=row,
            required=row.approvals_required,
            count=len(primary),
        )


def _refuse_an_extension_beside_others(row: ApprovalStage, approvers: Sequence[StageApprover]) -> None:
    """An extension says who decides; it cannot do so beside others, nor in the place of those who come after them."""
    asked = [one for one in approvers if one.kind == ApproverKind.EXTENSION]
    if not asked:
        return
    if any(one.use != ApproverUse.PRIMARY for one in asked):
        raise _fault("approvers", _("An extension is asked first, not as fallback or alternate."), code="extension_use")
    if sum(one.use == ApproverUse.PRIMARY for one in approvers) > 1:
        said = _("In %(stage)s an extension says who decides: name nobody beside it but fallbacks and alternates.")
        raise _fault("approvers", said, code="extension_beside_others", stage=row)


def _refuse_alternates_without_a_delay(row: ApprovalStage, approvers: Sequence[StageApprover]) -> None:
    has_alternates = any(one.use == ApproverUse.ALTERNATE for one in approvers)
    if has_alternates and row.alternates_after is None:
        said = _("Say after what time the alternates of %(stage)s are asked.")
        raise _fault("alternates_after", said, code="alternates_without_delay", stage=row)
    if row.alternates_after is not None and not has_alternates:
        said = _("Say who the alternates of %(stage)s are, or leave out when they are asked.")
        raise _fault("alternates_after", said, code="delay_without_alternates", stage=row)


def _refuse_the_same_manager_twice(stages: Sequence[Stage]) -> None:
    """Asked a second time, the same manager adds nothing (corner 7); under conditions it may be another request."""
    levels = [level for stage in stages if (level := _manager_alone(stage)) and not stage.row.is_conditional]
    if len(levels) != len(set(levels)):
        raise ValidationError(
            _("Two stages ask the same manager alone: name another level, or somebody else, in one of them."),
            code="same_manager_twice",
        )


def _manager_alone(stage: Stage) -> int | None:
    """The level of the manager, where nobody else is asked first."""
    primary = [one for one in stage.approvers if one.use == ApproverUse.PRIMARY]
    return primary[0].level if [one.kind for one in primary] == [ApproverKind.MANAGER] else None


def _fault(field: str, said: str, *, code: str, **params: object) -> ValidationError:
    return ValidationError({field: ValidationError(said, code=code, params=params)})
