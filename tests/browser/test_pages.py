"""Every page as whom it is for, in Chromium: accessible by axe's rules, quiet in the console, no wider than a phone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page

from audit.models import Event
from catalog.models import AccessPackage, CustomExtension, Incompatibility, Resource, ResourceRole, TargetSystem
from directory.models import Group, User
from provisioning.actions import start_reconciliation
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, DriftCase, Grant, HandTask, Operation
from provisioning.reconciling import perform_all_due as reconcile_all_due
from requests_app import actions
from requests_app.models import AccessRequest, Approval, Assignment, Delegation, Inquiry, Rollout
from reviews.actions.deciding import decide
from reviews.models import Campaign, Review, ReviewItem
from tests.cast import Cast, appoint, make_cast
from tests.reviews.conftest import make_review, open_by_hand

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
EVERY_RULE = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WCAG = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
"""Of the administration, whose landmarks and headings are the theme's."""
NOT_OURS = {"list": {"enabled": False}}
"""Where one looks up several names, the button that clears them stands among them; the markup is a library's."""
RULES_OF_LOOKS = {"type": "rule", "values": ["color-contrast", "link-in-text-block", "target-size"]}
LOOKS = ((DESKTOP, "light", EVERY_RULE), (PHONE, "dark", RULES_OF_LOOKS))
"""A page's size and theme, and the rules that can turn out differently for it."""
LONG_NAME = "Sales: Württemberg and Schleswig-Holstein Regional Partner Managers Quarterly Pipeline Workspace"
VIEWS_OF_CAMPAIGNS = ("results", "result_items", "result_reviewers", "quality", "population")
VIEWS_OF_GOVERNANCE = ("overview", "delivery", "requests", "stuck", "ending", "unreviewed")
RUN_AXE = "options => axe.run(document, options).then(found => found.violations)"
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.one_database("pages look the same on both databases"),
]


@dataclass
class World:
    """The cast in the middle of their work."""

    cast: Cast
    audrey: User
    gus: User
    waiting: Approval
    inquiry: Inquiry
    denied: AccessRequest
    held: Assignment
    named_only: Any
    question_asked: Any
    away: AccessRequest
    exception: Any
    emergency: Any
    open_in_emergency: Any
    basket: Any


@pytest.fixture
def world(transactional_db: None) -> World:
    """A request that waits, one that was denied, an access with a history, a package with a question, and a guest."""
    cast, now = make_cast(), timezone.now()
    appoint(cast.catalog, cast.marco, Group.objects.create(name="Sales leads"), role="catalogReader")
    audrey = User.objects.create(username="audrey", email="audrey@example.com", display_name="Audrey", is_auditor=True)
    gus = User.objects.create(username="gus", email="gus@partner.example", display_name="Gus Guest", kind="guest")
    standard, denied, long_one, named_only, question_asked = (
        cast.package(name, cast.role(f"{name} group")[1])
        for name in ("Sales: Standard Access", "Sales: Price Lists", LONG_NAME, "Finance: Closing", "Sales: Fair Week")
    )
    for package in (standard, denied, long_one):
        cast.policy(package)
    cast.policy(named_only, scope="specificDirectoryUsers", is_on_behalf_allowed=True)
    unclear = cast.package("Sales: Trade Fairs", cast.role("Trade fairs")[1])
    cast.policy(unclear)
    cast.policy(cast.package("Partners: Price Lists", cast.role("Partner prices")[1]), scope="allDirectoryUsers")
    open_to_managers = cast.policy(question_asked, is_on_behalf_allowed=True, is_period_chosen=True)
    open_to_managers.questions.create(position=1, text="Which region will you sell in?", kind="text")
    days = {"kind": "choices", "choices": ["Monday", "Tuesday", "Wednesday"]}
    open_to_managers.questions.create(position=2, text="On which days?", **days)
    code = {"pattern": "[A-Z]{3}", "pattern_hint": "Three capitals.", "example": "BGO", "is_required": False}
    open_to_managers.questions.create(position=3, text="From which airport?", **code)

    def asked(package: Any, *, hours: int) -> AccessRequest:
        then = now - timedelta(hours=hours)
        return actions.submit(package=package, actor=cast.rita, justification="I sell there from Monday.", now=then)

    said_no = asked(denied, hours=30)
    actions.deny(approval=said_no.approvals.get(), actor=cast.marco, justification="Not before the training.", now=now)
    given = asked(standard, hours=20)
    actions.approve(approval=given.approvals.get(), actor=cast.marco, justification="", now=now)
    waiting = asked(long_one, hours=2).approvals.get()
    inquiry = actions.ask_for_information(
        approval=asked(unclear, hours=1).approvals.get(), actor=cast.marco, question="For which of the fairs?", now=now
    )
    actions.set_delegation(delegator=cast.marco, delegate=cast.olga, actor=cast.marco, now=now, takes_waiting=True)
    held = Assignment.objects.get(person=cast.rita)
    exceptional = _exceptional(cast, held=held, now=now)
    perform_all_due(now=now)
    _drifted(cast, now=now)
    _by_hand(cast, now=now)
    away = _on_its_way(cast, held=held, now=now)
    _reviewed(cast, held=held, now=now)
    return World(cast, audrey, gus, waiting, inquiry, said_no, held, named_only, question_asked, away, *exceptional)


