"""The report of incompatible access that people hold already, as a page and as a file."""

import csv
import io
from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.exports import guarded
from audit.pagination import PARAMETER, page_address
from directory.models import User

from .. import overlaps
from .base import SignedInRequest, SignedInView

HEADINGS = (
    "person_id",
    "person",
    "package_id",
    "package",
    "since",
    "incompatible_with",
    "with_since",
    "exception",
    "exception_until",
    "compensating_control",
)


class ConflictsView(SignedInView):
    """Who holds what cannot be held together, the latest first; for auditors, administrators and owners."""

    def get(self, request: SignedInRequest) -> HttpResponseBase:
        if not overlaps.can_see(request.user):
            raise PermissionDenied(_("This report is for auditors, administrators and whoever owns a package."))
        if request.GET.get("format") == "csv":
            return _file(request.user)
        page = overlaps.page(request.user, cursor=request.GET.get(PARAMETER))
        context = {
            "overlaps": page.rows,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
        }
        return render(request, "requests/conflicts.html", context)


def _file(user: User) -> HttpResponseBase:
    answer = StreamingHttpResponse(_lines(user), content_type="text/csv; charset=utf-8")
    name = f"conflicts-{timezone.localdate().isoformat()}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _lines(user: User) -> Iterator[str]:
    yield line(HEADINGS)
    for overlap in overlaps.everything(user):
        row = overlap.assignment
        mine = (row.person_id, row.person, row.package_id, row.package, row.starts_at.isoformat())
        for other in overlap.others:
            yield line((*mine, other.name, other.since.isoformat(), *_exception(other)))


def _exception(other: overlaps.Other) -> tuple[str, str, str]:
    exception = other.exception
    if exception is None:
        return "", "", ""
    return exception.status, exception.ends_at.isoformat(), exception.control


def line(cells: tuple[object, ...]) -> str:
    """One line of a CSV file, in which no cell is taken for a formula."""
    text = io.StringIO()
    csv.writer(text).writerow([guarded(str(cell)) for cell in cells])
    return text.getvalue()
