"""Asking for a package."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import AccessPackage, Policy
from directory.models import User

from .. import actions, conflicts
from ..forms import AskForm
from ..models import AccessRequest, Assignment
from ..prospects import Prospect, look_ahead
from .base import SignedInRequest, SignedInView, add_errors

REPETITIONS = ("has_it", "open_request")


class AskView(SignedInView):
    """The policy's questions, and what happens next; where several policies apply, the choice among them comes first.

    Whoever has the package, or has asked for it already, is led there: a second click makes no second request.
    """

    def get(self, request: SignedInRequest, package_id: UUID) -> HttpResponse:
        package = _package(package_id, person=request.user)
        if there := _what_is_there(package, person=request.user):
            return self._lead_to(there)
        policies = _policies(package, person=request.user)
        policy = self._chosen(policies)
        if policy is None:
            return self._choose(package, policies)
        return self._page(package, policy=policy, policies=policies, form=AskForm(policy=policy))

    def post(self, request: SignedInRequest, package_id: UUID) -> HttpResponse:
        package = _package(package_id, person=request.user)
        if there := _what_is_there(package, person=request.user):
            return self._lead_to(there)
        policies = _policies(package, person=request.user)
        policy = self._chosen(policies)
        if policy is None:
            return self._choose(package, policies, status=422)
        form = AskForm(request.POST, policy=policy)
        if form.is_valid():
            try:
                return self._submit(package, policy=policy, form=form)
            except ValidationError as error:
                there = _what_is_there(package, person=request.user) if _is_repetition(error) else None
                if there:
                    return self._lead_to(there)
                add_errors(form, error)
        return self._page(package, policy=policy, policies=policies, form=form, status=422)

    def _submit(self, package: AccessPackage, *, policy: Policy, form: AskForm) -> HttpResponse:
        access_request = actions.submit(
            package=package,
            policy=policy,
            actor=self.request.user,
            justification=form.cleaned_data["justification"],
            answers=form.answers,
            now=timezone.now(),
        )
        messages.success(self.request, _("You asked for %(package)s.") % {"package": package})
        return redirect("requests:request", access_request.pk)

    def _chosen(self, policies: list[Policy]) -> Policy | None:
        """The only policy, or the one that the address names."""
        wanted = self.request.GET.get("policy", "")
        named = [policy for policy in policies if len(policies) == 1 or str(policy.pk) == wanted]
        return named[0] if named else None

    def _lead_to(self, there: AccessRequest | Assignment) -> HttpResponse:
        if isinstance(there, Assignment):
            messages.info(self.request, _("You have %(package)s already.") % {"package": there.package})
            return redirect("requests:assignment", there.pk)
        messages.info(self.request, _("You asked for %(package)s already. Here is your request.") % {"package": there})
        return redirect("requests:request", there.pk)

    def _choose(self, package: AccessPackage, policies: list[Policy], *, status: int = 200) -> HttpResponse:
        ahead = look_ahead(policies, person=self.request.user, now=timezone.now())
        ways = [(policy, ahead[policy.pk]) for policy in policies]
        return render(self.request, "requests/choose_policy.html", {"package": package, "ways": ways}, status=status)

    def _page(
        self, package: AccessPackage, *, policy: Policy, policies: list[Policy], form: AskForm, status: int = 200
    ) -> HttpResponse:
        context = {
            "package": package,
            "policy": policy,
            "form": form,
            "stages": stages_of(policy, person=self.request.user),
            "has_choice": len(policies) > 1,
            "conflict": _conflict(package, person=self.request.user),
        }
        status = 409 if context["conflict"] and status != 200 else status
        return render(self.request, "requests/ask.html", context, status=status)


def _package(package_id: UUID, *, person: User) -> AccessPackage:
    return get_object_or_404(AccessPackage.objects.visible_to(person).with_contents(), pk=package_id)


def _policies(package: AccessPackage, *, person: User) -> list[Policy]:
    """What the person may choose from. Raises PermissionDenied, with the reason, where that is nothing."""
    is_open = AccessPackage.objects.open_to_requests(person).filter(pk=package.pk).exists()
    if not is_open:
        raise PermissionDenied(_("%(package)s takes no requests at present.") % {"package": package})
    policies = list(Policy.objects.applicable(person).filter(package=package).complete())
    if not policies:
        facts = {"package": package, "owner": package.owner}
        raise PermissionDenied(
            _("No policy of %(package)s lets you ask for it. If you need it, speak with its owner, %(owner)s.") % facts
        )
    return policies


def _what_is_there(package: AccessPackage, *, person: User) -> AccessRequest | Assignment | None:
    """The access that the person has, or the request for it that is open."""
    held = Assignment.objects.live().filter(person=person, package=package).select_related("package").first()
    if held:
        return held
    asked = AccessRequest.objects.open().adding().filter(person=person, package=package)
    return asked.select_related("package").first()


def _conflict(package: AccessPackage, *, person: User) -> str:
    """What the person has or asked for that is incompatible, in words."""
    found = conflicts.between(person, package.pk, with_requests=True)
    return conflicts.in_words(found, person=person, reader=person)


def _is_repetition(error: ValidationError) -> bool:
    return getattr(error, "code", None) in REPETITIONS


def stages_of(policy: Policy, *, person: User) -> list[Prospect]:
    """Each stage of a complete policy as it would be if the person asked now."""
    return look_ahead([policy], person=person, now=timezone.now())[policy.pk]