def _drifted(cast: Cast, *, now: datetime) -> None:
    """Somebody added three people to groups of Olga's by hand, and removed another."""
    for name in ("Sales: Standard Access group", "Brochures"):
        role = ResourceRole.objects.get(resource__name=name)
        role.resource.owners.add(cast.olga)
        group = Group.objects.get(name=name)
        group.memberships.all().delete()
        for person in (cast.charlie, cast.marco):
            group.memberships.create(person=person, added_at=now)
    Grant.objects.update(changed_at=now - timedelta(hours=1))
    start_reconciliation(connector=cast.system.connector, actor=None, now=now)
    reconcile_all_due(now=now)


def _reviewed(cast: Cast, *, held: Assignment, now: datetime) -> None:
    """Marco is asked about Rita's access, of which one is privileged and one was answered; so is she herself."""
    all_of_hers = list(Assignment.objects.live().filter(person=cast.rita).select_related("package__catalog", "policy"))
    asked = open_by_hand(make_review(cast.catalog, scope="catalog"), all_of_hers, cast.marco, now=now)
    facts = {"job_title": "Sales Representative", "department": "Sales EMEA", "peers": 12, "peers_with": 2}
    asked.items.update(**facts, recommendation="deny", last_used_at=now - timedelta(days=90))
    asked.items.filter(assignment=held).update(recommendation="approve", is_privileged=True, is_adopted=True)
    first = asked.items.order_by("pk").values_list("pk", flat=True)[0]
    decide(items=[first], verdict="approve", actor=cast.marco, reason="She sells there.", now=now)
    open_by_hand(make_review(held.package, by="self"), [held], cast.rita, now=now)


def _by_hand(cast: Cast, *, now: datetime) -> None:
    """Badges that Olga's team programs by hand: two wait, of which one is late, and one is done."""
    team = Group.objects.create(name="Facilities")
    team.memberships.create(person=cast.olga, added_at=now)
    role = ResourceRole.objects.get(resource__name="Brochures")
    facts = {"connector": cast.system.connector, "team": team, "kind": "grant", "resource_role": role}
    for number, person in enumerate((cast.rita, cast.marco, cast.charlie)):
        done = {"state": "done", "proof": "FM-1", "settled_by": cast.olga, "settled_at": now} if number == 2 else {}
        moments = {"opened_at": now - timedelta(hours=number), "due_at": now + timedelta(hours=1 - 2 * number)}
        HandTask.objects.create(key=str(number), person=person, **moments, **facts, **done)


def _on_its_way(cast: Cast, *, held: Assignment, now: datetime) -> AccessRequest:
    """A change of a package under way, one that is stuck, and a request for what is in a system that is away."""
    role = ResourceRole.objects.get(resource__name="Brochures")
    for kind, status in (("add", "pending"), ("reprocess", "stuck")):
        facts = {
            "status": status,
            "idempotency_key": kind,
            "total": 1200,
            "done": 430,
            "due_at": now,
            "created_at": now,
        }
        Rollout.objects.create(kind=kind, package=held.package, role=role if kind == "add" else None, **facts)
    stock = TargetSystem.objects.create(name="Stock", slug="stock")
    Connector.objects.create(system=stock, kind="scim", base_url="http://127.0.0.1:9/v2")
    resource = Resource.objects.create(system=stock, kind="application", origin_id="stock", name="Stock")
    cast.catalog.resources.add(resource)
    package = cast.package("Sales: Stock", ResourceRole.objects.create(resource=resource, origin_id="1", name="Picker"))
    cast.policy(package, approver=None)
    asked = actions.submit(package=package, actor=cast.rita, justification="I help out.", now=now)
    perform_all_due(now=now)
    return asked


