"""A whole policy in a browser: on behalf of a report, a delegate, information asked, less time given, then more."""

import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accessgov.embedded import Embedded
from catalog.choices import ApproverKind, ApproverUse, DurationKind, QuestionKind
from directory.actions import add_member
from directory.models import Group, User
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import Assignment
from tests.cast import make_cast

PASSWORD = "correct horse battery staple"
PACKAGE = "Finance: Month-End Closing"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.one_database("the main journey leads through the browser on both databases"),
]


@pytest.fixture
def cast(transactional_db):
    """Rita's manager is Marco, whose manager is Bea; Sue, Sam and Sid are the security group; Alma is its alternate."""
    cast = make_cast()
    people = {
        name.lower(): User.objects.create(username=name.lower(), email=f"{name.lower()}@example.com", display_name=name)
        for name in ("Bea", "Sue", "Sam", "Sid", "Alma", "Dan")
    }
    for name, person in people.items():
        setattr(cast, name, person)
    cast.marco.manager = people["bea"]
    cast.marco.save(update_fields=["manager"])
    for person in (cast.rita, cast.marco, *people.values()):
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
    return cast


@pytest.fixture
def books(cast):
    """The package, its policy and the group that it gives."""
    group, role = cast.role("Books")
    security = Group.objects.create(name="Security")
    for person in (cast.sue, cast.sam, cast.sid):
        add_member(group=security, person=person, actor=None, now=timezone.now())
    policy = cast.policy(
        cast.package(PACKAGE, role),
        approver=None,
        is_on_behalf_allowed=True,
        duration_kind=DurationKind.DAYS,
        duration_amount=30,
    )
    first = policy.stages.create(position=1)
    first.approvers.create(kind=ApproverKind.MANAGER)
    first.approvers.create(kind=ApproverKind.PERSON, person=cast.bea, use=ApproverUse.FALLBACK)
    second = policy.stages.create(position=2, approvals_required=2, alternates_after=timedelta(days=1))
    second.approvers.create(kind=ApproverKind.GROUP, group=security)
    second.approvers.create(kind=ApproverKind.PERSON, person=cast.alma, use=ApproverUse.ALTERNATE)
    policy.questions.create(position=1, text="Which ledger?", kind=QuestionKind.CHOICE, choices=["Main", "Branch"])
    policy.questions.create(position=2, text="Which cost centre?", kind=QuestionKind.TEXT)
    policy.questions.create(position=3, text="Anything else?", kind=QuestionKind.TEXT, is_required=False)
    return group


@pytest.fixture
def workers(transactional_db):
    embedded = Embedded()
    embedded.start()
    yield embedded
    embedded.stop()


@pytest.fixture
def visit(browser: Browser, browser_context_args, live_server):
    """Somebody's own browser, signed in by the form."""
    contexts = []

    def open_for(person) -> Page:
        context = browser.new_context(base_url=live_server.url, **browser_context_args)
        contexts.append(context)
        context.set_default_timeout(8_000)
        page = context.new_page()
        page.goto("/")
        page.get_by_label("User name or mail address").fill(person.username)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("What do you need access to?")
        return page

    yield open_for
    for context in contexts:
        context.close()


def open_decision(page: Page) -> None:
    page.goto("/approvals/")
    page.get_by_role("link", name=re.compile(PACKAGE)).first.click()
    expect(page.get_by_role("heading", name="Your decision")).to_be_visible()


def approve(page: Page) -> None:
    open_decision(page)
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("approved").first).to_be_visible()


def delegate(page: Page, *, to: str) -> None:
    page.goto("/approvals/delegations/")
    page.get_by_role("link", name="Name somebody").first.click()
    page.get_by_role("searchbox", name="Name, username or address").fill(to)
    page.get_by_role("button", name="Search").last.click()
    page.get_by_role("link", name=to).first.click()
    page.get_by_role("button", name="Name them").click()
    expect(page.get_by_text(to).first).to_be_visible()


