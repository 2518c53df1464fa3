"""What a policy calls and when, as each request keeps it: a list of plain values, read here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from catalog.choices import ApproverKind, CalloutMoment, TimeoutMeaning
from catalog.models import CustomExtension, Policy

Plan = list[dict[str, Any]]


@dataclass(frozen=True)
class Planned:
    """One call that a request will make: of whom, how long it is waited for (None: not at all), and what if in vain."""

    extension: UUID
    name: str
    time_limit: timedelta | None
    on_timeout: str


def plan_of(policy: Policy, *, with_stages: bool) -> Plan:
    """Everything that the policy calls, which comes `complete()`; without a statement where it calls nothing.

    A stage that asks an extension who decides always waits for it; where it does not say, the fallbacks decide.
    """
    callouts = policy.callouts.select_related("extension") if policy.has_callouts else ()
    plan = [_entry(one.moment, one.extension, waits=one.waits) for one in callouts]
    if with_stages:
        for stage in policy.stages.all():
            asked = [one.extension for one in stage.approvers.all() if one.kind == ApproverKind.EXTENSION]
            entries = (_entry(CalloutMoment.WHO_DECIDES, extension) for extension in asked if extension)
            plan += [{**entry, "on_timeout": TimeoutMeaning.CONTINUE, "stage": stage.position} for entry in entries]
    return plan


def planned(plan: Plan, moment: str, *, stage: int | None = None) -> list[Planned]:
    """What is to be called at this moment (of this stage); no statement."""
    return [_read(entry) for entry in plan if entry["moment"] == moment and entry.get("stage") == stage]


def moments_of(plan: Plan) -> set[str]:
    """When something is called."""
    return {entry["moment"] for entry in plan}


def waits_at(plan: Plan, moment: str) -> bool:
    """Whether an answer is waited for at this moment."""
    return any(one.time_limit is not None for one in planned(plan, moment))


def names_of(plan: Iterable[Planned]) -> str:
    """Who is called, in words."""
    return ", ".join(one.name for one in plan)


def _entry(moment: str, extension: CustomExtension, *, waits: bool = True) -> dict[str, Any]:
    return {
        "moment": str(moment),
        "extension": str(extension.pk),
        "name": extension.name,
        "seconds": int(extension.time_limit.total_seconds()) if waits else None,
        "on_timeout": extension.on_timeout,
    }


def _read(entry: dict[str, Any]) -> Planned:
    seconds = entry["seconds"]
    return Planned(
        extension=UUID(entry["extension"]),
        name=entry["name"],
        time_limit=None if seconds is None else timedelta(seconds=seconds),
        on_timeout=entry["on_timeout"],
    )
