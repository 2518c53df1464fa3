"""Changes to people: their records, passwords, and whether they are enabled."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Facts, changes, facts_of, names

from .. import events
from ..belonging import Before, domains_of, organisation_of
from ..models import Risk, User
from ..permissions import is_administrator
from ..querysets import UserQuerySet
from .rules import require_right


def lock_people(person_ids: Iterable[UUID]) -> dict[UUID, User]:
    """Lock people's rows in one order, so that each person's access changes one step at a time.

    Every action that changes what somebody has locks the person first and everything else afterwards; that order is
    what keeps two actions from waiting for each other (docs/adr/0002).
    """
    people = _in_one_order(person_ids).select_related("manager")
    return {person.pk: person for person in people}


def hold_people(person_ids: Iterable[UUID]) -> None:
    """Lock people as `lock_people` does, where nothing about them is to be read."""
    list(_in_one_order(person_ids).values_list("pk"))


def _in_one_order(person_ids: Iterable[UUID]) -> UserQuerySet:
    rows = User.objects.filter(pk__in=set(person_ids)).order_by("pk")
    return rows.select_for_update(of=("self",), no_key=True)


@transaction.atomic
def save_person(*, person: User, actor: User | None, now: datetime, sponsors: Collection[User] | None = None) -> User:
    """Create or change a person; enabling and disabling are actions of their own, and so is setting a password.

    `sponsors` None leaves them as they are; a guest's organisation follows the domain of their address unless another
    one is named. Raises PermissionDenied, and ValidationError where they would be their own manager over others or
    their own sponsor, where a member is put into a connected organisation, or where nobody would be left to administer.
    """
    require_right(actor)
    if sponsors is not None and person in sponsors:
        raise ValidationError({"sponsors": _("Nobody is their own sponsor.")})
    if person._state.adding:
        return _create(person, sponsors=sponsors or (), actor=actor, now=now)
    old = lock_people([person.pk])[person.pk]
    before = _facts(old)
    person.is_active, person.password = old.is_active, old.password
    _settle_organisation(person, before=Before.of(old))
    person.full_clean(exclude=["password"])
    if person.manager_id != old.manager_id:
        _refuse_circle_above(person)
    if old.is_superuser and not person.is_superuser and not old.administers_by_group:
        _refuse_losing_the_last_administrator(old)
    person.save()
    if sponsors is not None:
        person.sponsors.set(sponsors)
    if details := changes(before, _facts(person)):
        journal.record(events.PERSON_CHANGED, actor=actor, target=person, person=person, at=now, details=details)
    return person


@transaction.atomic
def set_risk(*, person: User, risk: Risk, actor: User | None, now: datetime) -> User:
    """Say how likely it is that somebody's account is not in their own hands. Raises PermissionDenied."""
    require_right(actor)
    locked = lock_people([person.pk])[person.pk]
    before = facts_of(locked)
    locked.risk = risk
    locked.save(update_fields=["risk"])
    if details := changes(before, facts_of(locked)):
        journal.record(events.PERSON_CHANGED, actor=actor, target=locked, person=locked, at=now, details=details)
    return locked


@transaction.atomic
def set_password(*, person: User, password: str | None, actor: User | None, now: datetime) -> User:
    """Give somebody a new password, or None so that they cannot sign in with one. Raises PermissionDenied."""
    require_right(actor)
    person.set_password(password)
    person.save(update_fields=["password"])
    journal.record(events.PERSON_PASSWORD_SET, actor=actor, target=person, person=person, at=now)
    return person


@transaction.atomic
def change_own_password(*, person: User, password: str, now: datetime) -> User:
    """Have somebody's password be what they chose themselves, signed in or by a link that was sent to them."""
    person.set_password(password)
    person.save(update_fields=["password"])
    journal.record(events.PERSON_PASSWORD_CHANGED, actor=person, target=person, person=person, at=now)
    return person


def end_sessions(people: Collection[User], *, now: datetime) -> None:
    """Sign people out everywhere, for good: none of their sessions comes back. Call inside a transaction."""
    User.objects.filter(pk__in=[person.pk for person in people]).update(signed_out_at=now)


@transaction.atomic
def disable_person(*, person: User, actor: User | None, now: datetime) -> bool:
    """Block sign-in at once; whoever listens ends what the person has. Returns False where they were disabled already.

    Raises PermissionDenied.
    """
    return _set_enabled(person, is_enabled=False, actor=actor, now=now)


@transaction.atomic
def enable_person(*, person: User, actor: User | None, now: datetime) -> bool:
    """Let the person sign in again; what was ended stays ended. Raises PermissionDenied."""
    return _set_enabled(person, is_enabled=True, actor=actor, now=now)


def refuse_manager_circle(*, managers: dict[UUID, UUID | None]) -> None:
    """Check a map of person to manager, both ids. Raises ValidationError naming a person in a circle."""
    settled: set[UUID] = set()
    for start in managers:
        path: list[UUID] = []
        current: UUID | None = start
        while current is not None and current not in settled:
            if current in path:
                name = User.objects.filter(pk=current).first() or current
                raise ValidationError(
                    _("%(name)s would be their own manager, directly or over others."),
                    code="manager_cycle",
                    params={"name": name, "person_id": current},
                )
            path.append(current)
            current = managers.get(current)
        settled.update(path)


def _create(person: User, *, sponsors: Collection[User], actor: User | None, now: datetime) -> User:
    person.set_unusable_password()
    _settle_organisation(person, before=None)
    person.full_clean(exclude=["password"])
    person.save()
    person.sponsors.set(sponsors)
    journal.record(events.PERSON_CREATED, actor=actor, target=person, person=person, at=now)
    return person


def _settle_organisation(person: User, *, before: Before | None) -> None:
    person.organisation_id = organisation_of(
        is_guest=person.is_guest,
        email=person.email,
        named=person.organisation_id,
        before=before,
        domains=domains_of(person.email, before.email if before else ""),
    )


def _facts(person: User) -> Facts:
    return facts_of(person, sponsors=names(_("sponsors"), person.sponsors.all()))


def _set_enabled(person: User, *, is_enabled: bool, actor: User | None, now: datetime) -> bool:
    require_right(actor)
    locked = lock_people([person.pk])[person.pk]
    person.is_active = is_enabled
    if locked.is_active == is_enabled:
        return False
    if is_administrator(locked) and not is_enabled:
        _refuse_losing_the_last_administrator(locked)
    locked.is_active = is_enabled
    locked.save(update_fields=["is_active"])
    verb = events.PERSON_ENABLED if is_enabled else events.PERSON_DISABLED
    journal.record(verb, actor=actor, target=locked, person=locked, at=now)
    return True


def _refuse_circle_above(person: User) -> None:
    managers: dict[UUID, UUID | None] = {person.pk: person.manager_id}
    above = person.manager_id
    while above is not None and above not in managers:
        managers[above] = User.objects.values_list("manager_id", flat=True).get(pk=above)
        above = managers[above]
    refuse_manager_circle(managers=managers)


def _refuse_losing_the_last_administrator(person: User) -> None:
    if not User.objects.administrators().exclude(pk=person.pk).exists():
        raise ValidationError(
            _("%(person)s is the last administrator: make somebody else one first."), params={"person": person}
        )
