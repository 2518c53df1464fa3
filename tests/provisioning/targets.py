"""The real targets against which connectors are proved: one small adapter for each kind.

A kind that needs a server asks pytest for the fixture that runs it: `request.getfixturevalue("scim_server")`.
"""

from collections.abc import Callable
from contextlib import contextmanager
from itertools import count
from uuid import uuid4

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string

from catalog.models import TargetSystem
from directory.models import Group, User
from provisioning.connectors import kind_of
from provisioning.connectors.base import Entitlement
from provisioning.connectors.conformance import Target
from provisioning.connectors.conformance_wire import FaultyWire
from provisioning.models import Connector, ConnectorKind

_numbers = count()


class SavedTarget(Target):
    """What the targets of all kinds share: a saved connector, and people."""

    kind: str

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.system = TargetSystem.objects.create(name=f"Ledger {next(_numbers)}", slug=f"ledger-{uuid4().hex[:8]}")
        self.row = self.configured(request)

    def configured(self, request: pytest.FixtureRequest) -> Connector:
        return Connector.objects.create(system=self.system, kind=self.kind)

    def connect(self):
        return kind_of(self.kind)(Connector.objects.get(pk=self.row.pk))

    def new_person(self, name: str) -> User:
        return User.objects.create(
            username=f"{name}.{next(_numbers)}", display_name=name.title(), email=f"p{next(_numbers)}@example.com"
        )

    def named(self, role_id: str, name: str, *, resource_id: str = "ledger") -> Entitlement:
        return Entitlement(resource_id=resource_id, role_id=role_id, name=name)


class BuiltinTarget(SavedTarget):
    """Our own directory: it is never away, and refuses nobody."""

    kind = ConnectorKind.BUILTIN

    def new_role(self, name):
        group = Group.objects.create(name=f"{name} {next(_numbers)}")
        return self.named("member", name, resource_id=str(group.pk))

    def _group(self, entitlement):
        return Group.objects.get(pk=entitlement.resource_id)

    def members(self, entitlement):
        return list(self._group(entitlement).memberships.values_list("person__username", flat=True))

    def add(self, person, entitlement):
        self._group(entitlement).memberships.create(person=person, added_at=timezone.now())

    def remove(self, person, entitlement):
        self._group(entitlement).memberships.filter(person=person).delete()

    def delete_role(self, entitlement):
        self._group(entitlement).delete()

    def away(self):
        pytest.skip("our own database is never away on its own")

    def refusing(self):
        pytest.skip("our own directory refuses nobody")


class ScimTarget(SavedTarget):
    """The demo's SCIM application, in a process of its own."""

    kind = ConnectorKind.SCIM

    def configured(self, request):
        self.server = request.getfixturevalue("scim_server")
        return self._row(self.server.token)

    def _row(self, token: str) -> Connector:
        row = Connector(system=self.system, kind=self.kind, base_url=self.server.base_url)
        row.set_secret(token)
        row.save()
        return row

    def new_role(self, name):
        return self.named(self.server.create_group(f"{name} {next(_numbers)}"), name, resource_id=self.system.slug)

    def _user(self, person) -> str:
        found = [user for user in self.server.users() if user["userName"] == person.username]
        return found[0]["id"] if found else self.server.create_user(person.username)

    def members(self, entitlement):
        names = {user["id"]: user["userName"] for user in self.server.users()}
        return [names[user_id] for user_id in self.server.member_ids(entitlement.role_id)]

    def add(self, person, entitlement):
        self.server.add_member(entitlement.role_id, self._user(person))

    def remove(self, person, entitlement):
        self.server.remove_member(entitlement.role_id, self._user(person))

    def delete_role(self, entitlement):
        self.server.delete_group(entitlement.role_id)

    @contextmanager
    def away(self):
        address = self.row.base_url
        Connector.objects.filter(pk=self.row.pk).update(base_url="http://127.0.0.1:9/v2")
        yield
        Connector.objects.filter(pk=self.row.pk).update(base_url=address)

    def wired(self):
        return through_a_wire(self.row)

    def refusing(self):
        row = Connector.objects.get(pk=self.row.pk)
        row.set_secret("wrong")
        return kind_of(self.kind)(row)


@contextmanager
def through_a_wire(row: Connector):
    """The connector's address leads to a wire that goes wrong, and through that to where it led."""
    rows = Connector.objects.filter(pk=row.pk)
    with FaultyWire(row.base_url) as wire:
        rows.update(base_url=wire.url)
        yield wire
    rows.update(base_url=row.base_url)


def elsewhere(path: str) -> Callable[[pytest.FixtureRequest], Target]:
    """A target in a module that itself imports this one: `target_webhook.WebhookTarget`."""

    def make(request: pytest.FixtureRequest) -> Target:
        return import_string(f"tests.provisioning.{path}")(request)

    return make


TARGETS: dict[str, Callable[[pytest.FixtureRequest], Target]] = {
    ConnectorKind.BUILTIN: BuiltinTarget,
    ConnectorKind.SCIM: ScimTarget,
    ConnectorKind.WEBHOOK: elsewhere("target_webhook.WebhookTarget"),
    ConnectorKind.SQL: elsewhere("target_sql.SqlTarget"),
    ConnectorKind.CSV: elsewhere("target_csv.CsvTarget"),
    ConnectorKind.LDAP: elsewhere("target_ldap.LdapTarget"),
    ConnectorKind.ENTRA: elsewhere("target_entra.GroupsOfMembers"),
    "entra-guests": elsewhere("target_entra.GroupsOfGuests"),
    ConnectorKind.MANUAL: elsewhere("target_manual.ManualTarget"),
    "entra-applications": elsewhere("target_entra.RolesOfApplications"),
}
"""Further kinds add themselves here, each from a module of its own: tests/provisioning/target_<kind>.py."""
SPEAK_HTTP = (ConnectorKind.SCIM, ConnectorKind.WEBHOOK, ConnectorKind.ENTRA, "entra-guests", "entra-applications")
