"""Which user of a SCIM application is which person: remembered, looked up by user name, or created."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import ListResponse, NotFoundException

from directory.models import User as Person

from ..models import Account
from ..models import Connector as ConnectorRow
from .base import ConnectorError
from .remembering import is_somebody_elses, remember
from .scim_users import Users
from .scim_wire import Email, Name, User


@dataclass
class Memory:
    """What the application has said during this connection, and is not asked again."""

    users: Users = field(default_factory=Users)
    seen: set[str] = field(default_factory=set)
    """Ids of users that are there."""
    absent: set[UUID] = field(default_factory=set)
    """Ids of people who have no user."""
    contested: set[UUID] = field(default_factory=set)
    """Ids of people whose name is that of somebody else's user."""
    known: dict[UUID, str] = field(default_factory=dict)
    """Whose user is which, as far as it was looked up here."""

    def clear(self) -> None:
        """Ask anew."""
        self.users.clear()
        self.seen.clear()
        self.absent.clear()
        self.contested.clear()
        self.known.clear()


class Accounts:
    """The accounts of a few people, remembered from one time to the next."""

    def __init__(self, row: ConnectorRow, client: SyncSCIMClient, people: Sequence[Person], *, memory: Memory) -> None:
        self.row = row
        self.client = client
        self.memory = memory
        self.known = memory.known
        if new := [person.pk for person in people if person.pk not in self.known]:
            looked_up = row.accounts.filter(person__in=new, is_supposed=False)
            self.known.update(looked_up.values_list("person_id", "external_id"))

    def look_together(self, people: Sequence[Person]) -> None:
        """Where the application is slow: see by few calls whose users are still there."""
        users = self.memory.users
        users.look_together(self.client, [self.known[person.pk] for person in people if person.pk in self.known])
        self.memory.seen.update(users.names)

    def find(self, person: Person) -> str | None:
        """The id of the person's user; None where there is none that is not somebody else's.

        One that was deleted there is forgotten.
        """
        known = self.known.get(person.pk)
        if known is not None and (known in self.memory.seen or self._exists(known)):
            return known
        if known is not None:
            Account.objects.filter(connector=self.row, person=person).delete()
            del self.known[person.pk]
        return self._search(person)

    def find_own(self, person: Person) -> str | None:
        """As `find`. Raises ConnectorError where their name is that of somebody else's user."""
        found = self.find(person)
        if found is None and person.pk in self.memory.contested:
            raise is_somebody_elses(self.row, person, account=person.username)
        return found

    def find_or_create(self, person: Person) -> str:
        """As `find_own`, but that somebody without a user gets one."""
        return self.find_own(person) or self._create(person)

    def _exists(self, account_id: str) -> bool:
        try:
            self.client.query(User, account_id, query_parameters={"attributes": ["userName"]})
        except NotFoundException:
            return False
        self.memory.seen.add(account_id)
        return True

    def _search(self, person: Person) -> str | None:
        """By user name; compared again here, since some targets answer a filter they do not know with everybody."""
        if person.pk in self.memory.absent | self.memory.contested:
            return None
        wanted = f"userName eq {json.dumps(person.username, ensure_ascii=False)}"
        answer = self.client.query(User, query_parameters={"filter": wanted, "attributes": ["userName"]})
        found = (answer.resources or []) if isinstance(answer, ListResponse) else []
        ids = {user.id for user in found if user.id and _same(user.user_name, person.username)}
        if len(ids) > 1:
            raise ConnectorError(
                _("%(system)s has %(count)d accounts named %(name)s: remove all but one.")
                % {"system": self.row, "count": len(ids), "name": person.username}
            )
        if not ids:
            self.memory.absent.add(person.pk)
            return None
        return self._remember(person, ids.pop())

    def _create(self, person: Person) -> str:
        created = self.client.create(_user(person))
        if not isinstance(created, User) or not created.id:
            raise ConnectorError(
                _("%(system)s created an account for %(person)s, but did not say which.")
                % {"system": self.row, "person": person}
            )
        if (own := self._remember(person, created.id)) is None:
            raise is_somebody_elses(self.row, person, account=person.username)
        return own

    def _remember(self, person: Person, account_id: str) -> str | None:
        """Nothing where the account is somebody else's."""
        if remember(self.row, {person.pk: account_id}):
            self.memory.contested.add(person.pk)
            return None
        self.known[person.pk] = account_id
        self.memory.absent.discard(person.pk)
        self.memory.seen.add(account_id)
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
