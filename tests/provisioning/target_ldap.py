"""The kit's adapter to a real OpenLDAP server."""

from contextlib import contextmanager

from provisioning.connectors.ldap import LdapDirectory
from provisioning.models import Connector, ConnectorKind

from .slapd import OURS, OURS_PASSWORD, SUFFIX
from .targets import SavedTarget

NOBODY = f"cn=nobody,{SUFFIX}"
ATTRIBUTES = "objectClass: inetOrgPerson\ncn: {name}\nsn: {last_name}\nuid: {username}"


class LdapTarget(SavedTarget):
    """A branch of the server's of its own."""

    kind = ConnectorKind.LDAP

    def configured(self, request):
        self.branch = request.getfixturevalue("slapd").branch()
        row = Connector(system=self.system, kind=self.kind)
        row.options = LdapDirectory.clean_options(self._options())
        row.set_secret(OURS_PASSWORD)
        row.save()
        return row

    def _options(self):
        return {
            "servers": self.branch.server.tls,
            "ca_certificate": self.branch.server.authority.pem,
            "bind_dn": OURS,
            "people_base": self.branch.people,
            "groups_base": self.branch.groups,
            "placeholder": NOBODY,
            "page_size": 10,
            "account_dn": f"uid={{username}},{self.branch.people}",
            "account_attributes": ATTRIBUTES,
            "disable_by": "pwdAccountLockedTime",
        }

    def new_role(self, name):
        dn = self.branch.add_group(name, NOBODY)
        self.dns = {**getattr(self, "dns", {}), (group_id := self.branch.id_of(dn)): dn}
        return self.named("member", name, resource_id=group_id)

    def _account(self, person):
        return next(iter(self.branch.find_uid(person.username)), None) or self.branch.add_person(person.username)

    def members(self, entitlement):
        held = self.branch.values(self.dns[entitlement.resource_id], "member")
        return [self.branch.values(dn, "uid")[0] for dn in held if dn != NOBODY]

    def add(self, person, entitlement):
        self.branch.add(self.dns[entitlement.resource_id], "member", self._account(person))

    def remove(self, person, entitlement):
        self.branch.remove(self.dns[entitlement.resource_id], "member", self._account(person))

    def delete_role(self, entitlement):
        self.branch.delete(self.dns[entitlement.resource_id])

    @contextmanager
    def away(self):
        self._move_to("ldaps://127.0.0.1:9")
        yield
        self._move_to(self.branch.server.tls)

    def _move_to(self, servers: str) -> None:
        row = Connector.objects.get(pk=self.row.pk)
        row.options["servers"] = servers
        row.save(update_fields=["options"])

    def refusing(self):
        row = Connector.objects.get(pk=self.row.pk)
        row.set_secret("wrong")
        return LdapDirectory(row)
