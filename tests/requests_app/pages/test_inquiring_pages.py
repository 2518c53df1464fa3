"""The pages of approving for a shorter time, of asking for information and of answering."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.choices import ApproverKind, StageAudience
from requests_app import actions
from requests_app.lifecycle import RequestStatus
from requests_app.models import Approval, Inquiry

from .conftest import ask, text


@pytest.fixture
def approval(cast, package):
    return ask(cast, package).approvals.get()


@pytest.fixture
def inquiry(cast, approval):
    return actions.ask_for_information(
        approval=approval, actor=cast.marco, question="For which customers?", now=timezone.now()
    )


def page(name, row):
    return reverse(f"requests:{name}", args=[row.pk])


def decide(client, approval, **given):
    return client.post(page("approval", approval), {"decision": "approve", **given})


# --- Shorter --------------------------------------------------------------------------------------------------------


def test_it_is_approved_for_so_many_days_and_everybody_sees_by_whom(cast, approval, sign_in):
    assert decide(sign_in(cast.marco), approval, days="7").status_code == 302
    seen = text(sign_in(cast.rita).get(page("request", approval.access_request)))
    assert "Shortened: 7 days, instead of 30 days" in seen
    assert "Shortened by" in seen
    assert approval.access_request.__class__.objects.get().duration == timedelta(days=7)


def test_a_last_day_is_meant_with_all_of_it(cast, approval, sign_in):
    day = timezone.localdate() + timedelta(days=5)
    assert decide(sign_in(cast.marco), approval, ends_at=day.isoformat()).status_code == 302
    access_request = approval.access_request.__class__.objects.get()
    assert timezone.localtime(access_request.fixed_end).strftime("%Y-%m-%d %H:%M") == f"{day.isoformat()} 23:59"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"days": "30"}, "no shorter than what it is by now"),
        ({"days": "7", "ends_at": "2099-01-01"}, "one of the two"),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"days": "soon"}, "Enter a whole number"),
        ({"ends_at": "2020-01-01"}, "Nothing would be left"),
    ],
)
def test_what_is_no_shorter_is_refused_at_its_field_with_what_was_typed(cast, approval, sign_in, given, said):
    answer = decide(sign_in(cast.marco), approval, justification="Because", **given)
    assert answer.status_code == 422
    assert said in text(answer)
    assert "Because" in text(answer)
    assert '<details class="disclosure" open>' in text(answer)
    approval.refresh_from_db()
    assert approval.decided_at is None


def test_denying_minds_no_period(cast, approval, sign_in):
    answer = sign_in(cast.marco).post(page("approval", approval), {"decision": "deny", "days": "7"})
    assert answer.status_code == 302
    assert approval.access_request.__class__.objects.get().status == RequestStatus.DENIED


# --- Information ----------------------------------------------------------------------------------------------------


def test_an_approver_asks_the_requester_answers_on_the_page_and_the_approver_reads_it(cast, approval, sign_in):
    marco, rita = sign_in(cast.marco), sign_in(cast.rita)
    assert page("ask_for_information", approval) in text(marco.get(page("approval", approval)))
    answer = marco.post(page("ask_for_information", approval), {"question": "For which customers?"}, follow=True)
    assert "the time to decide stands still" in text(answer)
    inquiry = Inquiry.objects.get()
    for seen in (rita.get("/"), rita.get(page("request", approval.access_request))):
        assert page("answer", inquiry) in text(seen)
        assert "For which customers?" in text(seen)
    answer = rita.post(page("answer", inquiry), {"answer": "For the north"}, follow=True)
    assert answer.redirect_chain[-1][0] == page("request", approval.access_request)
    assert "For the north" in text(answer)
    assert "For the north" in text(marco.get(page("approval", approval)))
    assert page("answer", inquiry) not in text(rita.get("/"))


def test_an_empty_question_and_an_empty_answer_are_refused_on_their_pages(cast, approval, sign_in):
    refused = sign_in(cast.marco).post(page("ask_for_information", approval), {"question": " "})
    assert (refused.status_code, "Say what you want to know." in text(refused)) == (422, True)
    inquiry = actions.ask_for_information(approval=approval, actor=cast.marco, question="Why?", now=timezone.now())
    refused = sign_in(cast.rita).post(page("answer", inquiry), {"answer": ""})
    assert (refused.status_code, "Write an answer." in text(refused)) == (422, True)


def test_while_a_question_is_open_the_form_leads_back_to_the_decision(cast, approval, inquiry, sign_in):
    marco = sign_in(cast.marco)
    assert marco.get(page("ask_for_information", approval)).url == page("approval", approval)
    assert page("ask_for_information", approval) not in text(marco.get(page("approval", approval)))
    assert marco.post(page("ask_for_information", approval), {"question": "And?"}).status_code == 409


def test_an_answer_that_comes_after_the_decision_is_told_so(cast, approval, inquiry, sign_in):
    rita = sign_in(cast.rita)
    actions.approve(approval=approval, actor=cast.marco, now=timezone.now())
    late = rita.post(page("answer", inquiry), {"answer": "For the north"})
    assert (late.status_code, "needs no answer any more" in text(late)) == (409, True)
    assert rita.get(page("answer", inquiry)).url == page("request", approval.access_request)


def test_only_the_right_people_come_in(cast, approval, inquiry, sign_in):
    for outsider in (cast.charlie, cast.olga):
        assert sign_in(outsider).get(page("ask_for_information", approval)).status_code == 404
    assert sign_in(cast.charlie).get(page("answer", inquiry)).status_code == 404
    for reader in (cast.marco, cast.olga, cast.ada):
        assert sign_in(reader).get(page("answer", inquiry)).status_code == 403


def test_lists_say_that_information_is_asked_for(cast, approval, inquiry, sign_in):
    assert "information is asked for" in text(sign_in(cast.rita).get(reverse("requests:mine")))
    assert "waits for an answer of the requester" in text(sign_in(cast.marco).get(reverse("requests:approvals")))


# --- Conditions and times -------------------------------------------------------------------------------------------


def test_a_stage_that_is_not_needed_is_said_before_and_after_asking(cast, package, sign_in):
    policy = package.policies.get()
    policy.stages.update(position=2, time_limit=timedelta(hours=36))
    stage = policy.stages.create(position=1, audience=StageAudience.GUESTS)
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.charlie)
    rita = sign_in(cast.rita)
    before = text(rita.get(reverse("requests:ask", args=[package.pk])))
    assert "Stage 1 is not needed" in before
    assert "because it is only for guests" in before
    assert "within 36 hours" in before
    assert "Charlie" not in before
    access_request = ask(cast, package)
    after = text(rita.get(page("request", access_request)))
    assert "Not needed, because it is only for guests." in after
    assert not Approval.objects.asking(cast.charlie).exists()
