"""What every connector must do, tried against a real target: the kit with which a new connector is proved.

A connector's author writes a `Target`, through which the kit prepares the target and looks into it past the connector,
and runs every check in `CHECKS` (docs/connectors.md shows how, in ten lines of pytest). Checks of a capability that the
connector does not claim do not apply to it. None of them needs a test framework.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from directory.models import User

from .base import AccountState, Capability, Connector, ConnectorError, Entitlement, Progress
from .conformance_wire import FaultyWire


class NotConformant(AssertionError):
    """The connector does not do what the interface says."""


class Target(ABC):
    """The real target of a connector, as the kit needs it: each method goes past the connector."""

    @abstractmethod
    def connect(self) -> Connector:
        """A connector to the target as an administrator would have configured it, new at each call."""

    @abstractmethod
    def new_role(self, name: str) -> Entitlement:
        """A role that nobody holds yet, on a resource of the target."""

    @abstractmethod
    def new_person(self, name: str) -> User:
        """A person, saved here; with an account in the target unless the connector creates accounts."""

    @abstractmethod
    def members(self, entitlement: Entitlement) -> list[str]:
        """The user names of those who hold the role, each as often as the target has it."""

    @abstractmethod
    def add(self, person: User, entitlement: Entitlement) -> None:
        """Give the role behind AccessGov's back, with an account where one is missing."""

    @abstractmethod
    def remove(self, person: User, entitlement: Entitlement) -> None:
        """Take the role behind AccessGov's back."""

    @abstractmethod
    def delete_role(self, entitlement: Entitlement) -> None:
        """Delete what the role is made of in the target."""

    @abstractmethod
    def away(self) -> AbstractContextManager[None]:
        """The target cannot be reached as long as the block lasts."""

    @abstractmethod
    def refusing(self) -> Connector:
        """A connector whose credentials the target refuses, or that is not allowed to do anything there."""

    def wired(self) -> AbstractContextManager["FaultyWire"]:
        """As long as the block lasts, `connect` leads through this wire to the target; for those that speak HTTP."""
        raise NotImplementedError

    def settle(self) -> None:  # noqa: B027  # most targets have nothing to wait for
        """Make the target show what it was told, where it takes its time or somebody has to act."""


@dataclass(frozen=True)
class Check:
    """One thing that the interface promises, and what a connector must be able to do for it to apply."""

    name: str
    run: Callable[[Target], None]
    needs: frozenset[Capability]

    def applies_to(self, connector: Connector) -> bool:
        """Whether the connector claims what the check is about."""
        return self.needs <= connector.capabilities


CHECKS: list[Check] = []
METHODS: dict[Capability, tuple[str, ...]] = {
    Capability.READ_BACK: ("read",),
    Capability.HOLDERS: ("holders",),
    Capability.DISCOVER: ("discover",),
    Capability.DISCOVER_CHANGES: ("discover_changes",),
    Capability.CREATE_ACCOUNT: ("create_account",),
    Capability.DISABLE_ACCOUNT: ("read_account", "disable_account", "enable_account"),
    Capability.LAST_USE: ("last_used",),
    Capability.BATCH: ("grant_many", "revoke_many"),
}
"""What a connector has to have of its own for each capability."""


def check(*needs: Capability) -> Callable[[Callable[[Target], None]], Callable[[Target], None]]:
    """Have the decorated function be a check, for connectors that claim these capabilities."""

    def register(run: Callable[[Target], None]) -> Callable[[Target], None]:
        CHECKS.append(Check(run.__name__.replace("_", " "), run, frozenset(needs)))
        return run

    return register


# --- What every connector does ----------------------------------------------------------------------------------------


