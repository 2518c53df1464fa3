"""Changes to policies with their stages, approvers and questions: each makes a new version."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Facts, facts_of, names
from directory.models import ConnectedOrganisation, Group, User

from .. import events
from ..choices import DurationKind, RequestorScope
from ..models import Policy, PolicyCallout, Question
from ..wording import question_in_words, stage_in_words
from .custom_extensions import replace_callouts
from .rules import refuse_if_used, refuse_lax_privileges, require_manager, require_owner
from .saving import stored, tell
from .scopes import refuse_impossible_scope
from .stages import Stage, replace_stages


@transaction.atomic
def save_policy(
    *,
    policy: Policy,
    actor: User | None,
    now: datetime,
    people: Collection[User] | None = None,
    groups: Collection[Group] | None = None,
    organisations: Collection[ConnectedOrganisation] | None = None,
    stages: Sequence[Stage] | None = None,
    questions: Sequence[Question] | None = None,
    callouts: Sequence[PolicyCallout] | None = None,
) -> Policy:
    """Create or change a policy; what is None stays as it is, the rest becomes what is given, in that order.

    Open requests go on under the version that they were submitted under. Raises PermissionDenied and ValidationError.
    """
    require_manager(actor, policy.package.catalog)
    old = stored(policy)
    if RequestorScope.EMERGENCY in {row.scope for row in (policy, old) if row}:
        require_owner(actor, policy.package.catalog)
    before = _facts(old) if old else None
    _refuse_an_end_in_the_past(policy, old=old, now=now)
    policy.version = old.version if old else 1
    policy.full_clean()
    policy.save()
    if people is not None:
        policy.people.set(people)
    if groups is not None:
        policy.groups.set(groups)
    if organisations is not None:
        policy.organisations.set(organisations)
    if stages is not None:
        replace_stages(policy, stages)
    if questions is not None:
        _replace_questions(policy, questions)
    if callouts is not None:
        replace_callouts(policy, callouts)
    refuse_impossible_scope(policy)
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


def _replace_questions(policy: Policy, questions: Sequence[Question]) -> None:
    policy.questions.exclude(pk__in=[question.pk for question in questions]).delete()
    for position, question in enumerate(questions, start=1):
        question.policy, question.position = policy, position
        question.full_clean()
        question.save()


def _refuse_an_end_in_the_past(policy: Policy, *, old: Policy | None, now: datetime) -> None:
    is_new = old is None or (old.ends_at, old.duration_kind) != (policy.ends_at, policy.duration_kind)
    if is_new and policy.duration_kind == DurationKind.UNTIL and policy.ends_at and policy.ends_at <= now:
        raise ValidationError({"ends_at": _("That is over already: choose a date in the future.")})


def _facts(policy: Policy) -> Facts:
    """What the policy says, with everything that hangs on it, read afresh."""
    stages = policy.stages.prefetch_related("approvers__person", "approvers__group", "approvers__extension")
    numbered = [f"{stage.position}. {stage_in_words(stage)}" for stage in stages]
    questions = [question_in_words(question) for question in policy.questions.select_related("attribute")]
    return facts_of(
        policy,
        people=names(_("named people"), policy.people.all()),
        groups=names(_("named groups"), policy.groups.all()),
        organisations=names(_("named connected organisations"), policy.organisations.all()),
        stages=names(_("approval"), numbered),
        questions=names(_("questions"), questions),
        callouts=names(_("calls of custom extensions"), policy.callouts.select_related("extension")),
    )
