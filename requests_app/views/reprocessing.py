"""Having access delivered once more."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import actions
from ..lifecycle import REPROCESSABLE
from ..models import Assignment
from ..permissions import can_reprocess
from .base import SignedInRequest, SignedInView
from .holding import find_assignment


class ReprocessView(SignedInView):
    """Says what delivering once more does, and has it done."""

    stands_at = "requests:assignment"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        if assignment.status not in REPROCESSABLE:
            return redirect("requests:assignment", pk)
        return render(request, "requests/reprocess.html", {"assignment": assignment})

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        actions.reprocess(assignment=assignment, actor=request.user, now=timezone.now())
        facts = {"person": assignment.person, "package": assignment.package}
        messages.success(request, _("%(person)s’s %(package)s is being delivered again.") % facts)
        return redirect("requests:assignment", pk)

    def _find(self, pk: UUID) -> Assignment:
        assignment = find_assignment(self.request, pk)
        if not can_reprocess(self.request.user, assignment):
            raise PermissionDenied(_("Only those who look after the package have it delivered again."))
        return assignment
