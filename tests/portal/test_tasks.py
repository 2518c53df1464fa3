"""The pages of tasks by hand: whose they are, what they say, and what becomes of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.choices import ResourceKind
from catalog.models import Resource, ResourceRole, TargetSystem
from directory.actions import add_member
from directory.models import Group, User
from portal import navigation
from portal.accounts import SignIn
from provisioning import actions
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, ConnectorKind, HandTask
from requests_app.models import Assignment
from tests.cast import NOW, Cast

from .conftest import Ask, Browser


@pytest.fixture
def badge(cast: Cast) -> ResourceRole:
    """A badge for a laboratory, programmed by the Facilities team, in which Charlie is."""
    team = Group.objects.create(name="Facilities")
    add_member(group=team, person=cast.charlie, actor=None, now=NOW)
    system = TargetSystem.objects.create(name="Building", slug="building")
    actions.configure_connector(
        connector=Connector(system=system, kind=ConnectorKind.MANUAL),
        options={"team": "Facilities", "instructions": "Program the badge at the front desk."},
        actor=None,
        now=NOW,
    )
    resource = Resource.objects.create(system=system, kind=ResourceKind.GROUP, origin_id="lab", name="Laboratory")
    cast.catalog.resources.add(resource)
    return ResourceRole.objects.create(resource=resource, origin_id="badge", name="Badge")


@pytest.fixture
def tasks(cast: Cast, badge: ResourceRole, ask: Ask) -> list[HandTask]:
    """Rita, Olga and Charlie have asked for the badge."""
    package = cast.package("Laboratory", badge)
    cast.policy(package, approver=None)
    for person in (cast.rita, cast.olga, cast.charlie):
        ask(package, person)
    perform_all_due(now=timezone.now())
    return [HandTask.objects.get(person=person) for person in (cast.rita, cast.olga, cast.charlie)]


def test_a_team_sees_its_tasks_and_nobody_else_does(
    cast: Cast, tasks: list[HandTask], browser_of: Browser, audrey: User
) -> None:
    for person in (cast.charlie, cast.ada, audrey):
        assert "Give Rita Badge of Laboratory in Building" in browser_of(person).get("/tasks/").content.decode()
    for person in (cast.rita, cast.marco):
        assert browser_of(person).get("/tasks/").status_code == 403
        assert browser_of(person).get(reverse("task", args=[tasks[0].pk])).status_code == 404


def test_a_task_says_for_whom_what_why_and_how(cast: Cast, tasks: list[HandTask], browser_of: Browser) -> None:
    page = browser_of(cast.charlie).get(reverse("task", args=[tasks[0].pk])).content.decode()
    for words in ("rita@example.com", "Badge of Laboratory", "Program the badge at the front desk.", "until "):
        assert words in page


def test_whoever_waits_is_told_that_it_is_done_by_hand(cast: Cast, tasks: list[HandTask], browser_of: Browser) -> None:
    assignment = Assignment.objects.get(person=cast.rita)
    shown = browser_of(cast.rita).get(reverse("requests:assignment", args=[assignment.pk])).text
    assert "This is done by hand, and counts as soon as somebody says that it is done." in shown


def test_a_task_is_done_with_a_proof(cast: Cast, tasks: list[HandTask], browser_of: Browser) -> None:
    url, browser = reverse("task", args=[tasks[0].pk]), browser_of(cast.charlie)
    refused = browser.post(url, {"words": "ok", "answer": "done"})
    assert refused.status_code == 422
    assert "by what it is seen" in refused.content.decode()
    answer = browser.post(url, {"words": "FM-1234", "answer": "done"}, follow=True)
    assert "1 task is done." in answer.content.decode()
    late = browser_of(cast.ada).post(url, {"words": "Me too", "answer": "refuse"}, follow=True)
    assert "This task is done already, by Charlie." in late.content.decode()


def test_several_are_done_at_once_but_not_ones_own(cast: Cast, tasks: list[HandTask], browser_of: Browser) -> None:
    browser, chosen = browser_of(cast.charlie), {"task": [str(task.pk) for task in tasks]}
    page = browser.get(reverse("settle_tasks"), chosen).content.decode()
    assert "2 tasks" in page
    browser.post(reverse("settle_tasks"), {**chosen, "words": "FM-1234", "answer": "done"})
    assert list(HandTask.objects.open()) == [tasks[2]]
    own = browser.post(reverse("task", args=[tasks[2].pk]), {"words": "FM-1234", "answer": "done"})
    assert own.status_code == 403


def test_tasks_are_narrowed_down(cast: Cast, tasks: list[HandTask], browser_of: Browser) -> None:
    HandTask.objects.filter(pk=tasks[1].pk).update(due_at=timezone.now() - timedelta(days=1))
    browser = browser_of(cast.charlie)

    def shown(**asked: Any) -> list[HandTask]:
        return [row["task"] for row in browser.get("/tasks/", asked).context["tasks"]]

    assert shown(state="overdue") == [tasks[1]]
    assert shown(state="done") == []
    assert len(shown(system=str(tasks[0].connector.system_id))) == 3
    whose = browser_of(cast.ada).get("/tasks/", {"whose": "mine"})
    assert whose.context["tasks"] == []


def test_only_a_team_is_led_to_tasks_and_told_how_many_wait(
    cast: Cast, tasks: list[HandTask], browser_of: Browser, rf: Any, django_assert_num_queries: Any
) -> None:
    nav = {item["url"]: item for item in browser_of(cast.charlie).get("/").context["nav"]}
    assert nav["/tasks/"]["badge"] == "2"
    assert "/tasks/" not in {item["url"] for item in browser_of(cast.marco).get("/").context["nav"]}
    for person, statements in ((cast.marco, 1), (cast.charlie, 2)):
        request = rf.get("/")
        request.user, request.resolver_match = SignIn().get_user(person.pk), None
        with django_assert_num_queries(statements):
            navigation.items(request)


def test_home_shows_what_waits_for_my_team(cast: Cast, tasks: list[HandTask], browser_of: Browser) -> None:
    assert "To be done by hand" in browser_of(cast.charlie).get("/").content.decode()
    assert "To be done by hand" not in browser_of(cast.marco).get("/").content.decode()


def test_a_long_list_of_tasks_costs_as_many_statements_as_a_short_one(
    cast: Cast, tasks: list[HandTask], browser_of: Browser, django_assert_max_num_queries: Any
) -> None:
    browser = browser_of(cast.charlie)
    with django_assert_max_num_queries(8):
        browser.get("/tasks/")


def test_an_administrator_takes_in_a_list_of_holders(cast: Cast, badge: ResourceRole, browser_of: Browser) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    row = badge.resource.system.connector
    url, browser = reverse("admin:provisioning_connector_take_in", args=[row.pk]), browser_of(cast.ada)

    def send(text: str) -> Any:
        return browser.post(url, {"file": SimpleUploadedFile("holders.csv", text.encode())})

    bad = send("username,resource,role\nrita,lab,key\n")
    assert bad.status_code == 422
    assert "line 2: the resource “lab” has no role “key”" in bad.content.decode()
    assert send("username,resource,role\nrita,lab,badge\n").status_code == 302
    assert row.holder_list.rows == 1
    assert row.reconciliations.exists(), "it is compared at once"
