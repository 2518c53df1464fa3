"""The cast at the administration's pages, and how a page's form is filled in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests import filling
from tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def ada(cast: Cast, client: Client) -> Client:
    """Ada's browser."""
    client.force_login(cast.ada)
    return client


@pytest.fixture
def fill() -> Callable[..., dict[str, Any]]:
    """What a browser would send back of a page, with some fields typed over."""
    return filling.fill
