"""Patterns that answers must fit, judged by RE2: its time grows with the text and no faster, whatever the pattern."""

import re2
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST_MEMORY = 1 << 20
"""Bytes that a pattern and its matching may take; patterns that unfold to more are refused."""


def validate_pattern(pattern: str) -> None:
    """Refuse what the engine cannot read, what looks around or back, and what is too large. Raises ValidationError."""
    if fault := fault_of(pattern):
        raise ValidationError(
            _("This pattern cannot be used: %(fault)s. Looking around and referring back are not possible."),
            code="pattern",
            params={"fault": fault},
        )


def fault_of(pattern: str) -> str:
    """Why the engine cannot read it, in the engine's words; empty where it can."""
    try:
        re2.compile(pattern, _options())
    except re2.error as fault:
        return _reason(fault) or type(fault).__name__
    return ""


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text fits the pattern; a pattern that no longer can be read fits nothing."""
    try:
        return re2.fullmatch(pattern, text, _options()) is not None
    except re2.error:
        return False


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY
    return options


def _reason(fault: Exception) -> str:
    said = fault.args[0] if fault.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
