"""One request in the invented past: who asks for what, what comes of it, and when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.core.exceptions import PermissionDenied, ValidationError

from catalog.models import AccessPackage, Policy
from directory.models import User
from requests_app import actions
from requests_app.lifecycle import ApprovalStatus
from requests_app.models import AccessRequest, Assignment

from .history import History
from .offer import PACKAGES

QUESTIONS = {
    question.text: question for package in PACKAGES for each in package.policies for question in each.questions
}
WHY_SO = "Checked with the team, and needed."


class Outcome(Enum):
    """What comes of a request."""

    APPROVED = "approved"
    DENIED = "denied"
    CANCELED = "canceled"
    UNDECIDED = "undecided"
    """Nobody decides: still open if it is recent, expired if it is old."""


@dataclass(frozen=True)
class Wish:
    """Somebody's wish for a package, and what comes of it after a while."""

    person: User
    package: str
    why: str
    outcome: Outcome = Outcome.APPROVED
    after: timedelta = timedelta(hours=2)
    said: str = ""
    given_back_after: timedelta | None = None

    def plan(self, history: History, moment: datetime) -> None:
        """Have it asked at this moment."""
        history.at(moment, lambda now: self.ask(history, now))

    def ask(self, history: History, now: datetime) -> bool:
        """Ask, and plan the rest; False where the person may not, has it, or has asked already."""
        package = AccessPackage.objects.get(name=self.package)
        policy = Policy.objects.applicable(self.person).filter(package=package).first()
        answers = (
            {str(question.pk): self._answer(history, question.text) for question in policy.questions.all()}
            if policy
            else {}
        )
        try:
            asked = actions.submit(
                package=package, actor=self.person, policy=policy, justification=self.why, answers=answers, now=now
            )
        except (ValidationError, PermissionDenied):
            return False
        history.at(now + self.after, lambda later: self.decide(history, asked, later))
        if self.given_back_after and self.outcome == Outcome.APPROVED:
            history.at(now + self.after + self.given_back_after, self._give_back)
        return True

    def _answer(self, history: History, question: str) -> str:
        return history.chance.choice(QUESTIONS[question].answers)

    def decide(self, history: History, asked: AccessRequest, now: datetime) -> None:
        """What comes of it; an approval by as many as it takes, a minute apart."""
        if self.outcome == Outcome.CANCELED:
            asked.refresh_from_db()
            if asked.approvals.filter(status=ApprovalStatus.IN_PROGRESS).exists():
                actions.cancel(access_request=asked, actor=self.person, now=now)
            return
        approval = asked.approvals.filter(status=ApprovalStatus.IN_PROGRESS).select_related("access_request").first()
        if approval is None or self.outcome == Outcome.UNDECIDED:
            return
        said = self.said or (WHY_SO if approval.requires_justification else "")
        deciders = [
            assignee.person for assignee in approval.assignees.select_related("person").order_by("person__username")
        ]
        if self.outcome == Outcome.DENIED:
            actions.deny(approval=approval, actor=deciders[0], justification=said, now=now)
            return
        for number, decider in enumerate(deciders[: approval.quorum(approval.assignees.all())]):
            actions.approve(approval=approval, actor=decider, justification=said, now=now + timedelta(minutes=number))

    def _give_back(self, now: datetime) -> None:
        held = Assignment.objects.live().filter(person=self.person, package__name=self.package).first()
        if held is not None:
            actions.give_back(assignment=held, actor=self.person, now=now)
