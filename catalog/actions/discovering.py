"""What a look into a target system brings: new resources and roles, and those that are there no more.

Nothing is ever deleted: what packages give and people hold stays, flagged, until somebody decides. Set-based: a page of
five hundred resources costs as many statements as one of five.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models, transaction

from audit import journal
from directory.imports import in_batches

from .. import events
from ..discovery import Found, FoundRole
from ..models import Catalog, Resource, ResourceRole, TargetSystem

BATCH = 500
Named = Resource | ResourceRole


@dataclass
class Taken:
    """How many resources and roles were seen, and how many of the resources were new."""

    resources: int = 0
    roles: int = 0
    new: int = 0


@transaction.atomic
def take_in(*, system: TargetSystem, found: Sequence[Found], into: Catalog | None, story: UUID, now: datetime) -> Taken:
    """Add what is new, into the catalog where one is named, and note that the rest was seen.

    A name follows that of the system as long as nobody gave another one here; the rest stays as people left it. What
    had been missing is there again.
    """
    latest = {_cut(one.resource_id): one for one in found}
    TargetSystem.objects.select_for_update(of=("self",)).get(pk=system.pk)
    known = {row.origin_id: row for row in Resource.objects.filter(system=system, origin_id__in=latest)}
    new = [_new(system, one, now=now) for origin, one in latest.items() if origin not in known]
    Resource.objects.bulk_create(new, batch_size=BATCH)
    if into is not None and new:
        through = Catalog.resources.through
        through.objects.bulk_create([through(catalog=into, resource=row) for row in new], batch_size=BATCH)
    journal.record_many(_told(events.RESOURCE_DISCOVERED, row, story=story, now=now) for row in new)
    _refresh([(row, latest[origin]) for origin, row in known.items()], story=story, now=now)
    rows = known | {row.origin_id: row for row in new}
    roles = _take_in_roles([(rows[origin], one) for origin, one in latest.items()], story=story, now=now)
    return Taken(resources=len(latest), roles=roles, new=len(new))


@transaction.atomic
def note_gone(*, system: TargetSystem, gone: Collection[str], story: UUID, now: datetime) -> int:
    """Flag resources that the system says it has no more; returns how many had not been flagged yet."""
    return _flag(Resource.objects.filter(system=system, origin_id__in=gone), story=story, now=now)


@transaction.atomic
def note_unseen(*, system: TargetSystem, since: datetime, story: UUID, now: datetime) -> int:
    """After everything was listed: flag discovered resources and roles not seen since then; returns how many resources.

    What people entered by hand and no look ever found is left alone.
    """
    roles = ResourceRole.objects.filter(resource__system=system, discovered_at__lt=since, missing_since=None)
    gone = list(roles.select_related("resource").select_for_update(of=("self",)).order_by("pk"))
    for some in in_batches(gone, size=BATCH):
        ResourceRole.objects.filter(pk__in=[role.pk for role in some]).update(missing_since=now)
        journal.record_many(_told(events.ROLE_MISSING, role, story=story, now=now) for role in some)
    return _flag(Resource.objects.filter(system=system, discovered_at__lt=since), story=story, now=now)


def _flag(resources: "models.QuerySet[Resource]", *, story: UUID, now: datetime) -> int:
    rows = list(resources.filter(missing_since=None).select_for_update(of=("self",)).order_by("pk"))
    Resource.objects.filter(pk__in=[row.pk for row in rows]).update(missing_since=now)
    journal.record_many(_told(events.RESOURCE_MISSING, row, story=story, now=now) for row in rows)
    return len(rows)


def _new(system: TargetSystem, found: Found, *, now: datetime) -> Resource:
    return Resource(
        system=system,
        origin_id=_cut(found.resource_id),
        kind=found.kind,
        name=_name_of(found),
        origin_name=_name_of(found),
        description=found.description,
        is_privileged=found.is_privileged,
        discovered_at=now,
    )


def _refresh(pairs: Sequence[tuple[Resource, Found]], *, story: UUID, now: datetime) -> None:
    back = [row for row, _found in pairs if row.missing_since is not None]
    Resource.objects.filter(pk__in=[row.pk for row, _found in pairs]).update(discovered_at=now, missing_since=None)
    journal.record_many(_told(events.RESOURCE_BACK, row, story=story, now=now) for row in back)
    named = [(row, _name_of(found)) for row, found in pairs]
    _rename(named, verb=events.RESOURCE_RENAMED, story=story, now=now)


def _take_in_roles(pairs: Sequence[tuple[Resource, Found]], *, story: UUID, now: datetime) -> int:
    """New roles, and the names of those that are known; a role that its resource no longer has is flagged."""
    rows = ResourceRole.objects.filter(resource__in=[row for row, _found in pairs])
    known = {(role.resource_id, role.origin_id): role for role in rows.select_related("resource")}
    found = {(row.pk, _cut(role.role_id)): (row, role) for row, one in pairs for role in one.roles}
    new = [_new_role(row, role, now=now) for key, (row, role) in found.items() if key not in known]
    ResourceRole.objects.bulk_create(new, batch_size=BATCH)
    journal.record_many(_told(events.ROLE_DISCOVERED, role, story=story, now=now) for role in new)
    unseen = [role for key, role in known.items() if key not in found]
    kept = rows.exclude(pk__in=[role.pk for role in [*new, *unseen]])
    kept.update(discovered_at=now, missing_since=None)
    named = [(role, _role_name_of(found[key][1])) for key, role in known.items() if key in found]
    _rename(named, verb=events.ROLE_RENAMED, story=story, now=now)
    gone = [role for role in unseen if role.discovered_at and not role.missing_since]
    rows.filter(pk__in=[role.pk for role in gone]).update(missing_since=now)
    journal.record_many(_told(events.ROLE_MISSING, role, story=story, now=now) for role in gone)
    return len(found)


def _new_role(resource: Resource, found: FoundRole, *, now: datetime) -> ResourceRole:
    return ResourceRole(
        resource=resource,
        origin_id=_cut(found.role_id),
        name=_role_name_of(found),
        origin_name=_role_name_of(found),
        description=_cut(found.description, 300),
        discovered_at=now,
    )


def _rename(named: Sequence[tuple[Named, str]], *, verb: str, story: UUID, now: datetime) -> None:
    """Note what the system calls each of these now; where nobody gave it a name of its own here, it is called so."""
    changed = [(row, name) for row, name in named if row.origin_name != name]
    renamed = []
    for row, name in changed:
        if row.name == row.origin_name:
            renamed.append((row, row.name))
            row.name = name
        row.origin_name = name
    if changed:
        of_kind: Any = type(changed[0][0])
        of_kind.objects.bulk_update([row for row, _name in changed], ["name", "origin_name"], batch_size=BATCH)
    journal.record_many(_told(verb, row, story=story, now=now, formerly=former) for row, former in renamed)


def _name_of(found: Found) -> str:
    return _cut(found.name.strip() or found.resource_id)


def _role_name_of(found: FoundRole) -> str:
    return _cut(found.name.strip() or found.role_id, 120)


def _told(verb: str, target: models.Model, *, story: UUID, now: datetime, **details: Any) -> Any:
    return journal.entry(verb, actor=None, target=target, at=now, correlation_id=story, details=details)


def _cut(text: str, length: int = 200) -> str:
    """As much as is kept, without what no database takes: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:length]
