"""The drift inbox: who sees what, answers one by one and together, and what stands at the access meanwhile."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory.models import Membership, User
from provisioning import reconciling
from provisioning.actions import start_reconciliation
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import CaseState, GrantStatus
from provisioning.models import Connector, DriftCase, Grant
from requests_app.actions import submit
from requests_app.models import Assignment

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales(cast):
    """A group of Olga's that Rita was given, then lost by hand, while Charlie was added."""
    group, role = cast.role("Sales")
    role.resource.owners.add(cast.olga)
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package, approver=None)
    then = timezone.now() - timedelta(hours=1)
    submit(package=package, actor=cast.rita, justification="New", now=then)
    perform_all_due(now=then)
    group.memberships.all().delete()
    Membership.objects.create(group=group, person=cast.charlie, added_at=then)
    compare()
    return group


def compare():
    start_reconciliation(connector=Connector.objects.get(), actor=None, now=timezone.now())
    reconciling.perform_all_due(now=timezone.now())


def case(kind):
    return DriftCase.objects.get(kind=kind)


def post(browser, case, answer, **more):
    return browser.post(reverse("drift_case", args=[case.pk]), {"answer": answer, "why": "It is so.", **more})


def test_the_inbox_says_what_differs_to_owners_and_auditors_and_to_nobody_else(cast, sales, audrey, browser_of):
    for person in (cast.olga, cast.ada, audrey):
        page = browser_of(person).get("/drift/").text
        assert "Rita: Member of Sales" in page
        assert "Missing in the system" in page
        assert "Charlie: Member of Sales" in page
        assert "Added outside" in page
    for person in (cast.rita, cast.charlie, cast.marco):
        assert browser_of(person).get("/drift/").status_code == 403
    assert 'name="case"' not in browser_of(audrey).get("/drift/").text, "auditors answer nothing"


def test_owners_are_led_there_with_the_number_of_cases(cast, sales, browser_of):
    page = browser_of(cast.olga).get("/")
    assert next(item["badge"] for item in page.context["nav"] if item["url"] == "/drift/") == "2"
    assert "Not as it should be" in page.text
    assert "/drift/" not in browser_of(cast.marco).get("/").text


def test_a_case_says_why_it_was_granted_by_which_request_and_who_owns_it(cast, sales, browser_of):
    page = browser_of(cast.olga).get(reverse("drift_case", args=[case("missing").pk])).text
    assignment = Assignment.objects.get()
    request = assignment.access_requests.get()
    for words in (
        "Rita should have Member of Sales, and does not have it in Directory",
        "Sales: Standard Access", reverse("requests:assignment", args=[assignment.pk]),
        reverse("requests:request", args=[request.pk]), "Olga", "Drifted", "Last seen there", "Restore it",
    ):  # fmt: skip
        assert words in page


def test_an_answer_is_given_by_a_button_with_a_reason(cast, sales, browser_of):
    answer = post(browser_of(cast.olga), case("extra"), "remove")
    assert answer.url == "/drift/"
    perform_all_due(now=timezone.now())
    assert not sales.memberships.filter(person=cast.charlie).exists()
    assert case("extra").answered_by == cast.olga


@pytest.mark.parametrize(
    ("answer", "more", "words"),
    [
        ("", {}, "by one of the buttons"),
        ("restore", {}, "by one of the buttons"),
        ("adopt", {"why": ""}, "This field is required"),
        ("ignore", {}, "a day to come"),
        ("ignore", {"until": "2001-01-01"}, "a day to come"),
        ("ignore", {"until": "one day"}, "Enter a valid date"),
    ],
)
def test_what_is_wrong_with_an_answer_stands_at_its_field_and_what_was_typed_is_kept(
    cast, sales, browser_of, answer, more, words
):
    refused = post(browser_of(cast.olga), case("extra"), answer, **{"why": "Typed with care", **more})
    assert refused.status_code == 422
    assert words in refused.text
    assert more or "Typed with care" in refused.text
    assert case("extra").state == CaseState.OPEN


def test_nobody_answers_about_themselves_and_the_page_says_so(cast, sales, browser_of):
    case("extra").resource_role.resource.owners.add(cast.charlie)
    browser = browser_of(cast.charlie)
    assert "somebody else answers it" in browser.get(reverse("drift_case", args=[case("extra").pk])).text
    assert post(browser, case("extra"), "adopt").status_code == 403


def test_several_cases_are_answered_together_by_what_fits_all_of_them(cast, sales, browser_of):
    for name in ("paul", "paula"):
        Membership.objects.create(
            group=sales, person=User.objects.create(username=name, display_name=name), added_at=timezone.now()
        )
    compare()
    browser, extra = (
        browser_of(cast.olga),
        [str(pk) for pk in DriftCase.objects.filter(kind="extra").values_list("pk", flat=True)],
    )
    mixed = browser.get("/drift/answer/", {"case": [*extra, str(case("missing").pk)]}).text
    assert 'value="ignore"' in mixed
    assert 'value="adopt"' not in mixed
    assert 'value="adopt"' in browser.get("/drift/answer/", {"case": extra}).text
    answered = browser.post("/drift/answer/", {"case": extra, "answer": "adopt", "why": "All known."}, follow=True)
    assert "3 cases answered" in answered.text
    assert Grant.objects.filter(is_adopted=True, status=GrantStatus.VERIFIED).count() == 3


def test_a_late_answer_is_told_that_somebody_was_faster(cast, sales, browser_of):
    post(browser_of(cast.ada), case("extra"), "adopt")
    late = browser_of(cast.olga).post(
        reverse("drift_case", args=[case("extra").pk]), {"answer": "remove", "why": "No."}, follow=True
    )
    assert "Somebody has answered this" in late.text


def test_the_inbox_is_narrowed_by_system_kind_state_and_resource(cast, sales, browser_of):
    browser = browser_of(cast.olga)
    rows = lambda **asked: [str(one.kind) for one in browser.get("/drift/", asked).context["cases"]]  # noqa: E731
    assert sorted(rows()) == ["extra", "missing"]
    assert rows(kind="extra") == ["extra"]
    assert rows(state="closed") == []
    assert rows(resource="sale", kind="missing") == ["missing"]
    assert rows(system=str(cast.system.pk), resource="nowhere") == []
    assert browser.get("/drift/", {"kind": "nonsense"}).status_code == 400


def test_what_is_missing_is_told_at_the_access_which_stays_delivered(cast, sales, browser_of):
    assignment = Assignment.objects.get()
    page = browser_of(cast.rita).get(reverse("requests:assignment", args=[assignment.pk])).text
    assert "Drifted: missing in the system" in page
    assert "the owner of the resource says what becomes of it" in page
    assert assignment.status == "delivered"


def test_the_inbox_costs_the_same_however_many_cases_there_are(cast, sales, browser_of):
    browser = browser_of(cast.olga)
    browser.get("/drift/")
    with CaptureQueriesContext(connection) as few:
        browser.get("/drift/")
    people = User.objects.bulk_create(User(username=f"p{n}", display_name=f"P {n}") for n in range(20))
    Membership.objects.bulk_create(Membership(group=sales, person=one, added_at=timezone.now()) for one in people)
    compare()
    with CaptureQueriesContext(connection) as many:
        assert len(browser.get("/drift/").context["cases"]) == 22
    assert len(few) == len(many) <= 10
