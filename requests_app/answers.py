"""What is answered to a policy's questions: checked, prefilled, and put as it is kept with the request."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from catalog.choices import QuestionKind
from catalog.models import Policy, Question
from directory.models import User

from .models import AccessRequest, Answer

Given = Mapping[str, str | Sequence[str]]
"""What was answered, by the id of the question; several choices are a list."""


def field_of(question: Question) -> str:
    """The name under which forms and errors speak of a question."""
    return f"question_{question.pk}"


def held_value(question: Question, person: User) -> list[str]:
    """What the person has already of what the question stores; empty where that is nothing."""
    held = person.attributes.get(question.attribute.name) if question.attribute else None
    return _as_list(held)


def readable_value(question: Question, person: User, *, asker: User) -> list[str]:
    """What of it the asker is told: all of their own, of another person's nothing."""
    return held_value(question, person) if asker.pk == person.pk else []


def is_fixed(question: Question, person: User, *, asker: User) -> bool:
    """Whether the person has a value that the asker may not answer otherwise (corner 34): of another person's any."""
    may_change = asker.pk == person.pk and question.may_change_value
    return not may_change and bool(held_value(question, person))


def check_answers(
    policy: Policy,
    *,
    person: User,
    asker: User,
    justification: str | None,
    answers: Given,
    languages: Iterable[str] = (),
) -> list[Answer]:
    """The answers as they are to be kept. Raises ValidationError naming everything that is missing or wrong at once.

    `person` is whom the `asker` asks for, `justification` None where nobody asks for one, and `languages` are those
    in which the questions were shown, the best first. What is known of another person stays untold: the answer says
    no more than that.
    """
    faults: dict[str, Any] = {}
    if policy.requires_justification and justification is not None and not justification.strip():
        faults["justification"] = _("Say why you need it.")
    questions, spoken = list(policy.questions.all()), list(languages)
    if strange := set(answers) - {str(question.pk) for question in questions}:
        faults["answers"] = _("Not questions of this policy: %(ids)s.") % {"ids": ", ".join(sorted(strange))}
    kept = []
    for question in questions:
        values = _as_list(answers.get(str(question.pk), ""))
        fixed = is_fixed(question, person, asker=asker)
        readable = readable_value(question, person, asker=asker)
        objection = _changed(values, readable) if fixed else _objection(question, values, languages=spoken)
        if objection:
            faults[field_of(question)] = objection
        elif fixed and not readable:
            kept.append(_untold(question, languages=spoken))
        elif values := values or (readable if fixed else []):
            kept.append(_answer(question, values, is_own=asker.pk == person.pk, languages=spoken))
    if faults:
        raise ValidationError(faults)
    return kept


def keep_answers(access_request: AccessRequest, given: Iterable[Answer]) -> None:
    """Keep what was answered with its request."""
    rows = list(given)
    for answer in rows:
        answer.access_request = access_request
    Answer.objects.bulk_create(rows)


def given_before(access_request: AccessRequest, policy: Policy) -> dict[str, list[str]]:
    """What was answered in an earlier request, by the field of the question that asks the same now."""
    by_key = {answer.question_key: answer.values for answer in access_request.answers.all()}
    by_text = {answer.question: answer.values for answer in access_request.answers.all()}
    found = {question: by_key.get(question.pk) or by_text.get(question.text) for question in policy.questions.all()}
    return {field_of(question): values for question, values in found.items() if values and any(values)}


def _changed(values: list[str], readable: list[str]) -> str:
    """What is wrong with answering otherwise where something is known; the value is told to whom it belongs."""
    if not values or values == readable:
        return ""
    if not readable:
        return _("It is known already, and is not changed here.")
    return _("It is “%(held)s” already, and is not changed here.") % {"held": ", ".join(readable)}


def _objection(question: Question, values: list[str], *, languages: Sequence[str]) -> str:
    if not values:
        return _("Answer this question.") if question.is_required else ""
    if question.kind != QuestionKind.CHOICES and len(values) > 1:
        return _("Give one answer.")
    if question.kind in (QuestionKind.CHOICE, QuestionKind.CHOICES):
        return _("Choose one of the answers.") if set(values) - set(question.choices) else ""
    return question.objection_to(values[0], languages=languages)


def _untold(question: Question, *, languages: Sequence[str]) -> Answer:
    """That something is known of somebody else, and not what."""
    answer = _answer(question, [], is_own=False, languages=languages)
    answer.shown = _("known already")
    return answer


def _answer(question: Question, values: list[str], *, is_own: bool, languages: Sequence[str]) -> Answer:
    worded = question.worded(languages)
    labels = dict(worded.choices)
    shown = [labels.get(value, value) for value in values]
    return Answer(
        position=question.position,
        question=worded.text,
        kind=question.kind,
        value="\n".join(values),
        shown=", ".join(shown) if shown != values else "",
        question_key=question.pk,
        attribute=question.attribute.name if question.attribute else "",
        is_editable=is_own and question.may_change_value,
    )


def _as_list(value: Any) -> list[str]:
    """Texts without the white space around them, each once; what is empty is no answer."""
    given = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    cleaned = ("\n".join(str(one).split("\r\n")).strip() for one in given)
    return [one for one in dict.fromkeys(cleaned) if one]
