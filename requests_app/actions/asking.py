"""Asking for a package: submission by the person, and direct assignment by whoever looks after it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists
from django.utils.translation import gettext as _

from audit import journal
from catalog.choices import QuestionKind, RequestorScope
from catalog.models import AccessPackage, Policy
from catalog.permissions import can_manage_assignments
from directory.actions import lock_people
from directory.models import User

from .. import approvers, conflicts, events
from ..lifecycle import RequestStatus, RequestType
from ..models import AccessRequest, Answer, Approval, Assignment
from .deciding import start_stage, tell
from .granting import grant

MISSING = "missing_answers"


@transaction.atomic
def submit(
    *,
    package: AccessPackage,
    actor: User,
    now: datetime,
    policy: Policy | None = None,
    justification: str = "",
    answers: Mapping[str, str] | None = None,
) -> AccessRequest:
    """Ask for a package for oneself. `answers` maps the ids of the policy's questions to what was answered.

    Raises PermissionDenied where no policy takes the person in, and ValidationError where a policy must be chosen,
    something is missing, the person has the package or has asked for it already, or has something incompatible.
    """
    person = lock_people([actor.pk])[actor.pk]
    if not person.is_active:
        raise PermissionDenied(_("Disabled people cannot ask for access."))
    chosen = _choose_policy(package, person=person, policy=policy)
    _refuse_repetition(chosen, person=person, actor=actor)
    given = check_answers(chosen, justification=justification, answers=answers or {})
    access_request, stages = create(
        chosen, kind=RequestType.USER_ADD, person=person, actor=actor, justification=justification, now=now
    )
    keep_answers(access_request, given)
    proceed(access_request, stages, verb=events.REQUEST_SUBMITTED, actor=actor, now=now)
    return access_request


@transaction.atomic
def assign_directly(
    *, policy: Policy, person: User, actor: User, now: datetime, justification: str = ""
) -> AccessRequest:
    """Have a person get a package without asking. A policy that asks for approval still gets it.

    Raises PermissionDenied, and ValidationError where the policy is disabled or does not take the person in, or the
    person has the package already or something incompatible.
    """
    chosen = Policy.objects.complete().get(pk=policy.pk)
    if not can_manage_assignments(actor, chosen.package):
        raise PermissionDenied(_("Only those who look after the package assign it."))
    locked = lock_people([person.pk])[person.pk]
    if not locked.is_active:
        raise ValidationError(_("%(person)s is disabled.") % {"person": locked})
    is_meant = chosen.scope == RequestorScope.NOBODY or Policy.objects.matching(locked).filter(pk=chosen.pk).exists()
    if not chosen.is_enabled or not is_meant:
        raise ValidationError(
            _("The policy “%(policy)s” does not take %(person)s in.") % {"policy": chosen, "person": locked}
        )
    _refuse_repetition(chosen, person=locked, actor=actor, is_direct=True)
    access_request, stages = create(
        chosen, kind=RequestType.ADMIN_ADD, person=locked, actor=actor, justification=justification, now=now
    )
    proceed(access_request, stages, verb=events.REQUEST_ASSIGNED, actor=actor, now=now)
    return access_request


def _choose_policy(package: AccessPackage, *, person: User, policy: Policy | None) -> Policy:
    open_packages = AccessPackage.objects.open_to_requests(person).filter(pk=package.pk)
    choices = list(Policy.objects.applicable(person).filter(package__in=open_packages).complete())
    if not choices:
        raise PermissionDenied(_("You cannot ask for %(package)s.") % {"package": package})
    chosen = [choice for choice in choices if policy is None or choice.pk == policy.pk]
    if not chosen:
        raise PermissionDenied(_("This policy does not take you in."))
    if len(chosen) > 1:
        raise ValidationError({"policy": _("Choose one of the policies that apply to you.")})
    return chosen[0]


def _refuse_repetition(policy: Policy, *, person: User, actor: User, is_direct: bool = False) -> None:
    """Refuse what the person has, has asked for, or cannot have beside what they have (behaviour 9)."""
    has = Assignment.objects.live().filter(person=person, package=policy.package_id)
    asked = AccessRequest.objects.open().adding().filter(person=person, package=policy.package_id)
    conflict = conflicts.exist(person.pk, policy.package_id, with_requests=not is_direct)
    found = User.objects.filter(pk=person.pk).values_list(Exists(has), Exists(asked), conflict)[0]
    if found[0]:
        raise ValidationError(_("%(person)s has this package already.") % {"person": person}, code="has_it")
    if found[1]:
        raise ValidationError(_("There is an open request for this package already."), code="open_request")
    if found[2]:
        conflicts.refuse(policy.package_id, person=person, reader=actor, with_requests=not is_direct)


def check_answers(policy: Policy, *, justification: str, answers: Mapping[str, str]) -> list[tuple[Any, str]]:
    """The questions with their answers. Raises ValidationError naming everything that is missing or wrong at once."""
    faults, given = {}, []
    if policy.requires_justification and not justification.strip():
        faults["justification"] = _("Say why you need it.")
    if strange := set(answers) - {str(question.pk) for question in policy.questions.all()}:
        faults["answers"] = _("Not questions of this policy: %(ids)s.") % {"ids": ", ".join(sorted(strange))}
    for question in policy.questions.all():
        value = answers.get(str(question.pk), "").strip()
        if question.is_required and not value:
            faults[f"question_{question.pk}"] = _("Answer this question.")
        elif value and question.kind == QuestionKind.CHOICE and value not in question.choices:
            faults[f"question_{question.pk}"] = _("Choose one of the answers.")
        elif value:
            given.append((question, value))
    if faults:
        raise ValidationError(faults)
    return given


def keep_answers(access_request: AccessRequest, given: Sequence[tuple[Any, str]]) -> None:
    """Keep what was answered, with each question as it was asked."""
    Answer.objects.bulk_create(
        [
            Answer(access_request=access_request, position=question.position, question=question.text, value=value)
            for question, value in given
        ]
    )


def create(
    policy: Policy,
    *,
    kind: RequestType,
    person: User,
    actor: User,
    justification: str,
    now: datetime,
    is_approval_needed: bool = True,
    most_time: timedelta = timedelta.max,
    **more: Any,
) -> tuple[AccessRequest, list[Approval]]:
    """A request with its own copy of the policy's stages, none of them started; `more` are further fields of it.

    `most_time` is how long a decision makes sense, also where a stage has a longer time limit.
    """
    stages = list(policy.stages.all()) if is_approval_needed else []
    access_request = AccessRequest.objects.create(
        kind=kind,
        status=RequestStatus.PENDING_APPROVAL if stages else RequestStatus.SUBMITTED,
        package=policy.package,
        policy=policy,
        policy_version=policy.version,
        person=person,
        requested_by=actor,
        justification=justification.strip(),
        duration=policy.duration,
        fixed_end=policy.fixed_end,
        submitted_at=now,
        **more,
    )
    approvals = Approval.objects.bulk_create(
        [
            Approval(
                access_request=access_request,
                position=stage.position,
                approvals_required=stage.approvals_required,
                requires_justification=stage.requires_justification,
                time_limit=min(timedelta(days=stage.time_limit_days), most_time),
                approver_rules=approvers.rules_of(stage),
                alternates_after=timedelta(days=stage.alternates_after_days) if stage.alternates_after_days else None,
            )
            for stage in stages
        ]
    )
    return access_request, approvals


def proceed(
    access_request: AccessRequest,
    stages: Sequence[Approval],
    *,
    verb: str,
    actor: User,
    now: datetime,
    **details: object,
) -> None:
    """Journal the request, and start its first stage; without stages it is granted at once."""
    told = [tell(verb, access_request, actor=actor, now=now, **details)]
    if stages:
        start_stage(stages[0], access_request=access_request, now=now, told=told)
        return
    journal.record_many([*told, tell(events.REQUEST_AUTO_APPROVED, access_request, actor=None, now=now)])
    grant(access_request, now=now)
