"""How the words of a letter read as plain text, and how a digest is divided."""

from collections.abc import Iterable, Iterator

from django import template

from ..letters.digest import sections as sections_of
from ..letters.letter import Part
from ..letters.markup import Words

register = template.Library()


@register.filter
def as_text(words: Iterable[Words]) -> str:
    """Words in a row, links with their addresses behind them; without the spaces that empty words leave."""
    text = "".join(_plain(each) for each in words)
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


@register.filter
def sections(parts: tuple[Part, ...]) -> Iterator[tuple[str, list[Part]]]:
    """What a digest tells, by what it is about."""
    return sections_of(parts)


def _plain(words: Words) -> str:
    if words.address and words.address != words.text:
        return f"{words.text} ({words.address})"
    return words.text
