"""Every change to people and groups.

`actor` None means the system itself: an import or a connector.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import changes, facts_of

from . import events
from .models import Group, GroupClosure, GroupNesting, Membership, User
from .permissions import can_change_directory


def lock_people(person_ids: Iterable[UUID]) -> dict[UUID, User]:
    """Lock people's rows in one order, so that each person's access changes one step at a time.

    Every action that changes what somebody has locks the person first and everything else afterwards; that order is
    what keeps two actions from waiting for each other (docs/adr/0002).
    """
    rows = User.objects.select_related("manager").filter(pk__in=set(person_ids)).order_by("pk")
    people = rows.select_for_update(of=("self",), no_key=True)
    return {person.pk: person for person in people}


@transaction.atomic
def save_person(*, person: User, actor: User | None, now: datetime) -> User:
    """Create or change a person; enabling and disabling are actions of their own, and so is setting a password.

    Raises PermissionDenied, and ValidationError where they would be their own manager over others, or where nobody
    would be left to administer.
    """
    _require_right(actor)
    if person._state.adding:
        person.set_unusable_password()
        person.full_clean(exclude=["password"])
        person.save()
        journal.record(events.PERSON_CREATED, actor=actor, target=person, person=person, at=now)
        return person
    old = lock_people([person.pk])[person.pk]
    person.is_active, person.password = old.is_active, old.password
    person.full_clean(exclude=["password"])
    if person.manager_id != old.manager_id:
        _refuse_circle_above(person)
    if old.is_superuser and not person.is_superuser:
        _refuse_losing_the_last_administrator(old)
    person.save()
    if details := changes(facts_of(old), facts_of(person)):
        journal.record(events.PERSON_CHANGED, actor=actor, target=person, person=person, at=now, details=details)
    return person


@transaction.atomic
def set_password(*, person: User, password: str | None, actor: User | None, now: datetime) -> User:
    """Give somebody a new password, or None so that they cannot sign in with one. Raises PermissionDenied."""
    _require_right(actor)
    person.set_password(password)
    person.save(update_fields=["password"])
    journal.record(events.PERSON_PASSWORD_SET, actor=actor, target=person, person=person, at=now)
    return person


@transaction.atomic
def save_group(*, group: Group, actor: User | None, now: datetime) -> Group:
    """Create or change a group; its members, owners and nested groups have actions of their own.

    Raises PermissionDenied and ValidationError.
    """
    _require_right(actor)
    is_new = group._state.adding
    before = {} if is_new else facts_of(Group.objects.select_for_update(no_key=True).get(pk=group.pk))
    group.full_clean()
    group.save()
    details = changes(before, facts_of(group))
    if details:
        verb = events.GROUP_CREATED if is_new else events.GROUP_CHANGED
        journal.record(verb, actor=actor, target=group, at=now, details=details)
    return group


@transaction.atomic
def add_member(*, group: Group, person: User, actor: User | None, now: datetime) -> bool:
    """Make the person a direct member; returns False where they were one already. Raises PermissionDenied."""
    _require_right(actor)
    _membership, is_new = Membership.objects.get_or_create(group=group, person=person, defaults={"added_at": now})
    if is_new:
        journal.record(events.GROUP_MEMBER_ADDED, actor=actor, target=group, person=person, at=now)
    return is_new


@transaction.atomic
def remove_member(*, group: Group, person: User, actor: User | None, now: datetime) -> bool:
    """End the person's direct membership; returns False where there was none. Raises PermissionDenied."""
    _require_right(actor)
    removed, _per_model = Membership.objects.filter(group=group, person=person).delete()
    if removed:
        journal.record(events.GROUP_MEMBER_REMOVED, actor=actor, target=group, person=person, at=now)
    return bool(removed)


@transaction.atomic
def add_owner(*, group: Group, person: User, actor: User | None, now: datetime) -> bool:
    """Make the person an owner of the group; returns False where they were one already. Raises PermissionDenied."""
    _require_right(actor)
    if group.owners.filter(pk=person.pk).exists():
        return False
    group.owners.add(person)
    journal.record(events.GROUP_OWNER_ADDED, actor=actor, target=group, person=person, at=now)
    return True


