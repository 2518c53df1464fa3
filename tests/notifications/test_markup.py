"""The language of letters: what it knows, what it refuses, and that nothing that people type is read as it."""

import pytest
from django.core.exceptions import ValidationError

from notifications.letters import TEMPLATES, markup
from notifications.letters.markup import Block, Words, fill, fill_line, parse
from notifications.letters.wordings import check
from notifications.letters.writing import original_words
from notifications.models import Occasion

GRANTED, ASKED, DIGEST = (TEMPLATES[name] for name in (Occasion.GRANTED, Occasion.APPROVER_ASKED, Occasion.DIGEST))


def refused(template, *, subject="Hello", body="{button}"):
    with pytest.raises(ValidationError) as caught:
        check(template, subject, body)
    return caught.value.message_dict


def test_paragraphs_headings_bold_words_links_and_lists_are_told_apart():
    body = "You have **{package}**.\nSecond line\n\n## What\n{roles}\n\n[Help](https://help.example/a?b=1)"
    assert parse(body) == [
        Block("paragraph", (Words("You have "), Words("{package}", is_bold=True), Words(".\nSecond line"))),
        Block("heading", (Words("What"),)),
        Block("roles"),
        Block("paragraph", (Words("Help", address="https://help.example/a?b=1"),)),
    ]


def test_values_are_words_whatever_they_hold():
    hostile = "**bold** [here](https://evil.example) {person} ## \n\n{button}"
    (block,) = fill(parse("For {package}"), {"package": hostile})
    assert block.words == (Words(f"For {hostile}"),)


def test_a_subject_stays_one_line():
    assert fill_line("For {package}", {"package": "Sales\r\nBcc: all@example.com"}) == "For Sales Bcc: all@example.com"


def test_what_says_nothing_is_left_out():
    assert fill(parse("{next}\n\nText {next}"), {"next": ""}) == [Block("paragraph", (Words("Text "),))]


def test_an_unknown_placeholder_is_refused_with_its_line_and_its_name():
    (said,) = refused(GRANTED, body="Hello\n\nYou have {pakage}.")["body"]
    assert said.startswith("Line 3: {pakage} is no placeholder of this letter. It has: {button}, {description}")
    assert refused(GRANTED, subject="{nothing}")["subject"][0].startswith("{nothing} is no placeholder")


@pytest.mark.parametrize(
    "name", ["package.owner.password", "package|safe", " package ", "0", "", "settings", "Package"]
)
def test_there_are_no_attributes_filters_or_other_ways_in(name):
    assert f"{{{name}}} is no placeholder" in refused(GRANTED, body=f"Text {{{name}}}")["body"][0]


@pytest.mark.parametrize("tag", ["{% load static %}", "{{ package }}", "{# note #}"])
def test_tags_of_templates_are_no_way_in_either(tag):
    refused(GRANTED, body=f"Text {tag}")


@pytest.mark.parametrize("name", ["facts", "roles", "button"])
def test_what_is_more_than_words_stands_alone_and_not_in_a_subject(name):
    assert refused(GRANTED, body=f"See {{{name}}} here")["body"] == [f"Line 1: {{{name}}} stands on a line of its own."]
    assert refused(GRANTED, subject=f"{{{name}}}")["subject"] == [f"{{{name}}} does not fit into a subject."]


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://x.example/{package}", "{package}", ""],
)
def test_links_lead_to_written_out_addresses_only(address):
    (said,) = refused(GRANTED, body=f"A\n[words]({address})")["body"]
    assert said.startswith(f"Line 2: “{address.removesuffix(')')}” is no address")


def test_whoever_has_to_act_keeps_the_way_to_the_page():
    assert refused(ASKED, body="{question}")["body"] == [
        "Whoever gets this has to act: {button} or {link} must be in it."
    ]
    check(ASKED, "Hello", "{question}\n\n[Decide]({link})")
    check(GRANTED, "Hello", "You have {package}.")
    assert refused(DIGEST, body="{button}")["body"] == ["Without {news} the digest tells nothing."]


def test_a_subject_is_one_line_and_neither_is_empty():
    assert refused(GRANTED, subject="A\nBcc: b@example.com")["subject"] == ["A subject is one line."]
    assert refused(GRANTED, subject=" ", body=" ") == {"subject": ["Write a subject."], "body": ["Write a text."]}


def test_all_faults_are_named_at_once():
    said = refused(GRANTED, subject="{a}", body="{b}\n{c} {roles}")
    assert (len(said["subject"]), len(said["body"])) == (1, 3)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_every_original_keeps_the_rules_itself_and_speaks_only_of_what_it_has(template):
    check(template, *original_words(template, language="en"))


@pytest.mark.parametrize("piece", ["**", "[", "{", "](", "**a", "[a](", "{a", "\n", "## "])
def test_no_text_makes_it_hang(piece):
    text = piece * 8000
    list(markup.faults_of(text, known=("package",)))
    parse(text)
