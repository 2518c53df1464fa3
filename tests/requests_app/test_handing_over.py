"""Handing one's own part in an approval over: to whom, by whom, and what is left behind."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from catalog.choices import ApproverKind
from directory.actions import disable_person
from directory.models import User
from notifications.delivery import perform_all_due
from notifications.models import Message, Occasion
from requests_app import actions, events
from requests_app.lifecycle import IllegalMove, RequestStatus
from requests_app.models import AccessRequest, Approval
from tests.cast import NOW

DAY = timedelta(days=1)


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


@pytest.fixture
def approval(cast, package):
    """Marco is asked about Rita."""
    return actions.submit(package=package, actor=cast.rita, justification="New", now=NOW).approvals.get()


def hand_over(approval, actor, person, *, why="On holiday", now=NOW + DAY):
    return actions.hand_over(approval=approval, actor=actor, person=person, why=why, now=now)


def asked(approval):
    return {one.person.display_name for one in approval.assignees.select_related("person")}


def test_whoever_it_is_handed_to_decides_and_whoever_handed_it_over_does_not(cast, approval):
    hand_over(approval, cast.marco, cast.charlie)
    assert asked(approval) == {"Charlie"}
    one = approval.assignees.get()
    assert (one.instead_of, one.handed_over_why, one.asked_at) == (cast.marco, "On holiday", NOW + DAY)
    assert not Approval.objects.waiting_for(cast.marco).exists()
    with pytest.raises(PermissionDenied):
        actions.approve(approval=approval, actor=cast.marco, now=NOW + DAY)
    decided = actions.approve(approval=approval, actor=cast.charlie, now=NOW + DAY)
    assert decided.status == RequestStatus.DELIVERING


def test_it_is_written_in_the_journal_and_told_by_mail(cast, approval, mailoutbox):
    hand_over(approval, cast.marco, cast.charlie)
    event = Event.objects.get(verb=events.APPROVAL_REASSIGNED)
    assert event.sentence == (
        "Marco handed the decision on Sales: Standard Access for Rita over to Charlie: On holiday"
    )
    assert event.correlation_id == approval.access_request_id
    perform_all_due(now=NOW + DAY)
    assert [letter.to for letter in mailoutbox] == [["charlie@example.com"]]
    assert "Handed over: by Marco: “On holiday”" in mailoutbox[0].body
    assert Message.objects.get(recipient=cast.marco).withheld_because == "Marco is no longer asked."


@pytest.mark.parametrize("outsider", ["rita", "charlie", "olga", "ada"])
def test_nobody_hands_over_what_they_are_not_asked(cast, approval, outsider):
    with pytest.raises(PermissionDenied):
        hand_over(approval, getattr(cast, outsider), cast.charlie)
    assert asked(approval) == {"Marco"}


def test_it_goes_to_nobody_who_could_not_decide(cast, package, approval):
    gone = User.objects.create(username="gone", display_name="Gone", is_active=False)
    for person, message in (
        (cast.rita, "Rita is a party"),
        (gone, "Gone is disabled"),
        (cast.marco, "Marco is asked already"),
    ):
        with pytest.raises(ValidationError, match=message):
            hand_over(approval, cast.marco, person)
    with pytest.raises(ValidationError, match="why you hand it over"):
        hand_over(approval, cast.marco, cast.charlie, why="  ")
    assert asked(approval) == {"Marco"}
    assert not Event.objects.filter(verb=events.APPROVAL_REASSIGNED).exists()


def test_not_to_whoever_submitted_it_for_somebody_else(cast, package):
    made = actions.assign_directly(
        policy=package.policies.get(), person=cast.rita, actor=cast.olga, justification="x", now=NOW
    )
    with pytest.raises(ValidationError, match="Olga is a party"):
        hand_over(made.approvals.get(), cast.marco, cast.olga)


def test_what_is_decided_is_not_handed_over(cast, approval):
    actions.deny(approval=approval, actor=cast.marco, now=NOW)
    with pytest.raises(IllegalMove):
        hand_over(approval, cast.marco, cast.charlie)


def test_it_is_handed_on_and_back_and_told_each_time(cast, approval):
    hand_over(approval, cast.marco, cast.charlie)
    hand_over(approval, cast.charlie, cast.ada, now=NOW + 2 * DAY)
    assert approval.assignees.get().instead_of == cast.marco
    hand_over(approval, cast.ada, cast.marco, now=NOW + 3 * DAY)
    one = approval.assignees.get()
    assert (one.person, one.instead_of) == (cast.marco, None)
    occasions = (Occasion.APPROVER_ASKED, Occasion.HANDED_OVER)
    told = Message.objects.filter(occasion__in=occasions).order_by("created_at")
    assert [message.recipient for message in told] == [cast.marco, cast.charlie, cast.ada, cast.marco]


def test_the_number_of_approvals_stays_and_whoever_handed_over_is_not_asked_again_when_another_leaves(cast, package):
    stage = package.policies.get().stages.get()
    stage.approvals_required = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    approval = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW).approvals.get()
    hand_over(approval, cast.marco, cast.charlie)
    disable_person(person=cast.olga, actor=cast.ada, now=NOW + DAY)
    actions.replace_absent_approvers(approval=approval, now=NOW + DAY)
    assert asked(approval) == {"Charlie", "Ada"}
    assert actions.approve(approval=approval, actor=cast.charlie, now=NOW + DAY).status == "pendingApproval"
    assert actions.approve(approval=approval, actor=cast.ada, now=NOW + DAY).status == RequestStatus.DELIVERING


def test_whoever_was_asked_first_is_asked_again_when_the_other_leaves(cast, approval):
    hand_over(approval, cast.marco, cast.charlie)
    disable_person(person=cast.charlie, actor=cast.ada, now=NOW + DAY)
    actions.replace_absent_approvers(approval=approval, now=NOW + DAY)
    assert asked(approval) == {"Marco"}


# --- Page and API ---------------------------------------------------------------------------------------------------


@pytest.fixture
def marco(cast, client):
    client.force_login(cast.marco)
    return client


def page_of(approval):
    return reverse("requests:hand_over", args=[approval.pk])


def test_the_page_finds_people_asks_why_and_hands_over(cast, approval, marco):
    decision = marco.get(reverse("requests:approval", args=[approval.pk]))
    assert page_of(approval) in decision.content.decode()
    found = marco.get(page_of(approval), {"q": "charl"})
    assert [one.display_name for one in found.context["people"]] == ["Charlie"]
    address = f"{page_of(approval)}?person={cast.charlie.pk}"
    assert "Why do you hand it over?" in marco.get(address).content.decode()
    assert marco.post(address, {"why": ""}).status_code == 422
    answer = marco.post(address, {"why": "On holiday"}, follow=True)
    assert "Charlie decides on Sales: Standard Access in your place" in answer.content.decode()
    assert asked(approval) == {"Charlie"}
    assert marco.get(page_of(approval)).status_code == 404
    followed = marco.get(reverse("requests:request", args=[approval.access_request_id])).content.decode()
    assert "Handed over by Marco" in followed
    assert "Handed over to Charlie" in followed


def test_the_page_says_why_somebody_cannot_get_it(cast, approval, marco):
    answer = marco.post(f"{page_of(approval)}?person={cast.rita.pk}", {"why": "On holiday"})
    assert answer.status_code == 422
    assert "Rita is a party of this request." in answer.content.decode()
    assert marco.post(page_of(approval), {"why": "On holiday"}).status_code == 422
    assert asked(approval) == {"Marco"}


def test_what_is_decided_has_no_such_page(cast, approval, marco):
    actions.deny(approval=approval, actor=cast.marco, now=timezone.now())
    assert marco.get(page_of(approval)).status_code == 302
    assert marco.post(f"{page_of(approval)}?person={cast.charlie.pk}", {"why": "x"}).status_code == 409


def test_a_program_hands_over_too(cast, approval, marco):
    def send(given):
        return marco.post(f"/api/v1/approvals/{approval.pk}/hand-over/", given, content_type="application/json")

    answer = send({"person": "charlie", "why": "On holiday"})
    assert answer.status_code == 200, answer.content
    [one] = answer.json()["approvals"][0]["approvers"]
    assert (one["person"]["username"], one["instead_of"]["username"]) == ("charlie", "marco")
    assert one["handed_over_why"] == "On holiday"
    assert send({"person": "ada", "why": "Again"}).status_code == 403
    marco.force_login(cast.charlie)
    for wrong in ({"person": "nobody", "why": "x"}, {"person": "rita", "why": "x"}, {"person": "ada"}):
        assert send(wrong).status_code == 422
    assert AccessRequest.objects.get().status == RequestStatus.PENDING_APPROVAL
