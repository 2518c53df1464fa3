"""A tenant of Microsoft Entra ID for the conformance kit: members, guests who are invited, roles of applications."""

from contextlib import contextmanager
from uuid import uuid4

from catalog.models import TargetSystem
from directory.models import User
from directory.models.people import PersonKind
from provisioning.connectors.conformance_wire import FaultyWire
from provisioning.models import Connector, ConnectorKind

from .graph_tenant import GraphTenant, Json
from .targets import SavedTarget

NOWHERE = "http://127.0.0.1:9"


def options_for(tenant: GraphTenant, **options: object) -> Json:
    """As an administrator fills them in."""
    return {
        "tenant_id": tenant.id,
        "client_id": tenant.client_id,
        "cloud": "global",
        "match_by": "userPrincipalName",
        "authority": tenant.authority,
        "endpoint": tenant.authority,
        **options,
    }


def save_connector(system: TargetSystem, tenant: GraphTenant, **options: object) -> Connector:
    row = Connector(system=system, kind=ConnectorKind.ENTRA, options=options_for(tenant, **options))
    row.set_secret(tenant.secret)
    row.save()
    return row


class GroupsOfMembers(SavedTarget):
    """Groups, and people who have an account."""

    kind = ConnectorKind.ENTRA
    invites = False

    def configured(self, request):
        self.tenant = request.getfixturevalue("graph_server").tenant()
        self.tenant.page_size = 3
        return save_connector(self.system, self.tenant, invites_guests=self.invites)

    def settle(self):
        self.tenant.settle()

    def new_person(self, name: str) -> User:
        person = super().new_person(name)
        self._account(person)
        return person

    def _account(self, person: User) -> str:
        found = [user["id"] for user in self.tenant.users.values() if user["mail"] == person.email]
        return found[0] if found else self.tenant.user(person.email)

    def new_role(self, name):
        return self.named("member", name, resource_id=self.tenant.group(name))

    def members(self, entitlement):
        return self._usernames(self.tenant.held.get((entitlement.resource_id, "members"), []))

    def _usernames(self, ids):
        mails = [self.tenant.users[account]["mail"] for account in ids]
        names = dict(User.objects.filter(email__in=mails).values_list("email", "username"))
        return [names[mail] for mail in mails]

    def add(self, person, entitlement):
        self.tenant.add(entitlement.resource_id, self._account(person))

    def remove(self, person, entitlement):
        self.tenant.held[entitlement.resource_id, "members"].remove(self._account(person))

    def delete_role(self, entitlement):
        self.tenant.remove("groups", entitlement.resource_id)

    @contextmanager
    def away(self):
        rows = Connector.objects.filter(pk=self.row.pk)
        rows.update(options=self.row.options | {"endpoint": NOWHERE, "authority": NOWHERE})
        yield
        rows.update(options=self.row.options)

    @contextmanager
    def wired(self):
        rows = Connector.objects.filter(pk=self.row.pk)
        with FaultyWire(self.row.options["endpoint"], only="/v1.0") as wire:
            rows.update(options=self.row.options | {"endpoint": wire.url, "authority": wire.url})
            yield wire
        rows.update(options=self.row.options)

    def refusing(self):
        self.row.set_secret("wrong")
        self.row.save()
        return self.connect()


class GroupsOfGuests(GroupsOfMembers):
    """Groups, and guests who have no account until they are invited."""

    invites = True

    def new_person(self, name: str) -> User:
        person = SavedTarget.new_person(self, name)
        person.kind = PersonKind.GUEST
        person.save()
        return person


class RolesOfApplications(GroupsOfMembers):
    """Roles of enterprise applications."""

    def new_role(self, name):
        role = {"id": str(uuid4()), "displayName": name, "isEnabled": True, "allowedMemberTypes": ["User"]}
        return self.named(role["id"], name, resource_id=self.tenant.application(name, role))

    def members(self, entitlement):
        return self._usernames(a["principalId"] for a in self._assignments(entitlement))

    def _assignments(self, entitlement):
        given = self.tenant.assignments.values()
        return [a for a in given if (a["resourceId"], a["appRoleId"]) == (entitlement.resource_id, entitlement.role_id)]

    def add(self, person, entitlement):
        body = {"resourceId": entitlement.resource_id, "appRoleId": entitlement.role_id}
        new = {"id": uuid4().hex, "principalType": "User", "principalId": self._account(person), **body}
        self.tenant.assignments[new["id"]] = new

    def remove(self, person, entitlement):
        account = self._account(person)
        for assignment in self._assignments(entitlement):
            if assignment["principalId"] == account:
                del self.tenant.assignments[assignment["id"]]

    def delete_role(self, entitlement):
        self.tenant.remove("servicePrincipals", entitlement.resource_id)
