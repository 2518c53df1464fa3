"""Packages with roles in a real LDAP directory: shared roles, access from before, hands from outside."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Resource, ResourceRole, TargetSystem
from provisioning import actions as provisioning_actions
from provisioning import reconciling
from provisioning.connectors import open_connector
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import CaseAnswer, CaseKind, GrantStatus
from provisioning.models import Connector, ConnectorKind, DriftCase, Grant
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import Assignment
from tests.provisioning.slapd import OURS, OURS_PASSWORD, SUFFIX, Branch

NOBODY = f"cn=nobody,{SUFFIX}"


@pytest.fixture
def branch(slapd) -> Branch:
    """A part of the directory in which Rita has an account."""
    branch = slapd.branch()
    branch.rita = branch.add_person("rita")
    return branch


@pytest.fixture
def corp(db, branch) -> Connector:
    return provisioning_actions.configure_connector(
        connector=Connector(system=TargetSystem.objects.create(name="Corp", slug="corp"), kind=ConnectorKind.LDAP),
        secret=OURS_PASSWORD,
        options={
            "servers": branch.server.tls,
            "ca_certificate": branch.server.authority.pem,
            "bind_dn": OURS,
            "people_base": branch.people,
            "groups_base": branch.groups,
            "placeholder": NOBODY,
        },
        actor=None,
        now=timezone.now(),
    )


@pytest.fixture
def role(cast, branch, corp):
    """Makes a group there and its `member` role here, as discovery finds them."""

    def make(name: str) -> tuple[str, ResourceRole]:
        dn = branch.add_group(name, NOBODY)
        with open_connector(corp, system="Corp") as connector:
            found = next(each for each in connector.discover() if each.name == name)
        values = {"kind": found.kind, "origin_id": found.resource_id, "name": found.name}
        resource = Resource.objects.create(system=corp.system, **values)
        cast.catalog.resources.add(resource)
        return dn, ResourceRole.objects.create(resource=resource, origin_id=found.roles[0].role_id, name="Member")

    return make


def holds(branch, dn) -> bool:
    return branch.rita in branch.values(dn, "member")


def obtain(cast, package) -> Assignment:
    cast.policy(package, approver=None)
    actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=timezone.now())
    deliver()
    return Assignment.objects.get(package=package)


def give_back(cast, assignment) -> None:
    actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
    deliver()
    assignment.refresh_from_db()


def deliver() -> None:
    perform_all_due(now=timezone.now() + timedelta(seconds=1))


def test_a_role_of_two_packages_goes_with_the_last_of_them(cast, branch, role):
    shared, shared_role = role("shared")
    own, own_role = role("own")
    sales, travel = (
        obtain(cast, cast.package(name, *roles))
        for name, roles in (("Sales", (shared_role, own_role)), ("Travel", (shared_role,)))
    )
    assert (sales.status, travel.status) == (AssignmentStatus.DELIVERED,) * 2
    assert holds(branch, shared)
    assert holds(branch, own)
    give_back(cast, sales)
    assert holds(branch, shared)
    assert not holds(branch, own)
    give_back(cast, travel)
    assert not holds(branch, shared)
    assert travel.status == AssignmentStatus.ENDED


def test_a_role_that_was_there_before_outlives_the_package(cast, branch, role):
    dn, had = role("had before")
    branch.add(dn, "member", branch.rita)
    assignment = obtain(cast, cast.package("Sales", had))
    assert assignment.status == AssignmentStatus.DELIVERED
    assert Grant.objects.get().is_adopted
    give_back(cast, assignment)
    assert assignment.status == AssignmentStatus.ENDED
    assert holds(branch, dn)


def test_what_is_removed_by_hand_is_found_and_restored(cast, branch, corp, role):
    dn, given = role("given")
    obtain(cast, cast.package("Sales", given))
    assert Grant.objects.get().status == GrantStatus.VERIFIED
    branch.remove(dn, "member", branch.rita)
    later = timezone.now() + timedelta(hours=1)
    provisioning_actions.start_reconciliation(connector=corp, actor=None, now=later)
    reconciling.perform_all_due(now=later)
    case = DriftCase.objects.get()
    assert (case.kind, case.grant) == (CaseKind.MISSING, Grant.objects.get(person=cast.rita))
    provisioning_actions.answer_cases(
        cases=[case], answer=CaseAnswer.RESTORE, actor=cast.ada, why="By mistake", now=later
    )
    perform_all_due(now=later)
    assert holds(branch, dn)
    assert Grant.objects.get().status == GrantStatus.VERIFIED


def test_what_is_added_by_hand_is_found_under_the_name_of_its_person(cast, branch, corp, role):
    dn, _given = role("given")
    branch.add(dn, "member", branch.rita, branch.add_person("stranger"))
    later = timezone.now() + timedelta(hours=1)
    provisioning_actions.start_reconciliation(connector=corp, actor=None, now=later)
    reconciling.perform_all_due(now=later)
    kinds = dict(DriftCase.objects.values_list("kind", "person__username"))
    assert kinds == {CaseKind.EXTRA: "rita", CaseKind.UNKNOWN: None}
