"""Colours that can be read: contrast as WCAG 2.2 counts it (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
READABLE = 4.5
"""The contrast that text needs (success criterion 1.4.3)."""
WHITE = "#ffffff"
ON_DARK = "#171f20"
"""What a mail is written on in a dark mail program."""
STEPS = 20


def refuse_unreadable(colour: str) -> None:
    """Raises ValidationError unless it is a colour on which white letters can be read."""
    if not COLOUR.fullmatch(colour):
        raise ValidationError(_("Write the colour as # and six digits from 0 to f."), code="no_colour")
    found = contrast(colour, WHITE)
    if found < READABLE:
        said = _("White letters cannot be read on %(colour)s: its contrast is %(found).1f to 1, and must be 4.5 to 1.")
        raise ValidationError(said % {"colour": colour, "found": found}, code="pale")


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def lightened(colour: str, *, until_readable_on: str) -> str:
    """The colour, mixed with as much white as reading it takes."""
    mixed = (_mixed(colour, WHITE, share=step / STEPS) for step in range(STEPS + 1))
    return next(each for each in mixed if contrast(each, until_readable_on) >= READABLE)


def _mixed(colour: str, other: str, *, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(mine + (theirs - mine) * share):02x}" for mine, theirs in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
