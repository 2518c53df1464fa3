"""What messages say: `write` makes the words of one from the facts of the moment.

A letter is a function in a module of this package, registered by `@letter` with what it says originally and what it
may speak of; the function finds the facts. To add one:

1. a member of `Occasion` (models/messages.py);
2. here, in the module of its subject, the function (`extending.py` is a short example). It takes the message and the
   time, and returns a `Draft` with a value for each placeholder that `@letter` names, but the four that stand on a line
   of their own and `link`, `recipient` and `service`, which are there anyhow. It raises `NoLongerNeeded`, with the
   reason, where the reader need not know any more. A new placeholder is explained in `placeholders.py`. A new module
   is imported below;
3. in `rules.py`, a function that hears the event and queues a notice for everybody who is to be told;
4. a test that the letter is sent, named for it in tests/notifications/test_mails_documented.py, which then says what
   row docs/mails.md lacks.

There is no template to write: paragraphs, headings, bold words and links are the language of `markup.py`, in which
administrators edit the letter too.
"""

from datetime import datetime

from ..models import Branding, Message
from . import (
    appointing,
    asking,
    deciding,
    delegating,
    digest,
    doing,
    emergencies,
    excepting,
    extending,
    having,
    inquiring,
    operating,
    outcomes,
    recertifying,
    samples,
)
from .digest import NothingLeft
from .letter import Letter, NoLongerNeeded, Part
from .template import TEMPLATES, Template
from .writing import compose, language_of, speaking, words_for

__all__ = [
    "TEMPLATES", "Letter", "NoLongerNeeded", "NothingLeft", "Part", "Template",
    "appointing", "asking", "deciding", "delegating", "digest", "doing", "emergencies", "excepting", "extending",
    "having", "inquiring", "operating", "outcomes", "recertifying", "samples", "write", "write_one",
]  # fmt: skip


def write(message: Message, *, now: datetime) -> Letter:
    """The words of a message as of now, in the language of its reader. Raises NoLongerNeeded."""
    with speaking(language_of(message.recipient)):
        return write_one(message, now=now)


def write_one(message: Message, *, now: datetime) -> Letter:
    """The words of a message in the language that is spoken already. Raises NoLongerNeeded."""
    if message.occasion in samples.OCCASIONS:
        return samples.write(message)
    template = TEMPLATES[message.occasion]
    draft = template.write(message, now)
    words = words_for(template, language=language_of(message.recipient))
    return compose(template, draft, recipient=message.recipient, words=words, brand=Branding.current())
