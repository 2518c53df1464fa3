"""The states of a grant, and the moves between them.

```
            ┌──────────── again wanted ─────────────┐
            ▼                                       │
pending ◀▶ delivered | verified ─▶ removalPending ─▶ removed
   │ ▲          ▲                     ▲
   ▼ │          │                     │
  failed ───────┘─────────────────────┘
```
What was delivered is pending again while it is put in place once more.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class GrantStatus(models.TextChoices):
    PENDING = "pending", _("pending")
    DELIVERED = "delivered", _("delivered")
    VERIFIED = "verified", _("delivered and verified")
    FAILED = "failed", _("failed, being retried")
    REMOVAL_PENDING = "removalPending", _("removal pending")
    REMOVED = "removed", _("removed")


PRESENT = (GrantStatus.DELIVERED, GrantStatus.VERIFIED)
"""The target has it, as far as AccessGov knows."""

MOVES: dict[str, frozenset[str]] = {
    GrantStatus.PENDING: frozenset({*PRESENT, GrantStatus.FAILED, GrantStatus.REMOVAL_PENDING}),
    GrantStatus.FAILED: frozenset({*PRESENT, GrantStatus.FAILED, GrantStatus.PENDING, GrantStatus.REMOVAL_PENDING}),
    GrantStatus.DELIVERED: frozenset({GrantStatus.VERIFIED, GrantStatus.PENDING, GrantStatus.REMOVAL_PENDING}),
    GrantStatus.VERIFIED: frozenset({GrantStatus.PENDING, GrantStatus.REMOVAL_PENDING}),
    GrantStatus.REMOVAL_PENDING: frozenset({GrantStatus.REMOVED, GrantStatus.PENDING}),
    GrantStatus.REMOVED: frozenset({GrantStatus.PENDING}),
}


class IllegalMove(Exception):
    """The grant cannot go from the state that it is in to the one asked for."""


def check_move(*, old: str, new: str) -> None:
    """Raises IllegalMove unless the table allows it."""
    if new not in MOVES[old]:
        raise IllegalMove(f"A grant cannot go from {old} to {new}.")


def sources_of(new: str) -> list[str]:
    """The states from which a move to `new` is legal, for set-based moves."""
    return [old for old, targets in MOVES.items() if new in targets]
