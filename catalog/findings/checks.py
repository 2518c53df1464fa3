"""The checks themselves: each a set of rows that something is wrong with, found by one statement."""

from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Length, Replace, Trim
from django.utils.translation import gettext_lazy as _

from directory.models import Membership

from ..choices import ApproverKind, ApproverUse, DelegatedRole, RequestorScope, ResourceKind
from ..models import (
    AccessPackage,
    ApprovalStage,
    Catalog,
    Incompatibility,
    PackageRole,
    Policy,
    Resource,
    ResourceRole,
    RoleAssignment,
    StageApprover,
)
from ..naming import SHORTEST, SILENT_NAME, TELLING_NAME
from .registry import Severity, check

NAMED = (ApproverKind.PERSON, ApproverKind.GROUP)


def _has_members(group: str) -> Exists:
    """Whether anybody who is enabled belongs to the group that this field names, directly or through nested groups."""
    inside = Membership.objects.filter(group__ancestor_links__ancestor=OuterRef(group), person__is_active=True)
    return Exists(inside.order_by())


# --- Problems: somebody waits, or nobody answers for it --------------------------------------------------------------


@check(
    _("Package without an owner"),
    severity=Severity.PROBLEM,
    says=_("“{0}” belongs to {0.owner}, who is disabled: nobody answers for it."),
    to_catalog="catalog",
    to_package="pk",
)
def package_without_owner() -> QuerySet[AccessPackage]:
    return AccessPackage.objects.filter(owner__is_active=False).select_related("owner", "catalog")


@check(
    _("Stage that nobody can decide"),
    severity=Severity.PROBLEM,
    says=_("“{0.policy}” of “{0.policy.package}”: in {0}, none of those who are named is there to decide."),
    to_catalog="policy__package__catalog",
    to_package="policy__package",
    mend="policy",
)
def stage_without_approver() -> QuerySet[ApprovalStage]:
    asked = StageApprover.objects.filter(stage=OuterRef("pk")).exclude(use=ApproverUse.ALTERNATE)
    possible = ~Q(kind__in=NAMED) | Q(person__is_active=True) | Q(_has_members("group"))
    nobody = ApprovalStage.objects.filter(~Exists(asked.filter(possible)), policy__is_enabled=True)
    return nobody.select_related("policy__package__catalog")


@check(
    _("Package that conflicts with itself"),
    severity=Severity.PROBLEM,
    says=_("“{0.package}” makes people members of {0.group}, whose members cannot have it."),
    mend="package",
)
def conflict_with_itself() -> QuerySet[Incompatibility]:
    joined = PackageRole.objects.annotate(plain=_plain("resource_role__resource__origin_id")).filter(
        package=OuterRef("package"), resource_role__resource__kind=ResourceKind.GROUP, plain=OuterRef("plain_group")
    )
    rules = Incompatibility.objects.exclude(group=None).annotate(plain_group=_plain("group_id"))
    return rules.filter(Exists(joined)).select_related("package__catalog", "group")


@check(
    _("Catalog without an owner"),
    severity=Severity.PROBLEM,
    says=_("Nobody owns the catalog “{0}”: only administrators can change it or appoint somebody."),
    to_catalog="",
    to_package="",
)
def catalog_without_owner() -> QuerySet[Catalog]:
    owners = RoleAssignment.objects.filter(catalog=OuterRef("pk"), role=DelegatedRole.CATALOG_OWNER)
    return Catalog.objects.filter(~Exists(owners.filter(Q(person__is_active=True) | Q(_has_members("group")))))


@check(
    _("Package that gives what is not there"),
    severity=Severity.PROBLEM,
    says=_("“{0.package}” gives {0.resource_role}, which {0.resource_role.resource.system} does not have any more."),
    mend="package",
)
def package_with_missing_role() -> QuerySet[PackageRole]:
    gone = Q(resource_role__missing_since__isnull=False) | Q(resource_role__resource__missing_since__isnull=False)
    return PackageRole.objects.filter(gone).select_related("package__catalog", "resource_role__resource__system")


# --- Warnings: it works, and ought not to stay so --------------------------------------------------------------------


@check(
    _("Policy that takes in nobody"),
    severity=Severity.WARNING,
    says=_("“{0}” of “{0.package}” names people and groups of whom nobody is enabled: nobody can ask under it."),
)
def policy_for_nobody() -> QuerySet[Policy]:
    people = Policy.people.through.objects.filter(policy=OuterRef("pk"), user__is_active=True)
    groups = Policy.groups.through.objects.filter(_has_members("group_id"), policy=OuterRef("pk"))
    named = Policy.objects.enabled().filter(scope__in=(RequestorScope.SPECIFIC, RequestorScope.EMERGENCY))
    return named.filter(~Exists(people), ~Exists(groups)).select_related("package__catalog")


