"""The kit's adapter to a system that fetches files of changes and writes a list of its members."""

import csv
import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.utils import timezone

from provisioning.connectors.csv_files import CsvFolder
from provisioning.models import Connector, ConnectorKind

from .targets import SavedTarget

OPTIONS = {"outgoing": "ledger/out", "incoming": "ledger/in", "resource_column": "resource"}


class FileSystemTarget:
    """Whoever sits at the other end of the folders: does each key once, in the order of the files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.outgoing, self.incoming = root / "ledger" / "out", root / "ledger" / "in"
        self.outgoing.mkdir(parents=True)
        self.incoming.mkdir()
        self.members: dict[tuple[str, str], list[str]] = {}
        self.done: set[str] = set()

    def fetch(self) -> list[dict[str, str]]:
        """Take what lies there, and do it."""
        rows: list[dict[str, str]] = []
        for path in sorted(self.outgoing.glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                rows += csv.DictReader(file)
            path.unlink()
        for row in rows:
            self._do(row)
        return rows

    def _do(self, row: dict[str, str]) -> None:
        members = self.members.setdefault((row["resource"], row["role"]), [])
        if row["key"] not in self.done:
            self.done.add(row["key"])
            if row["action"] == "revoke":
                self.members[row["resource"], row["role"]] = [name for name in members if name != row["username"]]
            elif row["username"] not in members:
                members.append(row["username"])

    def write_list(self) -> None:
        """As a whole, moved into its place."""
        rows = [(name, *role) for role, names in self.members.items() for name in names]
        self.write([("username", "resource", "role"), *rows])

    def write(self, rows: list[tuple[str, ...]], *, written_at: float | None = None) -> None:
        """Any list."""
        part = self.incoming / ".part"
        with part.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        moment = written_at or timezone.now().timestamp()
        os.utime(part, (moment, moment))
        part.rename(self.incoming / "members.csv")


class CsvTarget(SavedTarget):
    """Folders on this machine."""

    kind = ConnectorKind.CSV

    def configured(self, request):
        root = request.getfixturevalue("tmp_path")
        request.getfixturevalue("settings").CSV_ROOT = root
        self.files = FileSystemTarget(root)
        self.files.write_list()
        return Connector.objects.create(system=self.system, kind=self.kind, options=CsvFolder.clean_options(OPTIONS))

    def new_role(self, name):
        self.files.members["ledger", name] = []
        return self.named(name, name)

    def members(self, entitlement):
        return list(self.files.members[entitlement.resource_id, entitlement.role_id])

    def add(self, person, entitlement):
        self.files.members["ledger", entitlement.role_id].append(person.username)

    def remove(self, person, entitlement):
        self.files.members["ledger", entitlement.role_id].remove(person.username)

    def delete_role(self, entitlement):
        pytest.skip("whether there is such a role is seen by whoever fetches the files, later")

    def settle(self):
        self.files.fetch()
        self.files.write_list()

    @contextmanager
    def away(self):
        self.files.outgoing.parent.rename(self.files.root / "elsewhere")
        yield
        (self.files.root / "elsewhere").rename(self.files.outgoing.parent)

    def refusing(self):
        options = CsvFolder.clean_options({**OPTIONS, "outgoing": "link"})
        (self.files.root / "link").symlink_to(self.files.outgoing)
        row = Connector.objects.get(pk=self.row.pk)
        row.options = options
        return CsvFolder(row)
