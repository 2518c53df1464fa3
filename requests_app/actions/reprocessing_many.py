"""Delivering once more for everybody who holds a package, or everything that is given in a system: by a rollout."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from audit import journal
from catalog.models import AccessPackage, TargetSystem
from directory.models import User
from directory.permissions import is_administrator
from provisioning.models import Grant

from .. import events
from ..lifecycle import IllegalMove
from ..models import Assignment, Rollout, RolloutKind
from ..permissions import can_reprocess_package
from .rolling_out import start


@transaction.atomic
def reprocess_package(*, package: AccessPackage, actor: User | None, why: str, now: datetime) -> Rollout:
    """Have everything that this package gives to anybody put in place again and read back, in batches.

    None as the actor is the system itself. Raises PermissionDenied, ValidationError (by `why`), and IllegalMove where
    that is under way already.
    """
    locked = AccessPackage.objects.select_for_update(of=("self",)).select_related("catalog").get(pk=package.pk)
    if actor is not None and not can_reprocess_package(actor, locked):
        raise PermissionDenied(_("Only those who may change the package have it delivered again to everybody."))
    total = Assignment.objects.live().filter(package=locked).count()
    row = Rollout(kind=RolloutKind.REPROCESS, package=locked, actor=actor, why=why.strip(), total=total)
    return _begin(row, verb=events.PACKAGE_REPROCESSED, now=now)


@transaction.atomic
def reprocess_system(*, system: TargetSystem, actor: User | None, why: str, now: datetime) -> Rollout:
    """Have everything that living reasons give in this system put in place again and read back, in batches.

    None as the actor is the system itself. Raises as `reprocess_package`.
    """
    locked = TargetSystem.objects.select_for_update(of=("self",)).get(pk=system.pk)
    if actor is not None and not is_administrator(actor):
        raise PermissionDenied(_("Only administrators have everything in a system put in place again."))
    total = Grant.objects.asked_for().filter(resource_role__resource__system=locked).count()
    row = Rollout(kind=RolloutKind.REPROCESS, system=locked, actor=actor, why=why.strip(), total=total)
    return _begin(row, verb=events.SYSTEM_REPROCESSED, now=now)


def _begin(row: Rollout, *, verb: str, now: datetime) -> Rollout:
    if not row.why:
        raise ValidationError({"why": _("Say why; the journal keeps it.")})
    same = Rollout.objects.open().filter(kind=row.kind, package=row.package, system=row.system)
    if same.exists():
        raise IllegalMove(_("It is being put in place again already."))
    story: UUID = uuid7()
    start([row], story=story, now=now)
    journal.record(
        verb,
        actor=row.actor,
        target=row.about,
        package=row.package,
        at=now,
        details={"why": row.why, "total": row.total, "rollout": str(row.pk)},
        correlation_id=story,
    )
    return row
