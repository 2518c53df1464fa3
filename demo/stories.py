"""What happened in the invented organisation: the year at large, and the stories of those whom one signs in as."""

from collections.abc import Callable
from datetime import datetime, timedelta

from catalog.models import Policy
from directory import actions as directory_actions
from directory.models import User
from provisioning.actions import configure_connector
from provisioning.models import Connector
from requests_app import actions
from requests_app.models import Assignment

from .asking import Outcome, Wish
from .astray import ASTRAY
from .history import History
from .offer import PACKAGES, STOCK
from .organisation import ADMINISTRATOR, ENGINEER, GUEST, MANAGER, REQUESTER
from .recertifying import tell_reviews
from .roll import Roll
from .travel import tell_travel
from .watch import SAFEGUARDED

APPROVED, DENIED, CANCELED, UNDECIDED = Outcome.APPROVED, Outcome.DENIED, Outcome.CANCELED, Outcome.UNDECIDED
OUTCOMES = {APPROVED: 78, DENIED: 9, CANCELED: 5, UNDECIDED: 8}
REASONS = (
    "I take over from a colleague and need it for my daily work.",
    "New in the team; my lead said to ask for this first.",
    "Part of the quarter's plan that we agreed on last week.",
    "I cover for somebody who is on parental leave.",
    "Needed for the customer visit next week.",
    "Without it I have to ask somebody every time.",
    "We agreed on this in the weekly meeting.",
    "I am preparing the handover and need to see the current state.",
)
REFUSALS = (
    "Not needed for what you do at the moment. Ask again when the project starts.",
    "Please ask for the read-only package instead.",
    "Your team shares one access for this; talk to your lead.",
)
STARTER, REPORTS, EXPORT = (
    "Sales Representative: Starter Kit", "Sales Reports: Read Only", "Customer Data Export: One Working Day",
)  # fmt: skip
REMOTE, HIRING, PICKING = "Remote Work: VPN and Home Office", "Recruiting: Hiring Team", "Harbour Warehouse: Picking"

NOBODY_THERE = "http://127.0.0.1:9/scim/v2"
"""The port that discards what is sent to it, where no system runs that service any more."""


def tell_history(roll: Roll, *, beginning: datetime, now: datetime, say: Callable[[str], None]) -> None:
    """Plan everything that happened, and let it happen."""
    history = History(beginning=beginning, now=now)
    _plan_the_year(history, roll)
    for plan in (
        _the_requester,
        _the_manager,
        _the_owner,
        _the_engineer,
        _the_guests,
        _assigned,
        _leavers,
        *SAFEGUARDED,
        *ASTRAY,
        tell_travel,
        tell_reviews,
    ):
        plan(history, roll)
    history.run(say)


def _plan_the_year(history: History, roll: Roll) -> None:
    """Everything that people ask for in a year, whoever they are; the people of the stories are left out."""
    left_out = {REQUESTER, GUEST}
    for facts in PACKAGES:
        candidates = [person for person in roll.of(facts.asked_by) if person.username not in left_out]
        for person in history.chance.sample(candidates, k=min(facts.asked, len(candidates))):
            _some_wish(history, person, facts.name).plan(history, _working_time(history))


def _some_wish(history: History, person: User, package: str) -> Wish:
    chance = history.chance
    outcome = chance.choices(list(OUTCOMES), weights=list(OUTCOMES.values()))[0]
    days = chance.randrange(20, 200) if chance.random() < 0.15 else None
    return Wish(
        person,
        package,
        chance.choice(REASONS),
        outcome,
        after=timedelta(minutes=chance.choice((12, 35, 90, 240, 1500, 2900, 4400))),
        said=chance.choice(REFUSALS) if outcome == DENIED else "",
        given_back_after=timedelta(days=days) if days else None,
    )


def _working_time(history: History) -> datetime:
    """Some moment of a working day; not in the last two weeks, which belong to the stories."""
    last = (history.now - history.beginning).days - 15
    day = history.beginning + timedelta(days=history.chance.randrange(1, last))
    day += timedelta(days=max(0, 7 - day.isoweekday() + 1) if day.isoweekday() > 5 else 0)
    return day.replace(hour=history.chance.randrange(7, 17), minute=history.chance.randrange(60))


def _the_requester(history: History, roll: Roll) -> None:
    """Nadia has some access that ends tomorrow, some that ended, one denial, and one open request."""
    nadia, now = roll.person(REQUESTER), history.now
    Wish(nadia, "New Colleague: First Day", "").plan(history, now - timedelta(days=400))
    Wish(nadia, "Data Analytics: Workspace", "To compare regions.", UNDECIDED).plan(history, now - timedelta(days=310))
    Wish(nadia, "Video Studio: One Day", "Recording a demonstration.").plan(history, now - timedelta(days=230))
    ends_tomorrow = now - timedelta(days=180) + timedelta(hours=19)
    Wish(nadia, REPORTS, "I look after three accounts of a colleague.").plan(history, ends_tomorrow)
    Wish(
        nadia, EXPORT, "A customer asked for all their data.", DENIED, after=timedelta(hours=5),
        said="Customers get their data from Support, with a record of it. Please pass it on to them.",
    ).plan(history, now - timedelta(days=96))  # fmt: skip
    Wish(nadia, REMOTE, "Two days a week from home.", UNDECIDED).plan(history, now - timedelta(hours=27))


