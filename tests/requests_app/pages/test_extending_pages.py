"""Extending on the pages: the button where it can be, the reason where not, the question, and what follows."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from requests_app import actions
from requests_app.models import AccessRequest, Assignment

from .conftest import cost, get_access, text


@pytest.fixture
def assignment(cast, package):
    """What Rita has ends in ten days."""
    held = get_access(cast, package)
    Assignment.objects.filter(pk=held.pk).update(ends_at=timezone.now() + timedelta(days=10))
    return Assignment.objects.get(pk=held.pk)


@pytest.fixture
def extend_page(assignment):
    return reverse("requests:extend", args=[assignment.pk])


def page_of(row, name):
    return reverse(f"requests:{name}", args=[row.pk])


def test_whoever_has_it_finds_the_way_on_the_page_of_the_access(cast, assignment, extend_page, sign_in):
    assert f'href="{extend_page}"' in text(sign_in(cast.rita).get(page_of(assignment, "assignment")))
    for other in (cast.olga, cast.ada):
        assert extend_page not in text(sign_in(other).get(page_of(assignment, "assignment")))


def test_where_it_cannot_be_extended_the_page_of_the_access_says_why(cast, assignment, extend_page, sign_in):
    assignment.policy.is_extension_allowed = False
    assignment.policy.save()
    shown = text(sign_in(cast.rita).get(page_of(assignment, "assignment")))
    assert "allows no extension" in shown
    assert f'href="{extend_page}"' not in shown


def test_the_question_says_until_when_and_who_decides(cast, assignment, extend_page, sign_in):
    shown = text(sign_in(cast.rita).get(extend_page))
    assert "Why do you need it for longer?" in shown
    assert "Marco decides" in shown
    assert shown.count((assignment.ends_at + timedelta(days=30)).strftime("%Y-%m-%d")) >= 2


def test_without_approval_nobody_is_said_to_decide(cast, assignment, extend_page, sign_in):
    assignment.policy.does_extension_need_approval = False
    assignment.policy.save()
    rita = sign_in(cast.rita)
    shown = text(rita.get(extend_page))
    assert "Marco" not in shown.partition("What happens next")[2]
    rita.post(extend_page, {"justification": "The quarter is not over"})
    ends_at = assignment.ends_at
    assignment.refresh_from_db()
    assert assignment.ends_at == ends_at + timedelta(days=30)


def test_from_the_question_to_the_new_end(cast, assignment, extend_page, sign_in):
    rita, marco = sign_in(cast.rita), sign_in(cast.marco)
    answer = rita.post(extend_page, {"justification": "The quarter is not over"})
    access_request = AccessRequest.objects.updating().get()
    assert answer["Location"] == page_of(access_request, "request")
    shown = text(rita.get(page_of(access_request, "request")))
    assert "Rita asked to extend it" in shown
    assert "Extended until" in shown
    assert "There is an open request" in text(rita.get(page_of(assignment, "assignment")))
    assert "Extension" in text(rita.get(reverse("requests:mine")))
    assert [one.pk for one in rita.get(reverse("home")).context["access_requests"]] == [access_request.pk]

    approval = access_request.approvals.get()
    assert "Rita needs Sales: Standard Access for longer" in text(marco.get(reverse("requests:approvals")))
    shown = text(marco.get(page_of(approval, "approval")))
    assert "for longer" in shown
    assert "ends now on" in shown
    marco.post(page_of(approval, "approval"), {"decision": "approve", "justification": "Yes"})

    shown = text(rita.get(page_of(access_request, "request")))
    assert "Extended until" in shown
    assert "taken away" not in shown
    shown = text(rita.get(page_of(assignment, "assignment")))
    assert "Rita asked to extend it" in shown
    assert "ended it" not in shown


def test_a_denied_extension_is_not_shown_as_access_that_is_gone(cast, assignment, sign_in):
    access_request = actions.extend(assignment=assignment, actor=cast.rita, justification="More", now=timezone.now())
    actions.deny(approval=access_request.approvals.get(), actor=cast.marco, now=timezone.now())
    shown = text(sign_in(cast.rita).get(page_of(access_request, "request")))
    assert "Denied" in shown
    assert "taken away" not in shown


def test_a_form_that_lacks_the_reason_keeps_what_was_typed(cast, assignment, extend_page, sign_in):
    question = assignment.policy.questions.create(text="Which region?")
    answer = sign_in(cast.rita).post(extend_page, {f"question_{question.pk}": "EMEA", "justification": ""})
    assert answer.status_code == 422
    assert "Say why you need it." in text(answer)
    assert "EMEA" in text(answer)


def test_a_second_click_leads_to_the_request_that_is_open(cast, assignment, extend_page, sign_in):
    rita, typed = sign_in(cast.rita), {"justification": "The quarter is not over"}
    first, second = rita.post(extend_page, typed), rita.post(extend_page, typed)
    assert first["Location"] == second["Location"] == rita.get(extend_page)["Location"]
    assert AccessRequest.objects.updating().count() == 1


def test_where_it_cannot_be_extended_the_address_leads_back_with_the_reason(cast, assignment, extend_page, sign_in):
    Assignment.objects.update(ends_at=timezone.now() + timedelta(days=25))
    answer = sign_in(cast.rita).get(extend_page, follow=True)
    assert answer.redirect_chain[-1][0] == page_of(assignment, "assignment")
    assert "It can be extended from" in text(answer)


def test_nobody_else_extends_it(cast, assignment, extend_page, sign_in):
    for person, status in ((cast.olga, 403), (cast.ada, 403), (cast.charlie, 404)):
        browser = sign_in(person)
        assert browser.get(extend_page).status_code == status
        assert browser.post(extend_page, {"justification": "For her"}).status_code == status
    assert not AccessRequest.objects.updating().exists()


def test_the_page_costs_few_statements(cast, extend_page, sign_in):
    assert cost(sign_in(cast.rita), extend_page) <= 20
