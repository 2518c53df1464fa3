"""Writing a letter out: the words of administrators or else our own, filled with what is true now, in both forms."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from directory.models import User

from ..models import Branding, Wording
from . import markup
from .letter import Draft, Letter
from .template import Template

LONGEST_SUBJECT = 300


def language_of(person: User) -> str:
    """The language that the person chose for their mail, else that of the installation."""
    chosen = getattr(person, "mail_settings", None)
    return (chosen and chosen.language) or settings.LANGUAGE_CODE


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """In this language and the time zone of the installation, in which letters are written."""
    with translation.override(language), timezone.override(timezone.get_default_timezone()):
        yield


def words_for(template: Template, *, language: str) -> tuple[str, str]:
    """Subject and body of a letter in a language: as administrators worded them, else as they are originally.

    Where there is neither a wording nor a translation in the language, that of the installation is taken.
    """
    edited = {
        wording.language: (wording.subject, wording.body)
        for wording in Wording.objects.filter(
            occasion=template.occasion, language__in=(language, settings.LANGUAGE_CODE)
        )
    }
    original = original_words(template, language=language)
    if language in edited:
        return edited[language]
    default = settings.LANGUAGE_CODE
    if language != default and original == original_words(template, language=default):
        return edited.get(default, original)
    return original


def original_words(template: Template, *, language: str) -> tuple[str, str]:
    """What a letter says where administrators say nothing else."""
    with translation.override(language):
        return str(template.subject), str(template.body)


def compose(template: Template, draft: Draft, *, recipient: User, words: tuple[str, str], brand: Branding) -> Letter:
    """The finished letter. Raises KeyError where the writer forgot one of the placeholders that its letter names."""
    subject, body = words
    values = {**draft.values, "link": draft.url, "recipient": str(recipient), "service": brand.name}
    filled_subject = markup.fill_line(subject, values)[:LONGEST_SUBJECT]
    blocks = markup.fill(markup.parse(body), values)
    context = {
        "draft": draft,
        "blocks": _with_something_to_say(blocks, draft),
        "subject": filled_subject,
        "brand": brand,
    }
    return Letter(
        subject=filled_subject,
        text=_tidy(render_to_string("email/letter.txt", context)),
        html=render_to_string("email/letter.html", context),
        topic=template.topic,
        sender=_sender(brand),
        summary=" ".join(draft.summary.split()),
        button=draft.button,
        url=draft.url,
        act_by=draft.act_by,
        parts=draft.parts,
    )


def _with_something_to_say(blocks: Iterable[markup.Block], draft: Draft) -> list[markup.Block]:
    """Without lists that are empty, and without the headings of nothing."""
    content: Mapping[str, object] = {"facts": draft.facts, "roles": draft.systems, "news": draft.parts}
    kept: list[markup.Block] = []
    for block in reversed([block for block in blocks if content.get(block.kind, True)]):
        is_of_nothing = block.kind == markup.TITLE and (not kept or kept[-1].kind in (markup.TITLE, "button"))
        if not is_of_nothing:
            kept.append(block)
    return kept[::-1]


def _sender(brand: Branding) -> str:
    _name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return settings.DEFAULT_FROM_EMAIL if brand._state.adding else formataddr((" ".join(brand.name.split()), address))


def _tidy(text: str) -> str:
    """Templates leave white space where their tags were; a mail has at most one empty line between paragraphs."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"
