"""From when and until when access is asked for: what a policy permits, and what cannot be."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalog.choices import DurationKind
from catalog.models import Policy

from .models import end_of

LONGEST_WAIT = timedelta(days=366)
"""How far ahead access may be asked to begin."""
LONGEST_PERIOD = timedelta(days=3660)
"""How long access may be asked for where the policy gives it without an end."""


@dataclass(frozen=True)
class Period:
    """What was chosen: None as the start is at once, None as the end is as late as the policy permits."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def is_chosen(self) -> bool:
        """Whether anything was."""
        return bool(self.starts_at or self.ends_at)


AS_THE_POLICY_SAYS = Period()


def check_period(policy: Policy, period: Period, *, now: datetime, is_free: bool = False) -> None:
    """Raises ValidationError, at the field that is wrong. `is_free`: whoever assigns may choose under any policy."""
    if not period.is_chosen:
        return
    if not (policy.is_period_chosen or is_free):
        wrong = [name for name in ("starts_at", "ends_at") if getattr(period, name)]
        raise ValidationError(dict.fromkeys(wrong, _("This policy lets nobody choose the period.")))
    if objection := _objection_to_start(period, policy=policy, now=now):
        raise ValidationError({"starts_at": objection})
    if objection := _objection_to_end(period, policy=policy, now=now):
        raise ValidationError({"ends_at": objection})


def latest_end(policy: Policy, *, starts_at: datetime) -> datetime | None:
    """Until when the policy gives what begins then; None: without an end."""
    return end_of(starts_at=starts_at, duration=policy.duration, fixed_end=policy.fixed_end)


def _objection_to_start(period: Period, *, policy: Policy, now: datetime) -> str:
    if period.starts_at is None:
        return ""
    if period.starts_at < now:
        return _("That is over already: choose a start in the future, or none to begin at once.")
    if period.starts_at > now + LONGEST_WAIT:
        return _("Choose a start within a year.")
    if policy.fixed_end and policy.fixed_end <= period.starts_at:
        return _("The policy ends all access on %(day)s.") % {"day": in_words(policy.fixed_end)}
    return ""


def _objection_to_end(period: Period, *, policy: Policy, now: datetime) -> str:
    begins = period.starts_at or now
    if period.ends_at is None:
        return ""
    if period.ends_at <= now:
        return _("That is over already: choose an end in the future.")
    if period.ends_at <= begins:
        return _("The end comes before the start.")
    latest = latest_end(policy, starts_at=begins)
    if _is_later(period.ends_at, latest or begins + LONGEST_PERIOD, policy=policy):
        return (
            _("%(latest)s is the latest that the policy permits.") % {"latest": in_words(latest)}
            if latest
            else _("Choose an end within ten years, or none.")
        )
    return ""


def _is_later(end: datetime, latest: datetime, *, policy: Policy) -> bool:
    """By the day, as people choose it; by the minute where access lasts for hours. What is left over is cut off."""
    if policy.duration_kind == DurationKind.HOURS:
        return end > latest
    return end > latest and timezone.localdate(end) > timezone.localdate(latest)


def in_words(at: datetime) -> str:
    """A moment as the errors say it."""
    return date_format(timezone.localtime(at), "j M Y, H:i")
