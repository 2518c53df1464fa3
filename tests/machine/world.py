"""The small organisation that the state machine plays with, and what it holds to be promised there."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from catalog.actions import Stage, save_policy
from catalog.choices import ApproverKind, ApproverUse, DurationKind, RequestorScope
from catalog.models import AccessPackage, ApprovalStage, Catalog, Incompatibility, Policy, StageApprover, TargetSystem
from directory.actions import add_member, nest_group
from directory.models import Group, User
from provisioning.models import Connector, ConnectorKind
from tests.cast import NOW, Cast


@dataclass(frozen=True)
class Promise:
    """What a request needs before it may be granted, as the machine understood the policy when it was asked."""

    parties: frozenset[UUID]
    required: tuple[int | None, ...]
    """Of each stage the number of approvals; None is everybody who is asked."""
    starts_at: datetime | None = None


@dataclass
class World:
    """Everybody and everything; people are named in the order in which they stand here."""

    people: list[User]
    packages: list[AccessPackage]
    policies: dict[UUID, Policy]
    required: dict[UUID, tuple[int | None, ...]]
    """By package: what its policy asks for at the moment."""
    groups: dict[UUID, Group]
    """By package: the group whose membership it gives."""
    administrator: User
    undisableable: frozenset[UUID] = field(default_factory=frozenset)


def make_world() -> World:
    """Rita and Ravi ask; Marco manages them, Boss manages Marco; Sue, Sam and Sid are the security group."""
    boss = _person("boss")
    marco = _person("marco", manager=boss)
    rita, ravi = _person("rita", manager=marco), _person("ravi", manager=marco)
    sue, sam, sid = (_person(name, manager=boss) for name in ("sue", "sam", "sid"))
    alma = _person("alma", manager=boss)
    olga = _person("olga", manager=boss)
    ada, adam = (_person(name, is_superuser=True, is_staff=True) for name in ("ada", "adam"))
    security = _group("Security", [sue, sam])
    nest_group(parent=security, child=_group("Security abroad", [sid]), actor=None, now=NOW)
    system = TargetSystem.objects.create(name="Directory", slug="directory")
    Connector.objects.create(system=system, kind=ConnectorKind.BUILTIN)
    catalog = Catalog.objects.create(name="Finance", description="What finance works with")
    cast = Cast(rita, marco, olga, ada, ravi, catalog, system)

    packages: dict[str, AccessPackage] = {}
    groups: dict[UUID, Group] = {}
    for name in ("Ledger", "Payments", "Reports"):
        group, role = cast.role(name)
        packages[name] = cast.package(f"{name} of finance", role)
        groups[packages[name].pk] = group
    Incompatibility.objects.create(package=packages["Ledger"], other_package=packages["Payments"], is_mutual=True)

    by_manager = _stage(1, [StageApprover(kind=ApproverKind.MANAGER)])
    by_security = _stage(
        2,
        [
            StageApprover(kind=ApproverKind.GROUP, group=security),
            StageApprover(kind=ApproverKind.PERSON, person=alma, use=ApproverUse.ALTERNATE),
        ],
        alternates_after=timedelta(days=1),
    )
    by_both = _stage(None, [StageApprover(kind=ApproverKind.PERSON, person=one) for one in (marco, rita)])
    ten_days = {"duration_kind": DurationKind.DAYS, "duration_amount": 10}
    hours = {"duration_kind": DurationKind.HOURS, "duration_amount": 8}
    world = World(
        people=[boss, marco, rita, ravi, sue, sam, sid, alma, olga, ada, adam],
        packages=list(packages.values()),
        policies={},
        required={},
        groups=groups,
        administrator=ada,
        undisableable=frozenset({ada.pk, adam.pk}),
    )
    _policy(world, packages["Ledger"], [by_manager, by_security], is_on_behalf_allowed=True, **ten_days)
    _policy(world, packages["Payments"], [], **hours)
    _policy(world, packages["Reports"], [by_both], is_period_chosen=True, **ten_days)
    return world


def set_quorum(world: World, package: AccessPackage, *, required: int | None) -> None:
    """Change how many approvals the last stage of a package's policy asks for."""
    policy = Policy.objects.complete().get(pk=world.policies[package.pk].pk)
    stages = [Stage(row, list(row.approvers.all())) for row in policy.stages.all()]
    stages[-1].row.approvals_required = required
    world.policies[package.pk] = save_policy(policy=policy, actor=world.administrator, now=NOW, stages=stages)
    world.required[package.pk] = (*world.required[package.pk][:-1], required)


def _policy(world: World, package: AccessPackage, stages: list[Stage], **lasting: object) -> None:
    policy = Policy(
        package=package, name="Everybody", scope=RequestorScope.ALL_MEMBERS, requires_justification=False, **lasting
    )
    world.policies[package.pk] = save_policy(policy=policy, actor=world.administrator, now=NOW, stages=stages)
    world.required[package.pk] = tuple(stage.row.approvals_required for stage in stages)


def _stage(required: int | None, approvers: list[StageApprover], alternates_after: timedelta | None = None) -> Stage:
    row = ApprovalStage(approvals_required=required, time_limit=timedelta(days=5))
    if alternates_after:
        row.alternates_after = alternates_after
    return Stage(row, approvers)


def _person(name: str, **fields: object) -> User:
    return User.objects.create(username=name, email=f"{name}@example.com", display_name=name.title(), **fields)


def _group(name: str, members: list[User]) -> Group:
    group = Group.objects.create(name=name)
    for person in members:
        add_member(group=group, person=person, actor=None, now=NOW)
    return group
