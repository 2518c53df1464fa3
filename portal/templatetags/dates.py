"""How pages say moments and periods: as people say them, with the exact time on hover."""

from datetime import date, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

register = template.Library()

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
DAYS_OF_A_MONTH, DAYS_OF_A_YEAR = 30, 365
MONTHS_FROM_DAYS, YEARS_FROM_DAYS = 60, 730

AHEAD = {
    "minute": ngettext_lazy("in %(count)d minute", "in %(count)d minutes", "count"),
    "hour": ngettext_lazy("in %(count)d hour", "in %(count)d hours", "count"),
    "day": ngettext_lazy("in %(count)d day", "in %(count)d days", "count"),
    "month": ngettext_lazy("in %(count)d month", "in %(count)d months", "count"),
    "year": ngettext_lazy("in %(count)d year", "in %(count)d years", "count"),
}
AGO = {
    "minute": ngettext_lazy("%(count)d minute ago", "%(count)d minutes ago", "count"),
    "hour": ngettext_lazy("%(count)d hour ago", "%(count)d hours ago", "count"),
    "day": ngettext_lazy("%(count)d day ago", "%(count)d days ago", "count"),
    "month": ngettext_lazy("%(count)d month ago", "%(count)d months ago", "count"),
    "year": ngettext_lazy("%(count)d year ago", "%(count)d years ago", "count"),
}


@register.filter(expects_localtime=True)
def when(moment: datetime | None) -> str:
    """“12 days ago” or “in 3 hours”; nothing where there is no moment."""
    return _time(moment, distance(moment, now=timezone.now())) if moment else ""


@register.filter(expects_localtime=True)
def day(moment: date | None) -> str:
    """“5 Dec 2026”; nothing where there is no day."""
    return _time(moment, _day(moment)) if moment else ""


@register.filter(expects_localtime=True)
def ends(moment: datetime | None) -> str:
    """“ends in 12 days, 5 Dec 2026”, “ended 3 days ago, …”, or “without an end”."""
    if moment is None:
        return _("without an end")
    now = timezone.now()
    words = _("ends %(when)s, %(day)s") if moment > now else _("ended %(when)s, %(day)s")
    return _time(moment, words % {"when": distance(moment, now=now), "day": _day(moment)})


@register.filter
def lasts(period: timedelta | None) -> str:
    """“180 days”, “8 hours”, “90 minutes”: in the largest unit that fits without a rest; None is “without an end”."""
    if period is None:
        return _("without an end")
    if period >= DAY and not period % DAY:
        return ngettext("%(count)d day", "%(count)d days", period.days) % {"count": period.days}
    if period >= HOUR and not period % HOUR:
        return ngettext("%(count)d hour", "%(count)d hours", period // HOUR) % {"count": period // HOUR}
    minutes = -(-period // MINUTE)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def distance(moment: datetime, *, now: datetime) -> str:
    """How far a moment is from now: by the clock within a day, beyond it by the calendar of the zone that is shown."""
    is_ahead, apart = moment > now, abs(moment - now)
    if apart < MINUTE:
        return _("in a moment") if is_ahead else _("just now")
    words = AHEAD if is_ahead else AGO
    if apart < DAY:
        unit, count = ("hour", apart // HOUR) if apart >= HOUR else ("minute", apart // MINUTE)
        return str(words[unit] % {"count": count})
    days = abs((timezone.localdate(moment) - timezone.localdate(now)).days)
    if days <= 1:
        return _("tomorrow") if is_ahead else _("yesterday")
    unit, count = _in_large_units(days)
    return str(words[unit] % {"count": count})


def _in_large_units(days: int) -> tuple[str, int]:
    if days < MONTHS_FROM_DAYS:
        return "day", days
    if days < YEARS_FROM_DAYS:
        return "month", days // DAYS_OF_A_MONTH
    return "year", days // DAYS_OF_A_YEAR


def _day(moment: date) -> str:
    return date_format(moment, "j M Y")


def _time(moment: date, words: str) -> SafeString:
    exactly = date_format(moment, "j M Y, H:i:s T") if isinstance(moment, datetime) else _day(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exactly, words)
