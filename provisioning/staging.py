"""What targets say about who holds what, on its way into the database: some at a time, never all in memory."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain, islice
from uuid import UUID

from django.db import connection

from .connectors.base import Holder, printable
from .models import StagedPage

SOME = 100
"""Holders that are taken at once: as many as a target lists within the time of a call or two."""
PAGE = 10_000
"""Holders that are written at once."""
LONGEST = 300

Said = tuple[str, ...]
"""One holder of a role: an account and its name, and a mark where that is no user name; or nothing of all this, and the
id of the person who was asked about."""
NO_USERNAME = "-"

PARTS, ITEMS, ID = (
    ("jsonb_each", "jsonb_array_elements", "uuid")
    if connection.vendor == "postgresql"
    else ("json_each", "json_each", "text")
)
"""How the database takes a page apart, and how it keeps ids."""
HOLDERS = f"""
    SELECT CAST(role.key AS {ID}) AS role, one.value ->> 0 AS account, one.value ->> 1 AS name,
           CAST(one.value ->> 3 AS {ID}) AS person
    FROM provisioning_stagedpage page, {PARTS}(page.holders) role, {ITEMS}(role.value) one
    WHERE page.run = %(run)s
"""  # nosec B608 - made of constants
"""Who holds what, as it was staged for one run."""
BY_USERNAME = f"{HOLDERS} AND one.value ->> 2 IS NULL"
"""Of these, those whose name may be somebody's user name."""


class Staging:
    """Takes what a target says during one step of a run, and writes it a page at a time; commits each.

    By `go_on` the caller can say now and then that it is still there: a large group takes its time.
    """

    def __init__(self, run: UUID, *, go_on: Callable[[], None]) -> None:
        self._run = run
        self._go_on = go_on
        self._page: defaultdict[str, list[Said]] = defaultdict(list)
        self._waiting = 0

    def add(self, role: UUID, holders: Iterable[Said]) -> int:
        """Take who holds a role; returns how many they are. What was taken of it stays where it ends in an error."""
        count, rest, key = 0, iter(holders), str(as_key(role))
        while some := list(islice(rest, SOME)):
            self._page[key] += _clean(some)
            self._waiting += len(some)
            count += len(some)
            if self._waiting >= PAGE:
                self.write()
            self._go_on()
        return count

    def write(self) -> None:
        """Write down what was taken."""
        if self._page:
            StagedPage.objects.create(run=self._run, holders=self._page)
        self._page, self._waiting = defaultdict(list), 0


def asked(person: UUID) -> Said:
    """A person whom the target was asked about, and who holds the role."""
    return ("", "", NO_USERNAME, str(as_key(person)))


def told(holder: Holder) -> Said:
    """Somebody who holds the role, as the target says."""
    account = (holder.account_id, holder.name)
    return account if holder.is_username else (*account, NO_USERNAME)


def clear(run: UUID) -> None:
    """Forget what was staged for a run: it was compared, or its worker died before that."""
    StagedPage.objects.filter(run=run).delete()


def as_key(value: UUID) -> UUID | str:
    """An id as the database keeps it, for statements that are written by hand."""
    return value if connection.features.has_native_uuid_field else value.hex


def as_id(value: UUID | str) -> UUID:
    """An id as such a statement answered it."""
    return value if isinstance(value, UUID) else UUID(value)


def _clean(some: list[Said]) -> list[Said]:
    """What no database takes is no reason to lose a whole reading."""
    values = list(chain.from_iterable(some))
    text = "".join(values)
    if text.isascii() and "\0" not in text and max(map(len, values)) <= LONGEST:
        return some
    return [tuple(printable(value)[:LONGEST] for value in said) for said in some]
