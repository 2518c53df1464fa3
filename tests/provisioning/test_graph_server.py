"""The tests' Microsoft Graph as the official SDK reads it: it speaks as Microsoft's own clients expect.

Skipped where `msgraph-sdk` is not installed, whose size is out of proportion to one test: `pip install msgraph-sdk`.
"""

import asyncio
from uuid import UUID, uuid4

import httpx2
import pytest

from .graph_server import GraphServer
from .graph_tenant import GraphTenant, Json

msgraph = pytest.importorskip("msgraph")
pytestmark = pytest.mark.one_database("no database is asked")


def sdk(tenant: GraphTenant):
    """The official client, with a token of ours."""
    from kiota_abstractions.authentication import (  # type: ignore[import-not-found,unused-ignore]
        AccessTokenProvider,
        AllowedHostsValidator,
        BaseBearerTokenAuthenticationProvider,
    )

    form = {"client_id": tenant.client_id, "client_secret": tenant.secret, "grant_type": "client_credentials"}
    address = f"{tenant.authority}/{tenant.id}/oauth2/v2.0/token"
    answer = httpx2.post(address, data=form | {"scope": f"{tenant.authority}/.default"}, trust_env=False)

    class Given(AccessTokenProvider):
        async def get_authorization_token(self, uri, additional_authentication_context=None):
            return answer.json()["access_token"]

        def get_allowed_hosts_validator(self):
            return AllowedHostsValidator([])

    adapter = msgraph.GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Given()))
    adapter.base_url = tenant.root
    return msgraph.GraphServiceClient(request_adapter=adapter)


def test_the_official_sdk_reads_and_changes_groups_applications_and_people(graph_server: GraphServer):
    tenant = graph_server.tenant()
    people = [tenant.user(f"{name}@contoso.com") for name in "abcde"]
    group = tenant.group("Sales")
    reader: Json = {"id": str(uuid4()), "displayName": "Reader", "isEnabled": True, "allowedMemberTypes": ["User"]}
    ledger = tenant.application("Ledger", reader)
    tenant.page_size = 2
    asyncio.run(_tour(tenant, people, group, ledger, reader["id"]))
    assert tenant.held[group, "members"] == people[1:]
    assert [(a["principalId"], a["appRoleId"]) for a in tenant.assignments.values()] == [(people[0], reader["id"])]


async def _tour(tenant: GraphTenant, people: list[str], group: str, ledger: str, role_id: str) -> None:
    from msgraph.generated.models.app_role_assignment import AppRoleAssignment  # type: ignore[import-not-found,unused-ignore]
    from msgraph.generated.models.invitation import Invitation  # type: ignore[import-not-found,unused-ignore]
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError  # type: ignore[import-not-found,unused-ignore]
    from msgraph.generated.models.reference_create import ReferenceCreate  # type: ignore[import-not-found,unused-ignore]

    client = sdk(tenant)
    members = client.groups.by_group_id(group).members
    for person in people:
        await members.ref.post(ReferenceCreate(odata_id=f"{tenant.root}/directoryObjects/{person}"))
    await members.by_directory_object_id(people[0]).ref.delete()
    with pytest.raises(ODataError) as raised:
        await members.ref.post(ReferenceCreate(odata_id=f"{tenant.root}/directoryObjects/{people[1]}"))
    assert raised.value.error.code == "Request_BadRequest"
    assert raised.value.error.inner_error.request_id

    page, found = await members.get(), []
    while page:
        found += [member.id for member in page.value]
        page = await members.with_url(page.odata_next_link).get() if page.odata_next_link else None
    assert found == people[1:]

    changes = await client.groups.delta.get()
    assert [one.display_name for one in changes.value] == ["Sales"]
    tenant.change("groups", group, displayName="Renamed")
    changes = await client.groups.delta.with_url(changes.odata_delta_link).get()
    assert [one.display_name for one in changes.value] == ["Renamed"]

    given = client.service_principals.by_service_principal_id(ledger).app_role_assigned_to
    ids = {"principal_id": UUID(people[0]), "resource_id": UUID(ledger), "app_role_id": UUID(role_id)}
    assert str((await given.post(AppRoleAssignment(**ids))).principal_id) == people[0]
    invited = await client.invitations.post(
        Invitation(invited_user_email_address="guest@partner.example", invite_redirect_url="https://contoso.example/")
    )
    assert tenant.users[invited.invited_user.id]["userType"] == "Guest"
