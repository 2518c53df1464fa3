"""The connector of SCIM 2.0 applications (RFC 7643, RFC 7644): a role is a group there, held by its members."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx2
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import ListResponse, NotFoundException, PatchOp, PatchOperation

from directory.models import User as Person

from ..models import Account
from ..models import Connector as ConnectorRow
from . import base
from .base import ConnectorError, Entitlement
from .scim_errors import explained
from .scim_wire import PROVIDER, Email, Group, Name, PunctualClient, User


@cache
def _trusted() -> ssl.SSLContext:
    """Which certificates are trusted, read once: it takes longer than many a call."""
    return httpx2.create_ssl_context()


class ScimApplication:
    """A resource is an application; its roles are groups of the application, by the ids that they have there."""

    def __init__(self, row: ConnectorRow, *, clock: base.Clock = timezone.now) -> None:
        self.row = row  # no clock: the application dates its changes itself

    def read(self, person: Person, entitlement: Entitlement) -> bool:
        """Direct membership of the group. Looks for the person's account, and never creates one."""
        with self._client() as client:
            account_id = self._find_account(client, person)
            return account_id is not None and account_id in self._members(client, entitlement)

    def grant(self, person: Person, entitlement: Entitlement) -> None:
        """Add the member; the group is looked at first, so that nobody gets an account for a group that is gone."""
        with self._client() as client:
            members = self._members(client, entitlement)
            account_id = self._find_account(client, person) or self._create_account(client, person)
            if account_id not in members:
                self._change(client, entitlement, op="add", path="members", value=[{"value": account_id}])

    def revoke(self, person: Person, entitlement: Entitlement) -> None:
        """Remove the member; the account stays."""
        with self._client() as client:
            account_id = self._find_account(client, person)
            if account_id is not None and account_id in self._members(client, entitlement):
                self._change(client, entitlement, op="remove", path=f"members[value eq {json.dumps(account_id)}]")

    def check(self) -> str:
        """Count the groups."""
        with self._client() as client:
            answer = client.query(Group, query_parameters={"count": 1, "attributes": ["displayName"]})
        count = (answer.total_results or 0) if isinstance(answer, ListResponse) else 0
        return ngettext("SCIM 2.0, %(count)d group", "SCIM 2.0, %(count)d groups", count) % {"count": count}

    @contextmanager
    def _client(self) -> Iterator[SyncSCIMClient]:
        secret = self._secret()
        with (
            explained(system=str(self.row)),
            httpx2.Client(
                base_url=self.row.base_url,
                headers={"Accept": "application/scim+json"} | ({"Authorization": f"Bearer {secret}"} if secret else {}),
                timeout=base.TIMEOUT,
                verify=_trusted(),
            ) as http,
        ):
            yield PunctualClient(http, provider=PROVIDER)

    def _secret(self) -> str:
        try:
            return self.row.secret
        except ImproperlyConfigured as error:
            raise ConnectorError(
                _("No key that AccessGov has opens the token of %(system)s: enter it again in its connector.")
                % {"system": self.row}
            ) from error

    # --- Groups -------------------------------------------------------------------------------------------------------

    def _members(self, client: SyncSCIMClient, entitlement: Entitlement) -> set[str]:
        try:
            group = client.query(Group, entitlement.role_id)
        except NotFoundException:
            raise self._is_gone(entitlement) from None
        members = group.members if isinstance(group, Group) else None
        return {member.value for member in members or () if member.value}

    def _change(self, client: SyncSCIMClient, entitlement: Entitlement, **operation: Any) -> None:
        change = PatchOp[Group](Operations=[PatchOperation[Group](**operation)])
        try:
            client.modify(Group, entitlement.role_id, change, check_response_payload=False)
        except NotFoundException:
            raise self._is_gone(entitlement) from None

    def _is_gone(self, entitlement: Entitlement) -> ConnectorError:
        return ConnectorError(
            _("The group %(group)s is not in %(system)s any more.") % {"group": entitlement.name, "system": self.row}
        )

    # --- Accounts -----------------------------------------------------------------------------------------------------

    def _find_account(self, client: SyncSCIMClient, person: Person) -> str | None:
        known = self.row.accounts.filter(person=person).first()
        if known is None:
            return self._search_account(client, person)
        try:
            client.query(User, known.external_id, query_parameters={"attributes": ["userName"]})
        except NotFoundException:
            known.delete()
            return self._search_account(client, person)
        return known.external_id

    def _search_account(self, client: SyncSCIMClient, person: Person) -> str | None:
        """By user name; compared again here, since some targets answer a filter they do not know with everybody."""
        wanted = f"userName eq {json.dumps(person.username, ensure_ascii=False)}"
        answer = client.query(User, query_parameters={"filter": wanted, "attributes": ["userName"]})
        found = (answer.resources or []) if isinstance(answer, ListResponse) else []
        ids = {user.id for user in found if user.id and _same(user.user_name, person.username)}
        if len(ids) > 1:
            raise ConnectorError(
                _("%(system)s has %(count)d accounts named %(name)s: remove all but one.")
                % {"system": self.row, "count": len(ids), "name": person.username}
            )
        return self._remember(person, ids.pop()) if ids else None

    def _create_account(self, client: SyncSCIMClient, person: Person) -> str:
        created = client.create(_user(person))
        if not isinstance(created, User) or not created.id:
            raise ConnectorError(
                _("%(system)s created an account for %(person)s, but did not say which.")
                % {"system": self.row, "person": person}
            )
        return self._remember(person, created.id)

    def _remember(self, person: Person, account_id: str) -> str:
        Account.objects.update_or_create(connector=self.row, person=person, defaults={"external_id": account_id})
        return account_id


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.casefold() == other.casefold()


def _user(person: Person) -> User:
    return User(
        user_name=person.username,
        external_id=str(person.pk),
        name=Name(formatted=str(person), given_name=person.first_name or None, family_name=person.last_name or None),
        display_name=str(person),
        title=person.job_title or None,
        active=True,
        emails=[Email(value=person.email, type="work", primary=True)] if person.email else None,
    )
