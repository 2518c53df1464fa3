"""What a campaign's terms say, in words: for its page and its report."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .choices import ApplyWhen, DeniedGuests, NoResponse, ReasonNeeded
from .terms import Terms


def terms_in_words(terms: Terms) -> list[str]:
    """A sentence for each thing that the terms settle."""
    said = [*_limits(terms), _unanswered(terms), _applied(terms), _reasons(terms)]
    if terms.shows_recommendations:
        said.append(_("Reviewers saw the recommendations."))
    if terms.denied_guests == DeniedGuests.BLOCK:
        said.append(_("Guests who are denied are blocked, and deleted after 30 days."))
    return said


def _limits(terms: Terms) -> list[str]:
    days = terms.inactive_days or 0
    unused = ngettext("Only what was not used for %(count)d day.", "Only what was not used for %(count)d days.", days)
    return [
        *([_("Only guests.")] if terms.is_for_guests else ()),
        *([_("Only privileged access.")] if terms.is_for_privileged else ()),
        *([unused % {"count": days}] if days else ()),
        *([_("Also access that no package gives.")] if terms.includes_adopted else ()),
    ]


def _unanswered(terms: Terms) -> str:
    said = {
        NoResponse.KEEP: _("What nobody answers stays."),
        NoResponse.REMOVE: _("What nobody answers is removed."),
        NoResponse.RECOMMENDATION: _("Where nobody answers, the recommendation counts."),
    }
    return said[NoResponse(terms.if_no_response)]


def _applied(terms: Terms) -> str:
    said = {
        ApplyWhen.AT_CLOSE: _("Results are applied when the review closes."),
        ApplyWhen.AT_ONCE: _("Denials are applied at once."),
        ApplyWhen.BY_HAND: _("Results are applied when somebody says so."),
    }
    return said[ApplyWhen(terms.applies)]


def _reasons(terms: Terms) -> str:
    said = {
        ReasonNeeded.NEVER: _("No reason is asked for."),
        ReasonNeeded.ON_DENIAL: _("A reason is needed to deny."),
        ReasonNeeded.ON_APPROVAL: _("A reason is needed to approve."),
        ReasonNeeded.ALWAYS: _("A reason is always needed."),
    }
    return said[ReasonNeeded(terms.reason_needed)]
