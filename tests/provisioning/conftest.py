"""What the tests of provisioning share: a real SCIM server."""

from collections.abc import Iterator

import pytest

from .scim_server import ScimServer, running_scim_server


@pytest.fixture(scope="module")
def scim_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScimServer]:
    """The demo's SCIM application in a process of its own."""
    with running_scim_server(tmp_path_factory.mktemp("scim") / "application.sqlite3") as server:
        yield server
