"""Changes to what must not be held together with a package."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Facts, facts_of, names
from directory.models import Group, User

from .. import events
from ..models import Catalog, Incompatibility
from .rules import require_manager
from .saving import stored, tell


@transaction.atomic
def save_incompatibility(
    *,
    incompatibility: Incompatibility,
    actor: User | None,
    now: datetime,
    exception_people: Collection[User] | None = None,
    exception_groups: Collection[Group] | None = None,
) -> Incompatibility:
    """Create or change one; nobody loses what they hold. Both ways takes the right in both catalogs, and so does
    naming who decides on exceptions.

    `exception_people` and `exception_groups` decide on exceptions to it; None leaves them as they are. Raises
    PermissionDenied and ValidationError.
    """
    old = stored(incompatibility)
    names_deciders = bool(exception_people or exception_groups)
    require_manager(actor, *_catalogs(incompatibility, old, names_deciders=names_deciders))
    before = _facts(old) if old else None
    incompatibility.full_clean()
    incompatibility.save()
    if exception_people is not None:
        incompatibility.exception_people.set(exception_people)
    if exception_groups is not None:
        incompatibility.exception_groups.set(exception_groups)
    tell(
        incompatibility,
        created=events.INCOMPATIBILITY_CREATED,
        changed=events.INCOMPATIBILITY_CHANGED,
        before=before,
        after=_facts(incompatibility),
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


def _facts(incompatibility: Incompatibility) -> Facts:
    """What it says, with who decides on exceptions to it."""
    people, groups = incompatibility.exception_people.all(), incompatibility.exception_groups.all()
    return facts_of(incompatibility, decided_by=names(_("exceptions decided by"), [*people, *groups]))


def _catalogs(new: Incompatibility, old: Incompatibility | None, *, names_deciders: bool = False) -> list[Catalog]:
    """Whose packages it keeps from people: of the package that names it and, both ways, of the other one.

    An exception holds for the pair in both directions; so whoever names who decides on exceptions answers for both.
    """
    packages = {row.package for row in (new, old) if row}
    both = [row for row in (new, old) if row and row.other_package and (row.is_mutual or names_deciders)]
    packages |= {row.other_package for row in both if row.other_package}
    return [package.catalog for package in packages]
