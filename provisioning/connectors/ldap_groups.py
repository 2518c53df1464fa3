"""The groups of a directory: found by their unchanging ids, changed, listed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ldap3
from django.utils.translation import gettext as _

from catalog.choices import ResourceKind

from ..models import Connector as ConnectorRow
from .base import ConnectorError, Entitlement, FoundResource, FoundRole, GoneError
from .ldap_entries import has_id, id_of
from .ldap_errors import Code, LdapRefusal, goes_in_circles
from .ldap_wire import Entry, Session

MEMBER, OWNER = "member", "owner"
MAY_BE_SO_ALREADY = {Code.VALUE_EXISTS, Code.ENTRY_EXISTS, Code.NO_SUCH_ATTRIBUTE, Code.UNWILLING}
"""How servers refuse what is done already: Active Directory answers 68 and 53, others 20 and 16."""


class Groups:
    """The groups' branch of a directory."""

    def __init__(self, row: ConnectorRow, options: Mapping[str, Any], session: Session) -> None:
        self.row = row
        self.session = session
        self.options = options
        self.base: str = options["groups_base"]
        self.id_attribute: str = options["id_attribute"]
        self.member_attribute: str = options["member_attribute"]
        self._dns: dict[str, str] = {}

    # --- Which group, which attribute, which value --------------------------------------------------------------------

    def dn_of(self, entitlement: Entitlement) -> str:
        """Where the group is now. Raises ConnectorError where it is gone."""
        kept = entitlement.resource_id
        if kept not in self._dns:
            wanted = has_id(self.id_attribute, kept)
            entry = next(self.session.search(self.base, wanted, page_size=0), None) if wanted else None
            if entry is None:
                raise self._is_gone(entitlement)
            self._dns[kept] = entry.dn
        return self._dns[kept]

    def attribute_of(self, entitlement: Entitlement) -> str:
        """Where the role is kept in a group. Raises ConnectorError where there is no such role."""
        places = {MEMBER: self.member_attribute, OWNER: self.options["owner_attribute"]}
        if attribute := places.get(entitlement.role_id):
            return attribute
        words = {
            "system": self.row,
            "role": entitlement.role_id,
            "roles": ", ".join(role.role_id for role in self.roles()),
        }
        said = _("Groups of %(system)s have no role “%(role)s”: those that its connector knows are %(roles)s.")
        raise ConnectorError(said % words)

    def named_by(self, attribute: str) -> str:
        """Which attribute of a person stands in this one of a group; empty where it is the DN."""
        return str(self.options["member_value"]) if attribute == self.member_attribute else ""

    def value_for(self, attribute: str, entry: Entry) -> str:
        """What stands for the account in this attribute of a group. Raises ConnectorError where it has no such."""
        named_by = self.named_by(attribute)
        if value := entry.text(named_by) if named_by else entry.dn:
            return value
        raise ConnectorError(
            _("The account %(dn)s in %(system)s has no %(attribute)s: give it one there.")
            % {"dn": entry.dn, "system": self.row, "attribute": named_by}
        )

    def roles(self) -> tuple[FoundRole, ...]:
        """What one can be in a group."""
        member = FoundRole(MEMBER, _("Member"))
        return (member, FoundRole(OWNER, _("Owner"))) if self.options["owner_attribute"] else (member,)

    def _is_gone(self, entitlement: Entitlement) -> ConnectorError:
        self._dns.pop(entitlement.resource_id, None)
        words = {
            "name": entitlement.name,
            "system": self.row,
            "base": self.base,
            "id": f"{self.id_attribute}={entitlement.resource_id}",
        }
        said = _("The group behind %(name)s is not in %(system)s any more: nothing below %(base)s has %(id)s.")
        return GoneError(said % words)

    # --- Changing -----------------------------------------------------------------------------------------------------

    def change(self, entitlement: Entitlement, values: Sequence[str], *, how: str) -> None:
        """Add or delete all the values at once. Raises LdapRefusal, and ConnectorError where the group is gone.

        Where the group would be empty and may not be, the placeholder stays in it.
        """
        group, attribute = self.dn_of(entitlement), self.attribute_of(entitlement)
        try:
            self.session.modify(group, {attribute: [(how, values)]})
        except LdapRefusal as refused:
            if refused.code == Code.NO_SUCH_OBJECT:
                raise self._is_gone(entitlement) from refused
            placeholder = self.options["placeholder"] if attribute == self.member_attribute else ""
            if refused.code != Code.OBJECT_CLASS_VIOLATION or how != ldap3.MODIFY_DELETE or not placeholder:
                raise
            self.session.modify(group, {attribute: [(how, values), (ldap3.MODIFY_ADD, [placeholder])]})

    def change_one(self, entitlement: Entitlement, value: str, *, how: str) -> None:
        """Add or delete one value; that it is so already is success. Raises as `change`."""
        try:
            self.change(entitlement, [value], how=how)
        except LdapRefusal as refused:
            if refused.code not in MAY_BE_SO_ALREADY:
                raise
            if self.has(entitlement, value) != (how == ldap3.MODIFY_ADD):
                raise

    # --- Looking ------------------------------------------------------------------------------------------------------

    def has(self, entitlement: Entitlement, value: str) -> bool:
        """Whether the value is there; the server compares, so that a large group costs no more than a small one."""
        return self.session.has_value(self.dn_of(entitlement), self.attribute_of(entitlement), value)

    def values(self, entitlement: Entitlement) -> Iterator[str]:
        """All values; Active Directory gives them by ranges of some 1,500 (MS-ADTS, section 3.1.1.3.1.3.3)."""
        group, attribute = self.dn_of(entitlement), self.attribute_of(entitlement)
        asked, told = attribute, set[str]()
        while asked:
            if asked in told:
                raise goes_in_circles(group, system=str(self.row))
            told.add(asked)
            entry = next(self.session.search(group, "(objectClass=*)", [asked], only_base=True), None)
            asked, key = _next_range(entry, attribute)
            if entry is not None:
                yield from entry.texts(key)

    def all(self) -> Iterator[FoundResource]:
        """Every group below the base that fits the filter, with its roles."""
        roles = self.roles()
        for entry in self.session.search(
            self.base, self.options["groups_filter"], (self.id_attribute, "cn", "description")
        ):
            if group_id := id_of(entry, self.id_attribute):
                name = entry.text("cn") or entry.dn
                yield FoundResource(group_id, ResourceKind.GROUP, name, entry.text("description"), roles)

    def count(self) -> int:
        """How many those are."""
        return sum(1 for _entry in self.session.search(self.base, self.options["groups_filter"]))


def _next_range(entry: Entry | None, attribute: str) -> tuple[str, str]:
    """What to ask for next, empty where this was all, and under which name the values came."""
    for key in entry.values if entry else ():
        if found := re.fullmatch(rf"{re.escape(attribute.lower())};range=\d+-(\d+|\*)", key):
            last = found[1]
            return ("" if last == "*" else f"{attribute};range={int(last) + 1}-*"), key
    return "", attribute
