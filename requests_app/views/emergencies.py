"""Emergency access: taking it, and reviewing afterwards whether that was right."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.pagination import PARAMETER, Keyset, page_address
from catalog.models import AccessPackage, Policy
from directory.models import User

from .. import actions, conflicts
from ..actions.emergencies import HOUR
from ..exceptional_forms import EmergencyForm, EmergencyReviewForm
from ..lifecycle import LIVE, EmergencyStatus
from ..models import Assignment, EmergencyReview
from ..permissions import can_review_emergency
from .base import SignedInRequest, SignedInView, add_errors

EMERGENCIES = Keyset("taken_at", size=25)
VERDICTS = {"justified": True, "not_justified": False}


class EmergencyView(SignedInView):
    """Warns of what follows, and gives the access at once; whoever has it already is led to it."""

    def get(self, request: SignedInRequest, package_id: UUID) -> HttpResponse:
        package, policy = self._find(package_id)
        if held := _held(package, person=request.user):
            return redirect("requests:assignment", held.pk)
        return self._page(package, policy=policy, form=EmergencyForm(most=_most(policy)))

    def post(self, request: SignedInRequest, package_id: UUID) -> HttpResponse:
        package, policy = self._find(package_id)
        if held := _held(package, person=request.user):
            return redirect("requests:assignment", held.pk)
        form = EmergencyForm(request.POST, most=_most(policy))
        if form.is_valid():
            given = {"package": package, "actor": request.user, "now": timezone.now(), **form.cleaned_data}
            try:
                taken = actions.take_in_emergency(**given)
            except ValidationError as error:
                add_errors(form, error)
            else:
                messages.warning(request, _("You took %(package)s. Its owners are told now.") % {"package": package})
                return redirect("requests:request", taken.pk)
        return self._page(package, policy=policy, form=form, status=422)

    def _find(self, package_id: UUID) -> tuple[AccessPackage, Policy]:
        visible = AccessPackage.objects.visible_to(self.request.user).with_contents()
        package = get_object_or_404(visible, pk=package_id)
        policy = actions.emergency_policy(package, person=self.request.user)
        if policy is None:
            raise PermissionDenied(_("You cannot take %(package)s in an emergency.") % {"package": package})
        return package, policy

    def _page(self, package: AccessPackage, *, policy: Policy, form: EmergencyForm, status: int = 200) -> HttpResponse:
        person = self.request.user
        against = conflicts.between(person, package.pk)
        context = {
            "package": package,
            "policy": policy,
            "form": form,
            "most": _most(policy),
            "conflict": conflicts.in_words(against, person=person, reader=person),
        }
        return render(self.request, "requests/emergency.html", context, status=status)


class EmergenciesView(SignedInView):
    """Emergencies that I may see: those that wait for a review, and those that are reviewed; the latest first."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        is_done = request.GET.get("tab") == "done"
        visible = EmergencyReview.objects.visible_to(request.user).with_names()
        shown = visible.exclude(status=EmergencyStatus.OPEN) if is_done else visible.open()
        page = EMERGENCIES.page(shown, cursor=request.GET.get(PARAMETER))
        context = {
            "reviews": page.rows,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
            "now": timezone.now(),
            "tabs": [
                {"url": request.path, "label": _("To be reviewed"), "is_current": not is_done},
                {"url": "?tab=done", "label": _("Reviewed"), "is_current": is_done},
            ],
        }
        return render(request, "requests/emergencies.html", context)


class EmergencyReviewView(SignedInView):
    """One emergency with all that is needed to judge it, and the judgement."""

    stands_at = "requests:emergency_review"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        return self._page(self._find(pk), form=EmergencyReviewForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        review = self._find(pk)
        if not can_review_emergency(request.user, review):
            raise PermissionDenied(_("Whoever looks after the package reviews this, and nobody their own."))
        form = EmergencyReviewForm(request.POST)
        is_justified = VERDICTS.get(request.POST.get("verdict", ""))
        if is_justified is None:
            form.add_error(None, _("Say whether it was justified."))
        elif form.is_valid():
            given: dict[str, Any] = {"actor": request.user, "now": timezone.now(), **form.cleaned_data}
            actions.judge_emergency(review=review, is_justified=is_justified, **given)
            messages.success(request, _("The emergency is reviewed."))
            return redirect("requests:emergencies")
        return self._page(review, form=form, status=422)

    def _find(self, pk: UUID) -> EmergencyReview:
        visible = EmergencyReview.objects.visible_to(self.request.user).with_names()
        return get_object_or_404(visible.prefetch_related("reviewers"), pk=pk)

    def _page(self, review: EmergencyReview, *, form: EmergencyReviewForm, status: int = 200) -> HttpResponse:
        is_open = review.status == EmergencyStatus.OPEN
        assignment = review.access_request.assignment
        context = {
            "review": review,
            "access_request": review.access_request,
            "assignment": assignment,
            "is_live": assignment is not None and assignment.status in LIVE,
            "is_open": is_open,
            "is_overdue": is_open and review.due_at <= timezone.now(),
            "can_review": is_open and can_review_emergency(self.request.user, review),
            "form": form,
        }
        return render(self.request, "requests/emergency_review.html", context, status=status)


def _held(package: AccessPackage, *, person: User) -> Assignment | None:
    return Assignment.objects.live().filter(person=person, package=package).first()


def _most(policy: Policy) -> int:
    return (policy.duration or HOUR) // HOUR
