"""Exceptions to separation of duties: asked for, decided, withdrawn, taken back, and over (docs/adr/0008)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import journal
from catalog.models import Incompatibility
from directory.actions import lock_people
from directory.models import User

from .. import events
from ..lifecycle import EXCEPTION_OPEN, ExceptionStatus, IllegalMove
from ..models import SeparationException
from ..permissions import can_ask_for_exception, can_decide_exception, can_withdraw_exception
from .moving import in_journal

TIME_TO_DECIDE = timedelta(days=14)
BATCH = 500


@transaction.atomic
def ask_for_exception(
    *, rule: Incompatibility, person: User, actor: User, ends_at: datetime, reason: str, control: str, now: datetime
) -> SeparationException:
    """Ask that a person may hold together what this incompatibility keeps apart, until an end and under a control.

    Raises PermissionDenied, and ValidationError where something is missing, the end is past or too far off, such an
    exception is there or asked for already, or nobody could decide.
    """
    locked = lock_people([person.pk])[person.pk]
    if not can_ask_for_exception(actor, rule, person=locked):
        raise PermissionDenied(_("You ask for exceptions for yourself, and for packages that you look after."))
    if not locked.is_active:
        raise ValidationError({"person": _("%(person)s is disabled.") % {"person": locked}})
    _refuse_what_is_missing(reason=reason, control=control, ends_at=ends_at, now=now)
    _refuse_a_second_one(rule, person=locked)
    approvers = _approvers(rule, parties=(locked, actor))
    exception = SeparationException.objects.create(
        person=locked,
        package=rule.package,
        other_package=rule.other_package,
        group=rule.group,
        reason=reason.strip(),
        control=control.strip(),
        ends_at=ends_at,
        asked_by=actor,
        asked_at=now,
        decide_by=min(now + TIME_TO_DECIDE, ends_at),
    )
    exception.approvers.set(approvers)
    asked = {"approvers": ", ".join(map(str, approvers)), "asked": [str(one.pk) for one in approvers]}
    _tell(events.EXCEPTION_ASKED, exception, actor=actor, now=now, reason=exception.reason, control=control, **asked)
    return exception


@transaction.atomic
def approve_exception(
    *, exception: SeparationException, actor: User, decision: str, now: datetime
) -> SeparationException:
    """Let the person hold the pair from now until the end that was asked for. Raises as `deny_exception`."""
    locked = _decide(exception, actor=actor, decision=decision, now=now)
    if locked.ends_at <= now:
        raise IllegalMove(_("The time that was asked for is over already."))
    locked.move_to(ExceptionStatus.APPROVED, at=now)
    _tell(events.EXCEPTION_APPROVED, locked, actor=actor, now=now, decision=locked.decision, control=locked.control)
    return locked


@transaction.atomic
def deny_exception(*, exception: SeparationException, actor: User, decision: str, now: datetime) -> SeparationException:
    """Keep the pair apart. Raises PermissionDenied, IllegalMove, and ValidationError without a reason (`decision`)."""
    locked = _decide(exception, actor=actor, decision=decision, now=now)
    locked.move_to(ExceptionStatus.DENIED, at=now)
    _tell(events.EXCEPTION_DENIED, locked, actor=actor, now=now, decision=locked.decision)
    return locked


@transaction.atomic
def withdraw_exception(*, exception: SeparationException, actor: User, now: datetime) -> SeparationException:
    """No longer ask for it, or give it up while it is in force. Raises PermissionDenied and IllegalMove."""
    locked = _lock(exception)
    if not can_withdraw_exception(actor, locked):
        raise PermissionDenied(_("Only those who asked, and whom it is for, withdraw an exception."))
    if locked.is_in_force:
        _take_back(locked, actor=actor, why=_("no longer needed"), now=now)
        return locked
    locked.move_to(ExceptionStatus.WITHDRAWN, at=now)
    _tell(events.EXCEPTION_WITHDRAWN, locked, actor=actor, now=now)
    return locked


@transaction.atomic
def revoke_exception(*, exception: SeparationException, actor: User, why: str, now: datetime) -> SeparationException:
    """Take an exception back before its end; what is held stays, and is reported.

    Raises PermissionDenied, IllegalMove, and ValidationError without a reason.
    """
    locked = _lock(exception)
    if not can_decide_exception(actor, locked):
        raise PermissionDenied(_("You are not asked to decide on this exception."))
    if not why.strip():
        raise ValidationError({"decision": _("Say why you take it back.")})
    _take_back(locked, actor=actor, why=why.strip(), now=now)
    return locked


def expire_exceptions(*, now: datetime) -> int:
    """End exceptions whose time is over, and those on which nobody decided in time; returns how many."""
    rows = SeparationException.objects
    ended = [_expire(one, now=now) for one in rows.due_to_end(now)[:BATCH]]
    return sum([*ended, *(_expire(one, now=now) for one in rows.undecided_by(now)[:BATCH])])


@transaction.atomic
def _expire(exception: SeparationException, *, now: datetime) -> bool:
    locked = _lock(exception)
    if locked.is_in_force and locked.ends_at <= now:
        locked.move_to(ExceptionStatus.ENDED, at=now)
        _tell(events.EXCEPTION_ENDED, locked, actor=None, now=now)
        return True
    if locked.status == ExceptionStatus.PENDING and locked.decide_by <= now:
        locked.move_to(ExceptionStatus.EXPIRED, at=now)
        _tell(events.EXCEPTION_EXPIRED, locked, actor=None, now=now)
        return True
    return False


def _take_back(exception: SeparationException, *, actor: User, why: str, now: datetime) -> None:
    exception.move_to(ExceptionStatus.REVOKED, at=now)
    _tell(events.EXCEPTION_REVOKED, exception, actor=actor, now=now, why=why)


def _refuse_what_is_missing(*, reason: str, control: str, ends_at: datetime, now: datetime) -> None:
    """Raises ValidationError naming everything at once."""
    faults, most = {}, settings.EXCEPTION_DAYS
    if not reason.strip():
        faults["reason"] = _("Say why both are needed together.")
    if not control.strip():
        faults["control"] = _("Say what keeps it from being misused: who checks what, and how often.")
    if ends_at <= now:
        faults["ends_at"] = _("That is over already: choose a day in the future.")
    elif ends_at > now + timedelta(days=most + 1):
        said = ngettext("An exception lasts %(most)d day at most.", "An exception lasts %(most)d days at most.", most)
        faults["ends_at"] = said % {"most": most}
    if faults:
        raise ValidationError(faults)


def _refuse_a_second_one(rule: Incompatibility, *, person: User) -> None:
    """Of a pair that is kept apart either way, both orders are the same exception."""
    found = SeparationException.objects.about(rule).filter(person=person, status__in=EXCEPTION_OPEN).first()
    if found is not None:
        facts = {"person": person, "status": found.get_status_display()}
        raise ValidationError(
            _("There is an exception for %(person)s already: %(status)s.") % facts, code="exception_exists"
        )


def _approvers(rule: Incompatibility, *, parties: tuple[User, User]) -> list[User]:
    """Who decides: those whom the rule names, else who owns the catalogs of both sides, else administrators."""
    for found in (_named(rule), _owners_of_both(rule), list(User.objects.administrators())):
        fit = {user.pk: user for user in found if user.is_active and user not in parties}
        if fit:
            return list(fit.values())
    raise ValidationError(_("There is nobody who could decide on it."), code="nobody_decides")


def _named(rule: Incompatibility) -> list[User]:
    groups = list(rule.exception_groups.values_list("pk", flat=True))
    return [*rule.exception_people.all(), *(User.objects.in_groups(groups) if groups else ())]


def _owners_of_both(rule: Incompatibility) -> list[User]:
    owners = list(rule.package.catalog.owners.all())
    if rule.other_package is None:
        return owners
    others = set(rule.other_package.catalog.owners.values_list("pk", flat=True))
    return [owner for owner in owners if owner.pk in others]


def _decide(exception: SeparationException, *, actor: User, decision: str, now: datetime) -> SeparationException:
    """Lock and judge; who decided and why is written with the move that follows."""
    locked = _lock(exception)
    if not can_decide_exception(actor, locked):
        raise PermissionDenied(_("You are not asked to decide on this exception."))
    if locked.status != ExceptionStatus.PENDING:
        raise IllegalMove(_what_was_decided(locked))
    if not decision.strip():
        raise ValidationError({"decision": _("Say why you decide so.")})
    locked.decided_by, locked.decided_at, locked.decision = actor, now, decision.strip()
    return locked


def _what_was_decided(exception: SeparationException) -> str:
    if exception.decided_by is None:
        return _("This exception is %(status)s already.") % {"status": exception.get_status_display()}
    facts = {"person": exception.decided_by, "status": exception.get_status_display()}
    return _("%(person)s decided on this exception already: %(status)s.") % facts


def _lock(exception: SeparationException) -> SeparationException:
    """The exception under lock, and the person that it is for before it (docs/adr/0002)."""
    lock_people([exception.person_id])
    return SeparationException.objects.with_names().select_for_update(of=("self",)).get(pk=exception.pk)


def _tell(verb: str, exception: SeparationException, *, actor: User | None, now: datetime, **details: object) -> None:
    journal.record(
        verb,
        actor=actor,
        target=exception,
        person=exception.person,
        package=exception.package,
        at=now,
        details={"other": str(exception.other), "until": in_journal(exception.ends_at), **details},
        correlation_id=exception.pk,
    )
