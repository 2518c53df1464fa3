"""Changes to what must not be held together with a package."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import facts_of
from directory.models import User

from .. import events
from ..models import Catalog, Incompatibility
from .rules import require_manager
from .saving import stored, tell


@transaction.atomic
def save_incompatibility(*, incompatibility: Incompatibility, actor: User | None, now: datetime) -> Incompatibility:
    """Create or change one; nobody loses what they hold. Both ways takes the right in both catalogs.

    Raises PermissionDenied and ValidationError.
    """
    old = stored(incompatibility)
    require_manager(actor, *_catalogs(incompatibility, old))
    incompatibility.full_clean()
    incompatibility.save()
    tell(
        incompatibility,
        created=events.INCOMPATIBILITY_CREATED,
        changed=events.INCOMPATIBILITY_CHANGED,
        before=facts_of(old) if old else None,
        after=facts_of(incompatibility),
        actor=actor,
        now=now,
        package=incompatibility.package,
        details={"reverse": _(", and the other way round") if incompatibility.is_mutual else ""},
    )
    return incompatibility


@transaction.atomic
def delete_incompatibility(*, incompatibility: Incompatibility, actor: User | None, now: datetime) -> None:
    """End an incompatibility. Raises PermissionDenied."""
    require_manager(actor, *_catalogs(incompatibility, None))
    package = incompatibility.package
    journal.record(events.INCOMPATIBILITY_DELETED, actor=actor, target=incompatibility, package=package, at=now)
    incompatibility.delete()


def _catalogs(new: Incompatibility, old: Incompatibility | None) -> list[Catalog]:
    """Whose packages it keeps from people: of the package that names it and, both ways, of the other one."""
    packages = {row.package for row in (new, old) if row}
    packages |= {row.other_package for row in (new, old) if row and row.is_mutual and row.other_package}
    return [package.catalog for package in packages]
