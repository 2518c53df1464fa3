"""Terms: what a review says at the moment when a campaign starts, kept with the campaign as plain values."""

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from .choices import ApplyWhen, DeniedGuests, NoResponse, ReasonNeeded, ReviewScope, Verdict

if TYPE_CHECKING:
    from .models import Review


@dataclass(frozen=True)
class Terms:
    """What decides about a campaign from its start to its end, whatever becomes of its review meanwhile."""

    scope: str
    subject_id: str
    """The id of what is looked at; of reviews that an event starts, of the person concerned."""
    subject: str
    """Its name, as it was."""
    is_for_guests: bool = False
    is_for_privileged: bool = False
    inactive_days: int | None = None
    includes_adopted: bool = False
    if_no_response: str = NoResponse.KEEP
    applies: str = ApplyWhen.AT_CLOSE
    reason_needed: str = ReasonNeeded.ON_DENIAL
    shows_recommendations: bool = True
    recommends_after: int = 30
    sends_mails: bool = True
    reminds: bool = True
    note: str = ""
    denied_guests: str = DeniedGuests.REMOVE
    told_at_end: tuple[str, ...] = ()

    @classmethod
    def of(cls, review: "Review", *, person: Any = None) -> Self:
        """The terms of a review as it is now; `person` is the one concerned, where an event started it."""
        about = review.subject or person
        return cls(
            subject_id=str(about.pk),
            subject=str(about),
            told_at_end=tuple(str(pk) for pk in review.told_at_end.order_by("pk").values_list("pk", flat=True)),
            **{name: getattr(review, name) for name in COPIED},
        )

    @classmethod
    def read(cls, values: dict[str, Any]) -> Self:
        """What `as_json` wrote."""
        known = {field.name for field in fields(cls)}
        kept = {name: value for name, value in values.items() if name in known}
        return cls(**{**kept, "told_at_end": tuple(kept.get("told_at_end", ()))})

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be kept with the campaign."""
        return asdict(self) | {"told_at_end": list(self.told_at_end)}

    @property
    def about(self) -> UUID:
        """The id of what is looked at."""
        return UUID(self.subject_id)

    @property
    def is_by_role(self) -> bool:
        """Whether its items are grants of roles, and not assignments of packages."""
        return self.scope in (ReviewScope.RESOURCE, ReviewScope.ROLE)

    def needs_reason(self, verdict: str) -> bool:
        """Whether a reviewer has to say why they answer so."""
        needed = {
            ReasonNeeded.ALWAYS: (Verdict.APPROVE, Verdict.DENY, Verdict.DONT_KNOW),
            ReasonNeeded.ON_DENIAL: (Verdict.DENY,),
            ReasonNeeded.ON_APPROVAL: (Verdict.APPROVE,),
        }
        return verdict in needed.get(ReasonNeeded(self.reason_needed), ())


COPIED = [field.name for field in fields(Terms) if field.name not in ("subject_id", "subject", "told_at_end")]
