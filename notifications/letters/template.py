"""The registry of letters: what each says originally, of which facts it can speak, who gets it and when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from ..models import Message, Occasion
from ..topics import REQUIRED
from .letter import Draft
from .placeholders import NEED_A_LINE, PLACEHOLDERS

Writer: TypeAlias = Callable[[Message, datetime], Draft]

TEMPLATES: dict[str, "Template"] = {}
"""Every letter by its occasion."""


@dataclass(frozen=True)
class Template:
    """A letter: who gets it and when, in words, and what it says as long as administrators do not say it otherwise.

    `subject` and `body` are lazily translated, in the language of `markup`. `numbers` are those of the original's
    twenty mails that it stands for.
    """

    occasion: Occasion
    write: Writer
    topic: str
    to: Any
    when: Any
    subject: Any
    body: Any
    placeholders: tuple[str, ...]
    numbers: tuple[int, ...] = ()

    @property
    def is_action_required(self) -> bool:
        """Whether its reader has to act: then its link cannot be left out."""
        return self.topic in REQUIRED

    @property
    def examples(self) -> dict[str, str]:
        """What stands for each placeholder in a preview."""
        return {name: str(PLACEHOLDERS[name].example) for name in self.placeholders if name not in NEED_A_LINE}


def letter(occasion: Occasion, **words: Any) -> Callable[[Writer], Writer]:
    """Register the decorated function as the writer of the letter for this occasion; `words` are a Template's."""

    def register(write: Writer) -> Writer:
        TEMPLATES[occasion] = Template(occasion=occasion, write=write, **words)
        return write

    return register
