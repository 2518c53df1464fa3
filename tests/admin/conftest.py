"""The cast at the administration's pages, and how a page's form is filled in."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client

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

    def fill(page: Any, typed: Mapping[str, Any]) -> dict[str, Any]:
        forms = [page.context["adminform"].form]
        for inline in page.context["inline_admin_formsets"]:
            forms += [inline.formset.management_form, *inline.formset.forms]
        sent: dict[str, Any] = {}
        for form in forms:
            for bound in form:
                sent.update(_sent(bound))
        return {**sent, **typed}

    return fill


def _sent(bound: Any) -> dict[str, Any]:
    """A field as the browser sends it: nothing for a switch that is off, two inputs for a date and time."""
    value, widget = bound.value(), bound.field.widget
    if hasattr(widget, "decompress"):
        parts = widget.decompress(value) if not isinstance(value, list) else value
        return {f"{bound.html_name}_{n}": part or "" for n, part in enumerate(parts)}
    if value is None or value is False:
        return {} if value is False else {bound.html_name: ""}
    return {bound.html_name: "on" if value is True else value}