def _exceptional(cast: Cast, *, held: Assignment, now: datetime) -> tuple[Any, ...]:
    """An exception that waits, an emergency that Rita took and one that she may take, and what came of her basket."""
    together = [cast.package(f"Sales: {name}", cast.role(name)[1]) for name in ("Brochures", "Samples", "Fair Posters")]
    for package in together:
        cast.policy(package)
    wishes = [actions.Wish(package=package, justification="I sell there.") for package in together[:2]]
    basket, _outcomes = actions.ask_together(wishes=wishes, actor=cast.rita, now=now)
    actions.put_in_basket(package=together[2], actor=cast.rita, now=now)
    kept_apart = cast.package("Sales: Commission Settings", cast.role("Commission")[1])
    hours = {"duration_kind": "hours", "duration_amount": 8}
    at_night = cast.package("Sales: Night Repairs", cast.role("Repairs")[1])
    for package in (kept_apart, at_night):
        cast.policy(package, approver=None, name="Emergencies", scope="emergency", **hours).people.add(cast.rita)
    cast.policy(kept_apart)
    rule = Incompatibility.objects.create(package=kept_apart, other_package=held.package)
    asked = actions.ask_for_exception(
        rule=rule,
        person=cast.rita,
        actor=cast.rita,
        reason="The month ends.",
        control="Olga looks at it each week.",
        ends_at=now + timedelta(days=30),
        now=now,
    )
    taken = actions.take_in_emergency(package=kept_apart, actor=cast.rita, justification="Wrong for all.", now=now)
    return asked, taken.emergency_review, at_night, basket


@pytest.fixture
def open_as(browser: Browser, browser_context_args: dict[str, Any], live_server: Any) -> Iterator[Callable[..., Page]]:
    """The browser of somebody who is signed in, or of a stranger."""
    contexts = []

    def open_page(person: User | None) -> Page:
        context = browser.new_context(base_url=live_server.url, **browser_context_args)
        contexts.append(context)
        if person:
            client = Client()
            client.force_login(person)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


