"""Changes to groups: their members, owners and nesting."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import changes, facts_of

from .. import events
from ..models import Group, GroupClosure, GroupNesting, Membership, User
from .rules import refuse_losing_all_administrators, require_right, require_right_over


@transaction.atomic
def save_group(*, group: Group, actor: User | None, now: datetime) -> Group:
    """Create or change a group; its members, owners and nested groups have actions of their own.

    Raises PermissionDenied, and ValidationError also where nobody would be left to administer.
    """
    require_right(actor)
    is_new = group._state.adding
    old = None if is_new else Group.objects.select_for_update(no_key=True).get(pk=group.pk)
    before = facts_of(old) if old else {}
    group.full_clean()
    group.save()
    if old and old.makes_administrators and not group.makes_administrators:
        refuse_losing_all_administrators()
    details = changes(before, facts_of(group))
    if details:
        verb = events.GROUP_CREATED if is_new else events.GROUP_CHANGED
        journal.record(verb, actor=actor, target=group, at=now, details=details)
    return group


@transaction.atomic
def add_member(*, group: Group, person: User, actor: User | None, now: datetime) -> bool:
    """Make the person a direct member; returns False where they were one already. Raises PermissionDenied."""
    require_right_over(actor, group)
    _membership, is_new = Membership.objects.get_or_create(group=group, person=person, defaults={"added_at": now})
    if is_new:
        journal.record(events.GROUP_MEMBER_ADDED, actor=actor, target=group, person=person, at=now)
    return is_new


@transaction.atomic
def remove_member(*, group: Group, person: User, actor: User | None, now: datetime) -> bool:
    """End the person's direct membership; returns False where there was none.

    Raises PermissionDenied, and ValidationError where nobody would be left to administer.
    """
    require_right(actor)
    removed, _per_model = Membership.objects.filter(group=group, person=person).delete()
    if removed:
        _keep_an_administrator(group)
        journal.record(events.GROUP_MEMBER_REMOVED, actor=actor, target=group, person=person, at=now)
    return bool(removed)


@transaction.atomic
def add_owner(*, group: Group, person: User, actor: User | None, now: datetime) -> bool:
    """Make the person an owner of the group; returns False where they were one already. Raises PermissionDenied."""
    require_right_over(actor, group)
    if group.owners.filter(pk=person.pk).exists():
        return False
    group.owners.add(person)
    journal.record(events.GROUP_OWNER_ADDED, actor=actor, target=group, person=person, at=now)
    return True


@transaction.atomic
def remove_owner(*, group: Group, person: User, actor: User | None, now: datetime) -> bool:
    """End the person's ownership; returns False where there was none. Raises PermissionDenied."""
    require_right(actor)
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
    require_right_over(actor, parent)
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
    """Take `child` out of `parent`; what it is nested in by another way stays.

    Raises PermissionDenied, and ValidationError where nobody would be left to administer.
    """
    require_right(actor)
    _lock_groups()
    removed, _per_model = GroupNesting.objects.filter(parent=parent, child=child).delete()
    if not removed:
        return
    ancestors = _ancestors_of(parent)
    GroupClosure.objects.filter(ancestor__in=ancestors, descendant__in=_descendants_of(child)).delete()
    _rebuild(ancestors)
    _keep_an_administrator(parent)
    journal.record(events.GROUP_UNNESTED, actor=actor, target=parent, at=now, details={"child": child.name})


def _keep_an_administrator(group: Group) -> None:
    if Group.objects.giving_rights().filter(pk=group.pk).exists():
        refuse_losing_all_administrators()


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
