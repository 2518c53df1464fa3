"""Questions and the attributes that they fill in, as administrators set them up."""

import pytest
from django.urls import reverse

from audit.models import Event
from directory.models import PersonAttribute

from .test_catalog_pages import errors_of, page_of


@pytest.fixture
def policy(cast):
    return cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]))


def question(**fields):
    typed = {
        "position": 1,
        "kind": "text",
        "text": "Which project?",
        "is_required": "on",
        "is_editable": "on",
        **fields,
    }
    return {"questions-TOTAL_FORMS": 1, **{f"questions-0-{name}": value for name, value in typed.items()}}


def test_a_question_with_pattern_translations_and_attribute_is_set_on_the_policys_page(cast, ada, fill, policy):
    attribute = PersonAttribute.objects.create(name="project", is_editable=True)
    typed = question(
        pattern="PRJ-[0-9]{4}",
        pattern_hint="PRJ- and four digits.",
        example="PRJ-0001",
        attribute=attribute.pk,
        translations="de\r\nWelches Projekt?\r\nPRJ- und vier Ziffern.",
    )
    answer = ada.post(page_of(policy), fill(ada.get(page_of(policy)), typed))
    assert answer.status_code == 302, errors_of(answer)
    kept = policy.questions.get()
    assert (kept.pattern, kept.attribute) == ("PRJ-[0-9]{4}", attribute)
    assert kept.worded(["de"]).text == "Welches Projekt?"
    told = Event.objects.get(verb="policy.changed").details["fields"]["questions"][1]
    assert told == ["1. Which project?, like PRJ-[0-9]{4}, stored as project, also in de"]
    again = ada.post(page_of(policy), fill(ada.get(page_of(policy)), {}))
    assert again.status_code == 302
    assert Event.objects.filter(verb="policy.changed").count() == 1, "what was shown is what was saved"


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"pattern": "(a+", "example": "a"}, "pattern", "This pattern cannot be used"),
        ({"pattern": "[0-9]+", "example": "none"}, "example", "This does not look right."),
        ({"translations": "Deutsch\nWelche?"}, "translations", "is no language code"),
    ],
)
def test_what_cannot_work_is_said_at_its_field_and_stays_as_it_was_typed(ada, fill, policy, typed, field, said):
    answer = ada.post(page_of(policy), fill(ada.get(page_of(policy)), question(**typed)))
    assert answer.status_code == 200
    assert not policy.questions.exists()
    page = answer.content.decode()
    assert said in page
    assert typed[field].split("\n")[0] in page


def test_administrators_open_an_attribute_and_close_it_again(ada, fill):
    add = reverse("admin:directory_personattribute_add")
    refused = ada.post(add, fill(ada.get(add), {"name": "email"}))
    assert refused.status_code == 200
    assert "says who somebody is or what they may" in refused.content.decode()
    assert ada.post(add, fill(ada.get(add), {"name": "badge", "description": "Opens doors"})).status_code == 302
    attribute = PersonAttribute.objects.get()
    assert ada.post(reverse("admin:directory_personattribute_delete", args=[attribute.pk]), {"post": "yes"}).url
    assert not PersonAttribute.objects.exists()
    assert list(Event.objects.filter(verb__startswith="attribute.").values_list("verb", flat=True).order_by("pk")) == [
        "attribute.opened",
        "attribute.closed",
    ]
