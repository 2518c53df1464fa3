"""What becomes of changes that a team makes by hand: opened, done with a proof, refused with a reason, withdrawn."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.models import Event
from catalog.models import ResourceRole
from directory.actions import lock_people
from directory.models import Group, User

from .. import events
from ..lifecycle import TaskState
from ..models import Connector, HandTask, Operation, OperationKind
from .queueing import dispatch

SHORTEST = 3
"""Letters of a proof or a reason: the number of a ticket is one, a dot is none."""
LONGEST = 4000
MOST = 200
"""Tasks that are settled at once."""


@transaction.atomic
def ask_by_hand(
    *,
    connector: Connector,
    team: Group,
    kind: OperationKind,
    person: User,
    role: ResourceRole,
    key: str,
    within: timedelta,
    now: datetime,
) -> HandTask | None:
    """The task for the change that is known by `key`, opened where there is none; None where nothing is to be done.

    What an older change of mind asked of the team and nobody did is withdrawn; where all is then as it is wanted now,
    there is nothing to do. Safe to call as often as one likes: a refusal is heard once, and opens the task again when
    it is asked for after that.
    """
    lock_people([person.pk])
    task = HandTask.objects.with_names().filter(key=key).first()
    if task is None:
        if _withdraw_older(person, role, key=key, now=now) and _is_so_already(person, role, kind=kind):
            return None
        task = HandTask(key=key, connector=connector, kind=kind, person=person, resource_role=role)
        task.correlation_id = _story(key)
    elif task.state == TaskState.WITHDRAWN or task.heard_at:
        _withdraw_older(person, role, key=key, now=now)
    else:
        return _as_it_is(task, team=team, now=now)
    task.team, task.opened_at, task.due_at, task.overdue_told_at = team, now, now + within, None
    task.save()
    if not task.is_open:
        task.move_to(TaskState.OPEN, at=now)
    journal.record_many([_tell(events.TASK_OPENED, task, now=now, team=str(team), team_id=str(team.pk))])
    return task


@transaction.atomic
def finish_tasks(*, tasks: Sequence[HandTask], proof: str, actor: User, now: datetime) -> list[HandTask]:
    """Say that these are done, and by what that is seen; their operations go on at once.

    Raises PermissionDenied, ValidationError (`proof`), and IllegalMove where one is not open any more.
    """
    words = _words(proof, name="proof", problem=_("Say by what it is seen: the number of a ticket, a few words."))
    return _settle(tasks, TaskState.DONE, actor=actor, now=now, verb=events.TASK_DONE, proof=words)


@transaction.atomic
def refuse_tasks(*, tasks: Sequence[HandTask], reason: str, actor: User, now: datetime) -> list[HandTask]:
    """Say that these cannot be done, and why: their operations are stuck until somebody helps.

    Raises PermissionDenied, ValidationError (`reason`), and IllegalMove where one is not open any more.
    """
    words = _words(reason, name="reason", problem=_("Say in a few words why it cannot be done."))
    return _settle(tasks, TaskState.REFUSED, actor=actor, now=now, verb=events.TASK_REFUSED, refusal=words)


@transaction.atomic
def note_refusal_heard(*, task: HandTask, now: datetime) -> None:
    """The operation has been told of the refusal: asked for once more, the task opens again."""
    HandTask.objects.filter(pk=task.pk, state=TaskState.REFUSED, heard_at=None).update(heard_at=now)


@transaction.atomic
def note_overdue(*, now: datetime) -> int:
    """Tell the teams once of open tasks whose time is over; returns how many."""
    late = HandTask.objects.with_names().overdue(now).filter(overdue_told_at=None).order_by("due_at", "pk")
    tasks = list(late.select_for_update(of=("self",))[:MOST])
    HandTask.objects.filter(pk__in=[task.pk for task in tasks]).update(overdue_told_at=now)
    told = [_tell(events.TASK_OVERDUE, task, now=now, team_id=str(task.team_id or "")) for task in tasks]
    journal.record_many(told)
    return len(tasks)


def _settle(
    tasks: Sequence[HandTask], state: TaskState, *, actor: User, now: datetime, verb: str, **words: str
) -> list[HandTask]:
    if len(tasks) > MOST:
        raise ValidationError(_("At most %(most)d tasks are settled at once.") % {"most": MOST})
    ids = [task.pk for task in tasks]
    locked = list(HandTask.objects.with_names().select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
    if HandTask.objects.doable_by(actor).filter(pk__in=ids).count() < len(locked):
        raise PermissionDenied(_("The team settles its tasks, and nobody one about their own access."))
    for task in locked:
        task.move_to(state, at=now, settled_by=actor, **words)
    journal.record_many([_tell(verb, task, now=now, actor=actor, **words) for task in locked])
    _go_on([task.key for task in locked], now=now)
    return locked


def _go_on(keys: Sequence[str], *, now: datetime) -> None:
    """What waited for these tasks is due now."""
    waiting = Operation.objects.pending().filter(idempotency_key__in=keys)
    waiting.filter(leased_until=None).update(due_at=now)
    dispatch(list(waiting))


def _withdraw_older(person: User, role: ResourceRole, *, key: str, now: datetime) -> bool:
    """Whether an open task of an older change of mind is withdrawn for this one: all is as the team last left it."""
    about = HandTask.objects.with_names().filter(person=person, resource_role=role)
    task = about.open().select_for_update(of=("self",)).first()
    if task is None:
        return about.filter(withdrawn_for=key).exists()
    task.move_to(TaskState.WITHDRAWN, at=now, withdrawn_for=key)
    journal.record_many([_tell(events.TASK_WITHDRAWN, task, now=now)])
    return True


def _is_so_already(person: User, role: ResourceRole, *, kind: OperationKind) -> bool:
    """Whether what the team did last, or where it did nothing yet what it found, is what is wanted now.

    It found the opposite of what it was first asked for: who is asked to take something has it.
    """
    tasks = HandTask.objects.filter(person=person, resource_role=role)
    done = tasks.filter(state=TaskState.DONE).order_by("-settled_at", "-pk")
    if last := done.values_list("kind", flat=True).first():
        return bool(last == kind)
    first = tasks.order_by("pk").values_list("kind", flat=True).first()
    return first is not None and first != kind


def _as_it_is(task: HandTask, *, team: Group, now: datetime) -> HandTask:
    """An open task follows its connector to another team."""
    if task.is_open and task.team_id != team.pk:
        task.team = team
        task.save(update_fields=["team"])
    return task


def _story(key: str) -> UUID | None:
    return Operation.objects.filter(idempotency_key=key).values_list("correlation_id", flat=True).first()


def _words(text: str, *, name: str, problem: str) -> str:
    words = text.strip()
    if not SHORTEST <= len(words) <= LONGEST:
        raise ValidationError({name: problem})
    return words


def _tell(verb: str, task: HandTask, *, now: datetime, actor: User | None = None, **details: Any) -> Event:
    facts = {"task": task.sentence, **details}
    return journal.entry(
        verb,
        actor=actor,
        target=task,
        person=task.person,
        at=now,
        details=facts,
        correlation_id=task.correlation_id or task.pk,
    )
