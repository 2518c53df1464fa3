"""The connector of PostgreSQL databases: statements from its configuration give, take and read roles."""

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time
from itertools import groupby, islice
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow, tuple_row

from catalog.choices import ResourceKind
from directory.models import User

from ..models import Connector as ConnectorRow
from . import base, matching
from . import sql_errors as errors
from .aliases import ATTRIBUTES, Aliases, Names
from .base import Capability, Connector, ConnectorError, Entitlement, FoundResource, FoundRole, Holder, Progress, Use
from .sql_options import SqlOptions
from .sql_statements import as_prepared

PAGE = 2000
"""Rows that are fetched at once."""
GRACE = 2.0
"""Seconds after the server's own time limit until we hang up on a server that does not keep it."""
OPTIONAL = {
    "read": Capability.READ_BACK,
    "holders": Capability.HOLDERS,
    "discover": Capability.DISCOVER,
    "last_use": Capability.LAST_USE,
}
STATEMENTS = ("grant", "revoke", *OPTIONAL)
LIMITS = """
    SELECT set_config('statement_timeout', %(limit)s, true),
           set_config('lock_timeout', %(limit)s, true),
           set_config('idle_in_transaction_session_timeout', '60s', true),
           set_config('transaction_read_only', %(mode)s, true)
"""
LIBPQ: dict[str, Any] = {
    "application_name": "AccessGov",
    "passfile": os.devnull,  # the password is the connector's, whatever lies about on this machine
    "gssencmode": "disable",
    "tcp_user_timeout": 10_000,
}
Link = psycopg.Connection[TupleRow]


