"""How a connector is, in one sentence: it answers, it is tried again, or it is paused, since when and why."""

from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from .models import Connector

CONDITION_LABELS = {"answers": "success", "trouble": "warning", "paused": "danger", "new": "info"}


class HealthAdmin:
    """What the list says of connectors in a word, and the page of one in a sentence."""

    @display(description=_("condition"), label=CONDITION_LABELS)
    def condition(self, connector: Connector) -> tuple[str, Any]:
        if not connector.is_enabled:
            return "off", _("switched off")
        if connector.paused_at:
            return "paused", _("paused")
        if connector.failures or connector.last_error:
            return "trouble", _("does not answer")
        return ("answers", _("answers")) if connector.last_answer_at else ("new", _("not tested yet"))

    @display(description=_("last answer"))
    def health(self, connector: Connector) -> str:
        if connector.paused_at:
            return _("paused since %(moment)s, after %(failures)d failures: %(error)s%(next)s") % _troubles(connector)
        if connector.failures:
            return _("does not answer: %(error)s%(next)s") % _troubles(connector)
        if connector.last_error:
            return _("no answer: %(error)s") % {"error": connector.last_error}
        if connector.last_answer_at is None:
            return str(_("not tested yet"))
        at = date_format(timezone.localtime(connector.last_answer_at), "DATETIME_FORMAT")
        return _("answered on %(moment)s") % {"moment": at}


def _troubles(connector: Connector) -> dict[str, object]:
    """What happened, and when it is tried again."""
    then = connector.held_until
    since = timezone.localtime(connector.paused_at) if connector.paused_at else None
    again = date_format(timezone.localtime(then), "DATETIME_FORMAT") if then else ""
    return {
        "moment": date_format(since, "DATETIME_FORMAT") if since else "",
        "failures": connector.failures,
        "error": connector.last_error.rstrip(".") + ".",
        "next": _(" Next try on %(moment)s.") % {"moment": again} if again else "",
    }
