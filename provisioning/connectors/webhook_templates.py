"""What a webhook's paths, bodies and headers may say of the change at hand: placeholders from a fixed list, no more.

`{person.username}` and its like are replaced once, by values that are escaped for their place. There is no language
behind it: no conditions, no attributes of attributes, nothing that a person's name could smuggle in.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

PERSON = ("person.username", "person.email", "person.employee_number", "person.id")
ROLE = ("resource.id", "role.id", "role.name")
PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
VISIBLE = "".join(map(chr, range(0x20, 0x7F)))
"""What may stand in a header as it is."""

Values = Mapping[str, str]


class EmptyValueError(Exception):
    """A path needs a value that is not known of this person or role; the text is the placeholder's name."""


class UnknownPlaceholderError(Exception):
    """The text names what is not on the list; the text is that name."""


def placeholders(template: str) -> list[str]:
    """The names in a template."""
    return PLACEHOLDER.findall(template)


def check(template: str, *, allowed: Mapping[str, object] | tuple[str, ...]) -> None:
    """Raises UnknownPlaceholderError."""
    for name in placeholders(template):
        if name not in allowed:
            raise UnknownPlaceholderError(name)


def in_path(template: str, values: Values) -> str:
    """A path with percent-encoded values, none of which begins a new segment or a query.

    Raises EmptyValueError where one is empty, and where one would walk up the path.
    """

    def escaped(name: str) -> str:
        value = values[name]
        if value in ("", ".", ".."):
            raise EmptyValueError(name)
        return quote(value, safe="")

    return _replaced(template, escaped)


def in_header(template: str, values: Values) -> str:
    """A header's value; what cannot stand in one is percent-encoded."""
    return _replaced(template, lambda name: quote(values[name], safe=VISIBLE))


def in_body(template: str, values: Values) -> bytes:
    """A JSON document with the values inside its strings, compact, as it is sent and signed."""
    document = _filled(json.loads(template), values)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def strings(document: Any) -> Iterator[str]:
    """Every string value in a JSON document; names of members are not among them."""
    match document:
        case str():
            yield document
        case list():
            for part in document:
                yield from strings(part)
        case dict():
            for part in document.values():
                yield from strings(part)


def member_names(document: Any) -> Iterator[str]:
    """The name of every member of every object in a JSON document."""
    match document:
        case list():
            for part in document:
                yield from member_names(part)
        case dict():
            for name, part in document.items():
                yield name
                yield from member_names(part)


def _filled(document: Any, values: Values) -> Any:
    match document:
        case str():
            return _replaced(document, lambda name: values[name])
        case list():
            return [_filled(part, values) for part in document]
        case dict():
            return {name: _filled(part, values) for name, part in document.items()}
    return document


def _replaced(template: str, value_of: Callable[[str], str]) -> str:
    """In one pass, so that a value that looks like a placeholder stays what it is."""
    return PLACEHOLDER.sub(lambda found: value_of(found[1]), template)
