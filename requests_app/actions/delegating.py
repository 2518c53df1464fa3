"""Delegations: having somebody else decide while one is away, changing that, and ending it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Facts, changes, facts_of, names
from audit.models import Event
from catalog.models import Catalog
from directory.actions import lock_people
from directory.models import User

from .. import events
from ..lifecycle import IllegalMove
from ..models import Delegation
from ..permissions import can_delegate_for
from .moving import in_journal
from .standing_in import seat_delegates

BATCH = 500


@transaction.atomic
def set_delegation(
    *,
    delegator: User,
    delegate: User,
    actor: User,
    now: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    catalogs: Collection[Catalog] = (),
    takes_waiting: bool = False,
) -> Delegation:
    """Have `delegate` decide what `delegator` is asked, from `starts_at` (None: now) until `ends_at` (None: open).

    `catalogs` empty: in all of them. With `takes_waiting` also what waits for them when it begins. Raises
    PermissionDenied, and ValidationError (of `delegate`, `starts_at`, `ends_at` or `catalogs`).
    """
    if not can_delegate_for(actor, delegator):
        raise PermissionDenied(_("Only the person themselves and administrators set who decides in their place."))
    lock_people([delegator.pk])
    delegation = Delegation(
        delegator=delegator,
        delegate=delegate,
        starts_at=max(starts_at or now, now),
        ends_at=ends_at,
        is_for_all_catalogs=not catalogs,
        takes_waiting=takes_waiting,
        set_by=actor,
        set_at=now,
    )
    _check(delegation, actor=actor, catalogs=catalogs, now=now)
    delegation.save(force_insert=True)
    delegation.catalogs.set(catalogs)
    period = _("from %(start)s until %(end)s") if ends_at else _("from %(start)s on")
    facts = {
        "delegate": str(delegate),
        "period": period % {"start": in_journal(delegation.starts_at), "end": in_journal(ends_at)},
        "scope": ", ".join(sorted(str(catalog) for catalog in catalogs)) or _("all catalogs"),
    }
    journal.record_many([_told(events.DELEGATION_SET, delegation, actor=actor, now=now, **facts)])
    seat_delegates(now=now, delegators=[delegator.pk])
    return delegation


@transaction.atomic
def change_delegation(
    *,
    delegation: Delegation,
    actor: User,
    now: datetime,
    delegate: User,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    catalogs: Collection[Catalog] = (),
    takes_waiting: bool = False,
) -> Delegation:
    """Write a delegation anew, as it is to be; where it has begun, its start stays. Raises as `set_delegation` does,
    and IllegalMove where it is over.
    """
    locked = _lock(delegation, actor=actor)
    before, former = _facts(locked), locked.delegate_id
    if locked.starts_at > now:
        locked.starts_at = max(starts_at or now, now)
    locked.delegate, locked.ends_at, locked.is_for_all_catalogs = delegate, ends_at, not catalogs
    locked.takes_waiting = takes_waiting
    _check(locked, actor=actor, catalogs=catalogs, now=now)
    locked.save(update_fields=["delegate", "starts_at", "ends_at", "is_for_all_catalogs", "takes_waiting"])
    locked.catalogs.set(catalogs)
    if details := changes(before, _facts(locked)):
        if former != delegate.pk:
            details["former"] = [str(former)]
        journal.record_many([_told(events.DELEGATION_CHANGED, locked, actor=actor, now=now, **details)])
        seat_delegates(now=now, delegators=[locked.delegator_id])
    return locked


@transaction.atomic
def end_delegation(*, delegation: Delegation, actor: User, now: datetime) -> Delegation:
    """End a delegation before its time, or call off one that is still to come. Raises PermissionDenied, IllegalMove."""
    locked = _lock(delegation, actor=actor)
    _end([locked], why=_("ended by %(person)s") % {"person": actor}, actor=actor, now=now)
    return locked


@transaction.atomic
def end_delegations_of(people: Sequence[User], *, now: datetime) -> None:
    """End every delegation from and to people who were disabled."""
    found = Delegation.objects.not_over().filter(Q(delegator__in=people) | Q(delegate__in=people))
    _end(_rows(list(found)), why=_("somebody was disabled"), actor=None, now=now)


@transaction.atomic
def follow_delegations(*, now: datetime) -> int:
    """End the delegations whose time is over, and have those who stand in now asked; returns how many rows changed."""
    due = _locked(list(Delegation.objects.due_to_end(now)[:BATCH]))
    _end(due, why=_("its time is over"), actor=None, now=now)
    return len(due) + seat_delegates(now=now)


def _lock(delegation: Delegation, *, actor: User) -> Delegation:
    """The delegation under lock, for whoever may change it. Raises PermissionDenied, IllegalMove where it is over."""
    if not can_delegate_for(actor, delegation.delegator):
        raise PermissionDenied(_("Only the person themselves and administrators set who decides in their place."))
    found = _locked([delegation])
    if not found:
        raise IllegalMove(_("This delegation is over already."))
    return found[0]


def _locked(delegations: Sequence[Delegation]) -> list[Delegation]:
    """Those that are not over, under lock, and those who set them before (docs/adr/0002)."""
    if not delegations:
        return []
    lock_people(delegation.delegator_id for delegation in delegations)
    return _rows(delegations)


def _rows(delegations: Sequence[Delegation]) -> list[Delegation]:
    """Those that are not over, under lock; whoever disables somebody holds that person, and may lock no others."""
    rows = Delegation.objects.not_over().filter(pk__in=[delegation.pk for delegation in delegations])
    return list(rows.select_related("delegator", "delegate").select_for_update(of=("self",)).order_by("pk"))


def _check(delegation: Delegation, *, actor: User, catalogs: Collection[Catalog], now: datetime) -> None:
    """Raises ValidationError where it cannot be like that; everything that is wrong at once."""
    faults = {}
    if obstacle := _obstacle(delegation, actor=actor):
        faults["delegate"] = obstacle
    if delegation.ends_at is not None and delegation.ends_at <= max(delegation.starts_at, now):
        faults["ends_at"] = _("That is over before it begins.")
    if not faults and (other := _overlapping(delegation, catalogs=catalogs)):
        said = _("%(person)s decides then already: a catalog has one delegate at a time.")
        faults["starts_at"] = said % {"person": other.delegate}
    if faults:
        raise ValidationError(faults)


def _obstacle(delegation: Delegation, *, actor: User) -> str:
    """Why this person cannot stand in; empty where they can."""
    delegator, delegate = delegation.delegator, User.objects.get(pk=delegation.delegate_id)
    if delegate == delegator:
        return _("Somebody else must be chosen.")
    if not delegate.is_active:
        return _("%(person)s is disabled.") % {"person": delegate}
    if delegate == actor:
        return _("Nobody makes themselves the one who decides in somebody’s place.")
    return ""


def _overlapping(delegation: Delegation, *, catalogs: Collection[Catalog]) -> Delegation | None:
    others = Delegation.objects.overlapping(delegation.starts_at, delegation.ends_at).exclude(pk=delegation.pk)
    mine = others.filter(delegator=delegation.delegator_id).select_related("delegator", "delegate")
    if catalogs:
        mine = mine.filter(Q(is_for_all_catalogs=True) | Q(catalogs__in=catalogs))
    return mine.order_by("starts_at", "pk").first()


def _end(delegations: Sequence[Delegation], *, why: str, actor: User | None, now: datetime) -> None:
    """End these, which are locked, and let go of what they held."""
    if not delegations:
        return
    Delegation.objects.filter(pk__in=[delegation.pk for delegation in delegations]).update(ended_at=now)
    for delegation in delegations:
        delegation.ended_at = now
    journal.record_many(
        _told(events.DELEGATION_ENDED, each, actor=actor, now=now, delegate=str(each.delegate), why=why)
        for each in delegations
    )
    seat_delegates(now=now, delegators={delegation.delegator_id for delegation in delegations})


def _facts(delegation: Delegation) -> Facts:
    return facts_of(delegation, catalogs=names(_("catalogs"), delegation.catalogs.all()))


def _told(verb: str, delegation: Delegation, *, actor: User | None, now: datetime, **details: object) -> Event:
    """An event of the delegation's story, not stored yet."""
    return journal.entry(
        verb,
        actor=actor,
        target=delegation,
        person=delegation.delegator,
        at=now,
        details=details,
        correlation_id=delegation.pk,
    )
