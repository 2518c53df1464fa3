"""A package with one role in the built-in directory and one in a real SCIM 2.0 application."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.choices import ResourceKind
from catalog.models import Resource, ResourceRole, TargetSystem
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, ConnectorKind
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import Assignment
from tests.provisioning.scim_server import running_scim_server


@pytest.fixture
def application(tmp_path):
    with running_scim_server(tmp_path / "crm.sqlite3") as server:
        yield server


@pytest.fixture
def crm_role(cast, application):
    system = TargetSystem.objects.create(name="CRM", slug="crm")
    connector = Connector(system=system, kind=ConnectorKind.SCIM, base_url=application.base_url)
    connector.set_secret(application.token)
    connector.save()
    resource = Resource.objects.create(system=system, kind=ResourceKind.APPLICATION, origin_id="crm", name="CRM")
    cast.catalog.resources.add(resource)
    return ResourceRole.objects.create(resource=resource, origin_id=application.create_group("Sellers"), name="Seller")


def test_both_targets_have_it_and_neither_after_the_end(cast, application, crm_role):
    group, role = cast.role("Sales EMEA")
    package = cast.package("Sales: Standard Access", role, crm_role)
    cast.policy(package)
    now = timezone.now()
    access_request = actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=now)
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=now)

    perform_all_due(now=timezone.now() + timedelta(seconds=1))

    assignment = Assignment.objects.get()
    assert assignment.status == AssignmentStatus.DELIVERED
    assert application.members(crm_role.origin_id) == {"rita"}
    assert group.memberships.filter(person=cast.rita).exists()

    actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
    perform_all_due(now=timezone.now() + timedelta(seconds=1))
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.ENDED
    assert application.members(crm_role.origin_id) == set()
    assert not group.memberships.exists()


def test_an_application_that_is_down_is_shown_and_served_when_it_is_back(cast, application, crm_role):
    _group, role = cast.role("Sales EMEA")
    package = cast.package("Sales: Standard Access", role, crm_role)
    cast.policy(package, approver=None)
    application.kill()
    actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=timezone.now())
    perform_all_due(now=timezone.now() + timedelta(seconds=1))
    assignment = Assignment.objects.get()
    assert assignment.status == AssignmentStatus.PARTIALLY_DELIVERED

    actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
    perform_all_due(now=timezone.now() + timedelta(minutes=1))
    application.start()
    perform_all_due(now=timezone.now() + timedelta(hours=2))
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.ENDED
    assert application.members(crm_role.origin_id) == set()


def test_a_worker_that_dies_after_the_call_does_not_take_its_own_work_for_older_access(cast, application, crm_role):
    package = cast.package("Sales: Standard Access", crm_role)
    cast.policy(package, approver=None)
    actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=timezone.now())
    died_at = timezone.now() + timedelta(seconds=1)
    _die_after_granting(died_at)
    assert application.members(crm_role.origin_id) == {"rita"}

    assert perform_all_due(now=died_at + timedelta(seconds=30)) == 0, "the lease still holds"
    perform_all_due(now=died_at + timedelta(seconds=61))

    assignment = Assignment.objects.get()
    assert assignment.status == AssignmentStatus.DELIVERED
    actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
    perform_all_due(now=died_at + timedelta(minutes=5))
    assert application.members(crm_role.origin_id) == set()


def _die_after_granting(now):
    """What a worker did that was killed between the target's answer and settling."""
    from accessgov import outbox
    from provisioning import actions as provisioning_actions
    from provisioning.connectors import open_connector
    from provisioning.connectors.base import Entitlement
    from provisioning.models import Operation

    (operation,) = outbox.claim(Operation.objects.with_grants(), now=now)
    role = operation.grant.resource_role
    connector = open_connector(role.resource.system.connector, system="CRM")
    entitlement = Entitlement(resource_id=role.resource.origin_id, role_id=role.origin_id, name=str(role))
    was_present = connector.read(operation.grant.person, entitlement)
    assert provisioning_actions.note_presence({operation: was_present}, now=now) == [operation]
    connector.grant(operation.grant.person, entitlement, key=operation.idempotency_key)
