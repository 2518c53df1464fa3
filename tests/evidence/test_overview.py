"""The governance overview: right figures of what one looks after, at one price, and the lists behind them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accessgov.outbox import WorkStatus
from catalog.models import AccessPackage, Catalog
from directory.models import Group, User
from evidence import overview, scope
from evidence.lists import LISTS
from provisioning.actions import start_reconciliation
from provisioning.delivery import perform_all_due
from provisioning.models import AccountChange, Connector, Grant, Operation
from provisioning.reconciling import perform_all_due as reconcile_all_due
from requests_app import actions
from requests_app.models import AccessRequest, Assignment
from reviews.actions.deciding import decide
from tests.cast import Cast, appoint, break_directory, make_cast
from tests.reviews.conftest import give, make_review, open_by_hand

PAGE = reverse("evidence:overview")
DAY = timedelta(days=1)

Ask = Callable[..., AccessRequest]


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def cora(cast: Cast) -> User:
    """She owns the catalog Sales, and nothing else."""
    cora = User.objects.create(username="cora", display_name="Cora", is_staff=True, manager=cast.marco)
    appoint(cast.catalog, cora)
    return cora


@pytest.fixture
def sales(cast: Cast) -> AccessPackage:
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


@pytest.fixture
def finance(cast: Cast) -> AccessPackage:
    """In another catalog."""
    package = cast.package("Finance: Month End", cast.role("Closing")[1])
    package.catalog = Catalog.objects.create(name="Finance", description="Books")
    package.save(update_fields=["catalog"])
    package.catalog.resources.set([entry.resource_role.resource for entry in package.package_roles.all()])
    cast.policy(package)
    return package


@pytest.fixture
def audrey(cast: Cast) -> User:
    return User.objects.create(username="audrey", display_name="Audrey", is_auditor=True)


@pytest.fixture
def browser_of(cast: Cast) -> Callable[[User], Client]:
    def open_browser(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return open_browser


def ask(package: AccessPackage, person: User, *, days: float = 0) -> AccessRequest:
    then = timezone.now() - timedelta(days=days)
    return actions.submit(package=package, actor=person, justification="For work", now=then)


def given_by_itself(package: AccessPackage) -> AccessPackage:
    package.policies.get().stages.all().delete()
    return package


def counts(figure: overview.Figure) -> list[int]:
    return [bar.count for bar in figure.bars]


def by_label(figure: overview.Figure) -> dict[str, int]:
    return {bar.label: bar.count for bar in figure.bars if bar.count}


def test_it_is_for_those_who_look_after_something(
    cast: Cast, cora: User, audrey: User, browser_of: Callable[[User], Client], client: Client
) -> None:
    for person, status in ((cast.rita, 403), (cast.olga, 403), (cora, 200), (audrey, 200), (cast.ada, 200)):
        for name in ("overview", *LISTS):
            assert browser_of(person).get(reverse(f"evidence:{name}")).status_code == status, (person, name)
    assert client.get(PAGE).status_code == 302


def test_open_requests_are_counted_by_their_age(cast: Cast, sales: AccessPackage, finance: AccessPackage) -> None:
    ask(sales, cast.rita, days=0.5)
    ask(finance, cast.rita, days=2)
    ask(sales, cast.marco, days=5)
    oldest = ask(sales, cast.charlie, days=9)
    decided = ask(finance, cast.charlie, days=1)
    actions.cancel(access_request=decided, actor=cast.charlie, now=timezone.now())
    figure = overview.open_requests(cast.ada, now=timezone.now())
    assert (figure.total, counts(figure)) == (4, [1, 1, 1, 1])
    assert figure.facts == {"oldest": oldest.submitted_at, "undecided": 4}


def test_who_owns_a_catalog_oversees_it_and_no_other(
    cast: Cast, cora: User, sales: AccessPackage, finance: AccessPackage
) -> None:
    now = timezone.now()
    ask(sales, cast.rita)
    ask(finance, cast.rita)
    ask(finance, cora)
    give(given_by_itself(sales), cast.charlie, now=now)
    give(given_by_itself(finance), cast.charlie, now=now)
    for person, number in ((cora, 1), (cast.ada, 2)):
        assert overview.deliveries(person).total == number
        assert overview.ending(person, now=now).total == number
        assert overview.unreviewed(person).total == number
    assert overview.open_requests(cora, now=now).total == 1, "her own request for something else is not governance"
    assert overview.open_requests(cast.ada, now=now).total == 3
    assert overview.catalogs_of(cora) == ["Sales"]
    assert overview.catalogs_of(cast.ada) is None


def test_what_is_counted_is_never_more_than_one_may_see(
    cast: Cast, cora: User, sales: AccessPackage, finance: AccessPackage
) -> None:
    ask(finance, cast.rita)
    give(given_by_itself(sales), cast.charlie, now=timezone.now())
    for person in (cora, cast.rita, cast.marco, cast.olga, cast.ada):
        seen = set(AccessRequest.objects.visible_to(person))
        assert set(scope.access_requests(person)) <= seen
        assert set(scope.assignments(person)) <= set(Assignment.objects.visible_to(person))


def test_roles_are_counted_by_how_they_stand_in_their_systems(cast: Cast, sales: AccessPackage) -> None:
    give(given_by_itself(sales), cast.charlie, now=timezone.now())
    break_directory()
    give(sales, cast.rita, now=timezone.now())
    assert by_label(overview.deliveries(cast.ada)) == {"Delivered and verified": 1, "Failed, being retried": 1}
    (failed,) = [bar for bar in overview.deliveries(cast.ada).bars if bar.url]
    assert failed.url == f"{reverse('evidence:delivery')}?state=failed"


def test_access_that_ends_is_counted_by_weeks(cast: Cast, sales: AccessPackage) -> None:
    now = timezone.now()
    people = [cast.rita, cast.marco, cast.charlie, cast.olga, cast.ada]
    given = give(given_by_itself(sales), *people, now=now)
    for assignment, days in zip(given, (2, 9, 20, 29, 31), strict=True):
        Assignment.objects.filter(pk=assignment.pk).update(ends_at=now + timedelta(days=days))
    figure = overview.ending(cast.ada, now=now)
    assert (figure.total, counts(figure)) == (4, [1, 1, 1, 1])


def test_what_does_not_go_on_by_itself_is_said(
    cast: Cast, cora: User, sales: AccessPackage, browser_of: Callable[[User], Client]
) -> None:
    given = give(given_by_itself(sales), cast.charlie, now=timezone.now() - DAY)
    group = Group.objects.get(name="Sales EMEA")
    group.memberships.create(person=cast.olga, added_at=timezone.now())
    Grant.objects.update(changed_at=timezone.now() - DAY)
    start_reconciliation(connector=cast.system.connector, actor=None, now=timezone.now())
    reconcile_all_due(now=timezone.now())
    assert by_label(overview.drift(cast.ada)) == {"Added outside": 1}
    Operation.objects.filter(grant__reasons__reference=given[0].pk).update(status=WorkStatus.STUCK, settled_at=None)
    Connector.objects.update(failures=3, paused_at=timezone.now(), last_error="It does not answer")
    for person in (cast.ada, cora):
        assert overview.stuck(person) == 1
        assert [str(one) for one in overview.troubled(person)] == ["Directory"]
    page = browser_of(cast.ada).get(PAGE).content.decode()
    assert "1 given up" in page
    assert "1 open" in page
    assert "paused just now" in page.replace("\n", " ") or "paused <time" in page
    assert "Stuck accounts" not in page
    facts = {"due_at": timezone.now(), "created_at": timezone.now(), "idempotency_key": "1", "last_error": "No right"}
    AccountChange.objects.create(system=cast.system, person=cast.rita, kind="disable", status="stuck", **facts)
    assert (overview.stuck_accounts(cast.ada), overview.stuck_accounts(cora)) == (1, 0)
    assert "Stuck accounts" in browser_of(cast.ada).get(PAGE).content.decode()
    listed = browser_of(cast.ada).get(reverse("evidence:accounts")).content.decode()
    assert "Disable: the account of Rita" in listed
    assert "No right" in listed
    Connector.objects.update(is_enabled=False)
    assert overview.troubled(cast.ada) == [], "what is switched off is not in trouble"


def test_reviews_under_way_say_how_far_they_are_and_who_is_behind(
    cast: Cast, cora: User, audrey: User, sales: AccessPackage, browser_of: Callable[[User], Client]
) -> None:
    given = give(given_by_itself(sales), cast.charlie, cast.rita, now=timezone.now())
    campaign = open_by_hand(make_review(sales), given, cast.marco, cast.olga, now=timezone.now())
    campaign.panels.get().members.create(person=cast.ada, asked_at=timezone.now(), left_at=timezone.now())
    item = campaign.items.get(person=cast.rita)
    decide(items=[item], verdict="approve", actor=cast.marco, reason="She sells.", now=timezone.now())
    (found,) = overview.campaigns(cora)
    assert (found.asked, found.answered, found.behind) == (2, 1, 2)  # type: ignore[attr-defined]  # annotated
    assert found.closes_at == campaign.ends_at  # type: ignore[attr-defined]  # annotated
    campaign.panels.get().members.create(person=cast.charlie, asked_at=timezone.now())
    (found,) = overview.campaigns(cora)
    assert found.behind == 2, "what is open is about Charlie"  # type: ignore[attr-defined]  # annotated
    page = browser_of(audrey).get(PAGE).content.decode()
    assert "1 of 2 answered" in page
    assert "2 reviewers have open items" in page
    assert overview.campaigns(cast.rita) == []


def test_a_package_is_under_review_by_itself_by_a_policy_or_by_its_catalog(
    cast: Cast, sales: AccessPackage, finance: AccessPackage
) -> None:
    third = cast.package("Sales: Price Lists")
    assert overview.unreviewed(cast.ada).total == 3
    soon = timezone.now() + DAY
    make_review(finance, next_at=soon)
    assert set(scope.unreviewed_packages(cast.ada)) == {sales, third}
    of_policy = make_review(sales.policies.get(), scope="policy", next_at=soon)
    assert set(scope.unreviewed_packages(cast.ada)) == {third}
    of_policy.is_enabled = False
    of_policy.save(update_fields=["is_enabled"])
    assert set(scope.unreviewed_packages(cast.ada)) == {sales, third}
    make_review(cast.catalog, scope="catalog", next_at=soon)
    assert counts(overview.unreviewed(cast.ada)) == [3, 0]


def test_each_figure_agrees_with_the_list_behind_it(
    cast: Cast, cora: User, sales: AccessPackage, finance: AccessPackage, browser_of: Callable[[User], Client]
) -> None:
    now = timezone.now()
    ask(sales, cast.rita)
    ask(finance, cast.rita)
    give(given_by_itself(sales), cast.charlie, now=now)
    break_directory()
    give(sales, cast.olga, now=now)
    Operation.objects.pending().update(status=WorkStatus.STUCK)
    for person in (cora, cast.ada):
        figures = {
            "requests": overview.open_requests(person, now=now).total,
            "delivery": sum(bar.count for bar in overview.deliveries(person).bars if bar.url),
            "stuck": overview.stuck(person),
            "ending": overview.ending(person, now=now).total,
            "unreviewed": overview.unreviewed(person).total,
        }
        assert all(figures.values()), figures
        for name, number in figures.items():
            page = browser_of(person).get(reverse(f"evidence:{name}"))
            assert len(page.context["rows"]) == number, (person, name)


def test_the_oldest_request_comes_first_page_after_page(
    cast: Cast, browser_of: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = [cast.package(f"Sales: Region {number}") for number in range(5)]
    for number, package in enumerate(packages):
        cast.policy(package)
        ask(package, cast.rita, days=number)
    keyset = LISTS["requests"].keyset
    monkeypatch.setitem(LISTS, "requests", _shorter(LISTS["requests"], size=2))
    assert keyset.size > 2
    client, seen, url = browser_of(cast.ada), [], reverse("evidence:requests")
    while url:
        page = client.get(url)
        seen += [str(row.package) for row in page.context["rows"]]
        url = page.context["newer_url"] and reverse("evidence:requests") + page.context["newer_url"]
    assert seen == [package.name for package in reversed(packages)]


def _shorter(listing: Any, *, size: int) -> Any:
    return replace(listing, keyset=replace(listing.keyset, size=size))


def test_a_state_that_there_is_not_is_refused(cast: Cast, browser_of: Callable[[User], Client]) -> None:
    answer = browser_of(cast.ada).get(reverse("evidence:delivery"), {"state": "nonsense"})
    assert answer.status_code == 400
    assert "nonsense" in answer.content.decode()


@pytest.mark.parametrize("number", [1, 4])
def test_it_costs_the_same_however_much_there_is(
    cast: Cast,
    cora: User,
    sales: AccessPackage,
    browser_of: Callable[[User], Client],
    django_assert_max_num_queries: Any,
    number: int,
) -> None:
    role = cast.role("Brochures")[1]
    people = [User.objects.create(username=f"p{one}", display_name=f"P{one}") for one in range(number)]
    given = give(given_by_itself(sales), *people, now=timezone.now())
    for one in range(number):
        package = cast.package(f"Sales: Region {one}", role)
        cast.policy(package)
        ask(package, cast.rita)
        open_by_hand(make_review(package), given, cast.marco, now=timezone.now())
    Connector.objects.update(failures=3)
    perform_all_due(now=timezone.now())
    for person in (cast.ada, cora):
        client = browser_of(person)
        client.get(PAGE)
        with django_assert_max_num_queries(14):
            client.get(PAGE)