@check()
def what_is_granted_is_there_and_what_is_revoked_is_gone(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    grant(target, person, role)
    expect(target.members(role) == [person.username], "the target has the member, once", target.members(role))
    _revoke(target, person, role)
    expect(target.members(role) == [], "the target has no member", target.members(role))


@check()
def doing_it_twice_does_it_once(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    for _ in range(2):
        grant(target, person, role)
    expect(target.members(role) == [person.username], "the target has the member, once", target.members(role))
    for _ in range(2):
        _revoke(target, person, role)
    expect(target.members(role) == [], "the target has no member", target.members(role))


@check()
def what_was_there_before_is_success(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    target.add(person, role)
    grant(target, person, role)
    expect(target.members(role) == [person.username], "the target has the member, once", target.members(role))


@check()
def nobody_else_is_touched(target: Target) -> None:
    person, other = target.new_person("ada"), target.new_person("bob")
    role, further = target.new_role("Bookkeepers"), target.new_role("Auditors")
    target.add(other, role)
    target.add(person, further)
    grant(target, person, role)
    _revoke(target, person, role)
    expect(target.members(role) == [other.username], "the other member stays", target.members(role))
    expect(target.members(further) == [person.username], "the other role stays", target.members(further))


@check()
def what_nobody_holds_is_revoked_without_complaint(target: Target) -> None:
    stranger, role = target.new_person("eve"), target.new_role("Bookkeepers")
    _revoke(target, stranger, role)
    expect(target.members(role) == [], "the target has no member", target.members(role))


@check()
def names_of_any_kind_are_taken_as_they_are(target: Target) -> None:
    """Quotes, brackets, stars and letters of all sorts, which are syntax somewhere."""
    role = target.new_role("Bücher & “Konten” (EU)*\\")
    for name in ('o"neil', "d'arcy", "zoë.müller", "a(b)c*d", "山田.太郎", "back\\slash", "per%cent"):
        person = target.new_person(name)
        grant(target, person, role)
        expect(person.username in target.members(role), "the target has exactly this member", target.members(role))
        _revoke(target, person, role)
        expect(person.username not in target.members(role), "the member is gone again", target.members(role))


@check()
def many_are_changed_as_one_is(target: Target) -> None:
    """Each outcome is the person's own; whoever was left out is taken by a further call."""
    role = target.new_role("Everybody")
    people = [target.new_person(f"person{number}") for number in range(7)]
    target.add(people[3], role)
    for change, wanted in (("grant_many", {person.username for person in people}), ("revoke_many", set())):
        left = list(people)
        for _ in people:
            with target.connect() as connector:
                outcomes = getattr(connector, change)(left, role, keys={p.pk: f"{change}:{p.pk}" for p in left})
            failed = [outcome for outcome in outcomes.values() if isinstance(outcome, ConnectorError)]
            expect(not failed, f"{change} succeeds for everybody", failed)
            expect(bool(outcomes), f"{change} gets on with at least one", outcomes)
            left = [person for person in left if person.pk not in outcomes]
            if not left:
                break
        target.settle()
        expect(sorted(target.members(role)) == sorted(wanted), f"{change} did it for all, once", target.members(role))


@check()
def a_role_that_is_gone_is_said_to_be_gone(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    target.delete_role(role)
    with target.connect() as connector:
        error = _error_of(lambda: connector.grant(person, role, key="gone"), "a grant of a role that is gone fails")
    expect(not error.is_outage, "a role that is gone concerns nothing else", error)
    expect(role.name in str(error), "the error names the role", error)


@check()
def a_target_that_is_away_is_an_outage(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    with target.away():
        for call in (lambda c: c.grant(person, role, key="away"), lambda c: c.revoke(person, role, key="away"), _check):
            _outage(target.connect, call, "a target that is away")
    grant(target, person, role)
    expect(target.members(role) == [person.username], "it goes on when the target is back", target.members(role))


@check()
def credentials_that_are_refused_are_an_outage(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    _outage(target.refusing, lambda connector: connector.grant(person, role, key="refused"), "refused credentials")
    expect(target.members(role) == [], "nothing was done", target.members(role))


@check()
def what_is_claimed_is_there(target: Target) -> None:
    """A capability without its method would be an error wherever it is relied on."""
    with target.connect() as connector:
        for capability in connector.capabilities:
            missing = [name for name in METHODS[capability] if _is_as_in_the_interface(connector, name)]
            expect(not missing, f"the connector {capability.value}", missing)


@check()
def the_test_of_the_connection_says_what_answered(target: Target) -> None:
    with target.connect() as connector:
        expect(bool(connector.check().strip()), "the test says something")


# --- What those do that can -------------------------------------------------------------------------------------------


@check(Capability.READ_BACK)
def reading_says_what_is_there(target: Target) -> None:
    person, other, role = target.new_person("ada"), target.new_person("bob"), target.new_role("Bookkeepers")
    with reading(target) as connector:
        expect(not connector.read(person, role), "nobody is in a new role")
    target.add(person, role)
    with reading(target) as connector:
        expect(connector.read(person, role), "what was added behind our back is read")
        expect(connector.read_many([person, other], role) == {person.pk}, "reading many says who")
    target.remove(person, role)
    with reading(target) as connector:
        expect(not connector.read(person, role), "what was removed behind our back is read")


@check(Capability.HOLDERS)
def all_holders_are_listed_each_once(target: Target) -> None:
    role = target.new_role("Bookkeepers")
    people = [target.new_person(f"holder{number}") for number in range(5)]
    for person in people:
        target.add(person, role)
    with reading(target) as connector:
        holders = list(connector.holders(role))
        known = dict(connector.row.accounts.values_list("external_id", "person__username"))
    expect(len({holder.account_id for holder in holders}) == len(holders) == len(people), "each once", holders)
    named = [holder.name.casefold() or known.get(holder.account_id, "") for holder in holders]
    wanted = {person.username.casefold() for person in people}
    expect(all(name in {"", *wanted} for name in named), "whoever is named is one of them", named)


@check(Capability.DISCOVER)
def what_is_there_is_discovered(target: Target) -> None:
    role = target.new_role("Discovered")
    with reading(target) as connector:
        found = {resource.resource_id: resource for resource in connector.discover()}
    expect(role.resource_id in found, "the resource is discovered", sorted(found))
    roles = [one.role_id for one in found[role.resource_id].roles]
    expect(role.role_id in roles, "the role is discovered", roles)
    expect(len(roles) == len(set(roles)), "each role once", roles)


@check(Capability.CREATE_ACCOUNT)
def an_account_is_created_once(target: Target) -> None:
    person = target.new_person("new")
    with target.connect() as connector:
        first = connector.create_account(person)
    with target.connect() as connector:
        expect(connector.create_account(person) == first, "the second call finds the first one's account")


@check(Capability.DISABLE_ACCOUNT)
def an_account_that_was_disabled_is_enabled_again(target: Target) -> None:
    """And nobody else's; each may be done twice."""
    person, other, role = target.new_person("leaver"), target.new_person("bob"), target.new_role("Bookkeepers")
    target.add(person, role)
    target.add(other, role)
    first = _state(target, person)
    for _ in range(2):
        with target.connect() as connector:
            connector.disable_account(person)
        expect(not _state(target, person).is_enabled, "what was disabled is shown as disabled")
    expect(_state(target, other).is_enabled, "nobody else is disabled")
    for _ in range(2):
        with target.connect() as connector:
            connector.enable_account(person, before=first.before)
        expect(_state(target, person) == first, "it is again as it was", _state(target, person))


@check(Capability.DISABLE_ACCOUNT)
def whoever_has_no_account_has_none_to_disable(target: Target) -> None:
    nobody = User.objects.create(username="nobody.has.this.account", email="nobody@elsewhere.example")
    with target.connect() as connector:
        expect(connector.read_account(nobody) is None, "there is no account")
        connector.disable_account(nobody)
        connector.enable_account(nobody, before="")
    with reading(target) as connector:
        expect(connector.read_account(nobody) is None, "there is none now either")


# --- How the checks speak ---------------------------------------------------------------------------------------------


def grant(target: Target, person: User, role: Entitlement) -> None:
    with target.connect() as connector:
        expect(isinstance(connector.grant(person, role, key=f"{person.pk}:g"), Progress), "a grant says how far it got")
    target.settle()


def _revoke(target: Target, person: User, role: Entitlement) -> None:
    with target.connect() as connector:
        said = connector.revoke(person, role, key=f"{person.pk}:r")
    expect(isinstance(said, Progress), "a revocation says how far it got")
    target.settle()


@contextmanager
def reading(target: Target) -> Iterator[Connector]:
    target.settle()
    with target.connect() as connector:
        yield connector


def _state(target: Target, person: User) -> AccountState:
    with reading(target) as connector:
        state = connector.read_account(person)
    if state is None:
        raise NotConformant(f"Not so: the account of {person} is found.")
    return state


def _is_as_in_the_interface(connector: Connector, name: str) -> bool:
    return getattr(type(connector), name) is getattr(Connector, name)


def _check(connector: Connector) -> object:
    return connector.check()


def _outage(connect: Callable[[], Connector], call: Callable[[Connector], object], what: str) -> None:
    def attempt() -> None:
        with connect() as connector:
            call(connector)

    error = _error_of(attempt, f"{what} is said")
    expect(error.is_outage, f"{what} is an outage", error)
    expect(len(str(error).split()) > 3, f"{what} is said in a sentence", error)  # a sentence


def _error_of(call: Callable[[], object], promise: str) -> ConnectorError:
    try:
        call()
    except ConnectorError as error:
        return error
    raise NotConformant(f"Not so: {promise}; there was no error.")


def expect(is_so: bool, promise: str, found: object = "") -> None:
    if not is_so:
        raise NotConformant(f"Not so: {promise}. Found: {found!r}")
