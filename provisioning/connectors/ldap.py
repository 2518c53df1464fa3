"""The connector of LDAP directories and Active Directory: a resource is a group, its roles `member` and `owner`."""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import ldap3
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from directory.models import User

from ..models import Connector as ConnectorRow
from . import matching
from .base import (
    AccountState,
    Capability,
    Clock,
    Connector,
    ConnectorError,
    Entitlement,
    FoundResource,
    Holder,
    Outcome,
    Progress,
)
from .ldap_entries import id_of
from .ldap_errors import Code, LdapRefusal
from .ldap_groups import MEMBER, Groups
from .ldap_options import LdapOptions
from .ldap_people import People
from .ldap_wire import Access, Entry, Session

TOGETHER = 200
"""How many members are looked up by one search."""
LONGEST_BATCH = 20.0
"""Seconds after which the rest of a batch is left for the next."""


class LdapDirectory(Connector):
    """A resource's id is the unchanging id of the group, which outlives its being renamed or moved."""

    options_form = LdapOptions
    secret_label = gettext_lazy("Password of our account")
    leads_to = ("servers", "allows_plain", "ca_certificate")

    def __init__(self, row: ConnectorRow, *, clock: Clock = timezone.now) -> None:
        super().__init__(row, clock=clock)
        self.options: dict[str, Any] = _defaults() | row.options
        self.capabilities = _capabilities(self.options)

    @classmethod
    def clean_options(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """What is not said is as it comes in the form."""
        return super().clean_options(_defaults() | dict(given))

    @cached_property
    def session(self) -> Session:
        """The connection, made by the first call."""
        return Session(
            Access(
                system=str(self.row),
                servers=self.options["servers"].split(),
                bind_dn=self.options["bind_dn"],
                password=self._password(),
                ca_certificate=self.options["ca_certificate"],
                allows_plain=self.options["allows_plain"],
                page_size=self.options["page_size"],
            )
        )

    @cached_property
    def people(self) -> People:
        """Who is who there."""
        return People(self.row, self.options, self.session)

    @cached_property
    def groups(self) -> Groups:
        """Which groups there are."""
        return Groups(self.row, self.options, self.session)

    def close(self) -> None:
        """Hang up, and forget where the groups were."""
        if "session" in self.__dict__:
            self.session.close()
        self.__dict__.pop("groups", None)

    def _password(self) -> str:
        try:
            secret = self.row.secret
        except ImproperlyConfigured as error:
            raise ConnectorError(
                _("No key that AccessGov has opens the password of %(system)s: enter it again in its connector.")
                % {"system": self.row},
                is_outage=True,
            ) from error
        if not secret:  # a sign-in without one would count as that of a stranger, and succeed
            raise ConnectorError(
                _("%(system)s has no password: enter that of our account as the secret of its connector.")
                % {"system": self.row},
                is_outage=True,
            )
        return secret

    # --- One person, as many ------------------------------------------------------------------------------------------

    def read(self, person: User, entitlement: Entitlement) -> bool:
        """Whether the person is in the group itself; what comes through nested groups is not ours."""
        return bool(self.read_many([person], entitlement))

    def grant(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Add the member or owner."""
        return _told(self.grant_many([person], entitlement, keys={person.pk: key})[person.pk])

    def revoke(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Remove the member or owner."""
        return _told(self.revoke_many([person], entitlement, keys={person.pk: key})[person.pk])

    def read_many(self, people: Sequence[User], entitlement: Entitlement) -> set[UUID]:
        """Where it cannot be told which account is somebody's, whether any of them is in the group."""
        self.groups.dn_of(entitlement)
        found = self.people.find(people)
        theirs = {pk: [e for e in entries if not self.people.is_contested(pk, e)] for pk, entries in found.items()}
        return {pk for pk, entries in theirs.items() if any(self._is_in(entry, entitlement) for entry in entries)}

    def grant_many(
        self, people: Sequence[User], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """By one change of the group. Who has no account gets one where the connector creates them."""
        self.groups.dn_of(entitlement)  # nobody gets an account for a group that is gone
        accounts, outcomes = self._accounts(people, is_wanted=True)
        return outcomes | self._change(accounts, entitlement, how=ldap3.MODIFY_ADD)

    def revoke_many(
        self, people: Sequence[User], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """By one change of the group; who has no account holds nothing."""
        accounts, outcomes = self._accounts(people, is_wanted=False)
        return outcomes | self._change(accounts, entitlement, how=ldap3.MODIFY_DELETE)

    def _is_in(self, entry: Entry, entitlement: Entitlement) -> bool:
        try:
            value = self.groups.value_for(self.groups.attribute_of(entitlement), entry)
        except ConnectorError:
            return False
        return self.groups.has(entitlement, value)

    # --- Changing -----------------------------------------------------------------------------------------------------

    def _accounts(self, people: Sequence[User], *, is_wanted: bool) -> tuple[dict[UUID, Entry], dict[UUID, Outcome]]:
        """The accounts of these people, and what became of those who have none. Raises outages."""
        accounts: dict[UUID, Entry] = {}
        outcomes: dict[UUID, Outcome] = {}
        found = self.people.find(people)
        for person in people:
            try:
                entry = self.people.one(person, found[person.pk])
                if entry is None and is_wanted:
                    entry = self._create(person)
            except ConnectorError as error:
                if error.is_outage:
                    raise
                outcomes[person.pk] = error
                continue
            if entry is None:
                outcomes[person.pk] = Progress.DONE
            else:
                accounts[person.pk] = entry
        return accounts, outcomes

    def _change(self, accounts: Mapping[UUID, Entry], entitlement: Entitlement, *, how: str) -> dict[UUID, Outcome]:
        """All together; where the server refuses that, each for itself, as far as the time allows."""
        values, outcomes = self._values(accounts, entitlement)
        if len(values) > 1 and self._is_done_together(entitlement, list(values.values()), how=how):
            return outcomes | dict.fromkeys(values, Progress.DONE)
        started = time.monotonic()
        for person, value in values.items():
            if time.monotonic() - started > LONGEST_BATCH:
                break
            try:
                self.groups.change_one(entitlement, value, how=how)
                outcomes[person] = Progress.DONE
            except ConnectorError as error:
                if error.is_outage:
                    raise
                outcomes[person] = error
        return outcomes

    def _values(
        self, accounts: Mapping[UUID, Entry], entitlement: Entitlement
    ) -> tuple[dict[UUID, str], dict[UUID, Outcome]]:
        """What stands for each account in a group, and what became of those that have nothing to stand for them."""
        values: dict[UUID, str] = {}
        outcomes: dict[UUID, Outcome] = {}
        attribute = self.groups.attribute_of(entitlement)
        for person, entry in accounts.items():
            try:
                values[person] = self.groups.value_for(attribute, entry)
            except ConnectorError as error:
                outcomes[person] = error
        return values, outcomes

    def _is_done_together(self, entitlement: Entitlement, values: list[str], *, how: str) -> bool:
        try:
            self.groups.change(entitlement, values, how=how)
        except LdapRefusal as refused:
            if refused.is_outage or refused.code == Code.INSUFFICIENT_ACCESS:  # which each alone would meet as well
                raise
            return False
        return True

    # --- Listing ------------------------------------------------------------------------------------------------------

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """People in the group itself; groups in it, the placeholder, and what is outside the people's base are not."""
        accounts = map(self.people.account, self._people_in(entitlement))
        return matching.holders((each for each in accounts if each[0]), attribute=self.options["person_field"])

    def _people_in(self, entitlement: Entitlement) -> Iterator[Entry]:
        group, attribute = self.groups.dn_of(entitlement), self.groups.attribute_of(entitlement)
        if self.options["memberof_attribute"] and entitlement.role_id == MEMBER:
            yield from self.people.holding(group, self.options["memberof_attribute"])
            return
        values = self.groups.values(entitlement)
        named_by = self.groups.named_by(attribute)
        while some := list(islice(values, TOGETHER)):
            yield from self.people.with_values(some, named_by) if named_by else self.people.with_dns(some)

    def discover(self) -> Iterator[FoundResource]:
        """Every group below the base."""
        return self.groups.all()

    # --- Accounts -----------------------------------------------------------------------------------------------------

    def create_account(self, person: User) -> str:
        """The unchanging id of the person's account, created where there is none."""
        entry = self._account(person) or self._create(person)
        return id_of(entry, self.options["id_attribute"])

    def read_account(self, person: User) -> AccountState | None:
        """Whether the account is disabled in the way that the options say."""
        entry = self._account_to_disable(person)
        return self.people.state(entry) if entry else None

    def disable_account(self, person: User) -> None:
        """As the connector's options say how."""
        if entry := self._account_to_disable(person):
            self.people.disable(entry)

    def enable_account(self, person: User, *, before: str) -> None:
        """What stood in the way that the options say is put back."""
        if entry := self._account_to_disable(person):
            self.people.enable(entry, before=before)

    def _account_to_disable(self, person: User) -> Entry | None:
        if Capability.DISABLE_ACCOUNT not in self.capabilities:
            raise self._cannot(Capability.DISABLE_ACCOUNT)
        entry = self._account(person)
        if entry is None and not self.people.can_be_found(person):
            raise self.people.missing(person)
        return entry

    def _account(self, person: User) -> Entry | None:
        return self.people.one(person, self.people.find([person])[person.pk])

    def _create(self, person: User) -> Entry:
        if Capability.CREATE_ACCOUNT not in self.capabilities:
            raise self.people.missing(person)
        return self.people.create(person)

    # --- Trying -------------------------------------------------------------------------------------------------------

    def check(self) -> str:
        """Sign in, count the groups, see whether anybody is there."""
        product = self.session.product()
        groups = self.groups.count()
        parts = [
            _("%(product)s at %(address)s") % {"product": product, "address": self.session.address},
            self._encryption(),
            ngettext("%(count)d group", "%(count)d groups", groups) % {"count": groups},
            _("people found") if self.people.any() else _("but nobody below the base of the people: check the filter"),
        ]
        return ", ".join(parts)

    def _encryption(self) -> str:
        version, ends_at = self.session.encryption()
        if ends_at is None:
            return _("NOT ENCRYPTED")
        return _("%(version)s with a certificate until %(day)s") % {
            "version": version.replace("TLSv", "TLS "),
            "day": date_format(ends_at, "DATE_FORMAT"),
        }


def _capabilities(options: Mapping[str, Any]) -> frozenset[Capability]:
    can = {Capability.READ_BACK, Capability.HOLDERS, Capability.DISCOVER, Capability.BATCH}
    if options["account_dn"]:
        can.add(Capability.CREATE_ACCOUNT)
    if options["disable_by"]:
        can.add(Capability.DISABLE_ACCOUNT)
    return frozenset(can)


def _defaults() -> dict[str, Any]:
    return {name: "" if field.initial is None else field.initial for name, field in LdapOptions().fields.items()}


def _told(outcome: Outcome) -> Progress:
    if isinstance(outcome, ConnectorError):
        raise outcome
    return outcome
