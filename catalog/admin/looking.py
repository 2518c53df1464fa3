"""What ought to be looked at about a package or a policy, shown on its page and told when it is saved."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ..findings import Finding, Severity, findings_of
from ..models import Policy


def in_words(found: Iterable[Finding]) -> SafeString | str:
    """The findings, one below the other."""
    rows = [(finding.severity.label, finding.sentence) for finding in found]
    return format_html_join("", "<p>{}: {}</p>", rows) or _("nothing")


def of_policy(policy: Policy) -> list[Finding]:
    """What there is to say about one policy of its package."""
    return [finding for finding in findings_of(policy.package) if finding.mended_at == policy]


def warn(request: HttpRequest, found: Iterable[Finding]) -> None:
    """Tell whoever saved it what is still wrong; notes are left to the page."""
    for finding in found:
        if finding.severity != Severity.NOTE:
            messages.warning(request, finding.sentence)
