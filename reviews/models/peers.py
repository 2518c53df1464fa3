"""How many people like somebody there are, and how many of them have the same: counted once for each campaign."""

from uuid import UUID

from django.db import models
from uuid_utils.compat import uuid7

from .campaigns import Campaign

EVERYBODY = UUID(int=0)
"""Of counts of people, whatever they have."""


class PeerCount(models.Model):
    """How many enabled people of one kind have one package, or one role; or (`EVERYBODY`) how many they are.

    `alike` says what they share: the manager's id, or the digest of department and job title (`peers`). What only one
    of them has is left out. Kept while the population is being frozen, so that all its parts see the same.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="peer_counts", db_index=False, db_constraint=False
    )
    """Not checked by the database: a row lives as long as a launch takes, and checking costs as much as counting."""
    what = models.UUIDField()
    alike = models.UUIDField()
    people = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "what", "alike"], name="reviews_peer_count_once_per_campaign_and_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.alike}: {self.people}"
