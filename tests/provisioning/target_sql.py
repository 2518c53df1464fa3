"""The kit's adapter to a PostgreSQL database."""

from contextlib import contextmanager
from itertools import count

from provisioning.connectors.sql import SqlDatabase
from provisioning.models import Connector, ConnectorKind

from .targets import SavedTarget

_numbers = count()


class SqlTarget(SavedTarget):
    """A database of its own in the PostgreSQL of this run."""

    kind = ConnectorKind.SQL

    def configured(self, request):
        self.database = request.getfixturevalue("ledger_database")
        return self._row(self.database.password)

    def _row(self, password: str) -> Connector:
        row = Connector(system=self.system, kind=self.kind, options=SqlDatabase.clean_options(self.database.options))
        row.set_secret(password)
        row.save()
        return row

    def new_person(self, name):
        person = super().new_person(name)
        self.database.ask("INSERT INTO accounts (login) VALUES (%s) ON CONFLICT DO NOTHING", person.username)
        return person

    def new_role(self, name):
        role_id = f"{name} {next(_numbers)}"
        self.database.ask("INSERT INTO roles VALUES (%s, %s, 'ledger')", role_id, name)
        return self.named(role_id, name)

    def members(self, entitlement):
        rows = self.database.ask(
            "SELECT login FROM members JOIN accounts ON accounts.id = account WHERE role = %s", entitlement.role_id
        )
        return [row[0] for row in rows]

    def add(self, person, entitlement):
        self.database.ask(
            "INSERT INTO members SELECT id, %s FROM accounts WHERE login = %s", entitlement.role_id, person.username
        )

    def remove(self, person, entitlement):
        self.database.ask(
            "DELETE FROM members USING accounts WHERE accounts.id = account AND role = %s AND login = %s",
            entitlement.role_id,
            person.username,
        )

    def delete_role(self, entitlement):
        self.database.ask("DELETE FROM roles WHERE id = %s", entitlement.role_id)

    @contextmanager
    def away(self):
        self._point_to(9)
        yield
        self._point_to(self.row.options["port"])

    def _point_to(self, port: int) -> None:
        Connector.objects.filter(pk=self.row.pk).update(options={**self.row.options, "port": port})

    def refusing(self):
        row = Connector.objects.get(pk=self.row.pk)
        row.set_secret("wrong")
        return SqlDatabase(row)
