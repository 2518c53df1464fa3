"""Where each person can go, where they are, and how much waits for them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from directory.models import User
from portal import navigation
from portal.accounts import SignIn
from tests.cast import Cast

from .conftest import Ask, Browser, Give

EVERYBODYS = ["Home", "Browse", "Approvals", "Requests", "My access"]


def nav(client: Client, url: str = "/") -> list[dict[str, Any]]:
    return list(client.get(url).context["nav"])


def labels(client: Client) -> list[str]:
    return [str(item["label"]) for item in nav(client)]


def badge(client: Client) -> str:
    return next(item["badge"] for item in nav(client) if item["url"] == reverse("requests:approvals"))


def test_each_person_is_led_to_what_is_theirs(cast: Cast, gus: User, audrey: User, browser_of: Browser) -> None:
    for person in (cast.rita, cast.olga, cast.charlie, gus):
        assert labels(browser_of(person)) == EVERYBODYS
    assert labels(browser_of(cast.marco)) == [*EVERYBODYS, "Your team"]
    governance = ["Reviews", "Drift", "Conflicts", "Journal", "Governance"]
    assert labels(browser_of(audrey)) == [*EVERYBODYS, *governance]
    assert labels(browser_of(cast.ada)) == [*EVERYBODYS, *governance, "Administration"]


def test_one_place_is_marked_as_the_present_one(cast: Cast, package, browser_of: Browser) -> None:
    for url, place in (("/", "Home"), ("/packages/", "Browse"), (f"/packages/{package.pk}/", "Browse")):
        assert [str(item["label"]) for item in nav(browser_of(cast.rita), url) if item["is_current"]] == [place]
    assert not any(item["is_current"] for item in nav(browser_of(cast.rita), "/tokens/"))


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("requests:ask", "browse"),
        ("requests:approval", "requests:approvals"),
        ("requests:request", "requests:mine"),
        ("requests:assignment", "requests:access"),
        ("report", "team"),
        ("audit:event", "audit:journal"),
        ("catalog:findings", "evidence:overview"),
        ("admin:directory_user_changelist", "admin:index"),
    ],
)
def test_every_page_belongs_to_one_place(page: str, place: str) -> None:
    places = [
        *navigation.EVERYBODYS,
        navigation.TEAM,
        navigation.CONFLICTS,
        navigation.JOURNAL,
        navigation.GOVERNANCE,
        navigation.ADMINISTRATION,
    ]
    assert [found.name for found in places if found.holds(page)] == [place]


def test_the_badge_counts_what_waits_for_me_and_nobody_else(cast: Cast, package, browser_of: Browser, ask: Ask) -> None:
    assert badge(browser_of(cast.marco)) == ""
    ask(package, cast.rita)
    assert badge(browser_of(cast.marco)) == "1"
    assert badge(browser_of(cast.rita)) == badge(browser_of(cast.olga)) == ""


def test_the_badge_stops_counting_at_nine(cast: Cast, browser_of: Browser, ask: Ask) -> None:
    for number in range(10):
        package = cast.package(f"Sales: Region {number}")
        cast.policy(package)
        ask(package, cast.rita)
        expected = str(number + 1) if number < 9 else "9+"
        assert navigation.waiting(cast.marco) == expected


def test_the_navigation_costs_one_statement(rf, cast: Cast, package, ask: Ask, django_assert_num_queries) -> None:
    ask(package, cast.rita)
    request = rf.get("/")
    request.user, request.resolver_match = SignIn().get_user(cast.marco.pk), None
    with django_assert_num_queries(1):
        navigation.items(request)


def test_whoever_is_not_signed_in_has_no_navigation_and_costs_nothing(db, client, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        response = client.get(reverse("account_login"))
    assert list(response.context["nav"]) == []


def test_somebody_elses_access_belongs_to_the_package_and_not_to_mine(
    cast: Cast, package, browser_of: Browser, give: Give
) -> None:
    url = reverse("requests:assignment", args=[give(package, cast.rita).pk])
    for person, place in ((cast.rita, "My access"), (cast.olga, "Browse"), (cast.marco, "Your team")):
        assert [str(item["label"]) for item in nav(browser_of(person), url) if item["is_current"]] == [place]
