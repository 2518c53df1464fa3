"""Answers to a policy's questions: what fits, what is refused and where, in which words it is kept."""

import time

import pytest
from django.core.exceptions import ValidationError

from catalog.choices import QuestionKind
from requests_app import actions
from requests_app.models import AccessRequest
from tests.cast import NOW

EXPONENTIAL = r"(([a-z]+)*)+[0-9]"
"""Of what backtracks, this takes longer than anybody waits for a text of some dozen letters."""


@pytest.fixture
def policy(cast):
    return cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]))


def ask(cast, policy, answers, **fields):
    values = {"actor": cast.rita, "justification": "New in Sales", **fields}
    return actions.submit(package=policy.package, answers={str(q.pk): a for q, a in answers.items()}, now=NOW, **values)


def refusal_of(cast, policy, question, answer):
    with pytest.raises(ValidationError) as refusal:
        ask(cast, policy, {question: answer})
    assert not AccessRequest.objects.exists(), "nothing is half done"
    (field,) = refusal.value.error_dict
    assert field == f"question_{question.pk}", "the refusal says where"
    return refusal.value.messages[0]


def test_each_kind_is_kept_with_its_question_its_values_and_what_was_shown(cast, policy):
    short = policy.questions.create(position=1, text="Which project?")
    long = policy.questions.create(position=2, text="What for?", kind=QuestionKind.LONG_TEXT)
    one = policy.questions.create(position=3, text="Which region?", kind=QuestionKind.CHOICE, choices=["EMEA", "APAC"])
    any_of = policy.questions.create(
        position=4, text="Which days?", kind=QuestionKind.CHOICES, choices=["mon", "tue", "wed"]
    )
    asked = ask(cast, policy, {short: " PRJ-1 ", long: "First\r\nSecond", one: "APAC", any_of: ["wed", "mon"]})
    kept = list(asked.answers.all())
    assert [(one.question, one.values, one.in_words) for one in kept] == [
        ("Which project?", ["PRJ-1"], "PRJ-1"),
        ("What for?", ["First\nSecond"], "First\nSecond"),
        ("Which region?", ["APAC"], "APAC"),
        ("Which days?", ["wed", "mon"], "wed, mon"),
    ]
    assert [one.question_key for one in kept] == [short.pk, long.pk, one.pk, any_of.pk]


def test_what_was_asked_stays_as_it_was_when_the_policy_changes(cast, policy):
    question = policy.questions.create(text="Which project?")
    asked = ask(cast, policy, {question: "Harbour"})
    question.delete()
    assert str(asked.answers.get()) == "Which project? Harbour"


@pytest.mark.parametrize(
    ("fields", "answer", "said"),
    [
        ({}, "", "Answer this question."),
        ({}, "one\ntwo", "Answer in one line."),
        ({}, "x" * 201, "At most 200 characters; these are 201."),
        ({"max_length": 5}, "sixsix", "At most 5 characters; these are 6."),
        ({"kind": QuestionKind.LONG_TEXT}, "x" * 4001, "At most 4000 characters; these are 4001."),
        (
            {"pattern": "PRJ-[0-9]{4}", "example": "PRJ-0001"},
            "PRJ-1",
            "This does not look right. For example: PRJ-0001",
        ),
        ({"pattern": "[0-9]{4}", "pattern_hint": "Four digits."}, "12345", "This does not look right. Four digits."),
        ({"kind": QuestionKind.CHOICE, "choices": ["a", "b"]}, "c", "Choose one of the answers."),
        ({"kind": QuestionKind.CHOICE, "choices": ["a", "b"]}, ["a", "b"], "Give one answer."),
        ({"kind": QuestionKind.CHOICES, "choices": ["a", "b"]}, ["a", "c"], "Choose one of the answers."),
        ({"kind": QuestionKind.CHOICES, "choices": ["a", "b"]}, [], "Answer this question."),
        ({}, ["one", "two"], "Give one answer."),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_at_its_question(cast, policy, fields, answer, said):
    question = policy.questions.create(text="?", **fields)
    assert refusal_of(cast, policy, question, answer) == said


def test_a_pattern_that_would_hang_others_answers_at_once(cast, policy):
    question = policy.questions.create(text="?", pattern=EXPONENTIAL, kind=QuestionKind.LONG_TEXT)
    began = time.monotonic()
    refusal_of(cast, policy, question, "a" * 4000)
    assert time.monotonic() - began < 1


def test_an_optional_question_may_be_left_out(cast, policy):
    question = policy.questions.create(text="?", pattern="[0-9]+", is_required=False)
    assert not ask(cast, policy, {question: "  "}).answers.exists()


def test_questions_of_other_policies_are_no_questions_of_this_one(cast, policy):
    other = cast.policy(cast.package("Sales: Campaigns")).questions.create(text="?")
    with pytest.raises(ValidationError) as refusal:
        ask(cast, policy, {other: "4"})
    assert refusal.value.messages == [f"Not questions of this policy: {other.pk}."]


GERMAN = {"de": {"text": "Welche Region?", "choices": ["Europa", "Asien"]}}


@pytest.mark.parametrize(
    ("languages", "question_shown", "answer_shown"),
    [
        (["de"], "Welche Region?", "Asien"),
        (["de-at", "en"], "Welche Region?", "Asien"),
        (["fr", "de"], "Welche Region?", "Asien"),
        (["fr"], "Which region?", "APAC"),
        ([], "Which region?", "APAC"),
    ],
)
def test_it_is_kept_in_the_language_in_which_it_was_asked(cast, policy, languages, question_shown, answer_shown):
    question = policy.questions.create(
        text="Which region?", kind=QuestionKind.CHOICE, choices=["EMEA", "APAC"], translations=GERMAN
    )
    answer = ask(cast, policy, {question: "APAC"}, languages=languages).answers.get()
    assert (answer.question, answer.value, answer.in_words) == (question_shown, "APAC", answer_shown)


def test_a_direct_assignment_answers_the_questions_for_the_person(cast, policy):
    question = policy.questions.create(text="Which cost centre?", pattern="[0-9]{4}")
    facts = {"policy": policy, "person": cast.rita, "actor": cast.olga, "now": NOW}
    with pytest.raises(ValidationError) as refusal:
        actions.assign_directly(**facts)
    assert list(refusal.value.error_dict) == [f"question_{question.pk}"]
    assigned = actions.assign_directly(**facts, answers={str(question.pk): "4100"})
    assert assigned.answers.get().value == "4100"
