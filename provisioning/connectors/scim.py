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
from . import addresses, base
from .base import (
    AccountState,
    Capability,
    Connector,
    ConnectorError,
    Entitlement,
    FoundResource,
    FoundRole,
    GoneError,
    Holder,
    Outcome,
    PartlyReadError,
    Progress,
)
from .scim_accounts import Accounts, Memory
from .scim_errors import explained
from .scim_wire import PROVIDER, Group, PunctualClient, User

AT_ONCE = 25.0
"""Seconds after which a batch stops and leaves the rest to the next one: the lease holds a minute."""
SLOW = 3.0
"""Seconds after which the rest of a batch is looked up together, where the application can do that."""
PAGE = 200
"""Groups asked for at once; the application may send fewer."""


@cache
def _trusted() -> ssl.SSLContext:
    """Which certificates are trusted, read once: it takes longer than many a call."""
    return httpx2.create_ssl_context()


class ScimApplication(Connector):
    """The resource is the application; its roles are the application's groups, by the ids that they have there."""

    capabilities = frozenset(Capability) - {Capability.DISCOVER_CHANGES, Capability.LAST_USE}
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
        """Who of them is in the group: one call for the group, and one for each whose account was not seen yet.

        Where that takes long, the rest is looked up together as far as the application can. Raises PartlyReadError
        where it cannot be told which account is somebody's, or where time did not suffice for all.
        """
        with self._client() as client:
            accounts = Accounts(self.row, client, people, memory=self._memory)
            found, errors = self._accounts_of(people, accounts, accounts.find)
            members = self._members(client, entitlement) if any(found.values()) else set()
        held = {person_id for person_id, account in found.items() if account in members}
        if left := [person.pk for person in people if person.pk not in found]:
            raise PartlyReadError(held=held, errors={pk: errors.get(pk) or self._took_too_long() for pk in left})
        return held

    def grant_many(
        self, people: Sequence[Person], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """Add the members by one PATCH, after creating the accounts that are missing."""
        with self._client() as client:
            members = self._members(client, entitlement)
            accounts = Accounts(self.row, client, people, memory=self._memory)
            found, refused = self._accounts_of(people, accounts, accounts.find_or_create)
            new = [{"value": account} for account in dict.fromkeys(found.values()) if account not in members]
            if new:
                self._change(client, entitlement, op="add", path="members", value=new)
        return {**refused, **dict.fromkeys(found, Progress.DONE)}

    def revoke_many(
        self, people: Sequence[Person], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """Remove the members, each by an operation of its own in one PATCH."""
        with self._client() as client:
            members = self._members(client, entitlement)
            accounts = Accounts(self.row, client, people, memory=self._memory)
            found, refused = self._accounts_of(people, accounts, accounts.find)
            going = [account for account in dict.fromkeys(found.values()) if account in members]
            if going:
                self._change(
                    client,
                    entitlement,
                    *({"op": "remove", "path": f"members[value eq {json.dumps(account)}]"} for account in going),
                )
        return {**refused, **dict.fromkeys(found, Progress.DONE)}

    def _accounts_of(
        self, people: Sequence[Person], accounts: Accounts, look: Callable[[Person], str | None]
    ) -> tuple[dict[UUID, str | None], dict[UUID, ConnectorError]]:
        """The account of each, and what went wrong with the others; whoever the time did not reach is in neither."""
        found: dict[UUID, str | None] = {}
        failed: dict[UUID, ConnectorError] = {}
        began, is_slow = time.monotonic(), False
        for number, person in enumerate(people):
            took = time.monotonic() - began
            if number and took > AT_ONCE:
                break
            if took > SLOW and not is_slow:
                is_slow = True
                with explained(system=str(self.row), secret=self._token):
                    accounts.look_together(people[number:])
            try:
                with explained(system=str(self.row), secret=self._token):
                    found[person.pk] = look(person)
            except ConnectorError as error:
                if error.is_outage:
                    raise
                failed[person.pk] = error
        return found, failed

    def _took_too_long(self) -> ConnectorError:
        return ConnectorError(
            _("%(system)s answers so slowly that not everybody's account was looked up in time.") % {"system": self.row}
        )

    # --- Everybody, and everything ------------------------------------------------------------------------------------

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """The group's members; SCIM gives them all at once, and names of whom we do not know by further calls.

        Groups within the group, and whatever else is no user, hold nothing themselves.
        """
        with self._client() as client:
            members = sorted(self._members(client, entitlement))
            for start in range(0, len(members), PAGE):
                yield from self._named(client, members[start : start + PAGE])

    def _named(self, client: SyncSCIMClient, members: Sequence[str]) -> Iterator[Holder]:
        ours = set(self.row.accounts.filter(external_id__in=members).values_list("external_id", flat=True))
        users = self._memory.users
        users.look_up(client, [member for member in members if member not in ours])
        for member in members:
            if member not in users.gone:
                yield Holder(account_id=member, name=users.names.get(member, ""))

    def discover(self) -> Iterator[FoundResource]:
        """The application with its groups as roles."""
        with self._client() as client:
            roles = tuple(FoundRole(*group) for group in self._all_groups(client).items())
        yield FoundResource(
            resource_id=self.row.system.slug, kind=ResourceKind.APPLICATION, name=str(self.row.system), roles=roles
        )

    def create_account(self, person: Person) -> str:
        """The id of their user, created where there is none."""
        with self._client() as client:
            return Accounts(self.row, client, [person], memory=self._memory).find_or_create(person)

    def read_account(self, person: Person) -> AccountState | None:
        """Whether their user is active; one of which the application does not say it is."""
        with self._client() as client:
            account = Accounts(self.row, client, [person], memory=self._memory).find_own(person)
            if account is None:
                return None
            try:
                user = client.query(User, account, query_parameters={"attributes": ["active"]})
            except NotFoundException:
                return None
        return AccountState(is_enabled=not isinstance(user, User) or user.active is not False)

    def disable_account(self, person: Person) -> None:
        """Make their user inactive (RFC 7643, section 4.1.1: `active`)."""
        self._set_active(person, value=False)

    def enable_account(self, person: Person, *, before: str) -> None:
        """Make their user active again."""
        self._set_active(person, value=True)

    def _set_active(self, person: Person, *, value: bool) -> None:
        with self._client() as client:
            account = Accounts(self.row, client, [person], memory=self._memory).find_own(person)
            if account is not None:
                said: dict[str, Any] = {"op": "replace", "path": "active", "value": value}
                change = PatchOp[User](Operations=[PatchOperation[User](**said)])
                client.modify(User, account, change, check_response_payload=False)

    # --- Calls --------------------------------------------------------------------------------------------------------

    @contextmanager
    def _client(self) -> Iterator[SyncSCIMClient]:
        """A client on this connector's connection. Raises ConnectorError for whatever goes wrong inside the block."""
        with explained(system=str(self.row), secret=self._token):
            if self._http is None:
                addresses.require_permitted(self.row)
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
        return {member.value for member in members or () if member.value and not member.is_group}

    def _all_groups(self, client: SyncSCIMClient) -> dict[str, str]:
        """Ids and names, page by page (RFC 7644, section 3.4.2.4). Raises ConnectorError where they do not come whole.

        What is not among them would be taken for gone.
        """
        found: dict[str, str] = {}
        start, total = 1, 0
        while start == 1 or start <= total:
            answer = client.query(
                Group, query_parameters={"start_index": start, "count": PAGE, "attributes": ["displayName"]}
            )
            groups = (answer.resources or []) if isinstance(answer, ListResponse) else []
            new = {group.id: group.display_name or group.id for group in groups if group.id and group.id not in found}
            if not new:
                break
            found |= new
            start += len(groups)
            total = max(total, (answer.total_results or 0) if isinstance(answer, ListResponse) else 0)
            self.go_on()
        if len(found) < total:
            raise ConnectorError(
                _("%(system)s tells of %(total)d groups and lists %(count)d: what it does not list may be there.")
                % {"system": self.row, "total": total, "count": len(found)}
            )
        return found

    def _change(
        self, client: SyncSCIMClient, entitlement: Entitlement, *operations: dict[str, Any], **operation: Any
    ) -> None:
        said = [PatchOperation[Group](**one) for one in operations or (operation,)]
        try:
            client.modify(Group, entitlement.role_id, PatchOp[Group](Operations=said), check_response_payload=False)
        except NotFoundException:
            raise self._is_gone(entitlement) from None

    def _is_gone(self, entitlement: Entitlement) -> ConnectorError:
        return GoneError(
            _("The group %(group)s is not in %(system)s any more.") % {"group": entitlement.name, "system": self.row}
        )


def _single(outcomes: Mapping[UUID, Outcome], person: Person) -> Progress:
    outcome = outcomes[person.pk]
    if isinstance(outcome, ConnectorError):
        raise outcome
    return outcome
