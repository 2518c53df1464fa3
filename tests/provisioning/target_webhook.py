"""The kit's adapter to a REST API that a webhook speaks to."""

from contextlib import contextmanager

from provisioning.connectors.webhook import Webhook
from provisioning.models import Connector, ConnectorKind

from .targets import SavedTarget, through_a_wire

OPTIONS = {
    "authentication": "bearer",
    "grant_path": "/roles/{role.id}/members/{person.username}",
    "revoke_path": "/roles/{role.id}/members/{person.username}",
    "revoke_already": "404",
    "read_path": "/roles/{role.id}/members/{person.username}",
    "read_by": "boolean",
    "read_pointer": "/member",
    "holders_path": "/roles/{role.id}/members",
    "holders_pointer": "/items",
    "paging": "link",
    "paging_pointer": "/next",
    "discover_path": "/roles",
    "discover_pointer": "/resources",
    "create_path": "/accounts",
    "create_body": '{"login": "{person.username}"}',
}


class WebhookTarget(SavedTarget):
    """The API in a thread of the test."""

    kind = ConnectorKind.WEBHOOK

    def configured(self, request):
        self.api = request.getfixturevalue("rest_api")
        return self._row(self.api.token)

    def _row(self, token: str) -> Connector:
        row = Connector(system=self.system, kind=self.kind, base_url=self.api.base_url)
        row.options = Webhook.clean_options(OPTIONS)
        row.set_extra_secret("credential", token)
        row.save()
        return row

    def new_role(self, name):
        role_id = f"{name} {len(self.api.roles)}"
        self.api.roles[role_id] = []
        return self.named(role_id, name)

    def members(self, entitlement):
        return list(self.api.roles[entitlement.role_id])

    def add(self, person, entitlement):
        self.api.roles[entitlement.role_id].append(person.username)

    def remove(self, person, entitlement):
        self.api.roles[entitlement.role_id].remove(person.username)

    def delete_role(self, entitlement):
        del self.api.roles[entitlement.role_id]

    @contextmanager
    def away(self):
        address = self.row.base_url
        Connector.objects.filter(pk=self.row.pk).update(base_url="http://127.0.0.1:9/api")
        yield
        Connector.objects.filter(pk=self.row.pk).update(base_url=address)

    def wired(self):
        return through_a_wire(self.row)

    def refusing(self):
        row = Connector.objects.get(pk=self.row.pk)
        row.set_extra_secret("credential", "wrong")
        return Webhook(row)
