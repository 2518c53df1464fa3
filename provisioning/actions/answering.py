"""Answers to drift cases: adopt or remove what was added outside, restore or end what is missing, link, ignore."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from audit import journal
from audit.models import Event
from directory.actions import lock_people
from directory.models import User
from directory.permissions import is_administrator

from .. import events
from ..lifecycle import ANSWERS, CaseAnswer, CaseKind, CaseState, GrantStatus, IllegalMove
from ..models import Account, Connector, DriftCase, Grant, OperationKind
from .queueing import queue, turn

MOST = 200
"""Cases that are answered at once."""
VERBS = {
    CaseAnswer.ADOPT: events.DRIFT_ADOPTED,
    CaseAnswer.REMOVE: events.DRIFT_REMOVED,
    CaseAnswer.RESTORE: events.DRIFT_RESTORED,
    CaseAnswer.END: events.DRIFT_ENDED,
    CaseAnswer.LINK: events.DRIFT_LINKED,
    CaseAnswer.IGNORE: events.DRIFT_IGNORED,
}


@transaction.atomic
def answer_cases(
    *,
    cases: Sequence[DriftCase],
    answer: str,
    actor: User,
    why: str,
    now: datetime,
    until: datetime | None = None,
    person: User | None = None,
) -> list[DriftCase]:
    """Say what is to become of these differences, and have it done; returns the cases that were answered.

    Those that somebody answered meanwhile are left out. A fixed number of statements, however many there are. Raises
    PermissionDenied, ValidationError (by `answer`, `why`, `until`, `person`), and IllegalMove where none is left.
    """
    if len(cases) > MOST:
        raise ValidationError(_("At most %(most)d cases are answered at once.") % {"most": MOST})
    _check(answer, why=why, until=until, person=person, actor=actor, now=now)
    lock_people(case.person_id for case in cases if case.person_id)
    ids = [case.pk for case in cases]
    locked = list(DriftCase.objects.with_names().select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
    if DriftCase.objects.answerable_by(actor).filter(pk__in=ids).count() < len(locked):
        raise PermissionDenied(_("The owners of a resource answer its cases, and nobody those about themselves."))
    if any(answer not in ANSWERS[case.kind] for case in locked):
        raise ValidationError({"answer": _("This is no answer to all of the chosen cases.")})
    unsettled = [case for case in locked if not case.is_settled]
    if not unsettled:
        raise IllegalMove(_("Somebody has answered this, or it is as it should be by now."))
    carry_out(unsettled, answer=answer, actor=actor, why=why.strip(), now=now, until=until, person=person)
    return unsettled


def carry_out(
    cases: Sequence[DriftCase],
    *,
    answer: str,
    actor: User | None,
    why: str,
    now: datetime,
    until: datetime | None = None,
    person: User | None = None,
) -> None:
    """Do what was answered. The cases and their people are locked; `actor` is None where a rule says it."""
    state = CaseState.IGNORED if answer == CaseAnswer.IGNORE else CaseState.ANSWERED
    kept = {"answer": answer, "answered_by": actor, "why": why}
    DriftCase.move_all(cases, state=state, at=now, ignored_until=until, **kept)
    if answer == CaseAnswer.LINK and person is not None:
        _link(cases, person=person)
    facts = {"why": why} | ({"until": until.isoformat()} if until else {}) | ({"linked": str(person)} if person else {})
    told = [tell(VERBS[CaseAnswer(answer)], case, now=now, actor=actor, **facts) for case in cases]
    if act := ACTS.get(answer):
        act(cases, told, now)
    else:
        journal.record_many(told)


@transaction.atomic
def reopen_ignored(*, now: datetime) -> int:
    """Open the cases that were to be ignored until now; returns how many."""
    due = DriftCase.objects.to_reopen(now).with_names().select_for_update(of=("self",)).order_by("pk")
    cases = list(due[:MOST])
    DriftCase.move_all(cases, state=CaseState.OPEN, at=now)
    journal.record_many(tell(events.DRIFT_REOPENED, case, now=now) for case in cases)
    return len(cases)


def close_cases_of(grants: Sequence[Grant], *, now: datetime) -> None:
    """What was missing is wanted anew, or not any more: nobody is asked about it."""
    rows = DriftCase.objects.unsettled().filter(grant__in=[grant.pk for grant in grants])
    cases = list(rows.with_names().select_for_update(of=("self",)).order_by("pk"))
    DriftCase.move_all(cases, state=CaseState.CLOSED, at=now)
    journal.record_many(tell(events.DRIFT_CLOSED, case, now=now) for case in cases)


def tell(verb: str, case: DriftCase, *, now: datetime, actor: User | None = None, **details: object) -> Event:
    """An event about a case, not stored yet; those about one case share its story."""
    facts = {"who": case.who, "system": str(case.system), "account": case.account_id, **details}
    return journal.entry(
        verb, actor=actor, target=case, person=case.person, at=now, details=facts, correlation_id=case.pk
    )


def _check(answer: str, *, why: str, until: datetime | None, person: User | None, actor: User, now: datetime) -> None:
    if answer not in CaseAnswer.values:
        raise ValidationError({"answer": _("Say what is to be done.")})
    if not why.strip():
        raise ValidationError({"why": _("Say why; the journal keeps it.")})
    if (answer == CaseAnswer.IGNORE) != (until is not None) or (until is not None and until <= now):
        raise ValidationError({"until": _("Say until when it is to be ignored: a day to come.")})
    if (answer == CaseAnswer.LINK) != (person is not None):
        raise ValidationError({"person": _("Say whose account it is.")})
    if person is not None and not is_administrator(actor):
        raise PermissionDenied(_("Only administrators say whose account it is: it counts in the whole system."))
    if person is not None and person == actor:
        raise PermissionDenied(_("Nobody links an account to themselves."))


# --- What each answer does ------------------------------------------------------------------------------------------


def _adopt(cases: Sequence[DriftCase], told: list[Event], now: datetime) -> None:
    """It counts as access that was there before: nobody takes it away but whoever says so."""
    grants = [grant for grant in _grants(cases, now=now) if grant.status == GrantStatus.REMOVED]
    Grant.move_all(grants, status=GrantStatus.VERIFIED, at=now)
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).update(is_adopted=True, was_present=True)
    journal.record_many(told)


def _remove(cases: Sequence[DriftCase], told: list[Event], now: datetime) -> None:
    """It is taken away in the target, by an operation like any other."""
    grants = [grant for grant in _grants(cases, now=now) if grant.status == GrantStatus.REMOVED]
    turn(grants, status=GrantStatus.REMOVAL_PENDING, now=now)
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).update(is_adopted=False, was_present=True)
    journal.record_many(told)
    queue(grants, kind=OperationKind.REVOKE, now=now, stories=_stories(cases, grants))


def _restore(cases: Sequence[DriftCase], told: list[Event], now: datetime) -> None:
    """It is put in place again, by an operation like any other."""
    grants = [grant for grant in _grants(cases, now=now) if grant.status == GrantStatus.DRIFTED]
    turn(grants, status=GrantStatus.PENDING, now=now)
    journal.record_many(told)
    queue(grants, kind=OperationKind.GRANT, now=now, stories=_stories(cases, grants))


def _end(cases: Sequence[DriftCase], told: list[Event], now: datetime) -> None:
    """It is not wanted any more: who listens to the event ends what gives it; what nothing gives ends here."""
    Grant.objects.filter(pk__in=[case.grant_id for case in cases]).update(is_adopted=False)
    journal.record_many(told)
    rows = Grant.objects.filter(pk__in=[case.grant_id for case in cases], status=GrantStatus.DRIFTED)
    grants = list(rows.unwanted().with_names().select_for_update(of=("self",)).order_by("pk"))
    turn(grants, status=GrantStatus.REMOVAL_PENDING, now=now)
    queue(grants, kind=OperationKind.REVOKE, now=now, stories=_stories(cases, grants))


ACTS: dict[str, Callable[[Sequence[DriftCase], list[Event], datetime], None]] = {
    CaseAnswer.ADOPT: _adopt,
    CaseAnswer.REMOVE: _remove,
    CaseAnswer.RESTORE: _restore,
    CaseAnswer.END: _end,
}


def _link(cases: Sequence[DriftCase], *, person: User) -> None:
    """The account is the person's from now on, whatever was supposed; the next reconciliation judges what it holds."""
    accounts = {(case.system_id, case.account_id) for case in cases}
    if len(accounts) > 1:
        raise ValidationError({"person": _("These are different accounts: link each by itself.")})
    [(system_id, account_id)] = accounts
    connector = Connector.objects.get(system=system_id)
    theirs = Q(person=person) | Q(external_id=account_id)
    connector.accounts.filter(theirs, is_supposed=True).delete()
    Account.objects.bulk_create(
        [Account(connector=connector, person=person, external_id=account_id)], ignore_conflicts=True
    )
    if known := Account.objects.filter(connector=connector, person=person).exclude(external_id=account_id).first():
        facts = {"person": person, "account": known.external_id}
        raise ValidationError({"person": _("%(person)s has another account there: %(account)s.") % facts})
    if other := Account.objects.filter(connector=connector, external_id=account_id).exclude(person=person).first():
        raise ValidationError({"person": _("This account is %(person)s's already.") % {"person": other.person}})


def _grants(cases: Sequence[DriftCase], *, now: datetime) -> list[Grant]:
    """The grants that the cases are about, locked; made where nobody knew of one."""
    wanted = {(case.person_id, case.resource_role_id) for case in cases}
    Grant.objects.bulk_create(
        [
            Grant(person=case.person, resource_role=case.resource_role, status=GrantStatus.REMOVED, changed_at=now)
            for case in cases
            if case.kind == CaseKind.EXTRA and case.person is not None
        ],
        ignore_conflicts=True,
    )
    people, roles = {key[0] for key in wanted}, {key[1] for key in wanted}
    rows = Grant.objects.with_names().filter(person__in=people, resource_role__in=roles)
    found = list(rows.select_for_update(of=("self",)).order_by("pk"))
    return [grant for grant in found if (grant.person_id, grant.resource_role_id) in wanted]


def _stories(cases: Sequence[DriftCase], grants: Sequence[Grant]) -> dict[UUID, UUID | None]:
    """The story of each grant: that of its case."""
    by_key = {(case.person_id, case.resource_role_id): case.pk for case in cases}
    return {grant.pk: by_key[grant.person_id, grant.resource_role_id] for grant in grants}
