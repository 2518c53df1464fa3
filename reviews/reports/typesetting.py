"""Sets text on the pages of a PDF: any script that the fonts have, in reading order, and nothing that hides.

Characters that steer instead of being seen (overrides of the direction of writing, controls), and those that no font
has, are shown as a replacement character: who signs a paper must see what is there.
"""

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from arabic_reshaper import reshape
from bidi import get_display
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONTS = Path(__file__).with_name("fonts")
PLAIN, BOLD, EASTERN = "Report", "Report-Bold", "Report-Eastern"
FILES = {PLAIN: "DejaVuSansCondensed.ttf", BOLD: "DejaVuSansCondensed-Bold.ttf", EASTERN: "DroidSansFallback.ttf"}
UNSHOWN = "\N{REPLACEMENT CHARACTER}"
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
RIGHT_TO_LEFT = {"R", "AL", "AN"}
MARGIN = 18 * mm
LEADING = 1.35
SMALL = 7
"""The size of what stands in tables, in points."""
INK, QUIET, ACCENT, RULE = (0.09, 0.11, 0.16), (0.38, 0.41, 0.47), (0.11, 0.31, 0.55), (0.82, 0.84, 0.87)
PORTRAIT, LANDSCAPE = A4, landscape(A4)

Cells = Sequence[Sequence[str]]
"""A row of a table, each cell in lines."""


@cache
def glyphs(font: str) -> frozenset[int]:
    """The characters that a font has; it is read when it is first needed."""
    loaded = TTFont(font, FONTS / FILES[font])
    pdfmetrics.registerFont(loaded)
    return frozenset(loaded.face.charToGlyph)


