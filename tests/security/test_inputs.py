"""Nonsense in every place that takes input: NUL characters, endless words, wrong types, other people's ids."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.http import QueryDict

from tests.doorkeeping import World, body_of, doors

NONSENSE = {
    "nul": "a\0b",
    "endless": "x " * 1_300,
    "half a surrogate pair": "\udcff'\";--%_\\{{ 7 }}%s%(x)s",
    "a number": "1e400",
}
OF_NO_PAGE = "nonsense__x"
OF_LISTS = ("q", "p", "o", "e", "status__exact", "person__id__exact", OF_NO_PAGE, "_changelist_filters")
LISTS = re.compile(r"^(?!readyz|healthz|accounts|admin/.*<|admin/.*add/|api/.*[(]|demo/sign-in|demo/.*<)")


@pytest.fixture(scope="module")
def made(module_db) -> World:
    return World()


@pytest.fixture
def world(made, db) -> World:
    cache.clear()
    return made


@contextmanager
def listening() -> Iterator[set[str]]:
    """The names of the parameters that are asked for meanwhile, be they there or not."""
    names: set[str] = set()

    def heard(method):
        def ask(self, name, *rest):
            names.add(name)
            return method(self, name, *rest)

        return ask

    with pytest.MonkeyPatch.context() as patch:
        for asking in ("get", "getlist", "__getitem__", "__contains__"):
            patch.setattr(QueryDict, asking, heard(getattr(QueryDict, asking)), raising=True)
        yield names


@pytest.fixture(scope="module")
def lists(made) -> dict[str, set[str]]:
    """Every list that administrators read, with the parameters that it reads; one that it does not is as any other."""
    found = {}
    for door in doors():
        address = door.address(made.things(door))
        if LISTS.match(door.pattern) and address not in found:
            with listening() as names:
                is_read = made.knock("administrator", "get", address).status_code == 200
            if is_read:
                found[address] = {*OF_LISTS} if address.startswith("/admin/") else names | {OF_NO_PAGE}
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_in_addresses_is_refused_or_finds_nothing(world, lists, name):
    """Every list that administrators read, with the nonsense in each parameter that it reads."""
    word = quote(NONSENSE[name], errors="surrogatepass")
    for address, parameters in lists.items():
        for parameter in sorted(parameters):
            answer = world.knock("administrator", "get", f"{address}?{parameter}={word}")
            assert answer.status_code in (200, 302, 400, 403, 404, 405), (address, parameter)
            body_of(answer)
