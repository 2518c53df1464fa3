"""Answers written as reviewers give them, for tests of what comes of them."""

from datetime import datetime
from typing import Any

from directory.models import Group
from reviews.actions import deciding
from reviews.models import Campaign
from tests.cast import NOW


def answer(campaign: Campaign, *, now: datetime = NOW, **verdicts: Any) -> None:
    """Have whoever is asked first answer on these people, by user name."""
    for name, verdict in verdicts.items():
        item = campaign.items.get(person__username=name)
        reviewer = item.panel.members.filter(left_at=None).order_by("pk")[0].person
        deciding.decide(items=[item], verdict=verdict, reason="Known", actor=reviewer, now=now)


def members_of(group: str) -> set[str]:
    """Who really is in a group of the built-in directory."""
    return set(Group.objects.get(name=group).memberships.values_list("person__username", flat=True))