def _the_manager(history: History, roll: Roll) -> None:
    """Tomás has several requests of his people to decide on, old and new."""
    people = [person for person in roll.reports_of(roll.person(MANAGER)) if person.username != REQUESTER]
    waiting = (
        (STARTER, "I start in the northern region on Monday.", timedelta(hours=3)),
        (HIRING, "I am on the panel for the second interviews.", timedelta(hours=26)),
        (REPORTS, "For the quarterly review with distributors.", timedelta(days=2, hours=4)),
        (STARTER, "Moved over from inside sales.", timedelta(days=5)),
    )
    for position, (package, why, ago) in enumerate(waiting):
        _first_who_can(history, people[position:] + people[:position], package, why, ago)


def _the_owner(history: History, roll: Roll) -> None:
    """Ingrid decides on two packages of hers, and somebody else has to agree to one of them."""
    sellers, now = roll.of(["Sales"]), history.now
    americas = roll.person("team:Sales Americas")
    Wish(
        americas, "Sales Manager: Pipeline and Forecast", "I lead the Americas team since this month.", UNDECIDED
    ).plan(history, now - timedelta(hours=30))
    _first_who_can(
        history, sellers[::-1], EXPORT, "Migration of Harbour utilities to the new contract.", timedelta(hours=6)
    )


def _the_engineer(history: History, roll: Roll) -> None:
    """Yusuf has been an administrator for a shift, and is asked about a shift on call."""
    yusuf, now = roll.person(ENGINEER), history.now
    shift = "Cloud Platform: Administrator for a Shift"
    for days in (75, 33, 8):
        Wish(yusuf, shift, "Planned maintenance of the message queue.").plan(
            history, now - timedelta(days=days, hours=4)
        )
    engineers = [person for person in roll.reports_of(yusuf) if "Reliability" in person.job_title]
    _first_who_can(history, engineers, "Production Systems: On Call", "Covering tonight's shift.", timedelta(hours=2))


def _the_guests(history: History, roll: Roll) -> None:
    """Elodie's access ends in twelve days; her colleague's is approved, but the system is away for maintenance."""
    elodie, now = roll.person(GUEST), history.now
    Wish(elodie, "Quillon Freight: Shipping Partner", "I plan your deliveries to Iberia.").plan(
        history, now - timedelta(days=78, hours=3)
    )
    history.at(now - timedelta(hours=20), lambda then: _take_down(roll, then))
    warehouse = roll.reports_of(roll.person("team:Logistics"))
    Wish(warehouse[0], PICKING, "I help out in the harbour this month.", after=timedelta(minutes=30)).plan(
        history, now - timedelta(hours=4)
    )


def _take_down(roll: Roll, now: datetime) -> None:
    """From now on its address is one at which nothing answers."""
    connector = Connector.objects.get(system__name=STOCK)
    connector.base_url = NOBODY_THERE
    configure_connector(connector=connector, secret=connector.secret, actor=roll.person(ADMINISTRATOR), now=now)


def _assigned(history: History, roll: Roll) -> None:
    """Packages that nobody asks for: whoever looks after them assigns them."""
    clerks = [person for person in roll.of(["People"]) if person.job_title == "Payroll Specialist"]
    for days, clerk in zip((350, 90), clerks, strict=True):
        _assign(history, roll, "Payroll: Preparation", by="team:People", to=clerk, days=days)
    for days, reader in zip((200, 12), roll.of(["Legal"])[:2], strict=True):
        _assign(history, roll, "External Audit: Reading Room", by="team:Internal Audit", to=reader, days=days)


def _assign(history: History, roll: Roll, package: str, *, by: str, to: User, days: int) -> None:
    def assign(now: datetime) -> None:
        policy = Policy.objects.get(package__name=package)
        asked = actions.assign_directly(policy=policy, person=to, actor=roll.person(by), now=now)
        history.at(now + timedelta(hours=3), lambda later: Wish(to, package, "").decide(history, asked, later))

    history.at(history.now - timedelta(days=days, hours=5), assign)


def _leavers(history: History, roll: Roll) -> None:
    """Two people left: everything that they had went at once."""
    for days in (61, 9):
        history.at(history.now - timedelta(days=days), lambda now: _leave(roll, now))


def _leave(roll: Roll, now: datetime) -> None:
    leads = {person.manager_id for person in roll.people.values()}
    holders = Assignment.objects.live().filter(person__is_active=True, person__department__in=("Sales", "Engineering"))
    found = holders.exclude(person__username=REQUESTER).exclude(person__in=leads).order_by("person__username")
    leaver = found.select_related("person")[found.count() // 2].person
    directory_actions.disable_person(person=leaver, actor=roll.person(ADMINISTRATOR), now=now)
    roll.people[leaver.username].is_active = False


def _first_who_can(history: History, people: list[User], package: str, why: str, ago: timedelta) -> None:
    """An open request of the first of these people who does not have the package yet."""

    def ask(now: datetime) -> None:
        any(Wish(person, package, why, UNDECIDED).ask(history, now) for person in people)

    history.at(history.now - ago, ask)
