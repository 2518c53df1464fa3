"""The cast, for tests of requests."""

from collections.abc import Iterator

import pytest

from tests.cast import Cast, make_cast

from .extension_server import ExtensionServer, serving


@pytest.fixture
def cast(db) -> Cast:
    return make_cast()


@pytest.fixture
def server() -> Iterator[ExtensionServer]:
    """A custom extension that answers on the loopback interface."""
    with serving() as extension:
        yield extension
