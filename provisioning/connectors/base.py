"""The interface of a connector, small enough to be written in an afternoon (docs/connectors.md).

A connector speaks of one person and one role at a time, or of many people and one role. Each call may be made twice
without harm, and either does what it says or raises `ConnectorError` with a sentence that an administrator can act on.
Calls are made outside any database transaction, and must come back within `TIMEOUT` seconds a request. What a system
cannot do is left out of `capabilities`; everything else in AccessGov asks there, never for the kind.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.choices import ResourceKind
from directory.models import User

from ..models import Connector as ConnectorRow

if TYPE_CHECKING:
    from .aliases import Aliases

Clock = Callable[[], datetime]
"""Tells what time it is, where a change is written with its time."""

TIMEOUT = 10.0
"""Seconds that one request to a target may take; well below the lease of an operation."""


@dataclass(frozen=True)
class Entitlement:
    """One role on one resource, by the ids that the target system gave them, with names for messages."""

    resource_id: str
    role_id: str
    name: str


@dataclass(frozen=True)
class Holder:
    """Somebody who holds a role in the target: the id of their account there, and the name they sign in with.

    The name is compared with people's user names, whatever its case, where the account is not known yet; but not where
    it is something else, which nobody here is known by, and is only shown.
    """

    account_id: str
    name: str = ""
    is_username: bool = True

    @property
    def username(self) -> str:
        """The name by which people are found; empty where there is none."""
        return self.name if self.is_username else ""


@dataclass(frozen=True)
class Use:
    """When an account was last used; None where it never was.

    Of one resource where its id is given, of the system as a whole where not. The name is a holder's `username`.
    """

    account_id: str
    used_at: datetime | None
    name: str = ""
    resource_id: str = ""


@dataclass(frozen=True)
class AccountState:
    """Whether somebody can sign in with an account, as far as its being disabled or not is concerned."""

    is_enabled: bool
    before: str = ""
    """What `enable_account` has to know of an account that is enabled now, in the connector's own words."""


@dataclass(frozen=True)
class FoundRole:
    """A role that the target has on a resource."""

    role_id: str
    name: str
    description: str = ""


@dataclass(frozen=True)
class FoundResource:
    """A resource that the target has, with its roles."""

    resource_id: str
    kind: ResourceKind
    name: str
    description: str = ""
    roles: tuple[FoundRole, ...] = ()
    is_privileged: bool = False
    """Whether the system itself guards it as one that gives power over others."""


@dataclass(frozen=True)
class GoneResource:
    """A resource that the target had at an earlier look, and has no more."""

    resource_id: str


@dataclass(frozen=True)
class Bookmark:
    """Where a look at the changes ended, and the next one begins.

    `is_anew` means that everything was listed: what was not among it is gone.
    """

    value: str
    is_anew: bool


Change = FoundResource | GoneResource | Bookmark
"""What a look at the changes finds; the bookmark comes last."""


class Capability(Enum):
    """What a connector can do beyond granting and revoking."""

    READ_BACK = "reads back whether somebody holds a role"
    HOLDERS = "lists everybody who holds a role"
    DISCOVER = "lists the system's resources and roles"
    DISCOVER_CHANGES = "lists what has changed among its resources and roles"
    CREATE_ACCOUNT = "creates accounts"
    DISABLE_ACCOUNT = "disables accounts, and enables them again"
    LAST_USE = "tells when accounts were last used"
    BATCH = "grants and revokes a role for many people by few calls"


class Progress(Enum):
    """How far a change got: done as far as the target says, or handed over to somebody who does it later."""

    DONE = "done"
    HANDED_OVER = "handed over"


class ConnectorError(Exception):
    """The target did not do it, and `str()` says what to do about it.

    `retry_after` is the wait that the target asked for, where it did. `is_outage` means that the target as a whole is
    away, refuses us or is overloaded: other operations would meet the same, so the connector is held back. `is_final`
    means that trying again cannot help before somebody has changed something: the operation is stuck at once.
    """

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, is_outage: bool = False, is_final: bool = False
    ) -> None:
        super().__init__(printable(message))
        self.retry_after = retry_after
        self.is_outage = is_outage
        self.is_final = is_final


class GoneError(ConnectorError):
    """What holds the role, a group say, does not show in the target.

    It is gone, or was moved, or is not shown to us: that it does not show proves not that nobody has it.
    """


class PartlyReadError(ConnectorError):
    """Of some people it could not be told whether they hold a role: `errors` says why, `held` who of the others does.

    Whoever asked goes on with the others.
    """

    def __init__(self, *, held: set[UUID], errors: "Mapping[UUID, ConnectorError]") -> None:
        super().__init__(str(next(iter(errors.values()))))
        self.held = held
        self.errors = errors


