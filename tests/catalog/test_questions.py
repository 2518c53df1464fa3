"""Questions as administrators configure them: patterns that are tried, translations in blocks, what is refused."""

import time

import pytest
from django.core.exceptions import ValidationError

from catalog.actions import save_policy
from catalog.choices import QuestionKind
from catalog.models import Question
from catalog.patterns import fits
from catalog.question_forms import QuestionForm
from catalog.wording import question_in_words
from directory.models import PersonAttribute
from tests.cast import NOW

CHOICES = {"kind": QuestionKind.CHOICE, "choices": ["EMEA", "APAC"]}


@pytest.fixture
def policy(cast):
    return cast.policy(cast.package("Sales: Standard Access"))


def save(policy, question, cast):
    return save_policy(policy=policy, questions=[question], actor=cast.ada, now=NOW).questions.get()


def refusal_of(policy, question, cast):
    with pytest.raises(ValidationError) as refusal:
        save(policy, question, cast)
    assert not policy.questions.exists()
    ((field, messages),) = refusal.value.message_dict.items()
    return field, messages[0]


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"pattern": "(", "example": "x"}, "pattern", "This pattern cannot be used: missing )"),
        ({"pattern": r"(\w)\1", "example": "aa"}, "pattern", "referring back are not possible"),
        ({"pattern": "(?=a)a", "example": "a"}, "pattern", "Looking around"),
        ({"pattern": "(a{1000}){1000}", "example": "a"}, "pattern", "invalid repetition size"),
        ({"pattern": "[0-9]{4}"}, "example", "Give an answer that fits the pattern"),
        ({"pattern": "[0-9]{4}", "example": "12345"}, "example", "This does not look right."),
        ({"max_length": 3, "example": "12345"}, "example", "At most 3 characters"),
        ({"max_length": 0}, "max_length", "greater than or equal to 1"),
        ({"max_length": 4001}, "max_length", "less than or equal to 4000"),
        ({"kind": QuestionKind.CHOICES, "choices": ["EMEA"]}, "choices", "at least two"),
        ({"kind": QuestionKind.CHOICES, "choices": ["EMEA", "EMEA"]}, "choices", "there twice"),
        ({"kind": QuestionKind.CHOICES, "choices": [str(n) for n in range(101)]}, "choices", "a hundred at most"),
        (
            {**CHOICES, "translations": {"de": {"choices": ["Europa"]}}},
            "translations",
            "1 choices, but the question has 2",
        ),
    ],
)
def test_a_question_that_cannot_work_is_refused_at_its_field(cast, policy, fields, field, said):
    found, message = refusal_of(policy, Question(text="?", **fields), cast)
    assert found == field
    assert said in message


def test_the_engine_takes_no_longer_than_the_text_whatever_the_pattern():
    began = time.monotonic()
    assert not fits(r"(a|a)*(a|a)*(a|a)*b", "a" * 4000)
    assert not fits(r"((a*)*)*b", "a" * 4000)
    assert time.monotonic() - began < 1


def test_the_whole_answer_must_fit_not_a_part_of_it():
    assert fits("[0-9]{4}", "1234")
    assert not fits("[0-9]{4}", "12345")
    assert not fits("[0-9]{4}", "1234\n")


def test_a_question_says_in_words_all_that_it_asks_for(cast, policy):
    attribute = PersonAttribute.objects.create(name="cost_centre")
    question = Question(
        text="Which cost centre?",
        pattern="[0-9]{4}",
        example="4100",
        max_length=4,
        attribute=attribute,
        is_editable=False,
        is_required=False,
        translations={"de": {"text": "Welche Kostenstelle?"}},
    )
    assert question_in_words(save(policy, question, cast)) == (
        "1. Which cost centre?, optional, like [0-9]{4}, at most 4 characters, stored as cost_centre, never changed, "
        "also in de"
    )


def test_a_change_of_the_pattern_is_a_new_version(cast, policy):
    question = save(policy, Question(text="?", pattern="[0-9]", example="1"), cast)
    version = policy.version
    question.pattern = "[0-9]*"
    save_policy(policy=policy, questions=[question], actor=cast.ada, now=NOW)
    assert policy.version == version + 1


# --- The form -------------------------------------------------------------------------------------------------------


def form(**fields):
    values = {"position": 1, "text": "Which region?", "kind": "choice", "choices": "EMEA\nAPAC", "is_required": "on"}
    return QuestionForm({**values, **fields})


def test_translations_are_typed_block_by_block(db):
    filled = form(translations="de\nWelche Region?\nEuropa\nAsien\n\n\npt-BR\nQual região?")
    assert filled.is_valid(), filled.errors
    assert filled.instance.translations == {
        "de": {"text": "Welche Region?", "choices": ["Europa", "Asien"]},
        "pt-br": {"text": "Qual região?"},
    }
    shown = QuestionForm(instance=filled.instance)["translations"].value()
    assert shown == "de\nWelche Region?\nEuropa\nAsien\n\npt-br\nQual região?"


def test_the_block_of_a_text_says_what_the_pattern_means(db):
    filled = form(kind="text", choices="", pattern="[0-9]", example="1", translations="de\nWie viele?\nEine Ziffer.")
    assert filled.is_valid(), filled.errors
    assert filled.instance.translations == {"de": {"text": "Wie viele?", "pattern_hint": "Eine Ziffer."}}
    assert filled.instance.worded(["de"]).pattern_hint == "Eine Ziffer."


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Deutsch\nWelche Region?", "“Deutsch” is no language code"),
        ("de", "The block “de” has no question."),
        ("de\nWelche?\nEuropa\nAsien\n\nde\nWelche?", "There are two blocks for “de”."),
        ("de\nWelche?\nEuropa", "1 choices, but the question has 2"),
        ("de\n" + "x" * 301, "more than 300 characters"),
    ],
)
def test_a_block_that_makes_no_sense_is_named_and_what_was_typed_is_kept(db, typed, said):
    filled = form(translations=typed)
    assert said in str(filled.errors["translations"])
    assert filled["translations"].value() == typed
