"""Looking after a package: who has it, taking it away, assigning it; only for those who may."""

import pytest
from django.urls import reverse
from django.utils import timezone

from directory.models import User
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus, RequestStatus
from requests_app.models import AccessRequest, Assignment
from tests.cast import appoint

from .conftest import carry_out, cost, get_access, text


def holders_of(package) -> str:
    return reverse("requests:holders", args=[package.pk])


def assign_page_of(package, person=None) -> str:
    return reverse("requests:assign", args=[package.pk]) + (f"?person={person.pk}" if person else "")


def revoke_page_of(assignment) -> str:
    return reverse("requests:revoke", args=[assignment.pk])


def hand_out(cast, package, number):
    """So many more people have the package."""
    first = User.objects.count()
    for each in range(first, first + number):
        person = User.objects.create(username=f"holder{each}", display_name=f"Holder {each}", job_title="Clerk")
        actions.assign_directly(policy=package.policies.get(), person=person, actor=cast.olga, now=timezone.now())
    carry_out()


@pytest.mark.parametrize("person", ["rita", "marco", "charlie"])
def test_for_others_there_is_nothing_here(cast, package, sign_in, person):
    client = sign_in(getattr(cast, person))
    for address in (holders_of(package), assign_page_of(package), assign_page_of(package, cast.rita)):
        assert client.get(address).status_code == 404
        given = {"policy": package.policies.get().pk, "justification": "x"}
        assert client.post(address, given).status_code == (405 if address == holders_of(package) else 404)
    assert not AccessRequest.objects.exists()


def test_an_auditor_reads_and_assigns_nothing(cast, package, sign_in):
    auditor = sign_in(User.objects.create(username="audrey", is_auditor=True))
    assert auditor.get(assign_page_of(package)).status_code == 404
    assignment = get_access(cast, package)
    assert auditor.post(revoke_page_of(assignment), {"why": "x"}).status_code == 403


def test_the_owner_of_the_catalog_looks_after_its_packages(cast, package, sign_in):
    appoint(cast.catalog, cast.charlie)
    assert sign_in(cast.charlie).get(holders_of(package)).status_code == 200


def test_holders_are_found_by_name_username_and_address(cast, package, sign_in):
    get_access(cast, package)
    olga = sign_in(cast.olga)
    for words, number in (("", 1), ("rit", 1), ("RITA@EXAMPLE", 1), ("Zoe", 0), ("%", 0)):
        assert len(olga.get(holders_of(package), {"q": words}).context["assignments"]) == number, words
    assert "Nobody who has this package is called “Zoe”." in text(olga.get(holders_of(package), {"q": "Zoe"}))


def test_the_list_of_holders_is_paged_and_costs_the_same(cast, hidden, sign_in, short_pages):
    olga, costs = sign_in(cast.olga), []
    for more in (1, 6):
        hand_out(cast, hidden, more)
        costs.append(cost(olga, holders_of(hidden)))
    assert costs[0] == costs[1] <= 6
    seen, address = [], holders_of(hidden)
    while address:
        answer = olga.get(address)
        seen += answer.context["assignments"]
        address = answer.context["older_url"] and holders_of(hidden) + answer.context["older_url"]
    assert seen == list(Assignment.objects.order_by("-starts_at", "-pk"))


def test_olga_takes_it_away_and_says_why(cast, package, sign_in):
    olga, assignment = sign_in(cast.olga), get_access(cast, package)
    assert "Take Sales: Standard Access away from Rita?" in text(olga.get(revoke_page_of(assignment)))
    silent = olga.post(revoke_page_of(assignment), {"why": " "})
    assert silent.status_code == 422
    assert silent.context["form"].errors == {"why": ["Say why the access is taken away."]}
    assert olga.post(revoke_page_of(assignment), {"why": "Moved"})["Location"] == holders_of(package)
    assert "Sales: Standard Access is taken away from Rita." in text(olga.get(holders_of(package)))
    late = olga.post(revoke_page_of(assignment), {"why": "Moved"})
    assert late.status_code == 409
    assert reverse("requests:assignment", args=[assignment.pk]) in text(late)
    carry_out()
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.ENDED
    assert olga.get(holders_of(package)).context["assignments"] == []


def test_the_person_does_not_revoke_their_own_access(cast, package, sign_in):
    assignment = get_access(cast, package)
    for person, status in ((cast.rita, 403), (cast.marco, 403), (cast.charlie, 404)):
        assert sign_in(person).get(revoke_page_of(assignment)).status_code == status
        assert sign_in(person).post(revoke_page_of(assignment), {"why": "x"}).status_code == status
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.DELIVERED


def test_olga_looks_a_person_up_and_assigns_the_package(cast, hidden, sign_in):
    olga = sign_in(cast.olga)
    found = olga.get(assign_page_of(hidden), {"q": "rita@ex"})
    assert found.context["people"] == [cast.rita]
    assert f"?person={cast.rita.pk}" in text(found)
    address = assign_page_of(hidden, cast.rita)
    assert "rita@example.com" in text(olga.get(address))
    given = {"policy": hidden.policies.get().pk, "justification": "Closes the month with us"}
    answer = olga.post(address, given)
    access_request = AccessRequest.objects.get()
    assert answer["Location"] == reverse("requests:request", args=[access_request.pk])
    assert (access_request.person, access_request.status) == (cast.rita, RequestStatus.DELIVERING)
    assert "You assigned Finance: Month-end Closing to Rita." in text(olga.get(answer["Location"]))


def test_who_has_it_already_is_not_given_it_twice(cast, hidden, sign_in):
    olga, given = sign_in(cast.olga), {"policy": hidden.policies.get().pk, "justification": "Again"}
    olga.post(assign_page_of(hidden, cast.rita), given)
    answer = olga.post(assign_page_of(hidden, cast.rita), given)
    assert answer.status_code == 422
    assert "Rita has this package already." in text(answer)
    assert "Again" in text(answer)
    assert AccessRequest.objects.count() == 1


def test_what_is_missing_is_named(cast, hidden, sign_in):
    answer = sign_in(cast.olga).post(assign_page_of(hidden, cast.rita), {})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"policy", "justification"}


def test_a_policy_of_another_package_is_no_choice(cast, hidden, package, sign_in):
    given = {"policy": package.policies.get().pk, "justification": "x"}
    answer = sign_in(cast.olga).post(assign_page_of(hidden, cast.rita), given)
    assert answer.status_code == 422
    assert not AccessRequest.objects.exists()


def test_nobody_is_chosen_who_is_disabled_or_not_there(cast, hidden, sign_in):
    olga = sign_in(cast.olga)
    User.objects.filter(pk=cast.rita.pk).update(is_active=False)
    assert olga.get(assign_page_of(hidden), {"q": "rita"}).context["people"] == []
    for person in (str(cast.rita.pk), "nonsense", ""):
        address = f"{assign_page_of(hidden)}?person={person}"
        assert olga.get(address).context["person"] is None
        assert olga.post(address, {"policy": hidden.policies.get().pk, "justification": "x"}).status_code == 422
    assert not AccessRequest.objects.exists()


def test_a_package_without_a_policy_says_so(cast, sign_in):
    package = cast.package("Sales: Empty", cast.role("Empty")[1])
    assert "This package has no policy that is enabled" in text(sign_in(cast.olga).get(assign_page_of(package)))
