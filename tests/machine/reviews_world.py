"""The small organisation whose access is reviewed by the state machine."""

from dataclasses import dataclass, field
from uuid import UUID

from catalog.models import AccessPackage, Catalog, TargetSystem
from directory.models import Group, User
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, ConnectorKind
from requests_app import actions
from reviews.choices import Frequency, NoResponse, ReviewerKind, ReviewScope
from reviews.models import Review
from tests.cast import NOW, Cast


@dataclass
class ReviewedWorld:
    """Everybody and everything; people are named in the order in which they stand here."""

    people: list[User]
    holders: list[User]
    package: AccessPackage
    group: Group
    administrator: User
    undisableable: frozenset[UUID] = field(default_factory=frozenset)


def make_reviewed_world() -> ReviewedWorld:
    """Five have the ledger, Olga its owner among them; Mia manages two of them, Max three; Ada and Adam administer."""
    boss = _person("boss")
    mia, maxim = _person("mia", manager=boss), _person("max", manager=boss)
    ann, ben = _person("ann", manager=mia), _person("ben", manager=mia)
    cem, dora = _person("cem", manager=maxim), _person("dora", manager=maxim)
    olga = _person("olga", manager=maxim)
    late = _person("late", manager=mia)
    ada, adam = (_person(name, is_superuser=True, is_staff=True) for name in ("ada", "adam"))
    system = TargetSystem.objects.create(name="Directory", slug="directory")
    Connector.objects.create(system=system, kind=ConnectorKind.BUILTIN)
    catalog = Catalog.objects.create(name="Finance", description="What finance works with")
    cast = Cast(ann, mia, olga, ada, ben, catalog, system)
    group, role = cast.role("Ledger")
    package = cast.package("Ledger of finance", role)
    cast.policy(package, approver=None, duration_amount=60, requires_justification=False)
    holders = [ann, ben, cem, dora, olga]
    for one in holders:
        actions.submit(package=package, actor=one, now=NOW)
    perform_all_due(now=NOW)
    return ReviewedWorld(
        people=[boss, mia, maxim, ann, ben, cem, dora, olga, late, ada, adam],
        holders=holders,
        package=package,
        group=group,
        administrator=ada,
        undisableable=frozenset({ada.pk, adam.pk}),
    )


def make_review(world: ReviewedWorld, *, if_no_response: NoResponse, is_staged: bool) -> Review:
    """By the managers for 14 days; staged, the package's owner is asked once more about what was not approved."""
    review = Review.objects.create(
        name="Ledger twice a year",
        scope=ReviewScope.PACKAGE,
        package=world.package,
        frequency=Frequency.ONCE,
        starts_on=NOW.date(),
        if_no_response=if_no_response,
        created_at=NOW,
    )
    review.stages.create(position=1, reviewers=ReviewerKind.MANAGER)
    if is_staged:
        review.stages.create(position=2, reviewers=ReviewerKind.PACKAGE_OWNER, takes_approved=False)
    return review


def _person(name: str, **fields: object) -> User:
    return User.objects.create(username=name, email=f"{name}@example.com", display_name=name.title(), **fields)