class SqlDatabase(Connector):
    """Each change is a transaction of its own; what it touches decides whether it succeeded."""

    aliases: Aliases
    options_form = SqlOptions
    secret_label = gettext_lazy("Password of the user")
    leads_to = ("host", "port", "sslmode", "authority")
    is_in = ("host", "port", "database")

    def __init__(self, row: ConnectorRow, *, clock: base.Clock = timezone.now) -> None:
        super().__init__(row, clock=clock)
        self.capabilities = frozenset(can for name, can in OPTIONAL.items() if row.options.get(name))
        self._connection: Link | None = None
        self._patience = Patience()
        changing = " ".join(row.options.get(name) or "" for name in ("grant", "revoke", "read"))
        self.aliases = Aliases(row, by=[name for name in ATTRIBUTES if f"%({name})s" in changing])

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def check(self) -> str:
        """Connect, and have the server understand each statement without carrying it out."""
        given = [name for name in STATEMENTS if self.row.options.get(name)]
        try:
            for name in given:
                self._understand(name)
            version = self._open().info.server_version
            said = ngettext(
                "PostgreSQL %(version)d, %(count)d statement understood",
                "PostgreSQL %(version)d, %(count)d statements understood",
                len(given),
            )
            return said % {"version": version // 10000, "count": len(given)}
        finally:
            self.close()

    # --- One person ---------------------------------------------------------------------------------------------------

    def grant(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Carry out the statement; where it touches no row, that is fine only if the person holds the role already."""
        if refused := self.aliases.note([person]).get(person.pk):
            raise refused
        if self._change("grant", person, Names.of(person), entitlement, key=key) or self._reads_as_held(
            person, entitlement
        ):
            return Progress.DONE
        raise ConnectorError(
            _("Giving %(role)s to %(person)s changed nothing in %(system)s: there may be no such account or role.")
            % {"role": entitlement.name, "person": person, "system": self.row}
        )

    def revoke(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Carry out the statement, for earlier names as well; no row means that nobody held the role."""
        for number, names in enumerate(self.aliases.of([person])[person.pk]):
            self._change("revoke", person, names, entitlement, key=f"{key}/{number}" if number else key)
        return Progress.DONE

    def read(self, person: User, entitlement: Entitlement) -> bool:
        """Whether the first column of the first row is anything but false, zero or null; by any name of theirs."""
        self._statement("read")
        return any(self._reads(person, names, entitlement) for names in self.aliases.of([person])[person.pk])

    def _reads(self, person: User, names: Names, entitlement: Entitlement) -> bool:
        values = _of_person(person, names) | _of_role(entitlement)
        with self._transaction(_doing("read", entitlement)) as connection:
            found = connection.execute(self._statement("read"), values).fetchone()
        return bool(found and found[0])

    def _change(self, name: str, person: User, names: Names, entitlement: Entitlement, *, key: str) -> int:
        """How many rows the statement touched; none where what it inserts is there. Too many are undone."""
        values = _of_person(person, names) | _of_role(entitlement) | {"key": key, "action": name}
        most = self.row.options["most_rows"]
        try:
            with self._transaction(_doing(name, entitlement), writes=True) as connection:
                touched = connection.execute(self._statement(name), values).rowcount
                if touched > most:
                    raise ConnectorError(
                        _("One change in %(system)s would have touched %(count)d rows (%(doing)s); it was undone.")
                        % {"system": self.row, "count": touched, "doing": _doing(name, entitlement)},
                        is_final=True,
                    )
                return touched
        except ConnectorError as error:
            if isinstance(error.__cause__, psycopg.errors.UniqueViolation) and name == "grant":
                return 0
            raise

    def _reads_as_held(self, person: User, entitlement: Entitlement) -> bool:
        return Capability.READ_BACK in self.capabilities and self.read(person, entitlement)

    # --- Lists --------------------------------------------------------------------------------------------------------

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """By a cursor in the server, each once."""
        rows = self._rows("holders", _of_role(entitlement), doing=_doing("holders", entitlement))
        pairs = ((str(row[0]), str(row[-1] or "")) for row in rows if row[0] is not None)
        yield from matching.holders(matching.each_once(pairs), attribute=self.row.options["known_by"])

    def discover(self) -> Iterator[FoundResource]:
        """Resource by resource. Raises ConnectorError where the rows of one do not stand together."""
        seen = set[str]()
        rows = self._rows("discover", {}, doing="discover", width=4)
        for resource_id, group in groupby(rows, key=lambda row: str(row[0])):
            if resource_id in seen:
                raise self._odd(_("the rows of a resource do not stand together: add ORDER BY resource_id"))
            seen.add(resource_id)
            found = list(group)
            roles = {str(row[2]): FoundRole(str(row[2]), str(row[3] or row[2])) for row in found if row[2] is not None}
            name = str(found[0][1] or resource_id)
            yield FoundResource(resource_id, ResourceKind.APPLICATION, name, roles=tuple(roles.values()))

    def last_used(self) -> Iterator[Use]:
        """By names, as holders are known; a third column names a resource."""
        rows = self._rows("last_use", {}, doing="last_use", width=2)
        while page := list(islice(rows, PAGE)):
            some = [row for row in page if row[0] is not None]
            names = matching.holders([("", str(row[0])) for row in some], attribute=self.row.options["known_by"])
            for row, holder in zip(some, names, strict=True):
                resource_id = str(row[2] or "") if len(row) > 2 else ""  # the third column
                yield Use("", self._moment(row[1]), name=holder.username, resource_id=resource_id)

    def _moment(self, value: object) -> datetime | None:
        """A time without a zone is taken for one in UTC, a day for its beginning."""
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time.min)
        if value is None or isinstance(value, datetime):
            return value.replace(tzinfo=value.tzinfo or UTC) if value else None
        raise self._odd(_("the second column of last_use must be a time"))

    def _rows(self, name: str, values: dict[str, str | None], *, doing: str, width: int = 1) -> Iterator[TupleRow]:
        statement = self._statement(name)
        with self._transaction(doing) as connection, connection.cursor(name=f"accessgov_{name}") as cursor:
            cursor.execute(statement, values)
            if len(cursor.description or ()) < width:
                raise self._odd(_("%(name)s must give %(count)d columns") % {"name": name, "count": width})
            while page := cursor.fetchmany(PAGE):
                self._patience.stop()  # whoever asked for them may take their time with these
                yield from page
                self._patience.begin(connection)

    # --- The connection -----------------------------------------------------------------------------------------------

    def _statement(self, name: str) -> str:
        statement = self.row.options.get(name)
        if not statement:
            raise self._cannot(OPTIONAL[name])
        return statement.rstrip().rstrip(";")

    def _understand(self, name: str) -> None:
        """Have the server parse it: tables, columns and types are looked up, nothing is carried out."""
        with self._transaction(name) as connection:
            result = connection.pgconn.prepare(b"", as_prepared(self._statement(name)).encode())
            if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result)

    @contextmanager
    def _transaction(self, doing: str, *, writes: bool = False) -> Iterator[Link]:
        """A transaction that is committed at the end of the block; read-only unless it `writes`."""
        connection = self._open()
        limits = {"limit": f"{int(base.TIMEOUT * 1000)}ms", "mode": "off" if writes else "on"}
        self._patience.begin(connection)
        try:
            with errors.explained(system=str(self.row), doing=doing), connection.transaction():
                connection.execute(LIMITS, limits)
                yield connection
        finally:
            self._patience.stop()
            if connection.broken:
                self.close()

    def _open(self) -> Link:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> Link:
        options = self.row.options
        where = {"host": options["host"], "port": options["port"], "dbname": options["database"]}
        identity = {"user": options["user"], "password": self._password(), "sslmode": options["sslmode"]}
        limits = {"connect_timeout": int(base.TIMEOUT) or 1}
        with tempfile.NamedTemporaryFile("w", prefix="accessgov-", suffix=".pem") as authority:
            authority.write(options["authority"])
            authority.flush()
            trust = {"sslrootcert": authority.name} if options["authority"] else {}
            try:
                return psycopg.connect(
                    make_conninfo("", **where, **identity, **trust, **limits, **LIBPQ),
                    autocommit=True,
                    prepare_threshold=None,
                    row_factory=tuple_row,
                )
            except psycopg.Error as error:
                raise errors.cannot_connect(error, system=str(self.row)) from error

    def _password(self) -> str:
        try:
            return self.row.secret
        except ImproperlyConfigured as error:
            raise ConnectorError(
                _("No key that AccessGov has opens the password of %(system)s: enter it again in its connector.")
                % {"system": self.row},
                is_outage=True,
            ) from error

    def _odd(self, what: str) -> ConnectorError:
        return ConnectorError(
            _("A statement of %(system)s does not answer as it should: %(what)s.") % {"system": self.row, "what": what}
        )


class Patience:
    """Hangs up on a server that says nothing for longer than its own time limit would let it."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def begin(self, connection: Link) -> None:
        """From now on, for as long as a statement may take and a little more."""
        self.stop()
        self._timer = threading.Timer(base.TIMEOUT + GRACE, _hang_up, [connection])
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """It has answered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _hang_up(connection: Link) -> None:
    """End the conversation under the statement that waits for it, which then fails."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def _of_person(person: User, names: Names) -> dict[str, str | None]:
    return {
        "username": names.username,
        "email": names.email,
        "employee_number": names.employee_number or None,
        "person_id": str(person.pk),
    }


def _of_role(entitlement: Entitlement) -> dict[str, str | None]:
    return {"resource": entitlement.resource_id, "role": entitlement.role_id, "role_name": entitlement.name}


def _doing(statement: str, entitlement: Entitlement) -> str:
    return f"{statement}, {entitlement.name}"
