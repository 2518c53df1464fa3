"""Stories of what keeps the organisation safe: an emergency, an exception, a holiday, a question before a decision."""

from collections.abc import Callable
from datetime import datetime, timedelta

from catalog.models import AccessPackage, Incompatibility
from directory.models import User
from provisioning import actions as provisioning_actions
from provisioning.models import HandTask
from requests_app import actions
from requests_app.models import Approval, Assignment, SeparationException

from .history import History
from .organisation import ENGINEER, MANAGER, OWNER
from .roll import Roll
from .safeguards import BANK, INVOICES, ON_CALL

HIRING = "Recruiting: Hiring Team"


def _an_emergency(history: History, roll: Roll) -> None:
    """At night somebody on Yusuf's team took production access; he has yet to say whether that was justified."""
    engineer = next(one for one in roll.reports_of(roll.person(ENGINEER)) if "Reliability" in one.job_title)
    package = AccessPackage.objects.get(name=ON_CALL)

    def take(now: datetime) -> None:
        if not Assignment.objects.live().filter(person=engineer, package=package).exists():
            why = "The message queue is full, and nobody on call answers."
            actions.take_in_emergency(package=package, actor=engineer, justification=why, hours=2, now=now)

    history.at(history.now - timedelta(days=2, hours=6), take)


def _an_exception(history: History, roll: Roll) -> None:
    """While a colleague is away, one person in Accounting may hold what is kept apart, under a control."""
    clerk = next(one for one in roll.of(["Finance"]) if one.job_title == "Treasury Analyst")
    lead = roll.person("team:Finance")
    controls = "The Head of Accounting checks every payment above 1,000 the next morning."

    def ask(now: datetime) -> None:
        asked = actions.ask_for_exception(
            rule=Incompatibility.objects.get(package__name=INVOICES, other_package__name=BANK),
            person=clerk,
            actor=clerk,
            reason="I stand in for a colleague in Accounts Payable until the end of the quarter.",
            control=controls,
            ends_at=history.now + timedelta(days=40),
            now=now,
        )
        history.at(now + timedelta(hours=5), lambda later: _agree(asked, by=lead, now=later))

    history.at(history.now - timedelta(days=20), ask)


def _agree(exception: SeparationException, *, by: User, now: datetime) -> None:
    actions.approve_exception(exception=exception, actor=by, decision="Agreed with Internal Audit.", now=now)


def _a_holiday(history: History, roll: Roll) -> None:
    """Tomás goes on holiday next week; Ingrid decides in his place."""
    starts_at = (history.now + timedelta(days=5)).replace(hour=0, minute=0, second=0, microsecond=0)

    def set_it(now: datetime) -> None:
        actions.set_delegation(
            delegator=roll.person(MANAGER),
            delegate=roll.person(OWNER),
            actor=roll.person(MANAGER),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(days=14),
            takes_waiting=True,
            now=now,
        )

    history.at(history.now - timedelta(hours=20), set_it)


def _a_question(history: History, roll: Roll) -> None:
    """Tomás asked one of his people something before he decides."""

    def ask(now: datetime) -> None:
        waiting = Approval.objects.waiting_for(roll.person(MANAGER)).filter(access_request__package__name=HIRING)
        if approval := waiting.select_related("access_request").first():
            question = "Which of the two positions is it for?"
            actions.ask_for_information(approval=approval, actor=roll.person(MANAGER), question=question, now=now)

    history.at(history.now - timedelta(hours=9), ask)


def _badges(history: History, roll: Roll) -> None:
    """The front desk programmed Yusuf's badge; one of his people waits for theirs."""
    waits = next(one for one in roll.reports_of(roll.person(ENGINEER)) if "Software" in one.job_title)

    def ask(person: User, why: str) -> Callable[[datetime], object]:
        package = AccessPackage.objects.get(name="Server Room: Badge")
        return lambda now: actions.submit(package=package, actor=person, justification=why, now=now)

    def program(now: datetime) -> None:
        tasks = list(HandTask.objects.open())
        provisioning_actions.finish_tasks(
            tasks=tasks, proof="Badge book, no. 2214", actor=roll.person("team:Operations"), now=now
        )

    history.at(history.now - timedelta(days=20, hours=5), ask(roll.person(ENGINEER), "New racks for the test bench."))
    history.at(history.now - timedelta(days=20, hours=1), program)
    history.at(history.now - timedelta(hours=7), ask(waits, "I replace a broken disk on Thursday."))


SAFEGUARDED = (_an_emergency, _an_exception, _a_holiday, _a_question, _badges)
