"""A review in a browser: a manager answers by mouse and keyboard, and what is denied is gone when it closes."""

import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accessgov.embedded import Embedded
from directory.models import User
from requests_app import actions
from reviews.actions import launching, starting
from reviews.choices import NoResponse
from reviews.lifecycle import CampaignStatus
from reviews.models import Campaign
from tests.cast import make_cast
from tests.reviews.conftest import make_review

PASSWORD = "correct horse battery staple"
PACKAGE = "Sales: Standard Access"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.one_database("the main journey leads through the browser on both databases"),
]


@pytest.fixture
def cast(transactional_db):
    """Marco manages Rita, Charlie and Dora."""
    cast = make_cast()
    dora = User.objects.create(username="dora", email="dora@example.com", display_name="Dora")
    for person in (cast.charlie, dora):
        person.manager = cast.marco
        person.save(update_fields=["manager"])
    for person in (cast.marco, cast.ada):
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
    return cast


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


def seconds_until(condition, *, within: float = 20) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, f"not within {within} s"
        time.sleep(0.1)


def test_a_manager_answers_and_what_is_denied_is_gone_when_it_closes(cast, workers, visit):
    group, role = cast.role("Sales EMEA")
    package = cast.package(PACKAGE, role)
    cast.policy(package, approver=None, duration_amount=720)
    for person in (cast.rita, *User.objects.filter(username__in=("charlie", "dora"))):
        actions.submit(package=package, actor=person, justification="For work", now=timezone.now())
    seconds_until(lambda: group.memberships.count() == 3)

    review = make_review(package, if_no_response=NoResponse.REMOVE, starts_on=timezone.now().date())
    campaign = starting.start_review(review=review, actor=cast.ada, now=timezone.now())
    launching.launch_all_due(now=timezone.now() + timedelta(seconds=1))
    seconds_until(lambda: Campaign.objects.get(pk=campaign.pk).status == CampaignStatus.IN_PROGRESS)

    marco = visit(cast.marco)
    marco.get_by_role("navigation").get_by_role("link", name=re.compile("Reviews")).first.click()
    marco.get_by_role("link", name=re.compile("Review of Sales")).first.click()
    expect(marco.get_by_text("Waiting for you").first).to_be_visible()
    marco.get_by_role("button", name=f"Approve Rita: {PACKAGE}").click()
    expect(marco.get_by_role("row", name=re.compile("Rita"))).to_have_count(0)
    charlie = marco.get_by_role("row", name=re.compile("Charlie"))
    marco.get_by_role("button", name=f"Deny Charlie: {PACKAGE}").click()
    expect(charlie.get_by_text("Say why you answer so.")).to_be_visible()
    charlie.get_by_role("textbox").fill("He moved to Finance.")
    marco.get_by_role("button", name=f"Deny Charlie: {PACKAGE}").click()
    expect(marco.get_by_role("row", name=re.compile("Charlie"))).to_have_count(0)
    marco.get_by_role("region", name="Access to be reviewed").focus()
    marco.keyboard.press("j")
    marco.keyboard.press("u")
    expect(marco.get_by_text("All answered").first).to_be_visible()
    assert group.memberships.count() == 3, "nothing goes before the close"

    ada = visit(cast.ada)
    ada.goto(f"/reviews/campaigns/{campaign.pk}/")
    ada.get_by_role("link", name="Close it now").click()
    ada.get_by_label(re.compile("Why")).fill("Everybody has answered.")
    ada.get_by_role("button", name="Close it now").click()
    seconds_until(lambda: Campaign.objects.get(pk=campaign.pk).status == CampaignStatus.COMPLETED, within=60)
    left = group.memberships.values_list("person__username", flat=True)
    assert sorted(left) == ["dora", "rita"], "what nobody knew about stays"
    ada.goto(f"/reviews/campaigns/{campaign.pk}/items/")
    expect(ada.get_by_role("row", name=re.compile("Charlie"))).to_contain_text(re.compile("removed", re.IGNORECASE))