def pages_of(world: World) -> list[tuple[User | None, dict[str, int]]]:
    """Every page under whom it is meant for, with the status that it answers."""
    cast, held, package = world.cast, world.held, world.held.package_id
    by_package, by_access = {"package_id": package}, {"pk": held.pk}
    event = Event.objects.filter(package_id=package).earliest("occurred_at")
    given = Approval.objects.get(access_request__assignment=held)
    delegation = Delegation.objects.get()
    extra, missing = (DriftCase.objects.filter(kind=kind)[0] for kind in ("extra", "missing"))
    tasks = HandTask.objects.order_by("-opened_at")[:3]
    asked = ReviewItem.objects.filter(campaign__stages__reviewers="manager").order_by("pk")[0]
    by_campaign, by_item = {"pk": asked.campaign_id}, {"pk": asked.pk}
    requesters = [
        reverse("home"),
        reverse("browse"),
        f"{reverse('browse')}?show=all",
        f"{reverse('browse')}?q=zebra",
        reverse("package", kwargs={"pk": world.waiting.access_request.package_id}),
        reverse("package", kwargs={"pk": world.named_only.pk}),
        reverse("requests:ask", kwargs={"package_id": world.question_asked.pk}),
        reverse("requests:mine"),
        f"{reverse('requests:mine')}?tab=done",
        reverse("requests:request", kwargs={"pk": world.waiting.access_request_id}),
        reverse("requests:cancel", kwargs={"pk": world.waiting.access_request_id}),
        reverse("requests:request", kwargs={"pk": world.inquiry.approval.access_request_id}),
        reverse("requests:answer", kwargs={"pk": world.inquiry.pk}),
        reverse("requests:request", kwargs={"pk": world.denied.pk}),
        reverse("requests:request", kwargs={"pk": world.away.pk}),
        reverse("requests:access"),
        f"{reverse('requests:access')}?tab=ended",
        reverse("requests:assignment", kwargs=by_access),
        reverse("requests:give_back", kwargs=by_access),
        reverse("requests:approvals"),
        reverse("requests:emergency", kwargs={"package_id": world.open_in_emergency.pk}),
        reverse("package", kwargs={"pk": world.open_in_emergency.pk}),
        reverse("requests:assignment", kwargs={"pk": world.emergency.access_request.assignment_id}),
        reverse("requests:request", kwargs={"pk": world.emergency.access_request_id}),
        reverse("requests:exceptions"),
        reverse("requests:exception", kwargs={"pk": world.exception.pk}),
        reverse("reviews:campaign", kwargs={"pk": Campaign.objects.get(stages__reviewers="self").pk}),
        reverse("requests:basket"),
        reverse("requests:asked_together", kwargs={"basket": world.basket}),
        reverse("api_tokens"),
        reverse("account_change_password"),
        reverse("notifications:settings"),
    ]
    managers = [
        reverse("home"),
        reverse("requests:approvals"),
        reverse("requests:approval", kwargs={"pk": world.waiting.pk}),
        reverse("requests:approval", kwargs={"pk": world.inquiry.approval_id}),
        reverse("requests:ask_for_information", kwargs={"pk": world.waiting.pk}),
        f"{reverse('requests:decide_many')}?approval={world.waiting.pk}&approval={world.inquiry.approval_id}",
        reverse("requests:delegations"),
        reverse("requests:set_delegation"),
        f"{reverse('requests:set_delegation')}?person={cast.olga.pk}",
        reverse("requests:delegation", kwargs={"pk": delegation.pk}),
        reverse("requests:end_delegation", kwargs={"pk": delegation.pk}),
        reverse("requests:withdraw_approval", kwargs={"pk": given.pk}),
        f"{reverse('requests:approvals')}?tab=decided",
        reverse("reviews:mine"),
        f"{reverse('reviews:mine')}?tab=over",
        f"{reverse('reviews:campaign', kwargs=by_campaign)}?state=all",
        f"{reverse('reviews:campaign', kwargs=by_campaign)}?q=nobody",
        reverse("reviews:accept", kwargs=by_campaign),
        reverse("reviews:hand_on", kwargs=by_campaign),
        reverse("reviews:item", kwargs=by_item),
        f"{reverse('reviews:hand_item_on', kwargs=by_item)}?person={cast.olga.pk}",
        reverse("team"),
        reverse("report", kwargs={"pk": cast.rita.pk}),
        f"{reverse('requests:ask', kwargs={'package_id': world.question_asked.pk})}?for={cast.rita.pk}",
        reverse("requests:ask", kwargs={"package_id": world.named_only.pk}),
        reverse("requests:assignment", kwargs=by_access),
    ]
    owners = [
        f"{reverse('browse')}?show=own",
        reverse("package", kwargs={"pk": package}),
        reverse("requests:holders", kwargs=by_package),
        reverse("requests:assign", kwargs=by_package),
        f"{reverse('requests:assign', kwargs=by_package)}?person={cast.charlie.pk}",
        reverse("requests:assignment", kwargs=by_access),
        reverse("requests:reprocess", kwargs=by_access),
        reverse("requests:revoke", kwargs=by_access),
        reverse("home"),
        reverse("requests:conflicts"),
        reverse("requests:emergencies"),
        f"{reverse('requests:emergencies')}?tab=done",
        reverse("requests:emergency_review", kwargs={"pk": world.emergency.pk}),
        reverse("drift"),
        f"{reverse('drift')}?state=closed",
        *(reverse("drift_case", kwargs={"pk": pk}) for pk in (extra.pk, missing.pk)),
        f"{reverse('answer_drift')}?case={extra.pk}&case={missing.pk}",
        reverse("tasks"),
        f"{reverse('tasks')}?state=done",
        *(reverse("task", kwargs={"pk": task.pk}) for task in tasks),
        f"{reverse('settle_tasks')}?task={tasks[0].pk}&task={tasks[1].pk}",
    ]
    auditors = [
        reverse("audit:journal"),
        f"{reverse('audit:journal')}?story={held.pk}",
        reverse("audit:event", kwargs={"pk": event.pk}),
        reverse("catalog:findings"),
        f"{reverse('catalog:findings')}?severity=problem&kind=unused_role",
        reverse("catalog:roles"),
        f"{reverse('catalog:roles')}?q=nobody",
        *(reverse(f"evidence:{name}") for name in VIEWS_OF_GOVERNANCE),
        f"{reverse('evidence:delivery')}?state=drifted",
        reverse("reviews:campaigns"),
        f"{reverse('reviews:campaigns')}?q=nobody",
        reverse("reviews:history"),
        *(reverse(f"reviews:{name}", kwargs=by_campaign) for name in VIEWS_OF_CAMPAIGNS),
        f"{reverse('reviews:result_items', kwargs=by_campaign)}?q=nobody",
        reverse("reviews:record", kwargs={**by_campaign, "item": asked.pk}),
    ]
    rule = Incompatibility.objects.get()
    administrators = [
        reverse("catalog:findings"),
        reverse("requests:exception", kwargs={"pk": world.exception.pk}),
        f"{reverse('requests:ask_exception', kwargs={'pk': rule.pk})}?person={cast.charlie.pk}",
        reverse("notifications:letters"),
        reverse("notifications:letter", kwargs={"occasion": "approverAsked", "language": "en"}),
        reverse("notifications:branding"),
        reverse("reviews:results", kwargs=by_campaign),
        reverse("reviews:stop", kwargs=by_campaign),
        reverse("reviews:extend", kwargs=by_campaign),
    ]
    strangers = [reverse(name) for name in ("account_login", "account_reset_password", "demo:people", "demo:mail")]
    guests = [reverse("home"), reverse("browse")]
    return [
        (cast.rita, {**dict.fromkeys(requesters, 200), reverse("audit:journal"): 403, "/nothing-here/": 404}),
        (cast.marco, dict.fromkeys(managers, 200)),
        (cast.olga, dict.fromkeys(owners, 200)),
        (cast.ada, dict.fromkeys(administrators, 200)),
        (world.audrey, {**dict.fromkeys(auditors, 200), f"{reverse('audit:journal')}?since=nonsense": 400}),
        (world.gus, dict.fromkeys(guests, 200)),
        (None, dict.fromkeys(strangers, 200)),
    ]


