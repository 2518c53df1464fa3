"""A package's page: who may open it, what it explains, and what one can do there."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import AccessPackage, Incompatibility
from directory.models import Group, User
from requests_app import actions
from tests.cast import Cast, appoint

from .conftest import Ask, Browser, Give


def page(client: Client, package: AccessPackage) -> str:
    response = client.get(f"/packages/{package.pk}/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def status(client: Client, package: AccessPackage) -> int:
    return client.get(f"/packages/{package.pk}/").status_code


def test_whoever_is_not_signed_in_is_asked_to(package, client) -> None:
    assert status(client, package) == 302


def test_a_guest_gets_no_page_of_what_is_not_for_guests(cast: Cast, package, gus: User, browser_of: Browser) -> None:
    assert status(browser_of(gus), package) == 404
    package.policies.update(scope="allDirectoryUsers")
    assert status(browser_of(gus), package) == 200
    cast.catalog.is_externally_visible = False
    cast.catalog.save()
    assert status(browser_of(gus), package) == 404


def test_what_nobody_may_ask_for_is_seen_by_those_who_look_after_it(
    cast: Cast, audrey: User, browser_of: Browser
) -> None:
    package = cast.package("Finance: Audit Room")
    cast.policy(package, scope="notSpecified")
    for person, expected in ((cast.rita, 404), (cast.charlie, 404), (cast.olga, 200), (cast.ada, 200), (audrey, 200)):
        assert status(browser_of(person), package) == expected


@pytest.mark.parametrize("disabled", ["package", "catalog"])
def test_what_is_disabled_is_closed_for_all_but_those_who_look_after_it(
    cast: Cast, package, browser_of: Browser, disabled: str
) -> None:
    thing = {"package": package, "catalog": cast.catalog}[disabled]
    thing.is_enabled = False
    thing.save()
    assert status(browser_of(cast.rita), package) == 404
    text = page(browser_of(cast.olga), package)
    assert "no requests are taken at present" in text
    assert "/request/" not in text


def test_a_hidden_package_opens_for_whoever_has_the_link(cast: Cast, package, browser_of: Browser) -> None:
    package.is_hidden = True
    package.save()
    assert "Request access" in page(browser_of(cast.rita), package)


def test_an_unknown_package_is_not_found(cast: Cast, browser_of: Browser) -> None:
    assert browser_of(cast.rita).get("/packages/01934b6e-0000-7000-8000-000000000000/").status_code == 404


def test_it_says_what_is_in_it_who_decides_and_how_long_it_lasts(cast: Cast, package, browser_of: Browser) -> None:
    text = page(browser_of(cast.rita), package)
    for words in (
        "In Directory",
        "Member of Sales EMEA",
        "Everybody in the organisation may ask; Marco decides within 14 days; lasts 30 days.",
        f'href="/packages/{package.pk}/request/"',
        f"?catalog={cast.catalog.pk}",
        "Olga",
    ):
        assert words in text
    assert "You and this package" not in text


def test_several_policies_are_told_apart_by_name(cast: Cast, package, browser_of: Browser) -> None:
    cast.policy(package, name="For projects", approver=None, description="While the project runs", duration_amount=90)
    text = page(browser_of(cast.rita), package)
    for words in ("For projects", "While the project runs", "granted at once", "Marco decides", "30 days or 90 days"):
        assert words in text


def test_whoever_has_it_is_led_to_it(cast: Cast, package, browser_of: Browser, give: Give) -> None:
    cast.system.launch_url = "https://directory.example.com/"
    cast.system.save()
    assignment = give(package, cast.rita, ends_at=timezone.now() + timedelta(days=5))
    text = page(browser_of(cast.rita), package)
    assert "You have it" in text
    assert f'href="/access/{assignment.pk}/"' in text
    assert "ends in 5 days" in text
    assert 'href="https://directory.example.com/"' in text
    assert "Request access" not in text
    assert "https://directory.example.com/" not in page(browser_of(cast.charlie), package)


def test_whoever_asked_is_led_to_their_request(cast: Cast, package, browser_of: Browser, ask: Ask) -> None:
    access_request = ask(package, cast.rita)
    text = page(browser_of(cast.rita), package)
    assert "You asked on" in text
    assert f'href="/requests/{access_request.pk}/"' in text
    assert "Request access" not in text


def test_whoever_cannot_ask_is_told_why_and_whom_to_speak_with(cast: Cast, browser_of: Browser) -> None:
    package = cast.package("Finance: Closing Access")
    cast.policy(package, scope="specificDirectoryUsers")
    text = page(browser_of(cast.rita), package)
    assert "Only named people and groups can ask for it. If you need it, speak with its owner, Olga." in text
    assert "Request access" not in text
    assert "speak with its owner" not in page(browser_of(cast.olga), package)


def test_the_history_is_mine_alone(cast: Cast, package, browser_of: Browser, ask: Ask, give: Give) -> None:
    assignment = give(package, cast.charlie)
    access_request = ask(package, cast.rita)
    actions.deny(
        approval=access_request.approvals.get(), actor=cast.marco, justification="Not your region", now=timezone.now()
    )
    text = page(browser_of(cast.rita), package)
    assert "You and this package" in text
    assert "Denied" in text
    assert "Request access" in text, "one may ask again"
    assert str(assignment.pk) not in text
    charlies = page(browser_of(cast.charlie), package)
    assert str(assignment.pk) in charlies
    assert str(access_request.pk) not in charlies


def test_those_who_look_after_it_are_led_to_its_holders(cast: Cast, package, browser_of: Browser) -> None:
    appoint(cast.catalog, cast.marco)
    for person in (cast.olga, cast.ada, cast.marco):
        text = page(browser_of(person), package)
        assert f'href="/packages/{package.pk}/holders/"' in text
        assert f'href="/packages/{package.pk}/assign/"' in text
    assert "/holders/" not in page(browser_of(cast.rita), package)


def test_words_of_a_package_are_text_and_not_markup(cast: Cast, package, browser_of: Browser) -> None:
    evil = "<script>alert(1)</script>"
    cast.olga.display_name = cast.catalog.name = package.description = evil
    for thing in (cast.olga, cast.catalog, package):
        thing.save()
    package.policies.update(scope="specificDirectoryUsers", description=evil)
    for url in (f"/packages/{package.pk}/", "/packages/", "/"):
        assert evil not in browser_of(cast.rita).get(url).content.decode()


def test_the_number_of_statements_does_not_depend_on_roles_and_history(
    cast: Cast, package, browser_of: Browser, ask: Ask
) -> None:
    counts = []
    for numbers in (range(1), range(1, 6)):
        for number in numbers:
            package.package_roles.create(resource_role=cast.role(f"Group {number}")[1])
            actions.cancel(access_request=ask(package, cast.rita), actor=cast.rita, now=timezone.now())
        client = browser_of(cast.rita)
        with CaptureQueriesContext(connection) as captured:
            assert status(client, package) == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 21, [query["sql"] for query in captured]


def test_what_it_cannot_be_held_together_with_is_named_to_those_who_may_see_it(
    cast: Cast, package, browser_of: Browser
) -> None:
    other = cast.package("Sales: Approving Discounts")
    cast.policy(other)
    secret = cast.package("Finance: Audit Room")
    cast.policy(secret, scope="notSpecified")
    group = Group.objects.create(name="Externals")
    for fields in ({"other_package": other}, {"other_package": secret}, {"group": group}):
        Incompatibility.objects.create(package=package, **fields)
    text = page(browser_of(cast.rita), package)
    assert "Cannot be held together with" in text
    assert "Sales: Approving Discounts" in text
    assert "2 things that you may not see" in text
    assert "Finance: Audit Room" not in text
    text = page(browser_of(cast.olga), package)
    assert "Finance: Audit Room" in text
    assert "membership of Externals" in text
    text = page(browser_of(cast.rita), other)
    assert "Whoever has it cannot get" in text
    assert "Sales: Standard Access" in text
