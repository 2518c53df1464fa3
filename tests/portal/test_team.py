"""The pages of a manager's team: who is on them, what they show, and what can be done there."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import AccessPackage
from directory.actions import disable_person
from directory.models import User
from requests_app.models import AccessRequest, Assignment
from tests.cast import NOW, Cast

from .conftest import Ask, Browser, Give


@pytest.fixture
def open_package(cast: Cast) -> AccessPackage:
    """For all members; managers may ask for their reports, and Olga decides."""
    package = cast.package("Sales: Partner Access", cast.role("Partners")[1])
    cast.policy(package, approver="packageOwners", is_on_behalf_allowed=True)
    return package


def text(client: Client, address: str, *, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return re.sub(r"\s+", " ", response.content.decode())


def report_page(person: User) -> str:
    return reverse("report", args=[person.pk])


def ask_page(package: AccessPackage, person: User | None = None) -> str:
    return reverse("requests:ask", args=[package.pk]) + (f"?for={person.pk}" if person else "")


def test_a_manager_finds_their_reports_and_what_they_have(
    cast: Cast, package, open_package, browser_of: Browser, give: Give, ask: Ask
) -> None:
    mine, other = give(package, cast.rita), give(open_package, cast.rita)
    more = cast.package("Sales: Campaign Access")
    cast.policy(more)
    ask(more, cast.rita)
    page = text(browser_of(cast.marco), "/team/")
    for words in ("Rita", "Sales: Standard Access", "Sales: Partner Access", "Sales: Campaign Access", "waiting for"):
        assert words in page
    assert reverse("requests:revoke", args=[other.pk]) in page, "its policy lets managers ask"
    assert reverse("requests:revoke", args=[mine.pk]) not in page


def test_whoever_leads_nobody_is_told_so_and_not_led_there(cast: Cast, browser_of: Browser) -> None:
    assert "Nobody reports to you" in text(browser_of(cast.charlie), "/team/")
    assert 'href="/team/"' not in text(browser_of(cast.charlie), "/")
    assert 'href="/team/"' in text(browser_of(cast.marco), "/")


def test_nobody_finds_somebody_elses_report(cast: Cast, browser_of: Browser) -> None:
    for person in (cast.charlie, cast.olga, cast.ada, cast.rita):
        text(browser_of(person), report_page(cast.rita), status=404)
    disable_person(person=cast.rita, actor=cast.ada, now=NOW)
    text(browser_of(cast.marco), report_page(cast.rita), status=404)


def test_what_can_be_asked_for_in_their_place_leads_to_the_form(
    cast: Cast, package, open_package, browser_of: Browser
) -> None:
    marco = browser_of(cast.marco)
    page = text(marco, report_page(cast.rita))
    assert f'href="{ask_page(open_package, cast.rita)}"' in page
    assert "Sales: Standard Access" not in page, "no policy of it lets managers ask"
    assert "Sales: Partner Access" not in text(marco, report_page(cast.rita) + "?q=zebra")
    form = text(marco, ask_page(open_package, cast.rita))
    for words in ("Request access for Rita", "Why does Rita need it?", "Olga decides", "For Rita"):
        assert words in form


def test_a_manager_asks_for_a_report_without_a_script(cast: Cast, open_package, browser_of: Browser) -> None:
    marco = browser_of(cast.marco)
    answer = marco.post(ask_page(open_package, cast.rita), {"justification": "She starts on Monday"})
    access_request = AccessRequest.objects.get()
    assert answer["Location"] == reverse("requests:request", args=[access_request.pk])
    assert (access_request.person, access_request.requested_by) == (cast.rita, cast.marco)
    page = text(marco, answer["Location"])
    assert "You asked for Sales: Partner Access for Rita." in page
    assert "Marco asked for Rita" in page
    assert "Marco asked for Rita" in text(browser_of(cast.rita), answer["Location"])
    assert "Sales: Partner Access" not in text(marco, report_page(cast.rita)).split("Ask for access for Rita")[1]


def test_for_whom_it_is_can_be_chosen_on_the_form(cast: Cast, package, open_package, browser_of: Browser) -> None:
    page = text(browser_of(cast.marco), ask_page(open_package))
    for words in ("For whom?", "For me", "For Rita"):
        assert words in page
    assert "For whom?" not in text(browser_of(cast.marco), ask_page(package)), "no policy of it lets managers ask"
    assert "For whom?" not in text(browser_of(cast.charlie), ask_page(open_package)), "nobody reports to Charlie"


def test_whoever_cannot_ask_for_themselves_chooses_for_whom(cast: Cast, open_package, browser_of: Browser) -> None:
    policy = open_package.policies.get()
    policy.scope = "specificDirectoryUsers"
    policy.save()
    policy.people.add(cast.rita)
    page = text(browser_of(cast.marco), ask_page(open_package))
    assert "lets you ask for it" in page
    assert "For Rita" in page
    text(browser_of(cast.charlie), ask_page(open_package), status=403)


def test_whoever_has_it_may_still_ask_for_their_reports(
    cast: Cast, open_package, browser_of: Browser, give: Give
) -> None:
    give(open_package, cast.marco)
    page = text(browser_of(cast.marco), ask_page(open_package))
    assert "You have Sales: Partner Access already." in page
    assert "For Rita" in page


def test_what_the_report_has_already_leads_there(cast: Cast, open_package, browser_of: Browser, give: Give) -> None:
    assignment = give(open_package, cast.rita)
    answer = browser_of(cast.marco).get(ask_page(open_package, cast.rita))
    assert answer["Location"] == reverse("requests:assignment", args=[assignment.pk])


@pytest.mark.parametrize("nonsense", ["nonsense", "01934b6e-0000-7000-8000-000000000000"])
def test_nobody_asks_for_people_who_are_not_theirs(cast: Cast, open_package, browser_of: Browser, nonsense) -> None:
    marco = browser_of(cast.marco)
    for whom in (nonsense, str(cast.charlie.pk)):
        address = f"{ask_page(open_package)}?for={whom}"
        assert marco.get(address).status_code == 404
        assert marco.post(address, {"justification": "Mine now"}).status_code == 404
    assert not AccessRequest.objects.exists()


def test_a_manager_takes_access_away_on_its_page(
    cast: Cast, open_package, package, browser_of: Browser, give: Give
) -> None:
    marco = browser_of(cast.marco)
    kept, taken = give(package, cast.rita), give(open_package, cast.rita)
    assert marco.get(reverse("requests:revoke", args=[kept.pk])).status_code == 403
    answer = marco.post(reverse("requests:revoke", args=[taken.pk]), {"why": "She moved on"}, follow=True)
    assert answer.status_code == 200
    assert set(Assignment.objects.live().filter(person=cast.rita)) == {kept}


def test_the_team_takes_as_many_statements_for_many_as_for_one(
    cast: Cast, open_package, browser_of: Browser, give: Give
) -> None:
    counts = []
    for numbers in (range(1), range(1, 40)):
        for number in numbers:
            person = User.objects.create(
                username=f"report{number:02}", display_name=f"R {number:02}", manager=cast.marco
            )
            give(open_package, person)
        client = browser_of(cast.marco)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/team/").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 10


def test_pages_lead_through_the_whole_team(cast: Cast, browser_of: Browser) -> None:
    for number in range(30):
        User.objects.create(username=f"report{number:02}", display_name=f"R {number:02}", manager=cast.marco)
    marco, address, seen = browser_of(cast.marco), "?", []
    while address:
        context = marco.get(f"/team/{address}").context
        seen += [report.person.display_name for report in context["reports"]]
        address = context["next_url"]
    assert seen == sorted([f"R {number:02}" for number in range(30)] + ["Rita"])
