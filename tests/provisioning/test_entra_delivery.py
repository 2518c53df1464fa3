"""Access in Microsoft Entra ID on its way: late, throttled, refused; from the queue to the tenant and back."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accessgov.outbox import WorkStatus
from catalog.choices import ResourceKind
from catalog.models import Resource, ResourceRole, TargetSystem
from directory.actions import lock_people
from directory.models import User
from provisioning import actions
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import GrantStatus
from provisioning.models import Grant, Operation

from ..cast import NOW
from .graph_server import GraphServer
from .graph_tenant import GraphTenant, error
from .target_entra import save_connector

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def tenant(graph_server: GraphServer) -> GraphTenant:
    return graph_server.tenant()


@pytest.fixture
def system(tenant: GraphTenant) -> TargetSystem:
    system = TargetSystem.objects.create(name="Contoso", slug="contoso")
    save_connector(system, tenant)
    return system


@pytest.fixture
def people(tenant: GraphTenant) -> list[User]:
    people = [User.objects.create(username=f"{name}@contoso.com", display_name=name) for name in "abc"]
    for person in people:
        tenant.user(person.username)
    return people


def wanted(people: list[User], system: TargetSystem, group: str) -> None:
    """All of them are to be members of the group from now on."""
    resource = Resource.objects.create(system=system, kind=ResourceKind.GROUP, origin_id=group, name="Sales")
    role = ResourceRole.objects.create(resource=resource, origin_id="member", name="Member")
    lock_people(person.pk for person in people)
    reasons = [actions.Reason(person=p, role=role, reference=uuid4(), correlation_id=uuid4()) for p in people]
    actions.provide(reasons, now=NOW)


def statuses() -> set[str]:
    return set(Grant.objects.values_list("status", flat=True))


def test_access_that_shows_late_is_delivered_at_once_and_verified_when_it_shows(tenant, system, people):
    group = tenant.group("Sales")
    tenant.shows_late = True
    wanted(people, system, group)
    perform_all_due(now=NOW)
    assert statuses() == {GrantStatus.DELIVERED}
    changes = len(tenant.sent("PATCH"))
    perform_all_due(now=NOW + 60 * SECOND)
    assert statuses() == {GrantStatus.DELIVERED}
    tenant.settle()
    perform_all_due(now=NOW + 110 * SECOND)
    assert statuses() == {GrantStatus.VERIFIED}
    assert len(tenant.sent("PATCH")) == changes == 1


def test_nobody_calls_before_the_time_that_was_named_and_then_it_goes_on_by_itself(tenant, system, people):
    group = tenant.group("Sales")
    wanted(people, system, group)
    tenant.override = lambda request: error(429, "TooManyRequests", "Wait.", Retry_After="90")
    perform_all_due(now=NOW)
    assert not statuses() & {GrantStatus.DELIVERED, GrantStatus.VERIFIED}
    tenant.override = lambda request: None
    tenant.calls.clear()
    perform_all_due(now=NOW + 89 * SECOND)
    assert tenant.calls == []
    for later in (91, 92, 95):
        perform_all_due(now=NOW + later * SECOND)
    assert statuses() == {GrantStatus.VERIFIED}
    assert sorted(tenant.names(group)) == sorted(person.username for person in people)


def test_members_of_a_group_with_a_rule_are_stuck_at_once_and_it_is_said_why(tenant, system, people):
    wanted(people, system, tenant.group("Sales", groupTypes=["DynamicMembership"]))
    perform_all_due(now=NOW)
    assert set(Operation.objects.values_list("status", "attempts")) == {(WorkStatus.STUCK, 1)}
    assert all("chooses itself by a rule" in o.last_error for o in Operation.objects.all())
