"""The states of a campaign and of what comes of each of its items, and the moves between them.

```
starting ──▶ inProgress ──▶ completing ──▶ applying ──▶ completed
   │            │               │             ▲
   └─ canceled ◀┘               └─▶ decided ──┘   (decided: somebody applies it by hand)
```
*Starting*: the population is being frozen. *Completing*: it is closed, and results are being drawn from the answers.
*Applying*: what is to go is being removed; *completed* only when every item is applied, or found gone already.

```
new ──▶ notNeeded (it stays; from applying and failed as well, where it was approved anew meanwhile)
 │ └──▶ notFound  (it was gone already)
 └────▶ applying ──▶ failed (the system says why, and it is tried again)
            │           │
            └▶ applied ◀┘
```
"""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class CampaignStatus(models.TextChoices):
    STARTING = "starting", _("starting")
    IN_PROGRESS = "inProgress", _("in progress")
    COMPLETING = "completing", _("closing")
    DECIDED = "decided", _("closed, to be applied")
    APPLYING = "applying", _("being applied")
    COMPLETED = "completed", _("completed")
    CANCELED = "canceled", _("canceled")


class ApplyState(models.TextChoices):
    NEW = "new", _("not applied yet")
    NOT_NEEDED = "notNeeded", _("nothing to do")
    APPLYING = "applying", _("being removed")
    APPLIED = "applied", _("removed")
    FAILED = "failed", _("not removed yet")
    NOT_FOUND = "notFound", _("was gone already")


LONGEST_STATUS = 20
RUNNING = (CampaignStatus.STARTING, CampaignStatus.IN_PROGRESS)
"""Nothing of it is settled: another occurrence of the same review does not begin meanwhile."""
UNFINISHED = (*RUNNING, CampaignStatus.COMPLETING, CampaignStatus.DECIDED, CampaignStatus.APPLYING)
UNAPPLIED = (ApplyState.APPLYING, ApplyState.FAILED)
"""What is to go and is not known to be gone."""

CAMPAIGN_MOVES: dict[str, frozenset[str]] = {
    CampaignStatus.STARTING: frozenset({CampaignStatus.IN_PROGRESS, CampaignStatus.CANCELED}),
    CampaignStatus.IN_PROGRESS: frozenset({CampaignStatus.COMPLETING, CampaignStatus.CANCELED}),
    CampaignStatus.COMPLETING: frozenset({CampaignStatus.DECIDED, CampaignStatus.APPLYING}),
    CampaignStatus.DECIDED: frozenset({CampaignStatus.APPLYING}),
    CampaignStatus.APPLYING: frozenset({CampaignStatus.COMPLETED}),
    CampaignStatus.COMPLETED: frozenset(),
    CampaignStatus.CANCELED: frozenset(),
}
APPLY_MOVES: dict[str, frozenset[str]] = {
    ApplyState.NEW: frozenset({ApplyState.NOT_NEEDED, ApplyState.APPLYING, ApplyState.NOT_FOUND}),
    ApplyState.APPLYING: frozenset({ApplyState.APPLIED, ApplyState.FAILED, ApplyState.NOT_NEEDED}),
    ApplyState.FAILED: frozenset({ApplyState.APPLIED, ApplyState.NOT_NEEDED}),
    ApplyState.NOT_NEEDED: frozenset(),
    ApplyState.APPLIED: frozenset(),
    ApplyState.NOT_FOUND: frozenset(),
}


class IllegalMove(Exception):
    """The thing cannot go from the state that it is in to the one asked for."""


def check_move(moves: dict[str, frozenset[str]], *, old: str, new: str) -> None:
    """Raises IllegalMove unless the table allows it."""
    if new not in moves[old]:
        raise IllegalMove(
            gettext("What is %(old)s cannot become %(new)s.") % {"old": _in_words(old), "new": _in_words(new)}
        )


def _in_words(state: str) -> str:
    return next((str(states(state).label) for states in (CampaignStatus, ApplyState) if state in states), state)
