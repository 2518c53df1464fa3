"""Looking after a package: who has it, taking it away, and assigning it directly."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.pagination import PARAMETER, Keyset, page_address
from catalog.languages import languages_of
from catalog.models import AccessPackage, Policy
from catalog.permissions import can_manage_assignments
from directory.models import User

from .. import actions
from ..forms import AssignForm, RevokeForm
from ..lifecycle import LIVE
from ..models import Assignment, Rollout
from ..permissions import can_revoke
from .base import SignedInRequest, SignedInView, add_errors
from .holding import find_assignment
from .searching import MOST_FOUND, called, named_person, people_called, searched

HOLDERS = Keyset("starts_at", size=50)


class HoldersView(SignedInView):
    """Who has the package, the latest first; searched by name, username or address."""

    def get(self, request: SignedInRequest, package_id: UUID) -> HttpResponse:
        package = _package(request, package_id)
        words = searched(request)
        holders = Assignment.objects.filter(package=package).not_gone().select_related("person", "policy")
        found = holders.filter(called(words, prefix="person__")) if words else holders
        page = HOLDERS.page(found, cursor=request.GET.get(PARAMETER))
        context = {
            "package": package,
            "assignments": page.rows,
            "words": words,
            "rollouts": list(Rollout.objects.open().with_names().filter(package=package).order_by("pk")),
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
        }
        return render(request, "requests/holders.html", context)


class AssignView(SignedInView):
    """Assigns the package to somebody: first the person is looked up, then the policy chosen and the reason given."""

    def get(self, request: SignedInRequest, package_id: UUID) -> HttpResponse:
        package = _package(request, package_id)
        policy, person = _chosen_policy(package, request.GET), named_person(request)
        return self._page(package, person=person, form=self._form(package, policy=policy, person=person))

    def post(self, request: SignedInRequest, package_id: UUID) -> HttpResponse:
        package = _package(request, package_id)
        person = named_person(request)
        policy = _chosen_policy(package, request.POST)
        if person is None or policy is None:
            return self._page(package, person=person, form=None, status=422)
        if policy.questions.all() and request.POST.get("shown", str(policy.pk)) != str(policy.pk):
            messages.info(request, _("The policy “%(policy)s” asks for answers.") % {"policy": policy})
            typed = {name: request.POST.get(name) for name in ("justification", "starts_at", "ends_at")}
            form = self._form(package, policy=policy, person=person, initial=typed)
            return self._page(package, person=person, form=form)
        form = self._form(package, request.POST, policy=policy, person=person)
        if form.is_valid():
            try:
                return self._assign(package, person=person, form=form)
            except ValidationError as error:
                add_errors(form, error)
        return self._page(package, person=person, form=form, status=422)

    def _form(self, package: AccessPackage, *data: Any, policy: Policy | None, person: User | None, **more: Any) -> Any:
        """The form for the questions of this policy; None where the package has no policy."""
        if policy is None:
            return None
        more |= {"person": person, "asker": self.request.user, "languages": languages_of(self.request.headers)}
        return AssignForm(*data, policies=_policies(package), policy=policy, **more)

    def _assign(self, package: AccessPackage, *, person: User, form: AssignForm) -> HttpResponse:
        access_request = actions.assign_directly(
            policy=form.cleaned_data["policy"],
            person=person,
            actor=self.request.user,
            justification=form.cleaned_data["justification"],
            answers=form.answers,
            period=form.period,
            languages=languages_of(self.request.headers),
            now=timezone.now(),
        )
        messages.success(
            self.request, _("You assigned %(package)s to %(person)s.") % {"package": package, "person": person}
        )
        return redirect("requests:request", access_request.pk)

    def _page(
        self, package: AccessPackage, *, person: User | None, form: AssignForm | None, status: int = 200
    ) -> HttpResponse:
        words = searched(self.request)
        context = {
            "package": package,
            "person": person,
            "form": form,
            "words": words,
            "people": people_called(words),
            "most": MOST_FOUND,
            "has_policies": _policies(package).exists(),
        }
        return render(self.request, "requests/assign.html", context, status=status)


class RevokeView(SignedInView):
    """Asks why somebody's access is to be taken away, and ends it."""

    stands_at = "requests:assignment"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        if assignment.status not in LIVE:
            return redirect("requests:assignment", pk)
        return self._page(assignment, form=RevokeForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        form = RevokeForm(request.POST)
        if not form.is_valid():
            return self._page(assignment, form=form, status=422)
        actions.revoke(assignment=assignment, actor=request.user, why=form.cleaned_data["why"], now=timezone.now())
        facts = {"package": assignment.package, "person": assignment.person}
        messages.success(request, _("%(package)s is taken away from %(person)s.") % facts)
        if can_manage_assignments(request.user, assignment.package):
            return redirect("requests:holders", assignment.package_id)
        return redirect("requests:assignment", pk)

    def _find(self, pk: UUID) -> Assignment:
        assignment = find_assignment(self.request, pk)
        if not can_revoke(self.request.user, assignment):
            raise PermissionDenied(_("Only those who look after the package take it away."))
        return assignment

    def _page(self, assignment: Assignment, *, form: RevokeForm, status: int = 200) -> HttpResponse:
        return render(self.request, "requests/revoke.html", {"assignment": assignment, "form": form}, status=status)


def _package(request: SignedInRequest, package_id: UUID) -> AccessPackage:
    """A package that this person looks after. Raises Http404 for everybody else."""
    visible = AccessPackage.objects.visible_to(request.user).select_related("catalog", "owner")
    package = get_object_or_404(visible, pk=package_id)
    if not can_manage_assignments(request.user, package):
        raise Http404
    return package


def _policies(package: AccessPackage) -> "QuerySet[Policy]":
    return Policy.objects.assignable().filter(package=package).order_by("tier", "name", "pk")


def _chosen_policy(package: AccessPackage, given: QueryDict) -> Policy | None:
    """The policy that is named, else the first; with its questions."""
    policies = list(_policies(package).prefetch_related("questions__attribute"))
    named = [policy for policy in policies if str(policy.pk) == given.get("policy")]
    return next(iter(named or policies), None)
