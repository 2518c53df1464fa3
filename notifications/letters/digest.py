"""The daily digest: one letter of everything that somebody wants to be told once a day."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, NoLongerNeeded, Part, link
from .template import letter

MOST = 100
"""What one digest writes out; the rest goes with the next one."""
ORDER = {topic: number for number, topic in enumerate(Topic)}


class NothingLeft(NoLongerNeeded):
    """None of what waited for the digest need be told any more; `parts` say why."""

    def __init__(self, parts: list[Part]) -> None:
        super().__init__(_("Nothing of it has to be told any more."))
        self.parts = parts


@letter(
    Occasion.DIGEST,
    topic=Topic.DIGEST,
    to=gettext_lazy("whoever wants their mail once a day"),
    when=gettext_lazy("the hour has come that they chose, and there is something to tell"),
    subject=gettext_lazy("{service}: {messages} for you today"),
    body=gettext_lazy("""What came up since the last digest, as it is now:

{news}

{button}"""),
    placeholders=("messages", "news", "button", "link", "recipient", "service"),
)
def digest(message: Message, now: datetime) -> Draft:
    """Everything that waited for it and is still true, what asks for something first. Raises NothingLeft."""
    from . import write_one

    waiting = list(message.parts.pending().with_recipients().order_by("created_at", "pk")[:MOST])
    parts = [_part(one, now=now, write=write_one) for one in waiting]
    news = sorted((part for part in parts if part.letter), key=_by_topic)
    if not news:
        raise NothingLeft(parts)
    count = ngettext("%(count)d message", "%(count)d messages", len(news)) % {"count": len(news)}
    return Draft(
        values={"messages": count},
        summary=" · ".join(part.letter.subject for part in news if part.letter),
        button=_("Choose what you get and when"),
        url=link("notifications:settings"),
        because=_("You get this because you chose a daily digest."),
        parts=(*news, *(part for part in parts if not part.letter)),
    )


def sections(parts: tuple[Part, ...]) -> Iterator[tuple[str, list[Part]]]:
    """What a digest tells, by what it is about."""
    for topic, same in groupby((part for part in parts if part.letter), key=lambda part: part.letter.topic):  # type: ignore[union-attr]  # filtered
        yield str(Topic(topic).label), list(same)


def _part(message: Message, *, now: datetime, write: object) -> Part:
    try:
        return Part(message, write(message, now=now))  # type: ignore[operator]  # handed in, for the circle that it closes
    except NoLongerNeeded as reason:
        return Part(message, withheld_because=str(reason))


def _by_topic(part: Part) -> int:
    return ORDER[Topic(part.letter.topic)] if part.letter else len(ORDER)
