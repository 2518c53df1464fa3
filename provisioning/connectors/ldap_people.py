"""Which entry of a directory is which person: remembered by its unchanging id, looked up by name, or created."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import ldap3
from django.utils.translation import gettext as _

from directory.models import User

from ..models import Connector as ConnectorRow
from .base import AccountState, ConnectorError
from .ldap_entries import all_of, any_of, equals, first_of, has_id, id_of, is_below, normal, same
from .ldap_errors import Code, LdapRefusal
from .ldap_options import DisableBy
from .ldap_templates import TemplateError, known_of, render_attributes, render_dn
from .ldap_wire import Entry, Session
from .matching import KnownBy, known_as
from .remembering import remember

LOCKED_FOR_GOOD = "000001010000Z"
"""The time that says so (draft-behera-ldap-password-policy, section 5.3.3)."""
ACCOUNT_DISABLED = 0x2
"""In userAccountControl (ADS_UF_ACCOUNTDISABLE)."""


class People:
    """The people's branch of a directory."""

    def __init__(self, row: ConnectorRow, options: Mapping[str, Any], session: Session) -> None:
        self.row = row
        self.session = session
        self.options = options
        self.base: str = options["people_base"]
        self.name_attribute: str = options["person_attribute"]
        self.id_attribute: str = options["id_attribute"]
        self._contested: set[tuple[UUID, str]] = set()
        """Whom an account was found for that somebody else has, or was found for as well."""
        self.attributes = {self.name_attribute, self.id_attribute, options["member_value"]} - {""}

    # --- Whose account is it ------------------------------------------------------------------------------------------

    def find(self, people: Sequence[User]) -> dict[UUID, list[Entry]]:
        """The accounts of each, by the person's id: one, none, or several where it cannot be told which.

        Accounts that are found are remembered, so that a new name changes nothing; those that are gone are forgotten.
        """
        looked_up = self.row.accounts.filter(person__in=people, is_supposed=False)
        known = dict(looked_up.values_list("person_id", "external_id"))
        by_id = self._by_ids(known.values())
        if gone := [person for person, account_id in known.items() if account_id not in by_id]:
            self.row.accounts.filter(person__in=gone).delete()
        found = {person: [by_id[account_id]] for person, account_id in known.items() if account_id in by_id}
        found |= self._by_names([person for person in people if person.pk not in found])
        return found

    def one(self, person: User, found: Sequence[Entry]) -> Entry | None:
        """The person's account, if there is one. Raises ConnectorError where it cannot be told which it is."""
        words = {"system": self.row, "count": len(found), "who": self._described(person), "person": person}
        if len(found) > 1:
            raise ConnectorError(
                _("%(system)s has %(count)d accounts with %(who)s: leave one of them, or narrow the filter.") % words
            )
        if found and self.is_contested(person.pk, found[0]):
            raise ConnectorError(
                _("The account in %(system)s with %(who)s belongs to somebody else than %(person)s already.") % words
            )
        return found[0] if found else None

    def is_contested(self, person: UUID, entry: Entry) -> bool:
        """Whether the account that was found for the person is, or may be, somebody else's."""
        return (person, id_of(entry, self.id_attribute)) in self._contested

    def can_be_found(self, person: User) -> bool:
        """Whether there is a name to look for, so that finding nothing means that there is nothing."""
        return bool(self._name_of(person))

    def missing(self, person: User) -> ConnectorError:
        """Nobody there is this person."""
        words = {"system": self.row, "person": person, "who": self._described(person), "base": self.base}
        if not self.can_be_found(person):
            said = _("%(person)s has no %(who)s here, by which to find an account in %(system)s: enter it.")
            return ConnectorError(said % words)
        return ConnectorError(
            _(
                "%(person)s has no account in %(system)s: create one with %(who)s below %(base)s, or let the connector "
                "create accounts."
            )
            % words
        )

    def _by_ids(self, ids: Iterable[str]) -> dict[str, Entry]:
        wanted = [each for each in (has_id(self.id_attribute, kept) for kept in ids) if each]
        if not wanted:
            return {}
        entries = self.session.search(self.base, any_of(wanted), self.attributes, page_size=0)
        return {id_of(entry, self.id_attribute): entry for entry in entries}

    def _by_names(self, people: Sequence[User]) -> dict[UUID, list[Entry]]:
        wanted = {person.pk: self._name_of(person) for person in people}
        names = [name for name in wanted.values() if name]
        entries = self._named(names) if names else []
        found = {pk: [e for e in entries if name and self._is_called(e, name)] for pk, name in wanted.items()}
        self._remember({pk: those[0] for pk, those in found.items() if len(those) == 1})
        return found

    def _named(self, names: Iterable[str]) -> list[Entry]:
        wanted = any_of(equals(self.name_attribute, name) for name in names)
        fitting = all_of(self.options["people_filter"], wanted)
        entries = self.session.search(self.base, fitting, self.attributes, page_size=0)
        return [entry for entry in entries if id_of(entry, self.id_attribute)]

    def _is_called(self, entry: Entry, name: str) -> bool:
        return any(same(each, name) for each in entry.texts(self.name_attribute))

    def _name_of(self, person: User) -> str:
        return known_as(person, self.options["person_field"])

    def _described(self, person: User) -> str:
        name = self._name_of(person)
        return f"{self.name_attribute}={name}" if name else str(KnownBy(self.options["person_field"]).label)

    def _remember(self, entries: Mapping[UUID, Entry]) -> None:
        """Each person's account, unless it is somebody else's, or found for two."""
        ids = {person: id_of(entry, self.id_attribute) for person, entry in entries.items()}
        self._contested |= {(person, ids[person]) for person in remember(self.row, ids)}

    def account(self, entry: Entry) -> tuple[str, str]:
        """The unchanging id of an account, and the name by which it is compared."""
        return id_of(entry, self.id_attribute), entry.text(self.name_attribute)

    # --- Whom does a value in a group mean ----------------------------------------------------------------------------

    def holding(self, group_dn: str, attribute: str) -> Iterator[Entry]:
        """Who says of themselves to be in the group (memberOf), page by page."""
        wanted = all_of(self.options["people_filter"], equals(attribute, group_dn))
        return self.session.search(self.base, wanted, self.attributes)

    def any(self) -> bool:
        """Whether anybody is found at all."""
        found = self.session.search(self.base, self.options["people_filter"], page_size=1)
        return next(found, None) is not None

    def with_values(self, values: Sequence[str], attribute: str) -> Iterator[Entry]:
        """The people who have one of these values in an attribute of theirs."""
        wanted = all_of(self.options["people_filter"], any_of(equals(attribute, value) for value in values))
        return self.session.search(self.base, wanted, self.attributes)

    def with_dns(self, dns: Sequence[str]) -> Iterator[Entry]:
        """The people at these DNs; groups and whatever else is there is left out.

        Asked for together by what names them among their neighbours; one by one where that does not find them.
        """
        left = {normal(dn): dn for dn in dns if is_below(dn, self.base)}
        named = filter(None, map(first_of, left.values()))
        by_name = [equals(name, value) for name, value in named]
        if by_name:
            wanted = all_of(self.options["people_filter"], any_of(by_name))
            for entry in list(self.session.search(self.base, wanted, self.attributes)):
                if left.pop(normal(entry.dn), None):
                    yield entry
        for dn in left.values():
            try:
                yield from self.session.search(dn, self.options["people_filter"], self.attributes, only_base=True)
            except LdapRefusal as refused:
                if refused.code not in (Code.NO_SUCH_OBJECT, Code.INVALID_DN):
                    raise

    # --- Creating and disabling ---------------------------------------------------------------------------------------

    def create(self, person: User) -> Entry:
        """A new account, as the templates say. Raises ConnectorError."""
        known = known_of(person)
        try:
            dn = render_dn(self.options["account_dn"], known)
            attributes = render_attributes(self.options["account_attributes"], known)
        except TemplateError as error:
            raise ConnectorError(
                _("%(system)s cannot have an account for %(person)s: %(reason)s")
                % {"system": self.row, "person": person, "reason": error}
            ) from error
        try:
            self.session.add(dn, attributes)
        except LdapRefusal as refused:
            raise self._not_created(refused, person=person, dn=dn) from refused
        created = self.one(person, self.find([person])[person.pk])
        if created is None:
            raise ConnectorError(
                _(
                    "%(system)s created %(dn)s, but does not find it with %(who)s: let the attributes of new accounts "
                    "fit the filter of the people in the connector."
                )
                % {"system": self.row, "dn": dn, "who": self._described(person)}
            )
        return created

    def _not_created(self, refused: LdapRefusal, *, person: User, dn: str) -> ConnectorError:
        if refused.is_outage:
            return refused
        words = {"system": self.row, "person": person, "dn": dn, "who": self._described(person), "reason": refused}
        if refused.code == Code.ENTRY_EXISTS:
            said = _(
                "%(system)s has an entry %(dn)s already, which is not found with %(who)s: see whether it is the "
                "account of %(person)s."
            )
        else:
            said = _("No account for %(person)s: %(reason)s")
        return ConnectorError(said % words)

    def state(self, entry: Entry) -> AccountState:
        """Whether the account is disabled in the way that the options say, and what stands there while it is not."""
        attribute, value = self._disabling()
        held = self._shown(entry, attribute).texts(attribute)
        match self.options["disable_by"]:
            case DisableBy.ACCOUNT_CONTROL:
                return AccountState(is_enabled=not _flags(held) & ACCOUNT_DISABLED)
            case DisableBy.LOCKED_TIME:
                return AccountState(is_enabled=value not in held)
        return AccountState(is_enabled=not any(same(each, value) for each in held), before=json.dumps(held))

    def disable(self, entry: Entry) -> None:
        """Nobody signs in with the account any more, in the way that the options say."""
        if self.options["disable_by"] == DisableBy.ACCOUNT_CONTROL:
            self._switch(entry, is_off=True)
            return
        attribute, value = self._disabling()
        self.session.modify(entry.dn, {attribute: [(ldap3.MODIFY_REPLACE, [value])]})

    def enable(self, entry: Entry, *, before: str) -> None:
        """Put back what stood there before; an account that somebody else enabled meanwhile is left as it is."""
        if self.options["disable_by"] == DisableBy.ACCOUNT_CONTROL:
            self._switch(entry, is_off=False)
        elif not self.state(entry).is_enabled:
            attribute, _value = self._disabling()
            self.session.modify(entry.dn, {attribute: [(ldap3.MODIFY_REPLACE, json.loads(before or "[]"))]})

    def _disabling(self) -> tuple[str, str]:
        """The attribute that disables an account, and the value by which it does where it has no bits."""
        how = self.options["disable_by"]
        if how == DisableBy.ATTRIBUTE:
            return self.options["disable_attribute"], self.options["disable_value"]
        return how, LOCKED_FOR_GOOD

    def _shown(self, entry: Entry, attribute: str) -> Entry:
        return next(self.session.search(entry.dn, "(objectClass=*)", [attribute], only_base=True), entry)

    def _switch(self, entry: Entry, *, is_off: bool) -> None:
        """Change one bit; the old value goes with it, so that nothing that another changes meanwhile is lost."""
        attribute = DisableBy.ACCOUNT_CONTROL.value
        held = self._shown(entry, attribute).texts(attribute)
        old = _flags(held)
        new = old | ACCOUNT_DISABLED if is_off else old & ~ACCOUNT_DISABLED
        if new != old:
            gone = [(ldap3.MODIFY_DELETE, held)] if held else []
            self.session.modify(entry.dn, {attribute: [*gone, (ldap3.MODIFY_ADD, [str(new)])]})


def _flags(held: Sequence[str]) -> int:
    return int(held[0]) if held else 0
