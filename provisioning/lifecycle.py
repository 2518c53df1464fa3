"""The states of a grant and of a drift case, and the moves between them.

```
            ┌──────────── again wanted ─────────────┐
            ▼                                       │
pending ◀▶ delivered | verified ─▶ removalPending ─▶ removed
   │ ▲ ▲        ▲  │                  ▲
   ▼ │ └────────│──│── drifted ◀──────│── (from delivered | verified: the target shows it no more)
  failed ───────┘──┘──────────────────┘
```
What was delivered is pending again while it is put in place once more. *Delivered* is what the target said, *verified*
what was read back from it. *Drifted* was there and was found missing; it waits for somebody to say what is to become
of it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class GrantStatus(models.TextChoices):
    PENDING = "pending", _("pending")
    DELIVERED = "delivered", _("delivered")
    VERIFIED = "verified", _("delivered and verified")
    FAILED = "failed", _("failed, being retried")
    DRIFTED = "drifted", _("drifted: missing in the system")
    REMOVAL_PENDING = "removalPending", _("removal pending")
    REMOVED = "removed", _("removed")


class CaseKind(models.TextChoices):
    """How a target system differs from what is wanted."""

    MISSING = "missing", _("missing in the system")
    EXTRA = "extra", _("added outside")
    UNKNOWN = "unknown", _("account of nobody here")


class CaseState(models.TextChoices):
    OPEN = "open", _("open")
    IGNORED = "ignored", _("ignored for a while")
    ANSWERED = "answered", _("answered")
    CLOSED = "closed", _("closed by itself")


class CaseAnswer(models.TextChoices):
    """What can be said about a difference; which fits is a matter of its kind (`ANSWERS`)."""

    ADOPT = "adopt", _("adopt it")
    REMOVE = "remove", _("remove it")
    RESTORE = "restore", _("restore it")
    END = "end", _("end the access")
    LINK = "link", _("link the account")
    IGNORE = "ignore", _("ignore it for a while")


class TaskState(models.TextChoices):
    """How a task stands that somebody does by hand."""

    OPEN = "open", _("open")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ExtraRule(models.TextChoices):
    """What is done by itself about access that was added outside."""

    ASK = "ask", _("ask the owners")
    ADOPT = "adopt", _("adopt it")
    REMOVE = "remove", _("remove it")


class MissingRule(models.TextChoices):
    """What is done by itself about access that was removed outside."""

    ASK = "ask", _("ask the owners")
    RESTORE = "restore", _("restore it")
    END = "end", _("end the access")


ANSWERS: dict[str, tuple[CaseAnswer, ...]] = {
    CaseKind.MISSING: (CaseAnswer.RESTORE, CaseAnswer.END, CaseAnswer.IGNORE),
    CaseKind.EXTRA: (CaseAnswer.ADOPT, CaseAnswer.REMOVE, CaseAnswer.IGNORE),
    CaseKind.UNKNOWN: (CaseAnswer.LINK, CaseAnswer.IGNORE),
}
UNSETTLED = (CaseState.OPEN, CaseState.IGNORED)
"""There is still something to be said about these."""

PRESENT = (GrantStatus.DELIVERED, GrantStatus.VERIFIED)
"""The target has it, as far as AccessGov knows."""

MOVES: dict[str, frozenset[str]] = {
    GrantStatus.PENDING: frozenset({*PRESENT, GrantStatus.FAILED, GrantStatus.REMOVAL_PENDING}),
    GrantStatus.FAILED: frozenset({*PRESENT, GrantStatus.FAILED, GrantStatus.PENDING, GrantStatus.REMOVAL_PENDING}),
    GrantStatus.DELIVERED: frozenset(
        {
            GrantStatus.VERIFIED,
            GrantStatus.FAILED,
            GrantStatus.DRIFTED,
            GrantStatus.PENDING,
            GrantStatus.REMOVAL_PENDING,
        }
    ),
    GrantStatus.VERIFIED: frozenset({GrantStatus.DRIFTED, GrantStatus.PENDING, GrantStatus.REMOVAL_PENDING}),
    GrantStatus.DRIFTED: frozenset({GrantStatus.VERIFIED, GrantStatus.PENDING, GrantStatus.REMOVAL_PENDING}),
    GrantStatus.REMOVAL_PENDING: frozenset({GrantStatus.REMOVED, GrantStatus.PENDING}),
    GrantStatus.REMOVED: frozenset({GrantStatus.PENDING, GrantStatus.VERIFIED, GrantStatus.REMOVAL_PENDING}),
}


CASE_MOVES: dict[str, frozenset[str]] = {
    CaseState.OPEN: frozenset({CaseState.IGNORED, CaseState.ANSWERED, CaseState.CLOSED}),
    CaseState.IGNORED: frozenset({CaseState.IGNORED, CaseState.OPEN, CaseState.ANSWERED, CaseState.CLOSED}),
    CaseState.ANSWERED: frozenset(),
    CaseState.CLOSED: frozenset(),
}


TASK_MOVES: dict[str, frozenset[str]] = {
    TaskState.OPEN: frozenset({TaskState.DONE, TaskState.REFUSED, TaskState.WITHDRAWN}),
    TaskState.DONE: frozenset(),
    TaskState.REFUSED: frozenset({TaskState.OPEN}),
    TaskState.WITHDRAWN: frozenset({TaskState.OPEN}),
}
"""What was refused or withdrawn is opened again where the same change is asked for once more."""


class IllegalMove(Exception):
    """The grant cannot go from the state that it is in to the one asked for."""


def check_move(*, old: str, new: str) -> None:
    """Raises IllegalMove unless the table allows it."""
    if new not in MOVES[old]:
        raise IllegalMove(f"A grant cannot go from {old} to {new}.")


def check_case_move(*, old: str, new: str) -> None:
    """Raises IllegalMove unless the table allows it."""
    if new not in CASE_MOVES[old]:
        raise IllegalMove(_("Somebody has answered this, or it is as it should be by now."))


def check_task_move(*, old: str, new: str, by: str = "") -> None:
    """Raises IllegalMove unless the table allows it; it says by whom the task was settled."""
    if new in TASK_MOVES[old]:
        return
    if by:
        raise IllegalMove(
            _("This task is %(state)s already, by %(person)s.") % {"state": TaskState(old).label, "person": by}
        )
    raise IllegalMove(_("This task is %(state)s already.") % {"state": TaskState(old).label})


def sources_of(new: str) -> list[str]:
    """The states from which a move to `new` is legal, for set-based moves."""
    return [old for old, targets in MOVES.items() if new in targets]
