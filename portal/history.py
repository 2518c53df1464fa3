"""What has been between one person and one package: their requests and assignments, the newest first."""

from typing import Any

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from catalog.models import AccessPackage
from directory.models import User
from requests_app.models import AccessRequest, Assignment
from requests_app.templatetags.states import state, tone

MOST = 10


def history_of(package: AccessPackage, *, person: User) -> list[dict[str, Any]]:
    """The last few of this person's requests and assignments of the package, by two statements, as rows of a list."""
    requests = AccessRequest.objects.filter(person=person, package=package)[:MOST]
    assignments = Assignment.objects.filter(person=person, package=package)[:MOST]
    rows = [*map(_of_request, requests), *map(_of_assignment, assignments)]
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:MOST]


def _of_request(access_request: AccessRequest) -> dict[str, Any]:
    title = capfirst(access_request.get_kind_display())
    url = reverse("requests:request", args=[access_request.pk])
    badge = {"badge_text": state(access_request), "badge_tone": tone(access_request.status)}
    return {"title": title, "url": url, "icon": "send", "at": access_request.submitted_at, **badge}


def _of_assignment(assignment: Assignment) -> dict[str, Any]:
    url = reverse("requests:assignment", args=[assignment.pk])
    end = assignment.ended_at or assignment.ends_at
    badge = {"badge_text": capfirst(assignment.get_status_display()), "badge_tone": tone(assignment.status)}
    return {"title": _("Access"), "url": url, "icon": "key", "at": assignment.starts_at, "end": end, **badge}
