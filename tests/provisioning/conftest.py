"""What the tests of provisioning share: real servers."""

from collections.abc import Iterator

import pytest

from .graph_server import GraphServer, running_graph
from .ldap_cast import ada, branch, connect, corp, group, role  # noqa: F401
from .ledger_database import LedgerDatabase, running_ledger
from .rest_api import RestApi, running_api
from .scim_server import ScimServer, running_scim_server


@pytest.fixture(scope="module")
def scim_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScimServer]:
    """The demo's SCIM application in a process of its own."""
    with running_scim_server(tmp_path_factory.mktemp("scim") / "application.sqlite3") as server:
        yield server


@pytest.fixture
def rest_api() -> Iterator[RestApi]:
    """A small REST API in a thread."""
    with running_api() as api:
        yield api


@pytest.fixture(scope="session")
def graph_server() -> Iterator[GraphServer]:
    """A local Microsoft Graph in a thread; each test makes a tenant of its own in it."""
    with running_graph() as server:
        yield server


@pytest.fixture(scope="session")
def ledger_database(worker_id: str) -> Iterator[LedgerDatabase]:
    """A database of its own in the PostgreSQL of this run, as some application has it."""
    with running_ledger(f"ledger_{worker_id}") as database:
        yield database
