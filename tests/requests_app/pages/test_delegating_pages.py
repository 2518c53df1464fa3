"""Delegation on the pages and in the API: naming somebody, changing it, ending it, and what both see."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Catalog
from directory.models import User
from requests_app import actions
from requests_app.models import Approval, Delegation

from .conftest import ask, cost, text

LIST = "/approvals/delegations/"
SET = "/approvals/delegations/set/"
API = "/api/v1/delegations/"


@pytest.fixture
def marco(cast, sign_in):
    return sign_in(cast.marco)


@pytest.fixture
def delegation(cast):
    """Olga decides in Marco's place, from now on."""
    return actions.set_delegation(
        delegator=cast.marco, delegate=cast.olga, actor=cast.marco, now=timezone.now(), takes_waiting=True
    )


def test_somebody_is_looked_up_and_named(cast, marco):
    assert "Nobody decides in your place" in text(marco.get(LIST))
    assert LIST in text(marco.get(reverse("requests:approvals")))
    assert [one.display_name for one in marco.get(SET, {"q": "olg"}).context["people"]] == ["Olga"]
    page = text(marco.get(SET, {"person": cast.olga.pk}))
    assert "From when?" in page
    assert "Sales" in page, "the catalogs to choose from"
    last = timezone.localdate() + timedelta(days=7)
    answer = marco.post(
        f"{SET}?person={cast.olga.pk}", {"ends_at": last.isoformat(), "catalogs": [str(cast.catalog.pk)]}, follow=True
    )
    assert "Olga decides in your place, and is told so." in text(answer)
    made = Delegation.objects.get()
    assert (made.delegator, made.delegate, made.is_for_all_catalogs) == (cast.marco, cast.olga, False)
    assert timezone.localdate(made.ends_at) == last
    page = text(answer)
    assert "Now" in page
    assert reverse("requests:end_delegation", args=[made.pk]) in page


def test_what_was_typed_is_kept_where_it_is_refused(cast, marco):
    yesterday = timezone.localdate() - timedelta(days=1)
    answer = marco.post(f"{SET}?person={cast.olga.pk}", {"ends_at": yesterday.isoformat(), "takes_waiting": "on"})
    assert answer.status_code == 422
    assert f'value="{yesterday.isoformat()}"' in text(answer)
    assert "over before it begins" in text(answer)
    answer = marco.post(f"{SET}?person={cast.marco.pk}", {})
    assert "Somebody else must be chosen." in text(answer)
    assert marco.post(SET, {}).status_code == 422
    assert not Delegation.objects.exists()


def test_whoever_stands_in_decides_on_the_page_and_sees_for_whom(cast, package, sign_in, delegation):
    approval = ask(cast, package).approvals.get()
    actions.follow_delegations(now=timezone.now())
    olga = sign_in(cast.olga)
    waiting = text(olga.get(reverse("requests:approvals")))
    assert "in the place of Marco" in waiting
    page = text(olga.get(reverse("requests:approval", args=[approval.pk])))
    assert "You decide in the place of Marco, who is away" in page
    assert reverse("requests:hand_over", args=[approval.pk]) not in page
    mine = text(sign_in(cast.rita).get(reverse("requests:request", args=[approval.access_request_id])))
    assert "Waiting for Marco (delegated to Olga)." in mine
    assert "Away: Olga may decide in their place" in mine
    olga.post(reverse("requests:approval", args=[approval.pk]), {"decision": "deny", "justification": "Not now"})
    mine = text(sign_in(cast.rita).get(reverse("requests:request", args=[approval.access_request_id])))
    assert "Denied by Olga for Marco." in mine
    assert "Decided by Olga in their place" in mine
    assert "in the place of Marco" in text(olga.get(reverse("requests:approvals") + "?tab=decided"))
    late = text(sign_in(cast.marco).get(reverse("requests:approval", args=[approval.pk])))
    assert "Olga for Marco denied it" in late


def test_both_see_it_and_only_the_one_changes_it(cast, sign_in, marco, delegation):
    assert "You decide in the place of" in text(sign_in(cast.olga).get(LIST))
    page = reverse("requests:delegation", args=[delegation.pk])
    assert sign_in(cast.olga).get(page).status_code == 403
    assert sign_in(cast.charlie).get(page).status_code == 404
    assert "Olga" in text(marco.get(page))
    assert text(marco.get(page, {"q": ""})).count("To whom?") == 1
    other = Catalog.objects.create(name="Finance", description="Money")
    answer = marco.post(f"{page}?person={cast.charlie.pk}", {"catalogs": [str(other.pk)]}, follow=True)
    assert "Changed." in text(answer)
    delegation.refresh_from_db()
    assert (delegation.delegate, list(delegation.catalogs.all())) == (cast.charlie, [other])


