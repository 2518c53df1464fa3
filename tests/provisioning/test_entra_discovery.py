"""What the connector of Microsoft Entra ID finds in a tenant, and that the next look reads no more than the changes."""

from uuid import uuid4

import pytest

from catalog.choices import ResourceKind
from catalog.models import TargetSystem
from provisioning.connectors.base import Bookmark, ConnectorError, FoundResource, GoneResource
from provisioning.connectors.entra import EntraTenant

from .graph_server import GraphServer
from .graph_tenant import GraphTenant, Reply, error
from .target_entra import save_connector

pytestmark = pytest.mark.django_db
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"


@pytest.fixture
def tenant(graph_server: GraphServer) -> GraphTenant:
    return graph_server.tenant()


@pytest.fixture
def connector(tenant: GraphTenant):
    system = TargetSystem.objects.create(name="Contoso", slug="contoso")
    with EntraTenant(save_connector(system, tenant)) as opened:
        yield opened


def look(connector: EntraTenant, since: str = "") -> tuple[dict[str, FoundResource], set[str], Bookmark]:
    """What was found, what is gone, and the bookmark, which comes last."""
    *changes, bookmark = connector.discover_changes(since=since)
    found = {one.resource_id: one for one in changes if isinstance(one, FoundResource)}
    gone = {one.resource_id for one in changes if isinstance(one, GoneResource)}
    assert isinstance(bookmark, Bookmark)
    return found, gone, bookmark


def role(name: str, **fields: object) -> dict[str, object]:
    return {"id": str(uuid4()), "displayName": name, "isEnabled": True, "allowedMemberTypes": ["User"], **fields}


def test_groups_teams_and_applications_come_with_their_roles(connector, tenant):
    group = tenant.group("Sales", description="All who sell")
    team = tenant.group("Crew", groupTypes=["Unified"], mailEnabled=True, resourceProvisioningOptions=["Team"])
    reader = role("Reader", description="Reads")
    application = tenant.application("Ledger", reader, role("Off", isEnabled=False), role("Job", allowedMemberTypes=[]))
    plain = tenant.application("Wiki")
    found = {one.resource_id: one for one in connector.discover()}
    assert [(found[i].kind, found[i].name) for i in (group, team, application, plain)] == [
        (ResourceKind.GROUP, "Sales"),
        (ResourceKind.TEAM, "Crew"),
        (ResourceKind.APPLICATION, "Ledger"),
        (ResourceKind.APPLICATION, "Wiki"),
    ]
    assert found[group].description == "All who sell"
    assert [one.role_id for one in found[group].roles] == ["member", "owner"]
    assert [(one.role_id, one.name, one.description) for one in found[application].roles] == [
        (reader["id"], "Reader", "Reads")
    ]
    assert [one.role_id for one in found[plain].roles] == ["00000000-0000-0000-0000-000000000000"]


def test_what_cannot_be_changed_from_here_is_left_out_and_what_gives_power_is_marked(connector, tenant):
    tenant.group("Synchronised", onPremisesSyncEnabled=True)
    tenant.group("Mailing list", mailEnabled=True, securityEnabled=False)
    tenant.application("Office", appOwnerOrganizationId=MICROSOFT)
    tenant.application("Machine", servicePrincipalType="ManagedIdentity")
    ruled = tenant.group("Ruled", groupTypes=["DynamicMembership"])
    admins = tenant.group("Admins", isAssignableToRole=True)
    found = {one.resource_id: one for one in connector.discover()}
    assert set(found) == {ruled, admins}
    assert [one.role_id for one in found[ruled].roles] == ["owner"]
    assert (found[admins].is_privileged, found[ruled].is_privileged) == (True, False)


@pytest.mark.parametrize(
    ("chosen", "names"),
    [("discovers_groups", ["Sales"]), ("discovers_teams", ["Crew"]), ("discovers_applications", ["Ledger"])],
)
def test_only_the_chosen_kinds_are_listed(connector, tenant, chosen, names):
    tenant.group("Sales")
    tenant.group("Crew", groupTypes=["Unified"], resourceProvisioningOptions=["Team"])
    tenant.application("Ledger")
    kinds = dict.fromkeys(("discovers_groups", "discovers_teams", "discovers_applications"), False)
    connector.row.options |= kinds | {chosen: True}
    with EntraTenant(connector.row) as choosy:
        assert [one.name for one in choosy.discover()] == names
    if chosen == "discovers_applications":
        assert not [call for call in tenant.calls if "groups" in call]


