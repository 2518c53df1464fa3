"""What every connector that speaks HTTP must bear: the kit's checks with a wire that goes wrong."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from directory.models import User

from . import base
from .base import Capability, Connector, ConnectorError, Entitlement
from .conformance import Check, NotConformant, Target, expect, grant, reading
from .conformance_wire import LONGEST, Answer, Fault, FaultyWire, Request, works

WAIT = timedelta(seconds=17)
SHORT = 0.4
"""Seconds that a request may take while the kit tries whether that is obeyed."""
MOST_REQUESTS = 60
"""More than any list of the kit has pages."""
FAULT_CHECKS: list[Check] = []


def check(*needs: Capability) -> Callable[[Callable[[Target, FaultyWire], None]], None]:
    """Have the decorated function be a check, for connectors that claim these capabilities."""

    def register(run: Callable[[Target, FaultyWire], None]) -> None:
        def wired(target: Target) -> None:
            with target.wired() as wire:
                run(target, wire)

        FAULT_CHECKS.append(Check(run.__name__.replace("_", " "), wired, frozenset(needs)))

    return register


# --- Changes ----------------------------------------------------------------------------------------------------------


@check(Capability.READ_BACK)
def an_answer_that_is_lost_costs_nothing_but_another_try(target: Target, wire: FaultyWire) -> None:
    """Whichever answer it is: what was done is done once."""
    role = target.new_role("Bookkeepers")
    wire.goes_wrong(works)
    _attempt(target, partial(_give, person=target.new_person("whole"), role=role))
    for number in range(1, wire.count + 1):
        person = target.new_person(f"lost{number}")
        wire.goes_wrong(_loses_answer(number))
        _attempt(target, partial(_give, person=person, role=role))
        expect(wire.count >= number, "a grant takes the same requests each time", wire.count)
        wire.goes_wrong(works)
        grant(target, person, role)
        found = target.members(role).count(person.username)
        expect(found == 1, "the target has the member, once", found)


@check()
def a_target_that_asks_to_wait_is_understood(target: Target, wire: FaultyWire) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    wire.goes_wrong(lambda request: Answer(429, b"{}", {"Retry-After": "17", "Content-Type": "application/json"}))
    for call in _changes(person, role):
        error = _error(target, call, "a target that asks to wait")
        expect(error.is_outage, "whoever is asked to wait waits with everything", error)
        expect(error.retry_after == WAIT, "the wait is the one that was asked for", error.retry_after)
    wire.goes_wrong(works)
    expect(target.members(role) == [], "nothing was done", target.members(role))


@check()
def a_target_with_a_fault_of_its_own_is_an_outage_and_goes_on_after_it(target: Target, wire: FaultyWire) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    wire.goes_wrong(lambda request: Answer(500, b"<h1>Oops</h1>", {"Content-Type": "text/html"}))
    for call in _changes(person, role):
        expect(_error(target, call, "a target with a fault").is_outage, "a fault of the target is an outage")
    wire.goes_wrong(works)
    grant(target, person, role)
    expect(target.members(role) == [person.username], "the target has the member, once", target.members(role))


@check()
def a_target_that_does_not_answer_in_time_is_given_up(target: Target, wire: FaultyWire) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    over = threading.Event()
    wire.goes_wrong(_hangs(over))
    with _short_of_time():
        for call in _changes(person, role):
            error = _error(target, call, "a target that does not answer")
            expect(error.is_outage, "a target that does not answer in time is an outage", error)
    over.set()


@check(Capability.READ_BACK)
def what_was_said_to_be_done_and_was_not_is_read_as_it_is(target: Target, wire: FaultyWire) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    wire.goes_wrong(_lies)
    _attempt(target, lambda connector: connector.grant(person, role, key="lie"))
    wire.goes_wrong(works)
    with reading(target) as connector:
        expect(not connector.read(person, role), "what was not given is not read as given")
    target.add(person, role)
    wire.goes_wrong(_lies)
    _attempt(target, lambda connector: connector.revoke(person, role, key="lie"))
    wire.goes_wrong(works)
    with reading(target) as connector:
        expect(connector.read(person, role), "what was not taken is not read as taken")


@check(Capability.READ_BACK)
def a_target_that_shows_a_change_late_has_it_once(target: Target, wire: FaultyWire) -> None:
    person, role = target.new_person("ada"), target.new_role("Bookkeepers")
    before: dict[str, Answer] = {}
    wire.goes_wrong(_records(before))
    with target.connect() as connector:
        connector.read(person, role)
    wire.goes_wrong(works)
    grant(target, person, role)
    wire.goes_wrong(lambda request: before.get(_asked(request)) or request.forward())
    _attempt(target, lambda connector: connector.read(person, role))
    _attempt(target, lambda connector: connector.grant(person, role, key=f"{person.pk}:g"))
    wire.goes_wrong(works)
    target.settle()
    expect(target.members(role) == [person.username], "the target has the member, once", target.members(role))
    with reading(target) as connector:
        expect(connector.read(person, role), "what is shown at last is read")


# --- Lists ------------------------------------------------------------------------------------------------------------


@check(Capability.HOLDERS)
def holders_that_a_target_tells_twice_are_listed_once(target: Target, wire: FaultyWire) -> None:
    role = target.new_role("Bookkeepers")
    for number in range(5):
        target.add(target.new_person(f"holder{number}"), role)
    wire.goes_wrong(_tells_twice)
    with reading(target) as connector:
        accounts = [holder.account_id for holder in connector.holders(role)]
    expect(len(accounts) == len(set(accounts)) == 5, "each holder once", accounts)


@check(Capability.DISCOVER)
def roles_that_a_target_tells_twice_are_discovered_once(target: Target, wire: FaultyWire) -> None:
    role = target.new_role("Discovered")
    wire.goes_wrong(_tells_twice)
    with reading(target) as connector:
        found = {resource.resource_id: resource for resource in connector.discover()}
    roles = [one.role_id for one in found[role.resource_id].roles]
    expect(role.role_id in roles and len(roles) == len(set(roles)), "each role once", roles)


@check(Capability.HOLDERS)
def a_list_of_holders_that_leads_in_a_circle_ends(target: Target, wire: FaultyWire) -> None:
    role = target.new_role("Bookkeepers")
    for number in range(8):
        target.add(target.new_person(f"holder{number}"), role)
    _ends(target, wire, lambda connector: list(connector.holders(role)))


@check(Capability.DISCOVER)
def a_list_of_roles_that_leads_in_a_circle_ends(target: Target, wire: FaultyWire) -> None:
    for number in range(8):
        target.new_role(f"Discovered {number}")
    _ends(target, wire, lambda connector: list(connector.discover()))


# --- How things go wrong ----------------------------------------------------------------------------------------------


def _loses_answer(number: int) -> Fault:
    def fault(request: Request) -> Answer | None:
        answer = request.forward()
        return None if request.number == number else answer

    return fault


def _hangs(over: threading.Event) -> Fault:
    def fault(_request: Request) -> Answer | None:
        over.wait(LONGEST)
        return None

    return fault


def _lies(request: Request) -> Answer | None:
    return request.forward() if request.method == "GET" else Answer(204)


def _records(before: dict[str, Answer]) -> Fault:
    def fault(request: Request) -> Answer | None:
        answer = request.forward()
        if request.method == "GET":
            before[_asked(request)] = answer
        return answer

    return fault


def _asked(request: Request) -> str:
    return f"{request.method} {request.target}"


def _tells_twice(request: Request) -> Answer | None:
    answer = request.forward()
    return answer.with_document(_doubled(answer.document)) if answer.document and request.method == "GET" else answer


def _doubled(value: Any) -> Any:
    """With every list of objects in it twice as long."""
    if isinstance(value, dict):
        return {name: _doubled(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return [_doubled(each) for each in value] * 2
    return value


def _first_page_for_ever() -> Fault:
    """Whatever page of a list is asked for, it is the first; a list that counts has more than it gives."""
    firsts: dict[str, Answer] = {}

    def fault(request: Request) -> Answer | None:
        if request.number > MOST_REQUESTS:
            return Answer(500)
        if request.method != "GET":
            return request.forward()
        if request.path not in firsts:
            firsts[request.path] = _longer(request.forward())
        return firsts[request.path]

    return fault


def _longer(answer: Answer) -> Answer:
    document = answer.document
    if isinstance(document, dict) and "totalResults" in document:
        return answer.with_document({**document, "totalResults": document["totalResults"] + 1000})
    return answer


@contextmanager
def _short_of_time() -> Iterator[None]:
    usual, base.TIMEOUT = base.TIMEOUT, SHORT
    try:
        yield
    finally:
        base.TIMEOUT = usual


# --- How the checks speak ---------------------------------------------------------------------------------------------


def _give(connector: Connector, *, person: User, role: Entitlement) -> object:
    return connector.grant(person, role, key=f"{person.pk}:g")


def _changes(person: User, role: Entitlement) -> tuple[Callable[[Connector], object], ...]:
    return (lambda c: c.grant(person, role, key="wire"), lambda c: c.revoke(person, role, key="wire"))


def _attempt(target: Target, call: Callable[[Connector], object]) -> ConnectorError | None:
    """Whatever goes wrong is told as the interface says."""
    try:
        with target.connect() as connector:
            call(connector)
    except ConnectorError as error:
        return error
    return None


def _error(target: Target, call: Callable[[Connector], object], what: str) -> ConnectorError:
    error = _attempt(target, call)
    if error is None:
        raise NotConformant(f"Not so: {what} is said; there was no error.")
    return error


def _ends(target: Target, wire: FaultyWire, call: Callable[[Connector], object]) -> None:
    target.settle()
    wire.goes_wrong(_first_page_for_ever())
    error = _attempt(target, call)
    expect(wire.count <= MOST_REQUESTS, "a list that leads in a circle is not followed for ever", wire.count)
    expect(error is None or not error.is_outage, "a circle concerns nothing but this list", error)