def pages_of_administration(world: World) -> list[str]:
    """Those pages of the administration that are used most: lists, and what is changed on its own page."""
    cast, held = world.cast, world.held
    changed = (
        held.package,
        held.policy,
        cast.catalog,
        Resource.objects.get(name="Brochures"),
        cast.system.connector,
        cast.rita,
        Review.objects.order_by("pk")[0],
        Rollout.objects.get(kind="add"),
    )
    listed = (AccessPackage, Resource, User, Group, Connector, Operation, Rollout, DriftCase, AccessRequest, Review)
    added = (AccessPackage, CustomExtension)
    return [
        reverse("admin:index"),
        *(reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk]) for row in changed),
        *(reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist") for model in listed),
        *(reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_add") for model in added),
    ]


class Reader:
    """Somebody's browser, which opens page after page and says what is wrong with each."""

    def __init__(self, page: Page, *, rules: dict[str, Any] = EVERY_RULE) -> None:
        self._page, self._noise, self._looks = page, list[str](), ((DESKTOP, "light", rules), LOOKS[1])
        page.on("console", lambda message: self._noise.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._noise.append(str(error)))

    def faults_of(self, url: str, *, status: int) -> Iterator[str]:
        """What is wrong with the page at this address, in either look."""
        self._noise.clear()
        self._look(*self._looks[0][:2])
        answer = self._page.goto(url)
        assert answer is not None
        if answer.status != status or answer.request.redirected_from:
            yield f"{url}: {answer.status} at {self._page.url}"
        self._page.evaluate(AXE_SCRIPT)
        for size, theme, rules in self._looks:
            self._look(size, theme)
            self._page.evaluate(PAINTED)
            yield from self._violations(f"{url} ({size['width']} px, {theme})", rules=rules)
        overflow = self._page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 0:
            yield f"{url}: {overflow} px wider than a phone"
        yield from (f"{url}: {text}" for text in self._noise if status == 200 or f"status of {status}" not in text)

    def _look(self, size: dict[str, int], theme: str) -> None:
        self._page.set_viewport_size(size)  # type: ignore[arg-type]  # a dict of the very form
        self._page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its words

    def _violations(self, where: str, *, rules: dict[str, Any]) -> Iterator[str]:
        options = {"runOnly": rules, "resultTypes": ["violations"], "rules": NOT_OURS if rules is WCAG else {}}
        for violation in self._page.evaluate(RUN_AXE, options):
            examples = [node["html"][:160] for node in violation["nodes"][:2]]
            yield f"{where}: {violation['id']} {examples}"


def test_every_page_is_accessible_quiet_and_fits_a_phone(world: World, open_as: Callable[..., Page]) -> None:
    faults, visited = [], 0
    for person, pages in pages_of(world):
        reader = Reader(open_as(person))
        for url, status in pages.items():
            faults += list(reader.faults_of(url, status=status))
            visited += 1
    assert not faults, "\n".join(faults)
    assert visited > 40


def test_the_administration_is_accessible_quiet_and_fits_a_phone(world: World, open_as: Callable[..., Page]) -> None:
    reader = Reader(open_as(world.cast.ada), rules=WCAG)
    faults = [fault for url in pages_of_administration(world) for fault in reader.faults_of(url, status=200)]
    assert not faults, "\n".join(faults)
