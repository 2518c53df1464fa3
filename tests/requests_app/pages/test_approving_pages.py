"""Deciding: the list by urgency, the one screen, and what happens when somebody else was faster."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.choices import ApproverKind, ApproverUse
from directory.models import User
from requests_app import actions
from requests_app.lifecycle import RequestStatus
from requests_app.models import AccessRequest, Approval, ApprovalAssignee
from requests_app.tasks import ask_alternates

from .conftest import ask, cost, get_access, text

APPROVALS = reverse("requests:approvals")


def page_of(approval: Approval) -> str:
    return reverse("requests:approval", args=[approval.pk])


def decide(client, approval, decision="approve", **given):
    return client.post(page_of(approval), {"decision": decision, **given})


def reports(cast, number):
    """So many more people whom Marco manages."""
    first = User.objects.count()
    return [
        User.objects.create(username=f"report{each}", display_name=f"Report {each}", manager=cast.marco)
        for each in range(first, first + number)
    ]


def wait(cast, package, *, number):
    """So many more approvals that wait for Marco, the later ones asked earlier."""
    for each, person in enumerate(reports(cast, number)):
        ask(cast, package, actor=person, now=timezone.now() - timedelta(hours=each))


# --- The list -------------------------------------------------------------------------------------------------------


def test_what_is_due_first_comes_first_on_every_page_and_back_again(cast, package, sign_in, short_pages):
    wait(cast, package, number=7)
    marco, seen, address = sign_in(cast.marco), [], APPROVALS
    pages = []
    while address:
        answer = marco.get(address)
        pages.append(list(answer.context["rows"]))
        seen += pages[-1]
        previous = answer.context["previous_url"]
        assert bool(previous) == (len(pages) > 1)
        address = answer.context["next_url"] and APPROVALS + answer.context["next_url"]
    assert seen == list(Approval.objects.waiting_for(cast.marco))
    assert len(pages) == 3
    back = marco.get(APPROVALS + previous)
    assert list(back.context["rows"]) == pages[1]
    assert list(marco.get(APPROVALS + back.context["previous_url"]).context["rows"]) == pages[0]


def test_what_was_decided_moves_to_the_other_tab(cast, package, sign_in):
    approval = ask(cast, package).approvals.get()
    marco = sign_in(cast.marco)
    assert "Rita needs Sales: Standard Access" in text(marco.get(APPROVALS))
    decide(marco, approval, "deny", justification="Not yet")
    assert marco.get(APPROVALS).context["rows"] == []
    page = text(marco.get(APPROVALS, {"tab": "decided"}))
    assert "you denied" in page
    assert "Not yet" in page


@pytest.mark.parametrize("address", [APPROVALS, f"{APPROVALS}?tab=decided"])
def test_the_list_costs_the_same_however_long_it_is(cast, package, sign_in, address):
    marco, costs = sign_in(cast.marco), []
    for more in (2, 10):
        wait(cast, package, number=more)
        if "decided" in address:
            for approval in Approval.objects.waiting_for(cast.marco):
                actions.deny(approval=approval, actor=cast.marco, now=timezone.now())
        costs.append(cost(marco, address))
    assert costs[0] == costs[1] <= 5


# --- One screen -----------------------------------------------------------------------------------------------------


def test_everything_needed_to_decide_is_on_one_screen(cast, package, sign_in):
    User.objects.filter(pk=cast.rita.pk).update(job_title="Account Executive", department="Sales EMEA North")
    other = cast.package("Sales: Campaign Access", cast.role("Campaigns")[1])
    cast.policy(other)
    get_access(cast, other)
    before = ask(cast, package, justification="Too early")
    actions.deny(approval=before.approvals.get(), actor=cast.marco, now=timezone.now())
    question = package.policies.get().questions.create(text="Which region?")
    access_request = ask(cast, package, answers={str(question.pk): "The Baltic states"})
    page = text(sign_in(cast.marco).get(page_of(access_request.approvals.get())))
    for words in (
        "Account Executive",
        "Sales EMEA North",
        "New in Sales",
        "Which region?",
        "The Baltic states",
        "Member of Sales EMEA",
        "Sales: Campaign Access",
        "Too early",
        "30 days",
        "in 14 days",
    ):
        assert words in page, words


def test_marco_approves_and_comes_back_to_his_list(cast, package, sign_in):
    access_request = ask(cast, package)
    marco = sign_in(cast.marco)
    answer = decide(marco, access_request.approvals.get(), justification="Welcome")
    assert answer["Location"] == APPROVALS
    assert "You approved Rita’s request for Sales: Standard Access." in text(marco.get(APPROVALS))
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.DELIVERING
    assert ApprovalAssignee.objects.get().justification == "Welcome"


def test_marco_denies(cast, package, sign_in):
    access_request = ask(cast, package)
    decide(sign_in(cast.marco), access_request.approvals.get(), "deny", justification="Not yet")
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.DENIED


@pytest.mark.parametrize("decision", [{}, {"decision": ""}, {"decision": "both"}])
def test_what_is_neither_yes_nor_no_decides_nothing(cast, package, sign_in, decision):
    access_request = ask(cast, package)
    answer = sign_in(cast.marco).post(page_of(access_request.approvals.get()), {"justification": "Hm", **decision})
    assert answer.status_code == 422
    assert "Hm" in text(answer)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.PENDING_APPROVAL


def test_a_reason_is_asked_for_where_the_stage_says_so(cast, package, sign_in):
    package.policies.get().stages.update(requires_justification=True)
    approval = ask(cast, package).approvals.get()
    for decision in ("approve", "deny"):
        answer = decide(sign_in(cast.marco), approval, decision, justification="  ")
        assert answer.status_code == 422
        assert answer.context["form"].errors == {"justification": ["Say why you decide so."]}
    assert decide(sign_in(cast.marco), approval, justification="Needed").status_code == 302


def test_of_two_approvers_the_second_is_told_who_was_first(cast, package, sign_in):
    package.policies.get().stages.get().approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    approval = ask(cast, package).approvals.get()
    marco, ada = sign_in(cast.marco), sign_in(cast.ada)
    assert "Approve" in text(marco.get(page_of(approval)))
    decide(ada, approval)
    answer = decide(marco, approval, "deny")
    assert answer.status_code == 409
    assert "Ada approved this already." in text(answer)
    assert f'href="{page_of(approval)}"' in text(answer)
    assert AccessRequest.objects.get().status == RequestStatus.DELIVERING
    page = text(marco.get(page_of(approval)))
    assert "There is nothing to decide any more: this approval is approved." in page
    assert "decision-form" not in page


def test_a_decision_that_is_sent_twice_counts_once(cast, package, sign_in):
    approval = ask(cast, package).approvals.get()
    marco = sign_in(cast.marco)
    assert decide(marco, approval).status_code == 302
    assert decide(marco, approval).status_code == 409
    assert "You approved it" in text(marco.get(page_of(approval)))


def test_nobody_decides_for_themselves_even_where_a_row_says_that_they_are_asked(cast, package, sign_in):
    approval = ask(cast, package).approvals.get()
    ApprovalAssignee.objects.create(approval=approval, person=cast.rita, asked_at=timezone.now())
    rita = sign_in(cast.rita)
    page = text(rita.get(page_of(approval)))
    assert "nobody decides on their own access" in page
    assert "decision-form" not in page
    answer = decide(rita, approval)
    assert answer.status_code == 403
    assert "You are not asked to decide on this request." in text(answer)
    assert AccessRequest.objects.get().is_open


def test_for_whoever_is_not_asked_there_is_nothing_here(cast, package, sign_in):
    approval = ask(cast, package).approvals.get()
    for person in (cast.rita, cast.olga, cast.ada, cast.charlie):
        assert sign_in(person).get(page_of(approval)).status_code == 404
        assert decide(sign_in(person), approval).status_code == 404
    assert AccessRequest.objects.get().status == RequestStatus.PENDING_APPROVAL


def test_two_approvals_are_asked_for_by_name(cast, package, sign_in):
    stage = package.policies.get().stages.get()
    stage.approvals_required = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    access_request = ask(cast, package)
    assert "Waiting for Ada and Marco." in text(
        sign_in(cast.rita).get(reverse("requests:request", args=[access_request.pk]))
    )
    decide(sign_in(cast.ada), access_request.approvals.get())
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.PENDING_APPROVAL
    assert "You are asked to decide." in text(
        sign_in(cast.marco).get(reverse("requests:request", args=[access_request.pk]))
    )


def test_a_stage_among_several_says_which_it_is_and_what_was_decided_before(cast, package, sign_in):
    second = package.policies.get().stages.create(position=2)
    second.approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    third = package.policies.get().stages.create(position=3, approvals_required=None)
    third.approvers.create(kind=ApproverKind.PERSON, person=cast.charlie)
    access_request = ask(cast, package)
    first, approval, _last = access_request.approvals.all()
    assert "stage 1 of 3" in text(sign_in(cast.marco).get(APPROVALS))
    decide(sign_in(cast.marco), first, justification="She needs it")
    ada = sign_in(cast.ada)
    assert "stage 2 of 3" in text(ada.get(APPROVALS))
    shown = text(ada.get(page_of(approval)))
    assert "Stage 2 of 3." in shown
    assert "She needs it" in shown
    assert "everybody who is asked must approve" in shown
    assert "Its turn comes when the stage before is approved" in shown
    followed = text(sign_in(cast.rita).get(reverse("requests:request", args=[access_request.pk])))
    assert "Waiting for Ada." in followed
    assert "Stage 1 of 3" in followed


def test_an_alternate_learns_since_when_and_the_others_that_they_may_still_decide(cast, package, sign_in):
    stage = package.policies.get().stages.get()
    stage.alternates_after = timedelta(days=3)
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, use=ApproverUse.ALTERNATE, person=cast.charlie)
    asked_at = timezone.now() - timedelta(days=5)
    access_request = ask(cast, package, now=asked_at)
    approval, charlie = access_request.approvals.get(), sign_in(cast.charlie)
    page = reverse("requests:request", args=[access_request.pk])
    assert "Without a decision, alternates are asked as well" in text(sign_in(cast.rita).get(page))
    assert charlie.get(page_of(approval)).status_code == 404
    assert ask_alternates() == 1
    shown = text(charlie.get(page_of(approval)))
    assert "You were asked as an alternate" in shown
    followed = text(sign_in(cast.rita).get(page))
    assert "asked as alternate" in followed
    assert "Not decided so far; asked as alternates: Charlie" in followed
    assert decide(charlie, approval).status_code == 302
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.DELIVERING


def test_the_list_costs_the_same_however_much_waits(cast, package, sign_in):
    package.policies.get().stages.create(position=2).approvers.create(kind=ApproverKind.MANAGER)
    marco, costs = sign_in(cast.marco), []
    for more in (1, 12):
        wait(cast, package, number=more)
        costs.append(cost(marco, APPROVALS))
    assert costs[0] == costs[1]


def test_the_screen_costs_the_same_however_much_the_person_has(cast, package, sign_in):
    approval = ask(cast, package).approvals.get()
    marco, costs = sign_in(cast.marco), []
    for more in (1, 6):
        for each in range(more):
            other = cast.package(f"Sales: {more}.{each}", cast.role(f"{more}.{each}")[1])
            cast.policy(other)
            get_access(cast, other)
        costs.append(cost(marco, page_of(approval)))
    assert costs[0] == costs[1] <= 17