def test_it_is_ended_by_a_question_first(cast, marco, delegation):
    page = reverse("requests:end_delegation", args=[delegation.pk])
    assert "no longer decide for Marco?" in text(marco.get(page))
    assert "Olga no longer decides in your place." in text(marco.post(page, follow=True))
    assert marco.get(page).status_code == 302
    assert marco.post(page).status_code == 409
    assert "Over" in text(marco.get(LIST))


def test_a_guest_who_is_asked_nothing_is_not_shown_the_directory(cast, package, sign_in):
    gus = User.objects.create(username="gus", display_name="Gus", kind="guest")
    guest = sign_in(gus)
    assert SET not in text(guest.get(LIST))
    assert guest.get(SET, {"q": "olg"}).status_code == 403
    ask(cast, package).approvals.get().assignees.create(person=gus, asked_at=timezone.now())
    assert guest.get(SET, {"q": "olg"}).status_code == 200


def test_the_list_costs_the_same_however_many_there_are(cast, marco):
    costs = []
    for number in (1, 6):
        for _each in range(number):
            made = actions.set_delegation(
                delegator=cast.marco, delegate=cast.olga, actor=cast.marco, catalogs=[cast.catalog], now=timezone.now()
            )
            actions.end_delegation(delegation=made, actor=cast.marco, now=timezone.now())
        costs.append(cost(marco, LIST))
    assert costs[0] == costs[1]


# --- API ------------------------------------------------------------------------------------------------------------


def send(client, address, given=None):
    return client.post(address, given or {}, content_type="application/json")


def test_a_program_sets_changes_and_ends_it(cast, package, marco):
    answer = send(marco, API, {"delegate": "olga", "catalogs": [str(cast.catalog.pk)], "takes_waiting": True})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["delegator"]["username"], made["delegate"]["username"]) == ("marco", "olga")
    assert [catalog["name"] for catalog in made["catalogs"]] == ["Sales"]
    assert marco.get(API).json()["results"] == [made]
    approval = ask(cast, package).approvals.get()
    actions.follow_delegations(now=timezone.now())
    [one] = marco.get(f"/api/v1/approvals/{approval.pk}/").json()["approvers"]
    assert (one["person"]["username"], one["delegate"]["username"], one["decided_by"]) == ("marco", "olga", None)
    changed = send(marco, f"{API}{made['id']}/change/", {"delegate": "charlie"}).json()
    assert (changed["delegate"]["username"], changed["is_for_all_catalogs"]) == ("charlie", True)
    assert send(marco, f"{API}{made['id']}/end/").json()["ended_at"]
    assert send(marco, f"{API}{made['id']}/end/").status_code == 409


def test_what_a_program_sends_wrong_is_said(cast, marco, sign_in, delegation):
    for wrong in (
        {},
        {"delegate": "nobody"},
        {"delegate": "marco"},
        {"delegate": "olga", "catalogs": [str(cast.rita.pk)]},
        {"delegate": "olga", "ends_at": "2020-01-01T00:00:00Z"},
        {"delegate": "olga"},
    ):
        assert send(marco, API, wrong).status_code == 422, wrong
    assert send(marco, API, {"delegate": "olga", "delegator": "rita"}).status_code == 403
    olga = sign_in(cast.olga)
    assert send(olga, f"{API}{delegation.pk}/end/").status_code == 403
    assert send(sign_in(cast.charlie), f"{API}{delegation.pk}/end/").status_code == 404
    assert send(sign_in(cast.ada), API, {"delegate": "olga", "delegator": "rita"}).status_code == 201


def test_whoever_stands_in_finds_it_in_the_api(cast, package, sign_in, delegation):
    approval = ask(cast, package).approvals.get()
    actions.follow_delegations(now=timezone.now())
    olga = sign_in(cast.olga)
    assert [one["id"] for one in olga.get("/api/v1/approvals/").json()["results"]] == [str(approval.pk)]
    answer = send(olga, f"/api/v1/approvals/{approval.pk}/approve/").json()
    [one] = answer["approvals"][0]["approvers"]
    assert (one["decided_by"]["username"], one["is_approved"]) == ("olga", True)
    assert not Approval.objects.waiting_for(cast.marco).exists()
