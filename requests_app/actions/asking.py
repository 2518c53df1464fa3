"""Asking for a package: submission by the person, and direct assignment by whoever looks after it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists
from django.utils.translation import gettext as _

from audit.models import Event
from catalog.choices import CalloutMoment, RequestorScope
from catalog.models import AccessPackage, ApprovalStage, Policy
from catalog.permissions import can_manage_assignments
from directory.actions import lock_people
from directory.models import User

from .. import approvers, callouts, conditions, conflicts, events
from ..answers import Given, check_answers, keep_answers
from ..lifecycle import ApprovalStatus, RequestStatus, RequestType
from ..models import AccessRequest, Approval, Assignment
from ..periods import AS_THE_POLICY_SAYS, Period, check_period
from ..permissions import can_ask_for
from .calling import launch
from .deciding import start_stage, tell
from .granting import finish


@transaction.atomic
def submit(
    *,
    package: AccessPackage,
    actor: User,
    now: datetime,
    person: User | None = None,
    policy: Policy | None = None,
    justification: str = "",
    answers: Given | None = None,
    period: Period = AS_THE_POLICY_SAYS,
    languages: Iterable[str] = (),
    basket: UUID | None = None,
) -> AccessRequest:
    """Ask for a package, for oneself or for a `person` who reports to the actor; their policies and questions count.

    `answers` maps the ids of the policy's questions to what was answered; `languages` are those in which they were
    read, the best first; what is asked for together shares the id of a `basket`. Raises PermissionDenied where no
    policy takes the person in, or none lets managers ask, and ValidationError where a policy must be chosen, something
    is missing or wrong, the person has the package or has asked for it already, or has something incompatible.
    """
    person = _lock_whom_it_is_for(person or actor, actor=actor)
    chosen = _choose_policy(package, person=person, policy=policy, is_for_another=person.pk != actor.pk)
    _refuse_repetition(chosen, person=person, actor=actor)
    check_period(chosen, period, now=now)
    given = check_answers(
        chosen, person=person, asker=actor, justification=justification, answers=answers or {}, languages=languages
    )
    access_request, stages = create(
        chosen,
        kind=RequestType.USER_ADD,
        person=person,
        actor=actor,
        justification=justification,
        now=now,
        basket=basket,
        **fields_of(period, policy=chosen, now=now),
    )
    keep_answers(access_request, given)
    proceed(access_request, stages, verb=events.REQUEST_SUBMITTED, actor=actor, now=now)
    return access_request


@transaction.atomic
def assign_directly(
    *,
    policy: Policy,
    person: User,
    actor: User,
    now: datetime,
    justification: str = "",
    answers: Given | None = None,
    period: Period = AS_THE_POLICY_SAYS,
    languages: Iterable[str] = (),
) -> AccessRequest:
    """Have a person get a package without asking. A policy that asks for approval still gets it.

    Whoever assigns answers the policy's questions, and may choose the period under any policy. Raises
    PermissionDenied, and ValidationError where the policy is disabled or does not take the person in, something is
    missing or wrong, or the person has the package already or something incompatible.
    """
    chosen = Policy.objects.complete().get(pk=policy.pk)
    if not can_manage_assignments(actor, chosen.package):
        raise PermissionDenied(_("Only those who look after the package assign it."))
    if person.pk == actor.pk:
        raise PermissionDenied(_("Nobody assigns a package to themselves: ask for it, or have somebody else do it."))
    locked = lock_people([person.pk])[person.pk]
    if not locked.is_active:
        raise ValidationError(_("%(person)s is disabled.") % {"person": locked})
    is_meant = chosen.scope == RequestorScope.NOBODY or Policy.objects.matching(locked).filter(pk=chosen.pk).exists()
    if not chosen.is_enabled or not is_meant:
        raise ValidationError(
            _("The policy “%(policy)s” does not take %(person)s in.") % {"policy": chosen, "person": locked}
        )
    _refuse_repetition(chosen, person=locked, actor=actor, is_direct=True)
    check_period(chosen, period, now=now, is_free=True)
    given = check_answers(
        chosen, person=locked, asker=actor, justification=None, answers=answers or {}, languages=languages
    )
    access_request, stages = create(
        chosen,
        kind=RequestType.ADMIN_ADD,
        person=locked,
        actor=actor,
        justification=justification,
        now=now,
        **fields_of(period, policy=chosen, now=now),
    )
    keep_answers(access_request, given)
    proceed(access_request, stages, verb=events.REQUEST_ASSIGNED, actor=actor, now=now)
    return access_request


def _lock_whom_it_is_for(person: User, *, actor: User) -> User:
    locked = lock_people({person.pk, actor.pk})
    if not all(one.is_active for one in locked.values()):
        raise PermissionDenied(_("Disabled people cannot ask for access, and nobody can for them."))
    if not can_ask_for(locked[actor.pk], locked[person.pk]):
        raise PermissionDenied(_("Only their manager asks for %(person)s.") % {"person": person})
    return locked[person.pk]


def _choose_policy(
    package: AccessPackage, *, person: User, policy: Policy | None, is_for_another: bool = False
) -> Policy:
    open_packages = AccessPackage.objects.open_to_requests(person).filter(pk=package.pk)
    applicable = Policy.objects.applicable(person).filter(package__in=open_packages)
    choices = list((applicable.open_to_managers() if is_for_another else applicable).complete())
    if not choices and is_for_another:
        facts = {"package": package, "person": person}
        raise PermissionDenied(_("You cannot ask for %(package)s for %(person)s.") % facts)
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


def fields_of(period: Period, *, policy: Policy, now: datetime) -> dict[str, Any]:
    """A chosen period as a request keeps it; the end also ends the time in which a decision makes sense."""
    if not period.is_chosen:
        return {}
    wanted: dict[str, Any] = {"wanted_start": period.starts_at, "wanted_end": period.ends_at}
    if period.ends_at is None:
        return wanted
    ends = [period.ends_at, policy.fixed_end or period.ends_at]
    return {**wanted, "fixed_end": min(ends), "most_time": period.ends_at - now}


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
    not_needed = conditions.not_needed(stages, person=person, package=policy.package)
    plan = callouts.plan_of(policy, with_stages=bool(stages))
    is_decided_now = len(not_needed) < len(stages) and not callouts.waits_at(plan, CalloutMoment.CREATED)
    lasting = {"duration": policy.duration, "fixed_end": policy.fixed_end, **more}
    access_request = AccessRequest.objects.create(
        kind=kind,
        status=RequestStatus.PENDING_APPROVAL if is_decided_now else RequestStatus.SUBMITTED,
        callout_plan=plan,
        package=policy.package,
        policy=policy,
        policy_version=policy.version,
        person=person,
        requested_by=actor,
        justification=justification.strip(),
        submitted_at=now,
        **lasting,
    )
    approvals = Approval.objects.bulk_create(
        [
            Approval(
                access_request=access_request,
                position=stage.position,
                status=ApprovalStatus.SKIPPED if stage.pk in not_needed else ApprovalStatus.WAITING,
                not_needed_because=not_needed.get(stage.pk, ""),
                approvals_required=stage.approvals_required,
                requires_justification=stage.requires_justification,
                time_limit=min(stage.time_limit, most_time),
                approver_rules=approvers.rules_of(stage),
                alternates_after=_within(most_time, stage),
            )
            for stage in stages
        ]
    )
    return access_request, approvals


def _within(most_time: timedelta, stage: ApprovalStage) -> timedelta | None:
    """When alternates are asked; where the time to decide is cut, sooner by as much."""
    if stage.alternates_after is None or most_time >= stage.time_limit:
        return stage.alternates_after
    return stage.alternates_after * (most_time / stage.time_limit)


def proceed(
    access_request: AccessRequest,
    stages: Sequence[Approval],
    *,
    verb: str,
    actor: User,
    now: datetime,
    **details: object,
) -> None:
    """Journal the request, and begin its approval; where an extension is to be waited for before, with its answer."""
    told = [tell(verb, access_request, actor=actor, now=now, **details), *_skipped(access_request, stages, now=now)]
    if not launch(access_request, CalloutMoment.CREATED, now=now, told=told):
        begin_approval(access_request, stages, now=now, told=told)


def begin_approval(
    access_request: AccessRequest, stages: Sequence[Approval], *, now: datetime, told: Sequence[Event] = ()
) -> None:
    """Start the first stage that the request needs; where it needs none it is granted at once.

    `told` are events that led to it and are not stored yet.
    """
    first = next((stage for stage in stages if stage.status == ApprovalStatus.WAITING), None)
    if first is None:
        finish(access_request, verb=events.REQUEST_AUTO_APPROVED, told=told, now=now)
        return
    if access_request.status == RequestStatus.SUBMITTED:
        access_request.move_to(RequestStatus.PENDING_APPROVAL, at=now)
    start_stage(first, access_request=access_request, now=now, told=told)


def _skipped(access_request: AccessRequest, stages: Sequence[Approval], *, now: datetime) -> list[Event]:
    """That stages are not needed, and why."""
    skipped = [stage for stage in stages if stage.status == ApprovalStatus.SKIPPED]
    return [
        tell(
            events.APPROVAL_SKIPPED,
            access_request,
            actor=None,
            now=now,
            position=stage.position,
            why=stage.not_needed_because,
        )
        for stage in skipped
    ]
