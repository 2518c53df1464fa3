"""What each person finds when they browse, with and without a script, at a constant number of statements."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import AccessPackage, Catalog
from directory.models import User
from portal.pagination import PAGE_SIZE
from tests.cast import Cast, appoint

from .conftest import Ask, Browser, Give

HTMX = {"HX-Request": "true"}


def found(client: Client, **query: Any) -> list[str]:
    response = client.get("/packages/", query)
    assert response.status_code == 200
    return [str(card["package"]) for card in response.context["cards"]]


def page(client: Client, **query: Any) -> str:
    return re.sub(r"\s+", " ", client.get("/packages/", query).content.decode())


def test_whoever_is_not_signed_in_is_asked_to(db, client) -> None:
    assert client.get("/packages/").status_code == 302


def test_each_person_finds_what_they_may_see(cast: Cast, package, gus: User, browser_of: Browser) -> None:
    named, for_all, hidden = (cast.package(f"Sales: {name} Access") for name in ("Named", "Partner", "Hidden"))
    cast.policy(named, scope="specificDirectoryUsers")
    cast.policy(for_all, scope="allDirectoryUsers")
    cast.policy(hidden)
    hidden.is_hidden = True
    hidden.save()
    cast.policy(cast.package("Sales: Assigned Access"), scope="notSpecified")
    seen_by_members = ["Sales: Named Access", "Sales: Partner Access", "Sales: Standard Access"]
    for person in (cast.rita, cast.charlie):
        assert found(browser_of(person), show="all") == seen_by_members
        assert found(browser_of(person)) == ["Sales: Partner Access", "Sales: Standard Access"]
    assert found(browser_of(gus)) == found(browser_of(gus), show="all") == ["Sales: Partner Access"]
    assert found(browser_of(cast.ada), show="all") == ["Sales: Assigned Access", *seen_by_members]


def test_an_owner_finds_what_they_look_after_hidden_or_not(cast: Cast, package, browser_of: Browser) -> None:
    package.is_hidden = True
    package.save()
    others = AccessPackage.objects.create(catalog=cast.catalog, name="Sales: Leads", description="x", owner=cast.marco)
    cast.policy(others)
    assert found(browser_of(cast.olga), show="own") == ["Sales: Standard Access"]
    assert found(browser_of(cast.olga), show="all") == found(browser_of(cast.olga)) == ["Sales: Leads"]
    appoint(cast.catalog, cast.charlie)
    assert found(browser_of(cast.charlie), show="own") == ["Sales: Leads", "Sales: Standard Access"]


def test_what_i_look_after_is_offered_to_whoever_looks_after_something(
    cast: Cast, package, gus: User, browser_of: Browser
) -> None:
    assert "I look after" in page(browser_of(cast.olga))
    assert "I look after" not in page(browser_of(cast.rita))
    assert browser_of(cast.rita).get("/packages/", {"show": "own"}).status_code == 400
    assert "I can ask for" in page(browser_of(cast.rita))
    assert "I can ask for" not in page(browser_of(gus))


def test_a_search_among_what_one_can_ask_for_leads_on_to_everything(cast: Cast, browser_of: Browser) -> None:
    cast.policy(cast.package("Finance: Closing Access"), scope="specificDirectoryUsers")
    rita = browser_of(cast.rita)
    text = page(rita, q="closing")
    assert "Nothing that you can ask for matches" in text
    assert "/packages/?q=closing&amp;show=all" in text
    assert found(rita, q="closing", show="all") == ["Finance: Closing Access"]


def test_a_disabled_catalog_is_closed_and_its_owner_is_told_why(cast: Cast, package, browser_of: Browser) -> None:
    cast.catalog.is_enabled = False
    cast.catalog.save()
    assert found(browser_of(cast.rita)) == []
    assert "There is nothing to ask for yet" in page(browser_of(cast.rita))
    assert "Its catalog is disabled: no requests are taken at present." in page(browser_of(cast.olga), show="own")


def test_a_card_says_what_it_gives_who_owns_it_and_what_it_takes(cast: Cast, package, browser_of: Browser) -> None:
    text = page(browser_of(cast.rita))
    for words in ("Member of Sales EMEA in Directory", "Owned by Olga", "Needs approval", "30 days", "Sales: Standard"):
        assert words in text
    cast.policy(package, approver=None, name="Short", duration_kind="hours", duration_amount=8)
    assert "Some of its policies need approval" in page(browser_of(cast.rita))
    assert "30 days or 8 hours" in page(browser_of(cast.rita))


def test_a_long_list_of_roles_is_cut_on_the_card(cast: Cast, browser_of: Browser) -> None:
    cast.policy(cast.package("Sales: Many Things", *(cast.role(f"Group {number}")[1] for number in range(6))))
    text = page(browser_of(cast.rita))
    assert "Member of Group 3 in Directory" in text
    assert "and 2 more" in text
    assert "Group 4" not in text


def test_a_card_says_what_the_package_is_to_me(cast: Cast, package, browser_of: Browser, ask: Ask, give: Give) -> None:
    rita = browser_of(cast.rita)
    assert "You have it" not in page(rita)
    give(package, cast.rita, ends_at=timezone.now() + timedelta(days=5))
    assert "You have it" in page(rita)
    assert "ends in 5 days" in page(rita)
    other = cast.package("Sales: Campaign Access")
    cast.policy(other)
    ask(other, cast.rita)
    assert "Asked for" in page(rita, q="campaign")
    assert "Asked for" not in page(browser_of(cast.charlie))


def test_a_card_says_why_one_cannot_ask(cast: Cast, browser_of: Browser) -> None:
    cast.policy(cast.package("Finance: Closing Access"), scope="specificDirectoryUsers")
    assert "Only named people and groups can ask for it." in page(browser_of(cast.rita), show="all")


@pytest.mark.parametrize("words", ["standard", "STANDARD sales", "emea", "  sales   emea ", "emea standard"])
def test_every_word_is_found_somewhere(cast: Cast, package, browser_of: Browser, words: str) -> None:
    cast.policy(cast.package("Finance: Closing Access", cast.role("Ledger")[1]))
    assert found(browser_of(cast.rita), q=words) == ["Sales: Standard Access"]


def test_what_matches_nothing_says_what_to_do(cast: Cast, package, browser_of: Browser) -> None:
    text = page(browser_of(cast.rita), q="zebra", show="all")
    assert "No package matches" in text
    assert "Begin anew" in text


def test_a_catalog_narrows_the_list_and_only_catalogs_with_something_in_them_are_offered(
    cast: Cast, package, browser_of: Browser
) -> None:
    finance = Catalog.objects.create(name="Finance", description="Money")
    Catalog.objects.create(name="Empty", description="Nothing")
    cast.policy(
        AccessPackage.objects.create(catalog=finance, name="Finance: Books", description="Books", owner=cast.olga)
    )
    rita = browser_of(cast.rita)
    assert found(rita, catalog=finance.pk) == ["Finance: Books"]
    offered = [str(label) for _value, label in rita.get("/packages/").context["filter"].form.fields["catalog"].choices]
    assert offered == ["All catalogs", "Finance", "Sales"]


NONSENSE = [
    {"catalog": "nonsense"},
    {"catalog": "01934b6e-0000-7000-8000-000000000000"},
    {"show": "nonsense"},
    {"q": "a\0b"},
    {"q": "x" * 201},
    {"cursor": "nonsense"},
    {"cursor": "W10"},
]


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_is_refused_in_words(cast: Cast, package, browser_of: Browser, query: dict[str, str]) -> None:
    response = browser_of(cast.rita).get("/packages/", query)
    assert response.status_code == 400
    if "catalog" in query:
        assert "There is no such catalog" in response.content.decode()


def test_a_script_gets_the_list_alone_and_the_address_that_belongs_to_it(
    cast: Cast, package, browser_of: Browser
) -> None:
    response = browser_of(cast.rita).get("/packages/", {"q": "standard", "catalog": ""}, headers=HTMX)
    text = response.content.decode()
    assert "<html" not in text
    assert "Sales: Standard Access" in text
    assert 'id="found"' in text
    assert 'hx-swap-oob="true"' in text
    assert response["HX-Push-Url"] == "/packages/?q=standard"
    assert "HX-Request" in response["Vary"]
    whole = (
        browser_of(cast.rita).get("/packages/", headers={**HTMX, "HX-History-Restore-Request": "true"}).content.decode()
    )
    assert "<html" in whole


def test_pages_lead_through_everything_once_and_back(cast: Cast, browser_of: Browser) -> None:
    for number in range(2 * PAGE_SIZE + 3):
        cast.policy(cast.package(f"Sales: Region {number:03}"))
    other = Catalog.objects.create(name="Other", description="Has packages of the same names")
    for package in AccessPackage.objects.all():
        twin = AccessPackage.objects.create(catalog=other, name=package.name, description="Twin", owner=cast.olga)
        cast.policy(twin)
    rita = browser_of(cast.rita)
    pages, address = [], "?"
    while address:
        context = rita.get(f"/packages/{address}").context
        pages.append([card["package"].pk for card in context["cards"]])
        address, back = context["next_url"], context["previous_url"]
    seen = [pk for each in pages for pk in each]
    assert seen == list(AccessPackage.objects.order_by("name", "pk").values_list("pk", flat=True))
    backwards = [pages[-1]]
    while back:
        context = rita.get(f"/packages/{back}").context
        backwards.append([card["package"].pk for card in context["cards"]])
        back = context["previous_url"]
    assert backwards == pages[::-1]


@pytest.mark.parametrize("narrowed", [False, True])
def test_browsing_takes_at_most_ten_statements_however_much_there_is(
    cast: Cast, browser_of: Browser, ask: Ask, give: Give, narrowed: bool
) -> None:
    query = {"q": "sales", "catalog": str(cast.catalog.pk)} if narrowed else {}
    counts = []
    for numbers in (range(1), range(1, 30)):
        for number in numbers:
            package = cast.package(
                f"Sales: Region {number:02}", cast.role(f"A {number}")[1], cast.role(f"B {number}")[1]
            )
            cast.policy(package)
            if number % 3 == 1:
                ask(package, cast.rita)
            if number % 3 == 2:
                give(package, cast.rita)
        client = browser_of(cast.rita)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/packages/", query).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 10, [query["sql"] for query in captured]
