"""A question as administrators fill it in: choices one a line, translations block by block."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from .models import Question
from .models.questions import CHOSEN, LONGEST_WORDING

LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.ASCII)
MOST_LANGUAGES = 40


class LinesField(forms.CharField):
    """A list of words, one a line."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return list(dict.fromkeys(line.strip() for line in (value or "").splitlines() if line.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)


class BlocksField(forms.CharField):
    """What the question and its choices are called in other languages: {code: lines}, a block each."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return _as_blocks(value) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        found: dict[str, list[str]] = {}
        for block in re.split(r"\n\s*\n", (value or "").replace("\r\n", "\n").strip()):
            code, *lines = [line.strip() for line in block.splitlines() if line.strip()] or [""]
            if code:
                found[_language(code, known=found)] = _worded(code, lines)
        if len(found) > MOST_LANGUAGES:
            raise ValidationError(_("That is more languages than anybody reads: give at most 40."))
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _as_blocks(initial or {}).split() != (data or "").split()


class QuestionForm(forms.ModelForm):
    """A question; its choices are typed one a line, its translations in blocks."""

    choices = LinesField(label=_("Choices, one a line"), required=False)
    translations = BlocksField(
        label=_("In other languages"),
        required=False,
        help_text=_(
            "For each language a block: its code (de, pt-br), the question, then the choices in their order, or what "
            "the pattern means. An empty line between two blocks. Whoever reads none of them gets the question above."
        ),
    )

    class Meta:
        model = Question
        fields = (
            "position", "text", "kind", "choices", "is_required", "max_length", "pattern", "pattern_hint", "example",
            "translations", "attribute", "is_editable",
        )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        is_chosen = cleaned.get("kind") in CHOSEN
        blocks = cleaned.get("translations") or {}
        if not is_chosen and any(len(lines) > 2 for lines in blocks.values()):
            self.add_error("translations", _("A text has no choices: the question, and what the pattern means."))
        if not is_chosen:
            cleaned["choices"] = []
        cleaned["translations"] = {code: _said(lines, is_chosen=is_chosen) for code, lines in blocks.items()}
        return cleaned


def _language(code: str, *, known: dict[str, list[str]]) -> str:
    language = code.lower()
    if not LANGUAGE.fullmatch(language):
        raise ValidationError(
            _("“%(code)s” is no language code: a block begins with one, such as de or pt-br."),
            params={"code": code[:40]},
        )
    if language in known:
        raise ValidationError(_("There are two blocks for “%(code)s”."), params={"code": language})
    return language


def _worded(code: str, lines: list[str]) -> list[str]:
    if not lines:
        raise ValidationError(_("The block “%(code)s” has no question."), params={"code": code})
    if any(len(line) > LONGEST_WORDING for line in lines):
        raise ValidationError(
            _("A line of the block “%(code)s” has more than %(most)d characters."),
            params={"code": code, "most": LONGEST_WORDING},
        )
    return lines


def _said(lines: list[str], *, is_chosen: bool) -> dict[str, Any]:
    text, *more = lines
    if not more:
        return {"text": text}
    return {"text": text, "choices": more} if is_chosen else {"text": text, "pattern_hint": more[0]}


def _as_blocks(translations: dict[str, Any]) -> str:
    blocks = []
    for code, said in translations.items():
        more = said.get("choices") or [said.get("pattern_hint", "")]
        blocks.append("\n".join(filter(None, (code, said.get("text", ""), *more))))
    return "\n\n".join(blocks)
