"""For whom a package is asked for: oneself, or somebody who reports to one."""

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404

from directory.models import User

from .base import SignedInRequest

PARAMETER = "for"
MOST_REPORTS = 200
"""More direct reports than these are found on the page of the team, not in a list to choose from."""


def person_of(request: SignedInRequest) -> User:
    """Whom the address names: a report of whoever looks at it, else themselves. Raises Http404 for anybody else."""
    text = request.GET.get(PARAMETER, "")
    if not text or text == str(request.user.pk):
        return request.user
    try:
        pk = UUID(text)
    except ValueError as error:
        raise Http404 from error
    return get_object_or_404(User.objects.reports_of(request.user).select_related("manager"), pk=pk)


def reports_of(user: User) -> list[User]:
    """Those for whom this person can ask, where a policy lets them, by name."""
    return list(User.objects.reports_of(user).order_by("display_name", "pk")[:MOST_REPORTS])
