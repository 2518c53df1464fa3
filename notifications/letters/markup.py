"""The language of letters: paragraphs, headings, bold words and links, with placeholders in braces.

    You have **{package}** now.            words; ** makes them bold; an empty line begins a new paragraph
    ## What it gives you                   a heading
    {roles}                                what is more than words stands on a line of its own
    Ask [the help desk](https://…).        a link; its address is written out, or is {link}

It knows no conditions, no loops and no attributes, and takes the placeholders for what they are before anything is put
in their place: what people type is never read as this language.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .placeholders import NEED_A_LINE

PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
INLINE = re.compile(r"\[(?P<label>[^\[\]\n]+)\]\((?P<address>\S{0,500}?)\)|\*\*(?P<bold>[^*\n]+)\*\*")
ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s{}\"'<>]+\Z|\{link\}\Z")
HEADING = "## "
PARAGRAPH, TITLE = "paragraph", "heading"


@dataclass(frozen=True)
class Words:
    """Words of one kind: plain, bold, or leading to an address."""

    text: str
    is_bold: bool = False
    address: str = ""


@dataclass(frozen=True)
class Block:
    """A paragraph or a heading with its words, or a placeholder that stands alone (`kind` is its name)."""

    kind: str
    words: tuple[Words, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Whether it has nothing to say, once it is filled in."""
        return self.kind in (PARAGRAPH, TITLE) and not "".join(words.text for words in self.words).strip()


def parse(body: str) -> list[Block]:
    """The blocks of a letter, with placeholders where they stand."""
    blocks: list[Block] = []
    paragraph: list[str] = []
    for line in [*body.splitlines(), ""]:
        alone = _alone(line)
        if not line.strip() or alone or line.startswith(HEADING):
            blocks += [Block(PARAGRAPH, _words("\n".join(paragraph)))] if paragraph else []
            paragraph = []
        else:
            paragraph.append(line.strip())
        if alone:
            blocks.append(Block(alone))
        elif line.startswith(HEADING):
            blocks.append(Block(TITLE, _words(line.removeprefix(HEADING).strip())))
    return blocks


def fill(blocks: Collection[Block], values: Mapping[str, str]) -> list[Block]:
    """The blocks with values in the places of their placeholders; paragraphs that then say nothing are left out."""
    filled = [replace(block, words=tuple(_filled(words, values) for words in block.words)) for block in blocks]
    return [block for block in filled if not block.is_blank]


def fill_line(line: str, values: Mapping[str, str]) -> str:
    """One line, such as a subject, with values in the places of its placeholders; whatever they hold, it stays one."""
    return " ".join(PLACEHOLDER.sub(lambda found: values[found[1]], line).split())


def faults_of(text: str, *, known: Collection[str], is_subject: bool = False) -> Iterator[str]:
    """Everything that is wrong with a text, each with its line; `known` are the placeholders of the letter."""
    for number, line in enumerate(text.splitlines(), start=1):
        for said in _faults_of_line(line, known=known, is_subject=is_subject):
            yield said if is_subject else _("Line %(number)d: %(said)s") % {"number": number, "said": said}


def names_in(text: str) -> set[str]:
    """The placeholders that a text names."""
    return set(PLACEHOLDER.findall(text))


def refuse(faults: Mapping[str, list[str]]) -> None:
    """Raises ValidationError where any field has faults."""
    if found := {field: said for field, said in faults.items() if said}:
        raise ValidationError(found)


def _faults_of_line(line: str, *, known: Collection[str], is_subject: bool) -> Iterator[str]:
    for name in PLACEHOLDER.findall(line):
        if name not in known:
            names = ", ".join(f"{{{each}}}" for each in sorted(known))
            yield _("{%(name)s} is no placeholder of this letter. It has: %(names)s.") % {"name": name, "names": names}
        elif is_subject and name in NEED_A_LINE:
            yield _("{%(name)s} does not fit into a subject.") % {"name": name}
        elif name in NEED_A_LINE and _alone(line) != name:
            yield _("{%(name)s} stands on a line of its own.") % {"name": name}
    if is_subject:
        return
    for found in INLINE.finditer(line):
        if found["label"] and not ADDRESS.match(found["address"]):
            yield _("“%(address)s” is no address of a link: it begins with https://, or is {link}.") % {
                "address": found["address"]
            }


def _alone(line: str) -> str:
    """The name of the placeholder that the line consists of, if it is one that is more than words."""
    found = PLACEHOLDER.fullmatch(line.strip())
    return found[1] if found and found[1] in NEED_A_LINE else ""


def _words(text: str) -> tuple[Words, ...]:
    words, end = [], 0
    for found in INLINE.finditer(text):
        words.append(Words(text[end : found.start()]))
        if found["bold"]:
            words.append(Words(found["bold"], is_bold=True))
        else:
            words.append(Words(found["label"], address=found["address"]))
        end = found.end()
    return tuple(each for each in (*words, Words(text[end:])) if each.text)


def _filled(words: Words, values: Mapping[str, str]) -> Words:
    text = PLACEHOLDER.sub(lambda found: values[found[1]], words.text)
    address = values["link"] if words.address == "{link}" else words.address
    return replace(words, text=text, address=address)