def test_a_second_look_reads_the_changes_alone(connector, tenant):
    tenant.page_size = 3
    groups = [tenant.group(f"Group {number}", description="same") for number in range(8)]
    ledger = tenant.application("Ledger")
    found, gone, first = look(connector)
    assert (len(found), gone, first.is_anew) == (9, set(), True)
    tenant.change("groups", groups[1], displayName="Renamed")
    tenant.change("groups", groups[2], onPremisesSyncEnabled=True)
    tenant.remove("groups", groups[3])
    new = tenant.group("New")
    tenant.change("servicePrincipals", ledger, appRoles=[role("Reader")])
    tenant.calls.clear()
    found, gone, second = look(connector, first.value)
    assert {found[i].name for i in (groups[1], new, ledger)} == {"Renamed", "New", "Ledger"}
    assert len(found) == 3
    assert found[groups[1]].description == "same", "a change may come with no more than what changed"
    assert [one.name for one in found[ledger].roles] == ["Reader"]
    assert gone == {groups[2], groups[3]}
    assert not second.is_anew
    assert len(tenant.calls) <= 6
    tenant.calls.clear()
    assert look(connector, second.value)[:2] == ({}, set())
    assert tenant.calls == ["GET /groups/delta", "GET /servicePrincipals/delta"]


@pytest.mark.parametrize("code", ["resyncRequired", "syncStateNotFound"])
def test_a_bookmark_that_is_too_old_starts_anew(connector, tenant, code):
    group, ledger = tenant.group("Sales"), tenant.application("Ledger")
    _found, _gone, first = look(connector)
    tenant.remove("groups", group)
    new = tenant.group("New")
    too_old = error(410 if code == "resyncRequired" else 400, code, "The delta token is expired.")

    def forgetful(request):
        return too_old if "deltatoken" in request.url and "servicePrincipals" in request.url else None

    tenant.override = forgetful
    found, _gone, second = look(connector, first.value)
    assert second.is_anew
    assert set(found) == {new, ledger}
    tenant.override = lambda request: None
    assert not look(connector, second.value)[2].is_anew


def test_the_tenant_itself_forgets_bookmarks(connector, tenant):
    tenant.group("Sales")
    first = look(connector)[2]
    tenant.change("groups", next(iter(tenant.groups)), displayName="Renamed")
    tenant.forgotten = len(tenant.changes)
    found, _gone, second = look(connector, first.value)
    assert [one.name for one in found.values()] == ["Renamed"]
    assert second.is_anew


@pytest.mark.parametrize("bookmark", ["nonsense", "[]", '{"of": 1}', '{"links": {"groups": "https://evil.example/"}}'])
def test_a_bookmark_of_something_else_starts_anew(connector, tenant, bookmark):
    tenant.group("Sales")
    found, _gone, next_one = look(connector, bookmark)
    assert len(found) == 1
    assert next_one.is_anew


def test_a_bookmark_of_other_choices_starts_anew(connector, tenant):
    tenant.group("Sales")
    first = look(connector)[2]
    connector.row.options |= {"discovers_applications": False}
    with EntraTenant(connector.row) as choosy:
        assert look(choosy, first.value)[2].is_anew


def test_a_bookmark_that_leads_elsewhere_never_gets_our_token(connector, tenant):
    first = look(connector)[2]
    with pytest.raises(ConnectorError, match="did not answer as Microsoft Graph does"):
        list(connector.discover_changes(since=first.value.replace(tenant.root, "https://graph.example.net/v1.0")))


def test_a_missing_permission_is_named_by_what_was_to_be_listed(connector, tenant):
    denied = error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    for segment, needed in (("groups", "GroupMember.Read.All"), ("servicePrincipals", "Application.Read.All")):
        tenant.override = lambda request, segment=segment: denied if segment in request.path else None
        with pytest.raises(ConnectorError, match=needed):
            list(connector.discover())


def test_a_listing_without_a_bookmark_at_its_end_is_no_listing(connector, tenant):
    tenant.override = lambda request: Reply(200, {"value": []}) if request.path.endswith("/delta") else None
    with pytest.raises(ConnectorError, match="did not answer as Microsoft Graph does"):
        list(connector.discover_changes(since=""))
