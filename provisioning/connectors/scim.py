"""The connector of SCIM 2.0 applications (RFC 7643, RFC 7644): a role is a group there, held by its members."""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any
from uuid import UUID

import httpx2
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import ListResponse, NotFoundException, PatchOp, PatchOperation

from catalog.choices import ResourceKind
from directory.models import User as Person

from ..models import Connector as ConnectorRow
from . import base
from .base import (
    Capability,
    Connector,
    ConnectorError,
    Entitlement,
    FoundResource,
    FoundRole,
    Holder,
    Outcome,
    Progress,
)
from .scim_accounts import Accounts, Memory
from .scim_errors import explained
from .scim_wire import PROVIDER, Group, PunctualClient, User

AT_ONCE = 25.0
"""Seconds after which a batch stops and leaves the rest to the next one: the lease holds a minute."""
PAGE = 200
"""Groups asked for at once; the application may send fewer."""


@cache
def _trusted() -> ssl.SSLContext:
    """Which certificates are trusted, read once: it takes longer than many a call."""
    return httpx2.create_ssl_context()


class ScimApplication(Connector):
    """The resource is the application; its roles are the application's groups, by the ids that they have there."""

    capabilities = frozenset(Capability) - {Capability.DISCOVER_CHANGES}
    needs_address = True
    secret_label = gettext_lazy("Token")

    def __init__(self, row: ConnectorRow, *, clock: base.Clock = timezone.now) -> None:
        super().__init__(row, clock=clock)
        self._http: httpx2.Client | None = None
        self._memory = Memory()

    def close(self) -> None:
        """End the connection."""
        self._memory.clear()
        if self._http is not None:
            self._http.close()
            self._http = None

    def check(self) -> str:
        """Count the groups."""
        with self._client() as client:
            answer = client.query(Group, query_parameters={"count": 1, "attributes": ["displayName"]})
        count = (answer.total_results or 0) if isinstance(answer, ListResponse) else 0
        return ngettext("SCIM 2.0, %(count)d group", "SCIM 2.0, %(count)d groups", count) % {"count": count}

    # --- One person ---------------------------------------------------------------------------------------------------

    def read(self, person: Person, entitlement: Entitlement) -> bool:
        """Direct membership of the group. Looks for the person's account, and never creates one."""
        return person.pk in self.read_many([person], entitlement)

    def grant(self, person: Person, entitlement: Entitlement, *, key: str) -> Progress:
        """Add the member; the group is looked at first, so that nobody gets an account for a group that is gone."""
        return _single(self.grant_many([person], entitlement, keys={person.pk: key}), person)

    def revoke(self, person: Person, entitlement: Entitlement, *, key: str) -> Progress:
        """Remove the member; the account stays."""
        return _single(self.revoke_many([person], entitlement, keys={person.pk: key}), person)

    # --- Many people --------------------------------------------------------------------------------------------------

    def read_many(self, people: Sequence[Person], entitlement: Entitlement) -> set[UUID]:
        """Who of them is in the group: one call for the group, and one for each whose account is not known yet."""
        with self._client() as client:
            accounts = Accounts(self.row, client, people, memory=self._memory)
            found = {person.pk: account for person in people if (account := accounts.find(person))}
            members = self._members(client, entitlement) if found else set()
            return {person_id for person_id, account in found.items() if account in members}

    def grant_many(
        self, people: Sequence[Person], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """Add the members by one PATCH, after creating the accounts that are missing."""
        with self._client() as client:
            members = self._members(client, entitlement)
            accounts = Accounts(self.row, client, people, memory=self._memory)
            found, outcomes = self._accounts_of(people, accounts.find_or_create)
            new = [{"value": account} for account in dict.fromkeys(found.values()) if account not in members]
            if new:
                self._change(client, entitlement, op="add", path="members", value=new)
        return outcomes | dict.fromkeys(found, Progress.DONE)

    def revoke_many(
        self, people: Sequence[Person], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """Remove the members, each by an operation of its own in one PATCH."""
        with self._client() as client:
            members = self._members(client, entitlement)
            accounts = Accounts(self.row, client, people, memory=self._memory)
            found, outcomes = self._accounts_of(people, accounts.find)
            going = [account for account in dict.fromkeys(found.values()) if account in members]
            if going:
                self._change(
                    client,
                    entitlement,
                    *({"op": "remove", "path": f"members[value eq {json.dumps(account)}]"} for account in going),
                )
        return outcomes | dict.fromkeys(found, Progress.DONE)

    def _accounts_of(
        self, people: Sequence[Person], look: Callable[[Person], str | None]
    ) -> tuple[dict[UUID, str | None], dict[UUID, Outcome]]:
        """The account of each, and what went wrong with the others; whoever the time did not reach is in neither."""
        found: dict[UUID, str | None] = {}
        failed: dict[UUID, Outcome] = {}
        until = time.monotonic() + AT_ONCE
        for person in people:
            if found and time.monotonic() > until:
                break
            try:
                with explained(system=str(self.row), secret=self._token):
                    found[person.pk] = look(person)
            except ConnectorError as error:
                if error.is_outage:
                    raise
                failed[person.pk] = error
        return found, failed

    # --- Everybody, and everything ------------------------------------------------------------------------------------

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """The group's members; SCIM gives them with the group, all at once, and their names only one by one."""
        with self._client() as client:
            yield from (Holder(account_id=member) for member in sorted(self._members(client, entitlement)))

    def discover(self) -> Iterator[FoundResource]:
        """The application with its groups as roles."""
        with self._client() as client:
            roles = tuple(
                FoundRole(group.id, group.display_name or group.id) for group in _all_groups(client) if group.id
            )
        yield FoundResource(
            resource_id=self.row.system.slug, kind=ResourceKind.APPLICATION, name=str(self.row.system), roles=roles
        )

    def create_account(self, person: Person) -> str:
        """The id of their user, created where there is none."""
        with self._client() as client:
            return Accounts(self.row, client, [person], memory=self._memory).find_or_create(person)

    def disable_account(self, person: Person) -> None:
        """Make their user inactive (RFC 7643, section 4.1.1: `active`)."""
        with self._client() as client:
            account = Accounts(self.row, client, [person], memory=self._memory).find(person)
            if account is not None:
                off: dict[str, Any] = {"op": "replace", "path": "active", "value": False}
                change = PatchOp[User](Operations=[PatchOperation[User](**off)])
                client.modify(User, account, change, check_response_payload=False)

    # --- Calls --------------------------------------------------------------------------------------------------------

    @contextmanager
    def _client(self) -> Iterator[SyncSCIMClient]:
        """A client on this connector's connection. Raises ConnectorError for whatever goes wrong inside the block."""
        with explained(system=str(self.row), secret=self._token):
            if self._http is None:
                self._http = httpx2.Client(
                    base_url=self.row.base_url,
                    headers={"Accept": "application/scim+json"}
                    | ({"Authorization": f"Bearer {self._token}"} if self._token else {}),
                    timeout=base.TIMEOUT,
                    verify=_trusted(),
                )
            yield PunctualClient(self._http, provider=PROVIDER)

    @cached_property
    def _token(self) -> str:
        try:
            return self.row.secret
        except ImproperlyConfigured as error:
            raise ConnectorError(
                _("The secret of %(system)s cannot be decrypted: enter it again in its connector.")
                % {"system": self.row},
                is_outage=True,
            ) from error

    def _members(self, client: SyncSCIMClient, entitlement: Entitlement) -> set[str]:
        try:
            group = client.query(Group, entitlement.role_id)
        except NotFoundException:
            raise self._is_gone(entitlement) from None
        members = group.members if isinstance(group, Group) else None
        return {member.value for member in members or () if member.value}

    def _change(
        self, client: SyncSCIMClient, entitlement: Entitlement, *operations: dict[str, Any], **operation: Any
    ) -> None:
        said = [PatchOperation[Group](**one) for one in operations or (operation,)]
        try:
            client.modify(Group, entitlement.role_id, PatchOp[Group](Operations=said), check_response_payload=False)
        except NotFoundException:
            raise self._is_gone(entitlement) from None

    def _is_gone(self, entitlement: Entitlement) -> ConnectorError:
        return ConnectorError(
            _("The group %(group)s is not in %(system)s any more.") % {"group": entitlement.name, "system": self.row}
        )


def _single(outcomes: Mapping[UUID, Outcome], person: Person) -> Progress:
    outcome = outcomes[person.pk]
    if isinstance(outcome, ConnectorError):
        raise outcome
    return outcome


def _all_groups(client: SyncSCIMClient) -> Iterator[Group]:
    """Page by page (RFC 7644, section 3.4.2.4); ends where a page brings nothing that is new."""
    seen: set[str] = set()
    start = 1
    while True:
        answer = client.query(
            Group, query_parameters={"start_index": start, "count": PAGE, "attributes": ["displayName"]}
        )
        groups = [group for group in (answer.resources or []) if group.id not in seen]  # type: ignore[union-attr]
        yield from groups
        seen.update(group.id for group in groups if group.id)
        start += len(answer.resources or [])  # type: ignore[union-attr]
        if not groups or start > (answer.total_results or 0):  # type: ignore[union-attr]
            return
