"""Asking for a package: the form that the policy makes, and what comes of sending it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.choices import ApproverKind
from directory.models import User
from requests_app import actions
from requests_app.models import AccessRequest

from .conftest import ask, get_access, text


def page_of(package):
    return reverse("requests:ask", args=[package.pk])


def send(client, package, *, query="", **given):
    return client.post(page_of(package) + query, given)


def test_rita_asks_and_follows_her_request(cast, package, sign_in):
    rita = sign_in(cast.rita)
    form = rita.get(page_of(package))
    assert "Marco decides" in text(form)
    assert "within 14 days" in text(form)
    assert "after 30 days" in text(form)
    assert "Member of Sales EMEA" in text(form)
    answer = send(rita, package, justification="New in Sales")
    access_request = AccessRequest.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("requests:request", args=[access_request.pk])
    assert access_request.justification == "New in Sales"
    assert "You asked for Sales: Standard Access." in text(rita.get(answer["Location"]))


def test_what_is_missing_is_named_at_its_field_and_nothing_is_lost(cast, package, sign_in):
    questions = package.policies.get().questions
    region = questions.create(text="Which region?", position=1)
    size = questions.create(text="How big?", kind="choice", choices=["small", "large"], position=2)
    answer = send(sign_in(cast.rita), package, **{f"question_{region.pk}": "EMEA & <b>APAC</b>", "justification": " "})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        f"question_{size.pk}": ["Answer this question."],
        "justification": ["Say why you need it."],
    }
    assert "EMEA &amp; &lt;b&gt;APAC&lt;/b&gt;" in text(answer)
    assert not AccessRequest.objects.exists()


def test_answers_are_kept_with_their_questions(cast, package, sign_in):
    questions = package.policies.get().questions
    region = questions.create(text="Which region?", position=1)
    size = questions.create(text="How big?", kind="choice", choices=["small", "large"], position=2)
    optional = questions.create(text="Anything else?", is_required=False, position=3)
    answers = {f"question_{region.pk}": "EMEA", f"question_{size.pk}": "large", f"question_{optional.pk}": ""}
    send(sign_in(cast.rita), package, justification="New in Sales", **answers)
    assert [str(answer) for answer in AccessRequest.objects.get().answers.all()] == [
        "Which region? EMEA",
        "How big? large",
    ]


def test_an_answer_that_is_no_choice_is_refused(cast, package, sign_in):
    size = package.policies.get().questions.create(text="How big?", kind="choice", choices=["small", "large"])
    answer = send(sign_in(cast.rita), package, justification="x", **{f"question_{size.pk}": "enormous"})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {f"question_{size.pk}": ["Choose one of the answers."]}


def test_a_policy_that_wants_no_reason_takes_none(cast, sign_in):
    package = cast.package("Sales: News", cast.role("News")[1])
    cast.policy(package, approver=None, requires_justification=False)
    form = sign_in(cast.rita).get(page_of(package))
    assert "nobody needs to decide" in text(form)
    assert send(sign_in(cast.rita), package).status_code == 302
    assert AccessRequest.objects.get().assignment is not None


def test_a_second_click_lands_on_the_first_request(cast, package, sign_in):
    rita = sign_in(cast.rita)
    first = send(rita, package, justification="New in Sales")
    second = send(rita, package, justification="New in Sales")
    assert second["Location"] == first["Location"]
    assert "You asked for Sales: Standard Access already" in text(rita.get(second["Location"]))
    assert AccessRequest.objects.count() == 1
    assert rita.get(page_of(package))["Location"] == first["Location"]


def test_a_second_click_that_arrives_during_the_first_lands_there_too(cast, package, sign_in, monkeypatch):
    """The page looks before the first click has committed; the action refuses after it has."""
    from requests_app.views import asking

    first, look = ask(cast, package), asking._what_is_there
    looks = []

    def too_early(package, *, person):
        looks.append(person)
        return None if len(looks) == 1 else look(package, person=person)

    monkeypatch.setattr(asking, "_what_is_there", too_early)
    answer = send(sign_in(cast.rita), package, justification="New in Sales")
    assert answer["Location"] == reverse("requests:request", args=[first.pk])
    assert AccessRequest.objects.count() == 1


def test_whoever_has_it_is_led_to_their_access(cast, package, sign_in):
    assignment = get_access(cast, package)
    answer = sign_in(cast.rita).get(page_of(package))
    assert answer["Location"] == reverse("requests:assignment", args=[assignment.pk])


def test_of_several_policies_one_is_chosen_first(cast, package, sign_in):
    short = cast.policy(package, name="A short visit", duration_amount=3, approver=None)
    rita = sign_in(cast.rita)
    choice = rita.get(page_of(package))
    assert "A short visit" in text(choice)
    assert "Marco decides" in text(choice)
    assert "form" not in choice.context
    assert send(rita, package, justification="x").status_code == 422
    assert rita.get(page_of(package), {"policy": "nonsense"}).templates[0].name == "requests/choose_policy.html"
    query = f"?policy={short.pk}"
    assert "after 3 days" in text(rita.get(page_of(package) + query))
    assert send(rita, package, query=query, justification="x").status_code == 302
    assert AccessRequest.objects.get().policy == short


def test_whoever_no_policy_takes_in_is_told_why(cast, sign_in):
    package = cast.package("Finance: Ledger", cast.role("Ledger")[1])
    cast.policy(package, scope="specificDirectoryUsers")
    charlie = sign_in(cast.charlie)
    for answer in (charlie.get(page_of(package)), send(charlie, package, justification="x")):
        assert answer.status_code == 403
        assert "No policy of Finance: Ledger lets you ask for it" in text(answer)
        assert "Olga" in text(answer)
    assert not AccessRequest.objects.exists()


def test_a_disabled_package_takes_no_requests_and_says_so_to_its_owner(cast, package, sign_in):
    package.is_enabled = False
    package.save()
    assert sign_in(cast.charlie).get(page_of(package)).status_code == 404
    answer = sign_in(cast.olga).get(page_of(package))
    assert answer.status_code == 403
    assert "takes no requests at present" in text(answer)


def test_where_the_policys_approver_is_the_one_who_asks_the_page_says_who_decides_instead(cast, sign_in):
    package = cast.package("Sales: Campaigns", cast.role("Campaigns")[1])
    cast.policy(package, approver=None).stages.create(position=1).approvers.create(kind="person", person=cast.marco)
    page = text(sign_in(cast.marco).get(page_of(package)))
    assert "Olga decides" in page
    assert "Nobody whom the policy names can decide" in page


def test_a_text_beyond_all_measure_is_refused_at_its_field(cast, package, sign_in):
    answer = send(sign_in(cast.rita), package, justification="x" * 4001)
    assert answer.status_code == 422
    assert "justification" in answer.context["form"].errors


@pytest.mark.django_db
def test_the_form_costs_the_same_with_many_roles_and_questions(cast, sign_in):
    from .conftest import cost

    costs = []
    for number in (1, 8):
        roles = [cast.role(f"Group {number}.{each}")[1] for each in range(number)]
        package = cast.package(f"Sales: {number} Roles", *roles)
        policy = cast.policy(package)
        for each in range(number):
            policy.questions.create(text=f"Question {each}?", position=each + 1)
        costs.append(cost(sign_in(cast.rita), page_of(package)))
    assert costs[0] == costs[1]


def test_a_request_that_is_over_can_be_made_again(cast, package, sign_in):
    actions.deny(approval=ask(cast, package).approvals.get(), actor=cast.marco, now=timezone.now())
    rita = sign_in(cast.rita)
    assert rita.get(page_of(package)).status_code == 200
    assert send(rita, package, justification="Once more").status_code == 302


def test_the_page_says_how_long_they_usually_take_and_who_is_asked_after_them(cast, package, sign_in):
    stage = package.policies.get().stages.get()
    stage.alternates_after = timedelta(days=3)
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, use="alternate", person=cast.charlie)
    asked_at = timezone.now() - timedelta(days=20)
    for number in range(3):
        person = User.objects.create(username=f"r{number}", display_name=f"R{number}", manager=cast.marco)
        made = actions.submit(package=package, actor=person, justification="New", now=asked_at)
        decided_at = asked_at + timedelta(hours=5)
        actions.approve(approval=made.approvals.get(), actor=cast.marco, now=decided_at)
    rita = sign_in(cast.rita)
    page = " ".join(rita.get(reverse("requests:ask", args=[package.pk])).content.decode().split())
    assert "Typically 5 hours: the median of their decisions in the past 90 days." in page
    assert "After 3 days without a decision, also Charlie." in page
    page = " ".join(rita.get(reverse("package", args=[package.pk])).content.decode().split())
    assert "Marco decides within 14 days, typically 5 hours; lasts 30 days." in page