def printable(text: str) -> str:
    """The text without what no database keeps: NUL, and halves of characters that a target's JSON may hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


Outcome = Progress | ConnectorError
"""What became of one of many changes."""


class OptionsForm(forms.Form):
    """What a kind of connector asks for beside its address and its secret; its cleaned values must fit into JSON."""

    def groups(self) -> "list[FieldGroup]":
        """How the fields stand on the page, where there are many; together the groups hold every field."""
        return [("", list(self.fields))]


FieldLine = str | tuple[str, ...]
"""A field, or several side by side."""
FieldGroup = tuple[str | Promise, Sequence[FieldLine]]
"""A title, empty for the first group, and its lines."""


class Connector(ABC):
    """What AccessGov asks of a target system. Used as a context manager: connections live as long as the block."""

    capabilities: frozenset[Capability] = frozenset()
    """Of the class, or of the instance where it depends on its options."""
    options_form: ClassVar[type[OptionsForm]] = OptionsForm
    needs_address: ClassVar[bool] = False
    """Whether the row's `base_url` must be given."""
    secret_label: ClassVar[str | Promise] = gettext_lazy("Secret")
    """What the row's main secret is; empty where the kind has none."""
    extra_secrets: ClassVar[Mapping[str, str | Promise]] = {}
    """Names of further secrets beside the row's main one, with their labels."""
    leads_to: ClassVar[tuple[str, ...]] = ()
    """The options that say where secrets go, and how safely; as for the address, who changes one gives them anew."""
    is_in: ClassVar[tuple[str, ...]] = ()
    """The options that say, beside the address, which system it is: in another one, ids of accounts mean others."""
    settles_within: ClassVar[timedelta] = timedelta()
    """How long the target may take until it shows a change that it called done (eventual consistency)."""
    looks_again_after: ClassVar[timedelta] = timedelta(minutes=15)
    """How often to look whether a change that was handed over is done."""
    aliases: "Aliases | None" = None
    """By which names people were given something, where the target knows them by names alone."""
    as_of: datetime | None = None
    """When what `holders` tells was so, where that is not the moment of asking: what changed later is not judged."""

    def __init__(self, row: ConnectorRow, *, clock: Clock = timezone.now) -> None:
        self.row = row
        self.clock = clock
        self.go_on: Callable[[], object] = lambda: None
        """Called between the requests of one long answer: whoever asked says that they still wait for it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027  # nothing to give back is the usual case
        """Give back connections; may be called twice."""

    @classmethod
    def clean_options(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options as they are kept. Raises ValidationError, by field."""
        form = cls.options_form(dict(given))
        if not form.is_valid():
            raise forms.ValidationError(form.errors.as_data())
        return form.cleaned_data

    # --- What every connector does ---

    @abstractmethod
    def check(self) -> str:
        """Try the connection, change nothing, and say in a few words what answered."""

    @abstractmethod
    def grant(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Give the role, creating the person's account where there is none and the connector can.

        Having it already is success. `key` is the same whenever this very change is tried again (an idempotency key).
        """

    @abstractmethod
    def revoke(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Take the role; not having it, or having no account, is success. The account stays."""

    # --- What it does where its capabilities say so ---

    def read(self, person: User, entitlement: Entitlement) -> bool:
        """READ_BACK: whether the person holds the role right now; a person without an account holds nothing."""
        raise self._cannot(Capability.READ_BACK)

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """HOLDERS: everybody who holds the role itself (not through nesting), page by page, never all in memory."""
        raise self._cannot(Capability.HOLDERS)

    def discover(self) -> Iterator[FoundResource]:
        """DISCOVER: the system's resources with their roles, page by page."""
        raise self._cannot(Capability.DISCOVER)

    def discover_changes(self, *, since: str) -> Iterator[Change]:
        """DISCOVER_CHANGES: what has changed since this bookmark's value, page by page, and last the next bookmark.

        Everything, where `since` is empty or too old for the system. Some come more than once: the last holds.
        """
        raise self._cannot(Capability.DISCOVER_CHANGES)

    def last_used(self) -> Iterator[Use]:
        """LAST_USE: when each account was last used, page by page, never all in memory."""
        raise self._cannot(Capability.LAST_USE)

    def create_account(self, person: User) -> str:
        """CREATE_ACCOUNT: the id of the person's account, created where there is none."""
        raise self._cannot(Capability.CREATE_ACCOUNT)

    def read_account(self, person: User) -> AccountState | None:
        """DISABLE_ACCOUNT: how the person's account is right now.

        None only where it was looked for and they have none. Raises ConnectorError where they could not be looked for,
        or where it is not clear whose account it is: nobody is to be told that a leaver cannot sign in.
        """
        raise self._cannot(Capability.DISABLE_ACCOUNT)

    def disable_account(self, person: User) -> None:
        """DISABLE_ACCOUNT: nobody signs in with it any more; no account is success."""
        raise self._cannot(Capability.DISABLE_ACCOUNT)

    def enable_account(self, person: User, *, before: str) -> None:
        """DISABLE_ACCOUNT: what `disable_account` did is undone; no account is success.

        `before` is what `read_account` said of the account before it was disabled.
        """
        raise self._cannot(Capability.DISABLE_ACCOUNT)

    # --- Many people, one role: overridden where the target can (BATCH) ---

    def read_many(self, people: Sequence[User], entitlement: Entitlement) -> set[UUID]:
        """READ_BACK: the ids of those who hold the role. Raises PartlyReadError where it is not clear of everybody."""
        return {person.pk for person in people if self.read(person, entitlement)}

    def grant_many(
        self, people: Sequence[User], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """What became of each, by the person's id; an outage ends it early, and then those not reached are left out."""
        return self._each(people, lambda person: self.grant(person, entitlement, key=keys[person.pk]))

    def revoke_many(
        self, people: Sequence[User], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """As `grant_many`."""
        return self._each(people, lambda person: self.revoke(person, entitlement, key=keys[person.pk]))

    @staticmethod
    def _each(people: Sequence[User], change: Callable[[User], Progress]) -> dict[UUID, Outcome]:
        found: dict[UUID, Outcome] = {}
        for person in people:
            try:
                found[person.pk] = change(person)
            except ConnectorError as error:
                found[person.pk] = error
                if error.is_outage:
                    break
        return found

    def _cannot(self, capability: Capability) -> ConnectorError:
        return ConnectorError(
            _("The connector of %(system)s does not do this: %(what)s.")
            % {"system": self.row, "what": capability.value},
            is_final=True,
        )
