"""What a policy asks of the requester, in which words, and where the answer goes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import PersonAttribute

from ..choices import QuestionKind
from ..patterns import fault_of, fits, validate_pattern
from .policies import Policy

CHOSEN = (QuestionKind.CHOICE, QuestionKind.CHOICES)
LONGEST_LINE = 200
LONGEST_TEXT = 4000
LONGEST_WORDING = 300
MOST_CHOICES = 100


@dataclass(frozen=True)
class Wording:
    """A question as it is put to somebody: its text, what is said of a wrong answer, and each choice as it is shown."""

    text: str
    pattern_hint: str
    choices: list[tuple[str, str]]


class Question(models.Model):
    """A question that the requester answers."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    text = models.CharField(_("question"), max_length=LONGEST_WORDING)
    kind = models.CharField(_("kind"), max_length=10, choices=QuestionKind.choices, default=QuestionKind.TEXT)
    choices = models.JSONField(_("choices"), default=list, blank=True, help_text=_("A list of words to choose from."))
    is_required = models.BooleanField(_("required"), default=True)
    max_length = models.PositiveSmallIntegerField(
        _("characters at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TEXT)],
        help_text=_("Empty: 200 for a short text, 4000 for a long one."),
    )
    pattern = models.CharField(
        _("pattern"),
        max_length=300,
        blank=True,
        validators=[validate_pattern],
        help_text=_("What the whole answer must look like, as a regular expression: PRJ-[0-9]{4}"),
    )
    pattern_hint = models.CharField(
        _("what the pattern means"),
        max_length=LONGEST_WORDING,
        blank=True,
        help_text=_("Said beside the question, and of an answer that does not fit: “PRJ- and four digits.”"),
    )
    example = models.CharField(
        _("an answer that fits"),
        max_length=LONGEST_LINE,
        blank=True,
        help_text=_("It tries the pattern each time this is saved, and is shown beside the question."),
    )
    translations = models.JSONField(_("in other languages"), default=dict, blank=True)
    """By language code, with any of {text, pattern_hint, choices}: the choices in the order of the question's own."""
    attribute = models.ForeignKey(
        PersonAttribute,
        verbose_name=_("stored on the person as"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="questions",
        help_text=_("Written when the access is delivered, filled in next time, gone with the last access that asked."),
    )
    is_editable = models.BooleanField(
        _("may be changed"),
        default=True,
        help_text=_(
            "No: once the person has a value, nobody answers otherwise. Yes: as far as the attribute allows it."
        ),
    )

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        """A choice needs something to choose from; an example must fit; a translation has a word for each choice."""
        if self.kind in CHOSEN:
            self._clean_choices()
        else:
            self._clean_pattern()
        self._clean_translations()

    @property
    def may_change_value(self) -> bool:
        """Whether an answer may change what the person has: the attribute decides, a question only narrows it."""
        return self.is_editable and (self.attribute is None or self.attribute.is_editable)

    @property
    def longest(self) -> int:
        """How many characters an answer may have."""
        return self.max_length or (LONGEST_LINE if self.kind == QuestionKind.TEXT else LONGEST_TEXT)

    def worded(self, languages: Iterable[str] = ()) -> Wording:
        """The question in the first of these languages that it is translated to, “pt-br” also by “pt”; else its own."""
        codes = [code for language in languages for code in (language.lower(), language.lower().split("-")[0])]
        said: dict[str, Any] = next((self.translations[code] for code in codes if code in self.translations), {})
        labels = said.get("choices") or self.choices
        return Wording(
            text=said.get("text") or self.text,
            pattern_hint=said.get("pattern_hint") or self.pattern_hint,
            choices=list(zip(self.choices, labels, strict=False)),
        )

    def objection_to(self, answer: str, *, languages: Iterable[str] = ()) -> str:
        """What is wrong with a text as the answer; empty where nothing is, and where there is no answer."""
        if not answer:
            return ""
        if len(answer) > self.longest:
            return _("At most %(count)d characters; these are %(given)d.") % {
                "count": self.longest,
                "given": len(answer),
            }
        if self.kind == QuestionKind.TEXT and len(answer.splitlines()) > 1:
            return str(_("Answer in one line."))
        if self.pattern and not fits(self.pattern, answer):
            hint = self.worded(languages).pattern_hint or self._example_in_words()
            return _("This does not look right. %(hint)s") % {"hint": hint}
        return ""

    def _example_in_words(self) -> str:
        return _("For example: %(example)s") % {"example": self.example} if self.example else ""

    def _clean_pattern(self) -> None:
        self.choices = []
        if fault_of(self.pattern):
            return  # its own field says so
        if self.pattern and not self.example:
            raise ValidationError({"example": _("Give an answer that fits the pattern: it shows that one can.")})
        if objection := self.objection_to(self.example):
            raise ValidationError({"example": objection})

    def _clean_choices(self) -> None:
        if not (isinstance(self.choices, list) and all(isinstance(c, str) and c.strip() for c in self.choices)):
            raise ValidationError({"choices": _("Give words to choose from.")})
        if len(self.choices) < 2 or len(self.choices) > MOST_CHOICES:
            raise ValidationError({"choices": _("Give at least two choices, and a hundred at most.")})
        if any(len(choice) > LONGEST_LINE or "\n" in choice for choice in self.choices):
            raise ValidationError({"choices": _("A choice is one line of at most 200 characters.")})
        if len(set(self.choices)) < len(self.choices):
            raise ValidationError({"choices": _("The same choice is there twice.")})
        self.pattern = self.pattern_hint = self.example = ""
        self.max_length = None

    def _clean_translations(self) -> None:
        for language, said in self.translations.items():
            labels = said.get("choices", [])
            if labels and len(labels) != len(self.choices):
                raise ValidationError(
                    {
                        "translations": _("In “%(language)s”: %(given)d choices, but the question has %(count)d.")
                        % {"language": language, "given": len(labels), "count": len(self.choices)}
                    }
                )
