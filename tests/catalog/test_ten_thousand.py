"""Who may ask for what among ten thousand packages, with groups nested five deep: a constant number of statements."""

from itertools import pairwise
from time import perf_counter

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.choices import ApproverKind, RequestorScope
from catalog.models import AccessPackage, Policy
from catalog.models.policies import TIERS
from directory import actions as directory
from directory.models import ConnectedOrganisation, Group, Membership, PersonKind, User
from requests_app import actions as requests
from tests.cast import NOW

PACKAGES = 10_000
DEPTH = 5
CHAINS = 20
"""So many towers of groups, each five deep; whoever is at the bottom of one belongs to all of it."""

SCOPES = (
    RequestorScope.SPECIFIC, RequestorScope.ALL_MEMBERS, RequestorScope.EVERYONE, RequestorScope.ORGANISATIONS,
    RequestorScope.ALL_CONFIGURED, RequestorScope.ALL_EXTERNAL, RequestorScope.NOBODY,
)  # fmt: skip


@pytest.fixture
def towers(db):
    """The groups of each tower, the outermost first."""
    towers = []
    for chain in range(CHAINS):
        groups = [Group.objects.create(name=f"Tower {chain}.{level}") for level in range(DEPTH)]
        for parent, child in pairwise(groups):
            directory.nest_group(parent=parent, child=child, actor=None, now=NOW)
        towers.append(groups)
    return towers


@pytest.fixture
def northwind(db):
    organisation = ConnectedOrganisation(name="Northwind")
    return directory.save_organisation(organisation=organisation, domains=["northwind.example"], actor=None, now=NOW)


@pytest.fixture
def offer(cast, towers, northwind):
    """Ten thousand packages, each with a policy of the next scope in turn; the named ones name a group of a tower."""
    made = AccessPackage.objects.bulk_create(
        (
            AccessPackage(catalog=cast.catalog, name=f"Package {n:05}", description="-", owner=cast.olga)
            for n in range(PACKAGES)
        ),
        batch_size=1000,
    )
    scopes = [SCOPES[n % len(SCOPES)] for n in range(PACKAGES)]
    policies = Policy.objects.bulk_create(
        (
            Policy(package=package, name="Policy", scope=scope, tier=TIERS[scope])
            for package, scope in zip(made, scopes, strict=True)
        ),
        batch_size=1000,
    )
    groups = [group for tower in towers for group in tower]
    named = [policy for policy in policies if policy.scope == RequestorScope.SPECIFIC]
    links = zip(named, groups * (len(named) // len(groups) + 1), strict=False)
    names = Policy.groups.through
    names.objects.bulk_create([names(policy=one, group=group) for one, group in links], batch_size=1000)
    theirs = [policy for policy in policies if policy.scope == RequestorScope.ORGANISATIONS]
    partners = Policy.organisations.through
    partners.objects.bulk_create(
        [partners(policy=one, connectedorganisation=northwind) for one in theirs], batch_size=1000
    )
    return made


def asking(person):
    """What the person may ask for, with the statements and the seconds that it took."""
    with CaptureQueriesContext(connection) as captured:
        began = perf_counter()
        found = set(AccessPackage.objects.requestable_by(person).values_list("name", flat=True))
        took = perf_counter() - began
    return found, len(captured), took


@pytest.mark.slow
def test_ten_thousand_packages_and_groups_nested_five_deep(cast, towers, northwind, offer):
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself soon after so much was written
    """One statement for everything, two for one package, at most ten for a page, twelve for a submission."""
    bottom = towers[0][-1]
    Membership.objects.create(group=bottom, person=cast.rita, added_at=NOW)
    gus = User.objects.create(username="gus", kind=PersonKind.GUEST, organisation=northwind)
    number = PACKAGES // len(SCOPES)
    for person, least, most in ((cast.rita, 2 * number, 3 * number), (gus, 4 * number, 4 * number + 8)):
        found, statements, took = asking(person)
        assert statements == 1
        assert least < len(found) < most
        assert took < 2, f"{took:.3f} s for {person}"
    named = set(Policy.objects.filter(groups__in=towers[0]).values_list("package__name", flat=True))
    beside = set(Policy.objects.filter(groups__in=towers[1]).values_list("package__name", flat=True))
    found, _statements, _took = asking(cast.rita)
    assert named
    assert named <= found, "the groups that enclose hers, five deep, count as hers"
    assert not beside & found

    one = AccessPackage.objects.get(name=min(named))
    one.policies.get().stages.create(position=1).approvers.create(kind=ApproverKind.MANAGER)
    with CaptureQueriesContext(connection) as captured:
        assert AccessPackage.objects.requestable_by(cast.rita).filter(pk=one.pk).exists()
        assert Policy.objects.applicable(cast.rita).filter(package=one).exists()
    assert len(captured) == 2

    client = Client()
    client.force_login(cast.rita)
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/packages/").status_code == 200
    assert len(captured) <= 10
    with CaptureQueriesContext(connection) as captured:
        requests.submit(package=one, actor=cast.rita, justification="One of ten thousand", now=NOW)
    statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= 12, statements