def visible(text: str) -> str:
    """The text as one can see it: on one line, with everything that would not be seen replaced."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(_shown(character) for character in composed)


def ordered(line: str) -> str:
    """A line in the order in which its characters stand from left to right, Arabic letters joined."""
    if not any(unicodedata.bidirectional(character) in RIGHT_TO_LEFT for character in line):
        return line
    joined: str = get_display(reshape(line), base_dir="L")
    return "".join(_shown(character) for character in joined)


def wrapped(text: str, *, width: float, font: str, size: float) -> list[str]:
    """The text in lines that fit, in the order in which one reads; a word that is too long is broken."""
    lines, line = [], ""
    for word in visible(text).split(" "):
        if _width(candidate := f"{line} {word}".strip(), font, size) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, width=width, font=font, size=size)
        lines += full
    return [*lines, line]


def _shown(character: str) -> str:
    if character == " ":
        return character
    if unicodedata.category(character) in HIDDEN or not _font_of(character, PLAIN):
        return UNSHOWN
    return character


def _font_of(character: str, wanted: str) -> str:
    """The font that has it, the wanted one first; empty where none has."""
    point = ord(character)
    return next((font for font in (wanted, PLAIN, EASTERN) if point in glyphs(font)), "")


def _runs(line: str, font: str) -> Iterator[tuple[str, str]]:
    for used, characters in groupby(line, key=lambda character: _font_of(character, font) or font):
        yield used, "".join(characters)


def _width(line: str, font: str, size: float) -> float:
    return sum(pdfmetrics.stringWidth(run, used, size) for used, run in _runs(line, font))


def _broken(word: str, *, width: float, font: str, size: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and _width(pieces[-1] + character, font, size) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _cells(row: Sequence[str], widths: Sequence[float], *, font: str) -> Cells:
    """Each cell in lines."""
    cells = zip(row, widths, strict=True)
    return [wrapped(text, width=width - 2 * mm, font=font, size=SMALL) for text, width in cells]


def _height(cells: Cells) -> float:
    return max(map(len, cells)) * SMALL * LEADING + 1.8 * mm


class Sheet:
    """A paper that is filled from the top down; a page ends where nothing more fits on it."""

    def __init__(self, *, title: str, author: str, footer: str, page_of: str) -> None:
        """`page_of` says “Page %(page)s of”, before the number of pages."""
        self.written = io.BytesIO()
        self.canvas: Any = Canvas(self.written, pagesize=PORTRAIT, pageCompression=1)
        self.canvas.setTitle(visible(title))
        self.canvas.setAuthor(visible(author))
        self.footer, self.page_of = footer, page_of
        self.size = PORTRAIT
        self.top = self.size[1] - MARGIN
        glyphs(PLAIN), glyphs(BOLD)

    @property
    def width(self) -> float:
        """Between the margins."""
        return self.size[0] - 2 * MARGIN

    def turn(self, size: tuple[float, float] | None = None) -> None:
        """Begin another page, of the same size unless another is given."""
        self._end_page()
        self.size = size or self.size
        self.canvas.setPageSize(self.size)
        self.top = self.size[1] - MARGIN

    def finish(self) -> bytes:
        """The PDF."""
        self._end_page()
        self.canvas.beginForm("pages")
        self._draw(str(self.canvas.getPageNumber() - 1), x=0, y=0, font=PLAIN, size=7.5, ink=QUIET)
        self.canvas.endForm()
        self.canvas.save()
        return self.written.getvalue()

    def paragraph(
        self, text: str, *, size: float = 9.5, font: str = PLAIN, ink: tuple[float, ...] = INK, after: float = 2 * mm
    ) -> None:
        """Text from margin to margin."""
        for line in wrapped(text, width=self.width, font=font, size=size):
            self.keep_together(size * LEADING)
            self.top -= size * LEADING
            self._draw(line, x=MARGIN, y=self.top, font=font, size=size, ink=ink)
        self.top -= after

    def heading(self, text: str) -> None:
        """The head of a section, never alone at the foot of a page."""
        self.keep_together(22 * mm)
        self.top -= 4 * mm
        self.paragraph(text, size=12, font=BOLD, ink=ACCENT, after=1.5 * mm)

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Names and what they are, in two columns."""
        names = 46 * mm
        for name, value in pairs:
            columns = ((name, 0, names - 3 * mm, QUIET), (value, names, self.width - names, INK))
            cells = [wrapped(text, width=width, font=PLAIN, size=9) for text, _x, width, _ink in columns]
            height = max(map(len, cells)) * 9 * LEADING + 1.2 * mm
            self.keep_together(height)
            for lines, (_text, x, _width, ink) in zip(cells, columns, strict=True):
                self._stack(lines, x=MARGIN + x, size=9, font=PLAIN, ink=ink)
            self.top -= height

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]], *, shares: Sequence[float]) -> int:
        """Rows under headings that stand on each page again; returns how many rows there were."""
        widths = [share * self.width / sum(shares) for share in shares]
        head = _cells(headings, widths, font=BOLD)
        self._row(head, widths, font=BOLD, ink=QUIET)
        number = 0
        for row in rows:
            cells = _cells(row, widths, font=PLAIN)
            if self.top - _height(cells) < MARGIN:
                self.turn()
                self._row(head, widths, font=BOLD, ink=QUIET)
            self._row(cells, widths, font=PLAIN, ink=INK)
            number += 1
        return number

    def signatures(self, *names: str) -> None:
        """Lines to sign on, side by side."""
        self.keep_together(30 * mm)
        self.top -= 22 * mm
        each = self.width / len(names)
        self.canvas.setStrokeColorRGB(*INK)
        for place, name in enumerate(names):
            x = MARGIN + place * each
            self.canvas.line(x, self.top, x + each - 8 * mm, self.top)
            self._draw(name, x=x, y=self.top - 4 * mm, font=PLAIN, size=7.5, ink=QUIET)
        self.top -= 8 * mm

    def _row(self, cells: Cells, widths: Sequence[float], *, font: str, ink: tuple[float, ...]) -> None:
        x = MARGIN
        for lines, width in zip(cells, widths, strict=True):
            self._stack(lines, x=x, size=SMALL, font=font, ink=ink)
            x += width
        self.top -= _height(cells)
        self.canvas.setStrokeColorRGB(*RULE)
        self.canvas.setLineWidth(0.4)
        self.canvas.line(MARGIN, self.top + 0.6 * mm, MARGIN + self.width, self.top + 0.6 * mm)

    def _stack(self, lines: Sequence[str], *, x: float, size: float, font: str, ink: tuple[float, ...]) -> None:
        for number, line in enumerate(lines, start=1):
            self._draw(line, x=x, y=self.top - number * size * LEADING, font=font, size=size, ink=ink)

    def _draw(self, line: str, *, x: float, y: float, font: str, size: float, ink: tuple[float, ...]) -> None:
        self.canvas.setFillColorRGB(*ink)
        for used, run in _runs(ordered(line), font):
            self.canvas.setFont(used, size)
            self.canvas.drawString(x, y, run)
            x += pdfmetrics.stringWidth(run, used, size)

    def keep_together(self, height: float) -> None:
        """Go on to another page where so much does not fit on this one."""
        if self.top - height < MARGIN:
            self.turn()

    def _end_page(self) -> None:
        """The foot of the page; the number of pages is written once it is known."""
        y = MARGIN - 7 * mm
        of = self.page_of % {"page": self.canvas.getPageNumber()}
        self._draw(visible(self.footer), x=MARGIN, y=y, font=PLAIN, size=7.5, ink=QUIET)
        x = self.size[0] - MARGIN - 12 * mm
        self._draw(of, x=x - _width(of, PLAIN, 7.5), y=y, font=PLAIN, size=7.5, ink=QUIET)
        self.canvas.saveState()
        self.canvas.translate(x + 1 * mm, y)
        self.canvas.doForm("pages")
        self.canvas.restoreState()
        self.canvas.showPage()