@check(
    _("Package that nobody can have"),
    severity=Severity.WARNING,
    says=_("“{0}” is enabled, but has no enabled policy: it can neither be asked for nor assigned."),
    to_catalog="catalog",
    to_package="pk",
)
def package_without_policy() -> QuerySet[AccessPackage]:
    policies = Policy.objects.enabled().filter(package=OuterRef("pk"))
    return AccessPackage.objects.filter(~Exists(policies), is_enabled=True).select_related("catalog")


@check(
    _("Package that gives nothing"),
    severity=Severity.WARNING,
    says=_("“{0}” is enabled, but has no role: whoever has it has nothing."),
    to_catalog="catalog",
    to_package="pk",
)
def package_without_roles() -> QuerySet[AccessPackage]:
    roles = PackageRole.objects.filter(package=OuterRef("pk"))
    return AccessPackage.objects.filter(~Exists(roles), is_enabled=True).select_related("catalog")


@check(
    _("Incompatible packages that give the same"),
    severity=Severity.WARNING,
    says=_("“{0.package}” and “{0.other_package}” cannot be held together, but give a role of the same resource."),
    mend="package",
)
def incompatible_but_alike() -> QuerySet[Incompatibility]:
    theirs = PackageRole.objects.filter(package=OuterRef(OuterRef("other_package"))).values("resource_role__resource")
    shared = PackageRole.objects.filter(package=OuterRef("package"), resource_role__resource__in=theirs)
    rules = Incompatibility.objects.exclude(other_package=None).filter(Exists(shared))
    return rules.select_related("package__catalog", "other_package")


@check(
    _("Approver who left"),
    severity=Severity.WARNING,
    says=_("“{0.stage.policy}” of “{0.stage.policy.package}” asks {0.person}, who is disabled."),
    to_catalog="stage__policy__package__catalog",
    to_package="stage__policy__package",
    mend="stage__policy",
)
def approver_who_left() -> QuerySet[StageApprover]:
    left = StageApprover.objects.filter(person__is_active=False, stage__policy__is_enabled=True)
    return left.select_related("person", "stage__policy__package__catalog")


@check(
    _("Role that reaches nobody"),
    severity=Severity.WARNING,
    says=_("{0} in the catalog “{0.catalog}” reaches nobody: the person is disabled, or the group is empty."),
    to_catalog="catalog",
    to_package="",
    mend="catalog",
)
def role_of_nobody() -> QuerySet[RoleAssignment]:
    nobody = RoleAssignment.objects.filter(Q(person__is_active=False) | (Q(person=None) & ~Q(_has_members("group"))))
    return nobody.exclude(catalog=None).with_names()


# --- Notes: it could be better ---------------------------------------------------------------------------------------


@check(
    _("Resource without an owner"),
    severity=Severity.NOTE,
    says=_("Nobody owns the resource “{0}”: only administrators put it into catalogs, and nobody can be asked for it."),
    to_catalog="catalogs",
    to_package="",
)
def resource_without_owner() -> QuerySet[Resource]:
    people = Resource.owners.through.objects.filter(resource=OuterRef("pk"), user__is_active=True)
    groups = Resource.owner_groups.through.objects.filter(_has_members("group_id"), resource=OuterRef("pk"))
    return Resource.objects.filter(~Exists(people), ~Exists(groups))


@check(
    _("Name that says nothing"),
    severity=Severity.NOTE,
    says=_("“{0}” does not say for whom or for what the package is."),
    to_catalog="catalog",
    to_package="pk",
)
def name_that_says_nothing() -> QuerySet[AccessPackage]:
    named = AccessPackage.objects.annotate(length=Length(Trim("name")))
    silent = Q(length__lt=SHORTEST) | ~Q(name__iregex=TELLING_NAME) | Q(name__iregex=SILENT_NAME)
    return named.filter(silent).select_related("catalog")


@check(
    _("Role that no package gives"),
    severity=Severity.NOTE,
    says=_("{0} is in a catalog, but no package gives it."),
    to_catalog="resource__catalogs",
    to_package="",
    mend="resource",
)
def unused_role() -> QuerySet[ResourceRole]:
    used = PackageRole.objects.filter(resource_role=OuterRef("pk"))
    held = Catalog.resources.through.objects.filter(resource=OuterRef("resource"))
    return ResourceRole.objects.filter(~Exists(used), Exists(held)).select_related("resource")


def _plain(field: str) -> Any:
    """An id as both databases and other systems write it, without its dashes."""
    return Replace(Cast(F(field), CharField(max_length=200)), Value("-"), Value(""))
