"""What the home page tells each person."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.choices import ApproverKind
from directory.models import User
from portal import overview
from requests_app.models import Approval
from tests.cast import Cast

from .conftest import Ask, Browser, Give


def test_whoever_is_not_signed_in_is_asked_to(db, client) -> None:
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/")


def test_an_empty_home_says_what_will_appear_there(cast: Cast, browser_of: Browser) -> None:
    page = browser_of(cast.charlie).get("/").content.decode()
    assert "Nothing. Requests that you are to decide on, and questions about yours, appear here." in page
    assert "None. What you ask for can be followed here until you have it." in page
    assert "Nothing that you have ends within the next 14 days." in page
    assert "You might need" not in page


def test_marco_sees_what_waits_for_him_and_rita_who_decides(cast: Cast, package, browser_of: Browser, ask: Ask) -> None:
    access_request = ask(package, cast.rita)
    marcos = browser_of(cast.marco).get("/").content.decode()
    assert "Rita asks for Sales: Standard Access" in marcos
    assert f"/approvals/{access_request.approvals.get().pk}/" in marcos
    ritas = browser_of(cast.rita).get("/").content.decode()
    assert f"/requests/{access_request.pk}/" in ritas
    assert "Marco decides" in ritas
    assert "Rita asks for" not in ritas
    assert str(access_request.pk) not in browser_of(cast.charlie).get("/").content.decode()


def test_the_most_urgent_approvals_come_first_and_at_most_five(cast: Cast, ask: Ask) -> None:
    for age in range(7):
        package = cast.package(f"Sales: Region {age}")
        cast.policy(package)
        ask(package, cast.rita, now=timezone.now() - timedelta(days=age))
    found = list(overview.approvals_for(cast.marco))
    assert [str(approval.access_request.package) for approval in found] == [
        f"Sales: Region {n}" for n in (6, 5, 4, 3, 2)
    ]
    assert Approval.objects.waiting_for(cast.marco).count() == 7


def test_several_deciders_are_counted_and_not_listed(cast: Cast, package, browser_of: Browser, ask: Ask) -> None:
    stage = package.policies.get().stages.get()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    ask(package, cast.rita)
    assert "or 1 other decides" in browser_of(cast.rita).get("/").content.decode()


def test_what_ends_within_two_weeks_is_shown_nearest_first(cast: Cast, browser_of: Browser, give: Give) -> None:
    ends = {"In 20 days": 20, "In 10 days": 10, "In 3 days": 3, "Never": None}
    for name, days in ends.items():
        package = cast.package(f"Sales: {name}")
        cast.policy(package)
        give(package, cast.rita, ends_at=timezone.now() + timedelta(days=days) if days else None)
    found = overview.ending_soon(cast.rita, now=timezone.now())
    assert [str(assignment) for assignment in found] == ["Sales: In 3 days", "Sales: In 10 days"]
    assert "ends in 3 days" in browser_of(cast.rita).get("/").content.decode()
    assert not overview.ending_soon(cast.charlie, now=timezone.now())


def test_suggested_is_what_one_may_ask_for_and_neither_has_nor_asked_for(
    cast: Cast, package, gus: User, ask: Ask, give: Give
) -> None:
    held, open_, free = (cast.package(f"Sales: {name} Access") for name in ("Held", "Open", "Free"))
    closed, hidden, others = (cast.package(f"Sales: {name} Access") for name in ("Closed", "Hidden", "Named"))
    for each in (held, open_, free, closed, hidden):
        cast.policy(each)
    cast.policy(others, scope="specificDirectoryUsers")
    closed.is_enabled, hidden.is_hidden = False, True
    closed.save()
    hidden.save()
    give(held, cast.rita)
    ask(open_, cast.rita)
    assert [found for found, _colleagues in overview.suggestions_for(cast.rita)] == [free, package]
    assert overview.suggestions_for(gus) == []


def test_what_colleagues_have_is_suggested_first_with_how_many_they_are(
    cast: Cast, package, browser_of: Browser, give: Give
) -> None:
    cast.policy(cast.package("Marketing: First in the Alphabet"))
    for name in ("jonas", "aiko"):
        give(package, User.objects.create(username=name, manager=cast.marco))
    give(cast.policy(cast.package("Other: Access")).package, User.objects.create(username="far", manager=cast.olga))
    suggestions = overview.suggestions_for(cast.rita)
    assert [(str(found), number) for found, number in suggestions] == [
        ("Sales: Standard Access", 2),
        ("Marketing: First in the Alphabet", 0),
        ("Other: Access", 0),
    ]
    assert "2 colleagues in your team have it" in browser_of(cast.rita).get("/").content.decode()


def test_the_number_of_statements_does_not_depend_on_how_much_there_is(
    cast: Cast, browser_of: Browser, ask: Ask, give: Give
) -> None:
    report = User.objects.create(username="jonas", display_name="Jonas", manager=cast.rita)

    def fill(numbers: range) -> None:
        for number in numbers:
            mine, theirs, ending, free = (
                cast.package(f"Sales: {what} {number}", cast.role(f"{what} {number}")[1])
                for what in ("Mine", "Theirs", "Ending", "Free")
            )
            for package in (mine, theirs, ending, free):
                cast.policy(package)
            ask(mine, cast.rita)
            ask(theirs, report)
            give(ending, cast.rita, ends_at=timezone.now() + timedelta(days=3))

    counts = []
    for numbers in (range(1), range(1, 7)):
        fill(numbers)
        client = browser_of(cast.rita)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/").status_code == 200
        counts.append(len(captured))
    assert counts == [14, 14]
