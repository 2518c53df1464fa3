"""What every change to the catalog is held to, whatever was changed."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import PROTECT, Exists, Model, OuterRef, Q
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from directory.models import Group, Risk, User
from directory.permissions import is_administrator

from ..choices import DurationKind, RequestorScope, ResourceKind, StageAudience
from ..models import AccessPackage, ApprovalStage, Catalog, PackageRole, Policy, Resource, ResourceRole
from ..permissions import can_manage_catalog, can_manage_packages

MOST_NAMED = 5
"""Of more offenders than these, only the first are named."""


def require_administrator(actor: User | None) -> None:
    """Raises PermissionDenied unless it is an administrator or the system itself (None)."""
    if actor is not None and not is_administrator(actor):
        raise PermissionDenied(_("Only administrators change catalogs' contents and target systems."))


def require_owner(actor: User | None, *catalogs: Catalog) -> None:
    """Raises PermissionDenied unless the actor owns all of these catalogs; the system itself (None) does."""
    for catalog in catalogs:
        if actor is not None and not can_manage_catalog(actor, catalog):
            raise PermissionDenied(_("Only owners of the catalog %(catalog)s change it.") % {"catalog": catalog})


def require_manager(actor: User | None, *catalogs: Catalog) -> None:
    """Raises PermissionDenied unless the actor manages the packages of all these catalogs; the system (None) does."""
    for catalog in catalogs:
        if actor is not None and not can_manage_packages(actor, catalog):
            raise PermissionDenied(
                _("Only owners and package managers of the catalog %(catalog)s change its packages.")
                % {"catalog": catalog}
            )


def refuse_strangers_to_the_catalog(package: AccessPackage) -> None:
    """Raises ValidationError where the package has roles of resources that are not in its catalog."""
    strangers = PackageRole.objects.filter(package=package).exclude(
        resource_role__resource__catalogs=package.catalog_id
    )
    names = sorted({str(link.resource_role.resource) for link in strangers.select_related("resource_role__resource")})
    if names:
        raise ValidationError(
            _("Not in the catalog %(catalog)s: %(resources)s. Add them there first."),
            code="not_in_catalog",
            params={"catalog": package.catalog, "resources": _some(names)},
        )


def refuse_groups_that_give_rights(roles: Collection[ResourceRole]) -> None:
    """Raises ValidationError where a role is in a group that makes administrators or auditors (docs/adr/0014)."""
    resources = Resource.objects.filter(kind=ResourceKind.GROUP, roles__in=[role.pk for role in roles])
    ids = [pk for pk in map(_uuid_of, resources.values_list("origin_id", flat=True).distinct()) if pk]
    names = [str(group) for group in Group.objects.giving_rights().filter(pk__in=ids)] if ids else []
    if names:
        raise ValidationError(
            _("Only administrators fill groups that make administrators or auditors: no package gives %(groups)s."),
            code="gives_rights",
            params={"groups": _some(names)},
        )


def refuse_extensions_left_behind(package: AccessPackage, *, old: Catalog) -> None:
    """Raises ValidationError where a policy of the package, which moved away from `old`, names an extension of it."""
    policies = Policy.objects.filter(package=package)
    named: defaultdict[str, set[str]] = defaultdict(set)
    for path in ("callouts__extension", "stages__approvers__extension"):
        found = policies.filter(**{f"{path}__isnull": False}).exclude(**{f"{path}__catalog": package.catalog_id})
        for policy, extension in found.values_list("name", f"{path}__name"):
            named[policy].add(extension)
    if named:
        said = _("The policy “%(policy)s” names extensions of %(catalog)s: %(extensions)s.")
        faults = [
            said % {"policy": policy, "catalog": old, "extensions": _some(sorted(extensions))}
            for policy, extensions in sorted(named.items())
        ]
        raise ValidationError({"catalog": " ".join([*faults, _("Take them out of it before the package moves.")])})


def refuse_lax_privileges(**where: Any) -> None:
    """Raises ValidationError where an enabled policy gives a privileged resource unapproved, or without an end, or
    lets it be extended unapproved. Stages that not everybody needs do not count.

    Holds for direct assignment too (behaviour 19), and not for emergencies, which are over within hours. `where`
    narrows the policies down to what was changed.
    """
    unasked = Q(is_extension_allowed=True, does_extension_need_approval=False)
    is_lax = Q(duration_kind=DurationKind.PERMANENT) | ~_asks_everybody() | unasked
    lax = Policy.objects.enabled().exclude(scope=RequestorScope.EMERGENCY).filter(is_lax, **where)
    privileged = PackageRole.objects.filter(resource_role__resource__is_privileged=True).values("package")
    found = lax.filter(package__in=privileged).select_related("package").distinct().order_by("package__name", "name")
    said = [_("“%(policy)s” of %(package)s") % {"policy": policy, "package": policy.package} for policy in found]
    if said:
        raise ValidationError(
            _(
                "A privileged resource can neither be given without approval nor without an end, "
                "nor be extended without approval. Change first: %(lax)s."
            ),
            code="privileged",
            params={"lax": _some(said)},
        )


def _asks_everybody() -> Q:
    """Of policies whose package is privileged: whoever asks, some stage is needed."""
    stages = ApprovalStage.objects.filter(policy=OuterRef("pk"), least_risk=Risk.NONE)
    of = {audience: Q(Exists(stages.filter(audience=audience))) for audience in StageAudience}
    return of[StageAudience.EVERYBODY] | of[StageAudience.MEMBERS] & of[StageAudience.GUESTS]


def refuse_if_used(row: Model, *, instead: str = "", but: tuple[str, ...] = ()) -> None:
    """Raises ValidationError naming what still refers to the row; `but` are relations that go with it."""
    users = [
        str(relation.related_model._meta.verbose_name_plural)
        for relation in row._meta.related_objects
        if relation.on_delete is PROTECT
        and relation.related_model._meta.model_name not in but
        and relation.related_model._base_manager.filter(**{relation.field.name: row}).exists()
    ]
    if users:
        raise ValidationError(
            _("“%(row)s” cannot be deleted: %(users)s refer to it. %(instead)s"),
            code="used",
            params={"row": row, "users": get_text_list(sorted(set(users)), _("and")), "instead": instead},
        )


def _uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")
