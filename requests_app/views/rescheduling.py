"""Moving the end of somebody's access."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import actions
from ..forms import ChangeEndForm
from ..lifecycle import LIVE
from ..models import Assignment
from ..permissions import can_change_end
from .base import SignedInRequest, SignedInView, add_errors
from .holding import find_assignment


class ChangeEndView(SignedInView):
    """Asks until when somebody's access is to last, and why, and moves its end."""

    stands_at = "requests:assignment"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        if assignment.status not in LIVE:
            return redirect("requests:assignment", pk)
        day = timezone.localdate(assignment.ends_at) if assignment.ends_at else None
        return self._page(assignment, form=ChangeEndForm(initial={"ends_at": day}))

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        form = ChangeEndForm(request.POST)
        if form.is_valid():
            try:
                return self._change(assignment, form=form)
            except ValidationError as error:
                add_errors(form, error)
        return self._page(assignment, form=form, status=422)

    def _change(self, assignment: Assignment, *, form: ChangeEndForm) -> HttpResponse:
        actions.change_end(
            assignment=assignment,
            actor=self.request.user,
            ends_at=form.cleaned_data["ends_at"],
            why=form.cleaned_data["justification"],
            now=timezone.now(),
        )
        facts = {"person": assignment.person, "package": assignment.package}
        messages.success(self.request, _("You moved the end of %(person)s’s %(package)s.") % facts)
        return redirect("requests:assignment", assignment.pk)

    def _find(self, pk: UUID) -> Assignment:
        assignment = find_assignment(self.request, pk)
        if not can_change_end(self.request.user, assignment):
            raise PermissionDenied(_("Only those who look after the package move its end, and nobody for themselves."))
        return assignment

    def _page(self, assignment: Assignment, *, form: ChangeEndForm, status: int = 200) -> HttpResponse:
        return render(self.request, "requests/change_end.html", {"assignment": assignment, "form": form}, status=status)
