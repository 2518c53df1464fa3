"""What one has: the list with each role's state, why one has it, and giving it back."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import Assignment

from .conftest import ask, carry_out, cost, get_access, text

ACCESS = reverse("requests:access")


def page_of(assignment: Assignment, name: str = "assignment") -> str:
    return reverse(f"requests:{name}", args=[assignment.pk])


def get_more(cast, number, **policy):
    """Rita gets so many further packages, without approval."""
    made = []
    for each in range(number):
        package = cast.package(
            f"Sales: Package {Assignment.objects.count()}", cast.role(f"{Assignment.objects.count()}")[1]
        )
        cast.policy(package, approver=None, **policy)
        made.append(ask(cast, package, now=timezone.now() - timedelta(minutes=each)).assignment)
    carry_out()
    return made


def test_each_role_shows_its_own_state_and_what_ends_first_comes_first(cast, package, sign_in):
    rita = sign_in(cast.rita)
    get_access(cast, package)
    [soon] = get_more(cast, 1, duration_amount=2)
    [endless] = get_more(cast, 1, duration_kind="noExpiration", duration_amount=None)
    other = cast.package("Sales: Slow", cast.role("Slow")[1])
    cast.policy(other, approver=None, duration_amount=90)
    ask(cast, other)
    entries = rita.get(ACCESS).context["entries"]
    names = [str(assignment) for assignment, _roles in entries]
    assert names == [str(soon), "Sales: Standard Access", "Sales: Slow", str(endless)]
    states = {str(assignment): [role.state for role in roles] for assignment, roles in entries}
    assert states["Sales: Standard Access"] == ["Delivered and verified"]
    assert states["Sales: Slow"] == ["Pending"]


def test_what_is_not_yet_taken_away_is_not_shown_as_gone(cast, package, sign_in):
    rita, assignment = sign_in(cast.rita), get_access(cast, package)
    rita.post(page_of(assignment, "give_back"))
    assert "Ended, removal pending" in text(rita.get(ACCESS))
    assert rita.get(ACCESS, {"tab": "ended"}).context["entries"] == []
    carry_out()
    assert rita.get(ACCESS).context["entries"] == []
    assert [one for one, _roles in rita.get(ACCESS, {"tab": "ended"}).context["entries"]] == [assignment]


def test_nobody_sees_the_access_of_others_in_their_list(cast, package, sign_in):
    get_access(cast, package)
    for person in (cast.charlie, cast.marco, cast.olga, cast.ada):
        assert sign_in(person).get(ACCESS).context["entries"] == []


def test_what_has_ended_is_paged_and_complete(cast, sign_in, short_pages):
    for assignment in get_more(cast, 7):
        actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
    carry_out()
    rita, seen, address = sign_in(cast.rita), [], "?tab=ended"
    while address:
        answer = rita.get(ACCESS + address)
        seen += [assignment for assignment, _roles in answer.context["entries"]]
        address = answer.context["older_url"]
    assert seen == list(Assignment.objects.order_by("-ended_at", "-pk"))


@pytest.mark.parametrize("tab", ["", "?tab=ended"])
def test_the_list_costs_the_same_however_long_it_is(cast, sign_in, tab):
    rita, costs = sign_in(cast.rita), []
    for more in (2, 10):
        for assignment in get_more(cast, more):
            if tab:
                actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
        carry_out()
        costs.append(cost(rita, ACCESS + tab))
    assert costs[0] == costs[1] <= 6


def test_why_one_has_it_is_told_with_who_approved(cast, package, sign_in):
    assignment = get_access(cast, package)
    page = text(sign_in(cast.rita).get(page_of(assignment)))
    for words in ("Rita asked for it", "New in Sales", "Marco approved it", "Welcome", "Delivered and verified"):
        assert words in page, words
    assert reverse("requests:request", args=[assignment.access_requests.get().pk]) in page
    assert page_of(assignment, "give_back") in page
    assert page_of(assignment, "revoke") not in page


def test_the_story_goes_on_to_the_end(cast, package, sign_in):
    assignment = get_access(cast, package)
    later = timezone.now() + timedelta(hours=1)
    actions.revoke(assignment=assignment, actor=cast.olga, why="Moved to Finance", now=later)
    perform_all_due(now=later + timedelta(seconds=1))
    answer = sign_in(cast.rita).get(page_of(assignment))
    assert [step.title for step in answer.context["steps"]][-3:] == [
        "Access ended",
        "Member of Sales EMEA removed",
        "Everything is taken away",
    ]
    assert "Moved to Finance" in text(answer)
    assert "Olga ended it" in text(answer)
    assert page_of(assignment, "give_back") not in text(answer)


def test_the_owner_and_the_administrator_see_it_and_charlie_does_not(cast, package, sign_in):
    assignment = get_access(cast, package)
    answers = {
        name: sign_in(getattr(cast, name)).get(page_of(assignment)).status_code
        for name in ("rita", "marco", "olga", "ada", "charlie")
    }
    assert answers == {"rita": 200, "marco": 200, "olga": 200, "ada": 200, "charlie": 404}
    assert page_of(assignment, "revoke") in text(sign_in(cast.olga).get(page_of(assignment)))


def test_rita_gives_it_back_after_a_last_question(cast, package, sign_in):
    rita, assignment = sign_in(cast.rita), get_access(cast, package)
    assert "Give Sales: Standard Access back?" in text(rita.get(page_of(assignment, "give_back")))
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.DELIVERED
    assert rita.post(page_of(assignment, "give_back"))["Location"] == page_of(assignment)
    carry_out()
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.ENDED


def test_what_is_given_back_twice_is_given_back_once(cast, package, sign_in):
    rita, assignment = sign_in(cast.rita), get_access(cast, package)
    rita.post(page_of(assignment, "give_back"))
    answer = rita.post(page_of(assignment, "give_back"))
    assert answer.status_code == 409
    assert "This access has ended already." in text(answer)
    assert f'href="{page_of(assignment)}"' in text(answer)
    assert rita.get(page_of(assignment, "give_back"))["Location"] == page_of(assignment)
    assert assignment.access_requests.filter(kind="userRemove").count() == 1


def test_nobody_gives_back_what_others_have(cast, package, sign_in):
    assignment = get_access(cast, package)
    for person, status in ((cast.olga, 403), (cast.ada, 403), (cast.marco, 403), (cast.charlie, 404)):
        assert sign_in(person).get(page_of(assignment, "give_back")).status_code == status
        assert sign_in(person).post(page_of(assignment, "give_back")).status_code == status
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.DELIVERED


def test_the_page_costs_the_same_with_many_roles(cast, sign_in):
    rita, costs = sign_in(cast.rita), []
    for number in (1, 9):
        package = cast.package(f"Sales: {number} Roles", *[cast.role(f"{number}.{each}")[1] for each in range(number)])
        cast.policy(package)
        costs.append(cost(rita, page_of(get_access(cast, package))))
    assert costs[0] == costs[1] <= 19
