"""What accounts of a tenant can hold: what groups and applications have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus

from django.utils.translation import gettext as _

from .base import ConnectorError, Entitlement, GoneError, Outcome, Progress
from .entra_accounts import Accounts
from .entra_errors import Answer
from .entra_graph import Deadline, Graph, Item, Part, slices

PAGE = "999"
"""As many as Graph puts on one page."""


class Role(ABC):
    """Something that accounts hold, by their ids."""

    needs: str
    """The permission by which it is given and taken."""

    def __init__(self, entitlement: Entitlement, graph: Graph, accounts: Accounts) -> None:
        self.id = entitlement.resource_id.lower()
        self.role_id = entitlement.role_id.lower()
        self.name = entitlement.name
        self.graph = graph
        self.accounts = accounts
        self.words = {"name": entitlement.name, "system": graph.row}

    @abstractmethod
    def require_givable(self) -> None:
        """Look at it. Raises ConnectorError where it is gone, or is not given from here."""

    @abstractmethod
    def require_takable(self) -> object:
        """Look at it. Raises ConnectorError where it is gone, or is not taken from here."""

    @abstractmethod
    def held_by(self, ids: Sequence[str]) -> set[str]:
        """Which of these accounts hold it themselves."""

    @abstractmethod
    def give(self, ids: Sequence[str], *, until: Deadline) -> dict[str, Outcome]:
        """Give it to each; whom it did not reach in time is left out."""

    @abstractmethod
    def take(self, ids: Sequence[str], *, until: Deadline) -> dict[str, Outcome]:
        """Take it from each; whom it did not reach in time is left out."""

    @abstractmethod
    def pages(self) -> Iterator[list[Item]]:
        """The users who hold it, page by page."""

    def gone(self) -> ConnectorError:
        return GoneError(_("What is behind %(name)s is not in %(system)s any more.") % self.words)

    def _look(self, resource: str, *, needs: str) -> Item:
        answer = self.graph.ask("GET", resource, needs=needs)
        if answer.is_missing:
            raise self.gone()
        if not answer.is_success:
            raise self.graph.refusal(answer, needs=needs)
        return answer.body

    def _each(
        self, ids: Sequence[str], part: Callable[[str], Part], is_done: Callable[[Answer], bool], *, until: Deadline
    ) -> dict[str, Outcome]:
        """One request for each, in batches; an outage in one of them ends it."""
        found: dict[str, Outcome] = {}
        for some in slices(ids):
            if until.is_over:
                break
            try:
                answers = self.graph.batch([part(account) for account in some], needs=self.needs)
            except ConnectorError as error:
                found.update(dict.fromkeys(some, error))
                break
            found.update({i: self._outcome(a, is_done) for i, a in zip(some, answers, strict=True)})
            if any(_is_outage(found[account]) for account in some):
                break
        return found

    def _outcome(self, answer: Answer, is_done: Callable[[Answer], bool]) -> Outcome:
        if answer.is_success or is_done(answer):
            return Progress.DONE
        return self._refusal(answer)

    def _refusal(self, answer: Answer) -> ConnectorError:
        return self.graph.refusal(answer, needs=self.needs)


def already_there(answer: Answer) -> bool:
    """Whether what was to be given was there before."""
    return answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT) and answer.says("already exist")


def _is_outage(outcome: Outcome) -> bool:
    return isinstance(outcome, ConnectorError) and outcome.is_outage
