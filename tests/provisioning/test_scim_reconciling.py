"""A real SCIM application is compared: who was added or taken out by hand there is found, and answered."""

from datetime import timedelta
from uuid import uuid4

import pytest

from catalog.models import Resource, ResourceRole, TargetSystem
from provisioning import actions, reconciling
from provisioning.actions import Reason
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import CaseAnswer, CaseKind, GrantStatus
from provisioning.models import Account, Connector, ConnectorKind, DriftCase, Grant
from tests.cast import NOW, make_cast

from .scim_server import ScimServer

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def role(cast, scim_server: ScimServer) -> ResourceRole:
    """A group of the application, which Rita was given."""
    system = TargetSystem.objects.create(name="CRM", slug=f"crm-{uuid4().hex[:8]}")
    row = Connector(system=system, kind=ConnectorKind.SCIM, base_url=scim_server.base_url)
    row.set_secret(scim_server.token)
    row.save()
    resource = Resource.objects.create(system=system, kind="application", origin_id=system.slug, name="CRM")
    role = ResourceRole.objects.create(
        resource=resource, origin_id=scim_server.create_group(f"Sellers {uuid4().hex[:8]}"), name="Seller"
    )
    actions.provide([Reason(cast.rita, role, uuid4(), uuid4())], now=NOW)
    perform_all_due(now=NOW)
    assert scim_server.members(role.origin_id) == {"rita"}
    return role


def account_of(server: ScimServer, username: str) -> str:
    """Their user there, as somebody makes it by hand where there is none."""
    found = [user["id"] for user in server.users() if user["userName"] == username]
    return found[0] if found else server.create_user(username)


def compare(role: ResourceRole, *, hours: int = 1) -> dict[str, DriftCase]:
    """The open cases by who they are about, after one whole run."""
    at = NOW + hours * HOUR
    actions.start_reconciliation(connector=role.resource.system.connector, actor=None, now=at)
    reconciling.perform_all_due(now=at)
    return {case.person.username if case.person else case.account_name: case for case in DriftCase.objects.open()}


def answer(case: DriftCase, how: str, cast, *, hours: int = 2) -> None:
    at = NOW + hours * HOUR
    actions.answer_cases(cases=[case], answer=how, actor=cast.ada, why="It is so.", now=at)
    perform_all_due(now=at)


def test_somebody_added_by_hand_is_known_by_name_and_removed_or_adopted(cast, role, scim_server):
    for name in ("charlie", "marco", "nightly.import"):
        scim_server.add_member(role.origin_id, account_of(scim_server, name))
    cases = compare(role)
    assert {who: case.kind for who, case in cases.items()} == {
        "charlie": CaseKind.EXTRA,
        "marco": CaseKind.EXTRA,
        "nightly.import": CaseKind.UNKNOWN,
    }
    answer(cases["charlie"], CaseAnswer.REMOVE, cast)
    answer(cases["marco"], CaseAnswer.ADOPT, cast)
    assert scim_server.members(role.origin_id) == {"rita", "marco", "nightly.import"}
    assert Grant.objects.get(person=cast.charlie).status == GrantStatus.REMOVED
    assert Grant.objects.get(person=cast.marco).is_adopted
    assert set(compare(role, hours=30)) == {"nightly.import"}


def test_somebody_taken_out_by_hand_is_missing_and_put_back(cast, role, scim_server):
    scim_server.remove_member(role.origin_id, Account.objects.get(person=cast.rita).external_id)
    [case] = compare(role).values()
    assert (case.kind, case.person) == (CaseKind.MISSING, cast.rita)
    answer(case, CaseAnswer.RESTORE, cast)
    assert scim_server.members(role.origin_id) == {"rita"}
    assert compare(role, hours=30) == {}


def test_a_group_within_the_group_is_no_account_of_nobody(role, scim_server):
    scim_server.add_member(role.origin_id, scim_server.create_group(f"Inner {uuid4().hex[:8]}"))
    assert compare(role) == {}
