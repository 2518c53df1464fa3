"""Nonsense in every place that takes input: NUL characters, endless words, wrong types, other people's ids."""

import re
from urllib.parse import quote

import pytest
from django.core.cache import cache

from tests.doorkeeping import World, body_of, doors

NONSENSE = {
    "nul": "a\0b",
    "endless": "x " * 1_300,
    "half a surrogate pair": "\udcff'\";--%_\\{{ 7 }}%s%(x)s",
    "a number": "1e400",
}
OF_LISTS = ("q", "p", "o", "e", "status__exact", "person__id__exact", "nonsense__x", "_changelist_filters")
OF_PAGES = (
    *("q", "cursor", "page_size", "tab", "policy", "person", "package", "actor", "verb", "since", "until", "story"),
    *("target", "catalog", "requestable", "status", "next", "seen", "format"),
)


@pytest.fixture
def world(db, client) -> World:
    cache.clear()
    return World()


def readable(door, world, role):
    address = door.address(world.things(door))
    return address if world.knock(role, "get", address).status_code == 200 else None


LISTS = re.compile(r"^(?!readyz|healthz|accounts|admin/.*<|admin/.*add/|api/.*[(]|demo/sign-in|demo/.*<)")


@pytest.mark.slow
@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_in_addresses_is_refused_or_finds_nothing(world, name):
    """Every list that administrators read, with the nonsense in each parameter that anything reads."""
    word = quote(NONSENSE[name], errors="surrogatepass")
    for address in filter(
        None, {readable(door, world, "administrator") for door in doors() if LISTS.match(door.pattern)}
    ):
        for parameter in OF_LISTS if address.startswith("/admin/") else OF_PAGES:
            answer = world.knock("administrator", "get", f"{address}?{parameter}={word}")
            assert answer.status_code in (200, 302, 400, 403, 404, 405), (address, parameter)
            body_of(answer)
