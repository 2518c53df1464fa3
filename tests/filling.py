"""How a page of the administration is filled in and sent back, as a browser does."""

from collections.abc import Mapping
from typing import Any


def fill(page: Any, typed: Mapping[str, Any]) -> dict[str, Any]:
    """What a browser would send back of a page, with some fields typed over."""
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    sent: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            sent.update(_sent(bound))
    return {**sent, **typed}


def _sent(bound: Any) -> dict[str, Any]:
    """A field as the browser sends it: nothing for a switch that is off or an empty list, two for a date and time."""
    value, widget = bound.value(), bound.field.widget
    if hasattr(widget, "decompress"):
        parts = widget.decompress(value) if not isinstance(value, list) else value
        return {f"{bound.html_name}_{n}": part or "" for n, part in enumerate(parts)}
    if value is None and getattr(widget, "allow_multiple_selected", False):
        return {}
    if value is None or value is False:
        return {} if value is False else {bound.html_name: ""}
    return {bound.html_name: "on" if value is True else value}
