"""Following a request: the list, the page that stays true while it is open, and cancelling."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accessgov import outbox
from provisioning import actions as provisioning_actions
from provisioning.models import Operation
from requests_app import actions
from requests_app.lifecycle import RequestStatus
from requests_app.models import AccessRequest, Assignment
from tests.cast import Cast

from .conftest import ask, carry_out, cost, get_access, text

MINE = reverse("requests:mine")


def page_of(access_request: AccessRequest) -> str:
    return reverse("requests:request", args=[access_request.pk])


def poll(client, access_request, *, seen="nothing"):
    return client.get(page_of(access_request), {"seen": seen}, headers={"HX-Request": "true"})


def fill(cast: Cast, number: int) -> None:
    """Rita asks for so many further packages."""
    for each in range(number):
        package = cast.package(f"Sales: Package {AccessRequest.objects.count()}", cast.role(f"Role {each}.{number}")[1])
        cast.policy(package)
        ask(cast, package, now=timezone.now() - timedelta(minutes=each))


# --- The list -------------------------------------------------------------------------------------------------------


def test_open_and_done_requests_are_told_apart(cast, package, sign_in):
    rita = sign_in(cast.rita)
    access_request = ask(cast, package)
    assert "waiting for Marco" in text(rita.get(MINE))
    assert rita.get(MINE, {"tab": "done"}).context["access_requests"] == []
    actions.deny(approval=access_request.approvals.get(), actor=cast.marco, now=timezone.now())
    assert rita.get(MINE).context["access_requests"] == []
    assert rita.get(MINE, {"tab": "done"}).context["access_requests"] == [access_request]


def test_nobody_finds_the_requests_of_others_in_their_list(cast, package, sign_in):
    ask(cast, package)
    for person in (cast.charlie, cast.marco, cast.olga, cast.ada):
        assert sign_in(person).get(MINE).context["access_requests"] == []


def test_the_list_is_paged_and_complete(cast, package, sign_in, short_pages):
    fill(cast, 7)
    rita, seen, address = sign_in(cast.rita), [], MINE
    while address:
        answer = rita.get(address)
        seen += answer.context["access_requests"]
        address = answer.context["older_url"] and MINE + answer.context["older_url"]
    assert seen == list(AccessRequest.objects.order_by("-submitted_at", "-pk"))


@pytest.mark.parametrize("address", [MINE, f"{MINE}?tab=done"])
def test_the_list_costs_the_same_however_long_it_is(cast, package, sign_in, address):
    rita, costs = sign_in(cast.rita), []
    for more in (2, 10):
        fill(cast, more)
        if "done" in address:
            for access_request in AccessRequest.objects.open():
                actions.cancel(access_request=access_request, actor=cast.rita, now=timezone.now())
        costs.append(cost(rita, address))
    assert costs[0] == costs[1] <= 9


# --- One request ----------------------------------------------------------------------------------------------------


def test_the_page_tells_the_whole_story(cast, package, sign_in):
    rita, access_request = sign_in(cast.rita), ask(cast, package)
    page = text(rita.get(page_of(access_request)))
    assert "Waiting for Marco." in page
    assert "Member of Sales EMEA" in page
    assert "New in Sales" in page
    actions.approve(
        approval=access_request.approvals.get(), actor=cast.marco, justification="Welcome", now=timezone.now()
    )
    assert "being delivered" in text(rita.get(page_of(access_request)))
    carry_out()
    answer = rita.get(page_of(access_request))
    assert [step.title for step in answer.context["steps"]] == [
        "Asked",
        "Asked to decide: Marco",
        "Approved",
        "Member of Sales EMEA delivered",
        "Everything is there",
    ]
    assert "Welcome" in text(answer)
    assert "Delivered and verified" in text(answer)
    folded = {event.verb for event in answer.context["story"]}
    assert "grant.queued" in folded
    assert "Rita is to get Member of Sales EMEA" in text(answer)


def test_what_somebody_wrote_is_shown_as_they_wrote_it(cast, package, sign_in):
    access_request = ask(cast, package, justification="<script>alert('x')</script> & so on")
    page = text(sign_in(cast.marco).get(page_of(access_request)))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_everybody_concerned_sees_it_and_nobody_else(cast, package, sign_in):
    access_request = ask(cast, package)
    answers = {
        name: sign_in(getattr(cast, name)).get(page_of(access_request)).status_code
        for name in ("rita", "marco", "olga", "ada", "charlie")
    }
    assert answers == {"rita": 200, "marco": 200, "olga": 200, "ada": 200, "charlie": 404}


def test_only_those_who_are_asked_are_led_to_the_decision(cast, package, sign_in):
    access_request = ask(cast, package)
    address = reverse("requests:approval", args=[access_request.approvals.get().pk])
    assert address in text(sign_in(cast.marco).get(page_of(access_request)))
    for person in (cast.rita, cast.olga, cast.ada):
        assert address not in text(sign_in(person).get(page_of(access_request)))


def test_what_waits_for_a_system_that_is_away_or_switched_off_says_so(cast, package, sign_in):
    access_request = ask(cast, package)
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=timezone.now())
    connector = cast.system.connector
    until = provisioning_actions.note_outage(
        connector_id=connector.pk, error="Nobody answers at the door.", delay=timedelta(hours=2), now=timezone.now()
    )
    rita = sign_in(cast.rita)
    answer = rita.get(page_of(access_request))
    [delivery] = answer.context["deliveries"]
    assert delivery.next_try == until
    page = text(answer)
    assert "Directory does not answer at the moment; it is tried again by itself." in page
    assert "Nobody answers at the door." in page
    assert "Next try" in page
    assert "Tried" not in page
    provisioning_actions.note_answer(connector=type(connector).objects.get(), now=timezone.now())
    assert "at the moment" not in text(rita.get(page_of(access_request)))
    type(connector).objects.update(is_enabled=False)
    assert "The connection to Directory is switched off" in text(rita.get(page_of(access_request)))


def test_a_failed_delivery_is_told_with_its_error_and_its_next_try(cast, package, sign_in):
    access_request = ask(cast, package)
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=timezone.now())
    [operation] = outbox.claim(Operation.objects.with_grants(), now=timezone.now())
    asleep = provisioning_actions.Failure("The target is asleep.", delay=timedelta(minutes=10))
    provisioning_actions.settle_failed({operation: asleep}, now=timezone.now())
    answer = sign_in(cast.rita).get(page_of(access_request))
    [delivery] = answer.context["deliveries"]
    assert (delivery.error, delivery.tone, delivery.attempts) == ("The target is asleep.", "bad", 1)
    operation.refresh_from_db()
    assert delivery.next_try == operation.due_at
    for words in ("Failed, being retried", "The target is asleep.", "Tried 1 time.", "Next try", "not everything is"):
        assert words in text(answer)


def test_what_is_given_up_says_that_administrators_see_it(cast, package, sign_in):
    access_request = ask(cast, package)
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=timezone.now())
    Operation.objects.update(attempts=Operation.MAX_ATTEMPTS - 1)
    [operation] = outbox.claim(Operation.objects.with_grants(), now=timezone.now())
    gone = provisioning_actions.Failure("The target is gone.")
    provisioning_actions.settle_failed({operation: gone}, now=timezone.now())
    page = text(sign_in(cast.rita).get(page_of(access_request)))
    assert f"Given up after {Operation.MAX_ATTEMPTS} attempts" in page
    assert "Next try" not in page


def test_the_ending_leads_to_the_beginning_and_back(cast, package, sign_in):
    assignment = get_access(cast, package)
    origin = AccessRequest.objects.get()
    actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
    ending = AccessRequest.objects.get(kind="userRemove")
    rita = sign_in(cast.rita)
    assert page_of(ending) in text(rita.get(page_of(origin)))
    page = text(rita.get(page_of(ending)))
    assert page_of(origin) in page
    assert "Being removed" in page
    carry_out()
    assert "Everything that it gave is taken away" in text(rita.get(page_of(ending)))


def test_what_other_access_gives_too_is_kept_and_the_page_says_so(cast, sign_in):
    role = cast.role("Sales EMEA")[1]
    packages = [cast.package("Sales: Standard Access", role), cast.package("Sales: Campaign Access", role)]
    for package in packages:
        cast.policy(package)
        get_access(cast, package)
    actions.give_back(assignment=Assignment.objects.get(package=packages[0]), actor=cast.rita, now=timezone.now())
    answer = sign_in(cast.rita).get(page_of(AccessRequest.objects.get(kind="userRemove")))
    assert [(one.state, one.note) for one in answer.context["deliveries"]] == [("Kept", "Other access gives it too.")]


def test_the_page_costs_the_same_with_many_roles(cast, sign_in):
    rita, costs = sign_in(cast.rita), []
    for number in (1, 9):
        package = cast.package(f"Sales: {number} Roles", *[cast.role(f"{number}.{each}")[1] for each in range(number)])
        cast.policy(package)
        get_access(cast, package)
        costs.append(cost(rita, page_of(AccessRequest.objects.get(package=package))))
    assert costs[0] == costs[1] <= 16


# --- Live -----------------------------------------------------------------------------------------------------------


def test_while_it_is_open_the_page_asks_again_and_afterwards_it_stops(cast, package, sign_in):
    rita, access_request = sign_in(cast.rita), ask(cast, package)
    assert 'hx-trigger="every 2s"' in text(rita.get(page_of(access_request)))
    actions.deny(approval=access_request.approvals.get(), actor=cast.marco, now=timezone.now())
    assert "hx-trigger" not in text(rita.get(page_of(access_request)))
    last = poll(rita, access_request)
    assert last.status_code == 200
    assert "hx-trigger" not in text(last)


def test_a_poll_answers_with_the_part_alone_and_with_nothing_where_nothing_changed(cast, package, sign_in):
    rita, access_request = sign_in(cast.rita), ask(cast, package)
    first = poll(rita, access_request)
    assert "<html" not in text(first)
    assert 'id="state"' in text(first)
    assert "HX-Request" in first["Vary"]
    [seen] = re.findall(r"\?seen=(\w+)", text(first))
    assert poll(rita, access_request, seen=seen).status_code == 204
    actions.cancel(access_request=access_request, actor=cast.rita, now=timezone.now())
    changed = poll(rita, access_request, seen=seen)
    assert changed.status_code == 200
    assert "Canceled" in text(changed)


def test_a_poll_after_the_session_has_ended_reloads_the_page(client, cast, package):
    answer = poll(client, ask(cast, package))
    assert answer["HX-Refresh"] == "true"
    assert text(answer) == ""


# --- Cancelling -----------------------------------------------------------------------------------------------------


def test_rita_cancels_after_a_last_question(cast, package, sign_in):
    rita, access_request = sign_in(cast.rita), ask(cast, package)
    address = reverse("requests:cancel", args=[access_request.pk])
    assert address in text(rita.get(page_of(access_request)))
    assert "Cancel the request for Sales: Standard Access?" in text(rita.get(address))
    access_request.refresh_from_db()
    assert access_request.is_open
    assert rita.post(address)["Location"] == page_of(access_request)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.CANCELED
    assert "is canceled" in text(rita.get(page_of(access_request)))


def test_what_was_decided_meanwhile_is_not_canceled(cast, package, sign_in):
    rita, access_request = sign_in(cast.rita), ask(cast, package)
    address = reverse("requests:cancel", args=[access_request.pk])
    actions.deny(approval=access_request.approvals.get(), actor=cast.marco, now=timezone.now())
    answer = rita.post(address)
    assert answer.status_code == 409
    assert "This request is denied already." in text(answer)
    assert f'href="{page_of(access_request)}"' in text(answer)
    assert rita.get(address)["Location"] == page_of(access_request)


def test_whoever_decides_does_not_cancel(cast, package, sign_in):
    marco, access_request = sign_in(cast.marco), ask(cast, package)
    address = reverse("requests:cancel", args=[access_request.pk])
    assert address not in text(marco.get(page_of(access_request)))
    for answer in (marco.get(address), marco.post(address)):
        assert answer.status_code == 403
        assert "Only those who asked may cancel a request." in text(answer)
    access_request.refresh_from_db()
    assert access_request.is_open
