"""Pages for those who look after catalogs: what ought to be looked at, and who has which delegated role."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from django.contrib.auth.mixins import UserPassesTestMixin
from django.db.models import Q
from django.forms import Form
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from accessgov.administration import page_of, user_of
from audit.exports import guarded
from audit.pagination import PARAMETER, Keyset, Page, page_address

from . import findings
from .governing_forms import FindingsForm, RolesForm
from .models import Catalog, RoleAssignment
from .permissions import Reach, can_see_governance, reach_of
from .querysets import RoleAssignmentQuerySet
from .roles import Right

ROLES = Keyset("granted_at")
FINDING_COLUMNS = ("severity", "kind", "finding", "catalog", "package", "about", "about_id")
ROLE_COLUMNS = ("role", "catalog", "person", "username", "group", "since")
TONES = {
    findings.Severity.PROBLEM: ("bad", "alert"),
    findings.Severity.WARNING: ("warn", "alert"),
    findings.Severity.NOTE: ("neutral", "info"),
}


class GoverningView(UserPassesTestMixin, View):
    """For auditors, administrators and whoever has a delegated role; whoever is not signed in is asked to."""

    http_method_names = ["get", "head", "options"]
    request: HttpRequest

    def test_func(self) -> bool:
        return self.request.user.is_authenticated and can_see_governance(user_of(self.request))


class FindingsView(GoverningView):
    """What ought to be looked at in the catalogs that one looks after, the worst first; also as CSV."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = FindingsForm(request.GET)
        if not form.is_valid():
            return render(request, "catalog/findings.html", {"form": form, "rows": []}, status=400)
        wanted = _wanted(form)
        if request.GET.get("format") == "csv":
            found = findings.findings(user_of(request), **wanted)
            return _file("findings", FINDING_COLUMNS, (_finding_cells(finding) for finding in found))
        page = findings.page(user_of(request), cursor=request.GET.get(PARAMETER), **wanted)
        reach = reach_of(user_of(request))
        context = {
            "form": form,
            "rows": [_finding_row(finding, reach=reach) for finding in page.rows],
            "older_url": page_address(request, page.next),
            "csv_url": _as_csv(request),
            "is_filtered": any(form.cleaned_data.values()),
        }
        return render(request, "catalog/findings.html", context)


class RolesView(GoverningView):
    """Who has which delegated role, the latest first; also as CSV."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form = RolesForm(request.GET)
        if not form.is_valid():
            return render(request, "catalog/roles.html", {"form": form, "given": []}, status=400)
        found = _narrowed(RoleAssignment.objects.visible_to(user_of(request)).with_names(), form)
        if request.GET.get("format") == "csv":
            return _file("roles", ROLE_COLUMNS, (_role_cells(given) for given in found.iterator()))
        page: Page[RoleAssignment] = ROLES.page(found, cursor=request.GET.get(PARAMETER))
        context = {
            "form": form,
            "given": page.rows,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
            "csv_url": _as_csv(request),
            "is_filtered": any(form.cleaned_data.values()),
        }
        return render(request, "catalog/roles.html", context)


def _wanted(form: Form) -> dict[str, Any]:
    kind = form.cleaned_data["kind"]
    return {"kinds": [kind] if kind else [], "severity": form.cleaned_data["severity"]}


def _finding_row(finding: findings.Finding, *, reach: Reach) -> dict[str, Any]:
    """A finding as the list shows it, leading to where it is mended for those who may mend it."""
    tone, icon = TONES[finding.severity]
    at = finding.mended_at
    url = page_of(type(at), at.pk) if _may_mend(finding, reach) else ""
    return {"finding": finding, "tone": tone, "icon": icon, "url": url}


def _may_mend(finding: findings.Finding, reach: Reach) -> bool:
    """Whether what it is about is changed by this reach: a catalog by its owners, what is in it by its managers.

    A resource, which several catalogs may hold, is changed by administrators.
    """
    if finding.catalog is None:
        return reach.is_everything
    right = Right.OWN if isinstance(finding.mended_at, Catalog) else Right.PACKAGES
    return reach.has(right, finding.catalog.pk)


def _finding_cells(finding: findings.Finding) -> tuple[object, ...]:
    names = (finding.catalog or "", finding.package or "")
    return (finding.severity.value, finding.kind, finding.sentence, *names, finding.about, finding.about_id)


def _role_cells(given: RoleAssignment) -> tuple[object, ...]:
    person = given.person
    names = (given.catalog or "", person or "", person.username if person else "", given.group or "")
    return (given.role, *names, given.granted_at.isoformat())


def _narrowed(found: RoleAssignmentQuerySet, form: Form) -> RoleAssignmentQuerySet:
    if role := form.cleaned_data["role"]:
        found = found.filter(role=role)
    for word in form.cleaned_data["q"].split()[:8]:
        named = Q(person__display_name__icontains=word) | Q(person__username__icontains=word)
        found = found.filter(named | Q(group__name__icontains=word) | Q(catalog__name__icontains=word))
    return found


def _as_csv(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop(PARAMETER, None)
    query["format"] = "csv"
    return f"?{query.urlencode()}"


def _file(name: str, headings: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> HttpResponseBase:
    answer = StreamingHttpResponse(_lines(headings, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localdate().isoformat()}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _lines(headings: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    for cells in chain([headings], rows):
        text = io.StringIO()
        csv.writer(text).writerow([guarded(str(cell)) for cell in cells])
        yield text.getvalue()