def seconds_until(condition, *, within: float = 10) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, f"not within {within} s"
        time.sleep(0.05)


def test_from_a_report_s_need_to_the_access_given_back(cast, books, workers, visit):
    def holds() -> bool:
        return books.memberships.filter(person=cast.rita).exists()

    sid = visit(cast.sid)
    delegate(sid, to="Dan")

    marco = visit(cast.marco)
    marco.goto("/packages/")
    marco.get_by_role("link", name=PACKAGE).first.click()
    marco.get_by_role("link", name="Request access").first.click()
    marco.get_by_label("For whom?").select_option(label="For Rita")
    marco.get_by_role("button", name="Choose").click()
    for told in ("Bea decides", "2 of Sam, Sid and Sue decide", "After 1 day without a decision, also Alma."):
        expect(marco.get_by_text(told)).to_be_visible()
    marco.get_by_label("Why does Rita need it?").fill("She closes March.")
    marco.get_by_role("radio", name="Main").check()
    marco.get_by_label("Which cost centre?").fill("4100")
    marco.get_by_role("button", name="Send the request").click()
    expect(marco.get_by_text("Waiting for approval").first).to_be_visible()

    bea = visit(cast.bea)  # Marco asked, so he does not decide: the fallback does
    approve(bea)

    sue = visit(cast.sue)
    open_decision(sue)
    for said in ("Main", "4100", "She closes March."):
        expect(sue.get_by_text(said).first).to_be_visible()
    sue.get_by_role("link", name="Ask for information first").click()
    sue.get_by_label("What do you want to know?").fill("For how many months?")
    sue.get_by_role("button", name="Ask", exact=True).click()

    rita = visit(cast.rita)
    rita.goto("/requests/")
    rita.get_by_role("link", name=re.compile(PACKAGE)).first.click()
    rita.get_by_role("link", name="Answer").first.click()
    rita.get_by_label("Your answer").fill("March only.")
    rita.get_by_role("button", name="Send the answer").click()

    open_decision(sue)
    expect(sue.get_by_text("March only.").first).to_be_visible()
    sue.get_by_text("Approve for a shorter time").click()
    sue.get_by_label("Days").fill("10")
    sue.get_by_role("button", name="Approve", exact=True).click()
    assert not holds()

    dan = visit(cast.dan)  # Sid is away
    open_decision(dan)
    expect(dan.get_by_text("You decide in the place of Sid").first).to_be_visible()
    dan.get_by_role("button", name="Approve", exact=True).click()
    seconds_until(holds)
    access = Assignment.objects.get()
    seconds_until(lambda: Assignment.objects.get().status == AssignmentStatus.DELIVERED)
    access.refresh_from_db()
    ten_days, old_end = timedelta(days=10), access.ends_at
    assert (access.ends_at, access.delivered_at) == (old_end, old_end and old_end - ten_days)

    rita.goto(f"/access/{access.pk}/")
    rita.get_by_role("link", name="Extend").first.click()
    rita.get_by_label("Why do you need it for longer?").fill("April, too.")
    rita.get_by_role("radio", name="Main").check()
    rita.get_by_label("Which cost centre?").fill("4100")
    rita.get_by_role("button", name="Ask to extend it").click()
    approve(marco)
    approve(visit(cast.sam))
    approve(sue)
    seconds_until(lambda: Assignment.objects.filter(ends_at__gt=old_end).exists())

    rita.goto(f"/requests/{access.access_requests.get(kind='userAdd').pk}/")
    expect(rita.get_by_text("Dan for Sid").first).to_be_visible()
    rita.goto(f"/access/{access.pk}/")
    rita.get_by_role("link", name="Give it back").first.click()
    rita.get_by_role("button", name="Give it back").click()
    seconds_until(lambda: not holds())
    seconds_until(lambda: Assignment.objects.get().status == AssignmentStatus.ENDED)
