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

from .base import Capability, Connector, ConnectorError, Entitlement, Progress


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
    _grant(target, person, role)
    _expect(target.members(role) == [person.username], "the target has the member, once", target.members(role))
    _revoke(target, person, role)
    _expect(target.members(role) == [], "the target has no member", target.members(role))


@check()
def doing_it_twice_does_it_once(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    for _ in range(2):
        _grant(target, person, role)
    _expect(target.members(role) == [person.username], "the target has the member, once", target.members(role))
    for _ in range(2):
        _revoke(target, person, role)
    _expect(target.members(role) == [], "the target has no member", target.members(role))


@check()
def what_was_there_before_is_success(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    target.add(person, role)
    _grant(target, person, role)
    _expect(target.members(role) == [person.username], "the target has the member, once", target.members(role))


@check()
def nobody_else_is_touched(target: Target) -> None:
    person, other = target.new_person("ada"), target.new_person("bob")
    role, further = target.new_role("Bookkeepers"), target.new_role("Auditors")
    target.add(other, role)
    target.add(person, further)
    _grant(target, person, role)
    _revoke(target, person, role)
    _expect(target.members(role) == [other.username], "the other member stays", target.members(role))
    _expect(target.members(further) == [person.username], "the other role stays", target.members(further))


@check()
def what_nobody_holds_is_revoked_without_complaint(target: Target) -> None:
    stranger, role = target.new_person("eve"), target.new_role("Bookkeepers")
    _revoke(target, stranger, role)
    _expect(target.members(role) == [], "the target has no member", target.members(role))


@check()
def names_of_any_kind_are_taken_as_they_are(target: Target) -> None:
    """Quotes, brackets, stars and letters of all sorts, which are syntax somewhere."""
    role = target.new_role("Bücher & “Konten” (EU)*\\")
    for name in ('o"neil', "d'arcy", "zoë.müller", "a(b)c*d", "山田.太郎", "back\\slash", "per%cent"):
        person = target.new_person(name)
        _grant(target, person, role)
        _expect(person.username in target.members(role), "the target has exactly this member", target.members(role))
        _revoke(target, person, role)
        _expect(person.username not in target.members(role), "the member is gone again", target.members(role))


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
            _expect(not failed, f"{change} succeeds for everybody", failed)
            _expect(bool(outcomes), f"{change} gets on with at least one", outcomes)
            left = [person for person in left if person.pk not in outcomes]
            if not left:
                break
        target.settle()
        _expect(sorted(target.members(role)) == sorted(wanted), f"{change} did it for all, once", target.members(role))


@check()
def a_role_that_is_gone_is_said_to_be_gone(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    target.delete_role(role)
    with target.connect() as connector:
        error = _error_of(lambda: connector.grant(person, role, key="gone"), "a grant of a role that is gone fails")
    _expect(not error.is_outage, "a role that is gone concerns nothing else", error)
    _expect(role.name in str(error), "the error names the role", error)


@check()
def a_target_that_is_away_is_an_outage(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    with target.away():
        for call in (lambda c: c.grant(person, role, key="away"), lambda c: c.revoke(person, role, key="away"), _check):
            _outage(target.connect, call, "a target that is away")
    _grant(target, person, role)
    _expect(target.members(role) == [person.username], "it goes on when the target is back", target.members(role))


@check()
def credentials_that_are_refused_are_an_outage(target: Target) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    _outage(target.refusing, lambda connector: connector.grant(person, role, key="refused"), "refused credentials")
    _expect(target.members(role) == [], "nothing was done", target.members(role))


@check()
def the_test_of_the_connection_says_what_answered(target: Target) -> None:
    with target.connect() as connector:
        _expect(bool(connector.check().strip()), "the test says something")


# --- What those do that can -------------------------------------------------------------------------------------------


@check(Capability.READ_BACK)
def reading_says_what_is_there(target: Target) -> None:
    person, other, role = target.new_person("ada"), target.new_person("bob"), target.new_role("Bookkeepers")
    with _reading(target) as connector:
        _expect(not connector.read(person, role), "nobody is in a new role")
    target.add(person, role)
    with _reading(target) as connector:
        _expect(connector.read(person, role), "what was added behind our back is read")
        _expect(connector.read_many([person, other], role) == {person.pk}, "reading many says who")
    target.remove(person, role)
    with _reading(target) as connector:
        _expect(not connector.read(person, role), "what was removed behind our back is read")


@check(Capability.HOLDERS)
def all_holders_are_listed_each_once(target: Target) -> None:
    role = target.new_role("Bookkeepers")
    people = [target.new_person(f"holder{number}") for number in range(5)]
    for person in people:
        target.add(person, role)
    with _reading(target) as connector:
        holders = list(connector.holders(role))
        known = dict(connector.row.accounts.values_list("external_id", "person__username"))
    _expect(len({holder.account_id for holder in holders}) == len(holders) == len(people), "each once", holders)
    named = [holder.name.casefold() or known.get(holder.account_id, "") for holder in holders]
    wanted = {person.username.casefold() for person in people}
    _expect(all(name in {"", *wanted} for name in named), "whoever is named is one of them", named)


@check(Capability.DISCOVER)
def what_is_there_is_discovered(target: Target) -> None:
    role = target.new_role("Discovered")
    with _reading(target) as connector:
        found = {resource.resource_id: resource for resource in connector.discover()}
    _expect(role.resource_id in found, "the resource is discovered", sorted(found))
    roles = [one.role_id for one in found[role.resource_id].roles]
    _expect(role.role_id in roles, "the role is discovered", roles)
    _expect(len(roles) == len(set(roles)), "each role once", roles)


@check(Capability.CREATE_ACCOUNT)
def an_account_is_created_once(target: Target) -> None:
    person = target.new_person("new")
    with target.connect() as connector:
        first = connector.create_account(person)
    with target.connect() as connector:
        _expect(connector.create_account(person) == first, "the second call finds the first one's account")


@check(Capability.DISABLE_ACCOUNT)
def disabling_an_account_may_be_done_twice(target: Target) -> None:
    person, role, stranger = target.new_person("leaver"), target.new_role("Bookkeepers"), target.new_person("eve")
    target.add(person, role)
    for _ in range(2):
        with target.connect() as connector:
            connector.disable_account(person)
            connector.disable_account(stranger)


# --- How the checks speak ---------------------------------------------------------------------------------------------


def _grant(target: Target, person: User, role: Entitlement) -> None:
    with target.connect() as connector:
        _expect(
            isinstance(connector.grant(person, role, key=f"{person.pk}:g"), Progress), "a grant says how far it got"
        )
    target.settle()


def _revoke(target: Target, person: User, role: Entitlement) -> None:
    with target.connect() as connector:
        said = connector.revoke(person, role, key=f"{person.pk}:r")
    _expect(isinstance(said, Progress), "a revocation says how far it got")
    target.settle()


@contextmanager
def _reading(target: Target) -> Iterator[Connector]:
    target.settle()
    with target.connect() as connector:
        yield connector


def _check(connector: Connector) -> object:
    return connector.check()


def _outage(connect: Callable[[], Connector], call: Callable[[Connector], object], what: str) -> None:
    def attempt() -> None:
        with connect() as connector:
            call(connector)

    error = _error_of(attempt, f"{what} is said")
    _expect(error.is_outage, f"{what} is an outage", error)
    _expect(len(str(error).split()) > 3, f"{what} is said in a sentence", error)  # a sentence


def _error_of(call: Callable[[], object], promise: str) -> ConnectorError:
    try:
        call()
    except ConnectorError as error:
        return error
    raise NotConformant(f"Not so: {promise}; there was no error.")


def _expect(is_so: bool, promise: str, found: object = "") -> None:
    if not is_so:
        raise NotConformant(f"Not so: {promise}. Found: {found!r}")