@transaction.atomic
def remove_owner(*, group: Group, person: User, actor: User | None, now: datetime) -> bool:
    """End the person's ownership; returns False where there was none. Raises PermissionDenied."""
    _require_right(actor)
    if not group.owners.filter(pk=person.pk).exists():
        return False
    group.owners.remove(person)
    journal.record(events.GROUP_OWNER_REMOVED, actor=actor, target=group, person=person, at=now)
    return True


@transaction.atomic
def nest_group(*, parent: Group, child: Group, actor: User | None, now: datetime) -> None:
    """Put `child` into `parent`: its members count as members of the parent and of all that enclose it.

    Raises ValidationError where that would close a circle, and PermissionDenied.
    """
    _require_right(actor)
    _lock_groups()
    if GroupClosure.objects.filter(ancestor=child, descendant=parent).exists():
        raise ValidationError(
            _("%(child)s cannot be put into %(parent)s: %(parent)s is already inside %(child)s, directly or deeper."),
            code="cycle",
            params={"child": child.name, "parent": parent.name},
        )
    _nesting, is_new = GroupNesting.objects.get_or_create(parent=parent, child=child)
    if not is_new:
        return
    _link(ancestors=_ancestors_of(parent), descendants=_descendants_of(child))
    journal.record(events.GROUP_NESTED, actor=actor, target=parent, at=now, details={"child": child.name})


@transaction.atomic
def unnest_group(*, parent: Group, child: Group, actor: User | None, now: datetime) -> None:
    """Take `child` out of `parent`; what it is nested in by another way stays. Raises PermissionDenied."""
    _require_right(actor)
    _lock_groups()
    removed, _per_model = GroupNesting.objects.filter(parent=parent, child=child).delete()
    if not removed:
        return
    ancestors = _ancestors_of(parent)
    GroupClosure.objects.filter(ancestor__in=ancestors, descendant__in=_descendants_of(child)).delete()
    _rebuild(ancestors)
    journal.record(events.GROUP_UNNESTED, actor=actor, target=parent, at=now, details={"child": child.name})


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


def _require_right(actor: User | None) -> None:
    if not can_change_directory(actor):
        raise PermissionDenied(_("Only administrators change people and groups."))


def _set_enabled(person: User, *, is_enabled: bool, actor: User | None, now: datetime) -> bool:
    _require_right(actor)
    locked = lock_people([person.pk])[person.pk]
    person.is_active = is_enabled
    if locked.is_active == is_enabled:
        return False
    if locked.is_superuser and not is_enabled:
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


def _lock_groups() -> None:
    """Nesting changes one at a time: two that are harmless alone could close a circle together."""
    list(Group.objects.select_for_update().order_by("pk").values_list("pk", flat=True)[:1])


def _ancestors_of(group: Group) -> list[UUID]:
    return list(GroupClosure.objects.filter(descendant=group).values_list("ancestor_id", flat=True))


def _descendants_of(group: Group) -> list[UUID]:
    return list(GroupClosure.objects.filter(ancestor=group).values_list("descendant_id", flat=True))


def _link(*, ancestors: Iterable[UUID], descendants: Iterable[UUID]) -> None:
    below = list(descendants)
    GroupClosure.objects.bulk_create(
        [GroupClosure(ancestor_id=above, descendant_id=inside) for above in ancestors for inside in below],
        ignore_conflicts=True,
        batch_size=1000,
    )


def _rebuild(ancestors: Iterable[UUID]) -> None:
    children: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for parent, child in GroupNesting.objects.values_list("parent_id", "child_id"):
        children[parent].append(child)
    for ancestor in ancestors:
        reached, frontier = {ancestor}, [ancestor]
        while frontier:
            frontier = [child for group in frontier for child in children[group] if child not in reached]
            reached.update(frontier)
        _link(ancestors=[ancestor], descendants=reached)
