"""JSON pointers (RFC 6901): where in an answer something stands."""

import re
from typing import Any

INDEX = re.compile(r"0|[1-9][0-9]*")
POINTER = re.compile(r"(/([^~/]|~[01])*)*")


def is_pointer(text: str) -> bool:
    """Whether this is a pointer; the empty one is the whole document."""
    return POINTER.fullmatch(text) is not None


def look_up(document: Any, pointer: str) -> Any:
    """What the pointer leads to. Raises LookupError where nothing is there."""
    for token in pointer.split("/")[1:]:
        document = _step(document, token.replace("~1", "/").replace("~0", "~"))
    return document


def _step(document: Any, token: str) -> Any:
    if isinstance(document, dict):
        return document[token]
    if isinstance(document, list) and INDEX.fullmatch(token):
        return document[int(token)]
    raise LookupError(token)
