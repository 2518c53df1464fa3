"""Asking for a package."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.languages import languages_of
from catalog.models import AccessPackage, Policy
from directory.models import User

from .. import actions, conflicts
from ..forms import AskForm
from ..models import AccessRequest, Assignment
from ..prospects import Prospect, look_ahead
from . import for_whom
from .base import SignedInRequest, SignedInView, add_errors

REPETITIONS = ("has_it", "open_request")


class AskView(SignedInView):
    """The policy's questions, and what happens next; where several policies apply, the choice among them comes first.

    Whoever has the package, or has asked for it already, is led there: a second click makes no second request. Where
    a policy lets managers ask, they choose for whom.
    """

    def get(self, request: SignedInRequest, package_id: UUID) -> HttpResponse:
        self._find(package_id)
        if there := _what_is_there(self.package, person=self.person):
            return self._lead_to(there)
        try:
            policies = self._policies()
        except PermissionDenied as refusal:
            return self._choose_person(str(refusal))
        policy = self._chosen(policies)
        if policy is None:
            return self._choose(policies)
        again = _asked_before(request, package=self.package, person=self.person)
        return self._page(policy=policy, policies=policies, form=self._form(policy, again=again))

    def post(self, request: SignedInRequest, package_id: UUID) -> HttpResponse:
        self._find(package_id)
        if there := _what_is_there(self.package, person=self.person):
            return self._lead_to(there)
        policies = self._policies()
        policy = self._chosen(policies)
        if policy is None:
            return self._choose(policies, status=422)
        form = self._form(policy, sent=request.POST)
        if form.is_valid():
            try:
                return self._submit(policy=policy, form=form)
            except ValidationError as error:
                there = _what_is_there(self.package, person=self.person) if _is_repetition(error) else None
                if there:
                    return self._lead_to(there)
                add_errors(form, error)
        return self._page(policy=policy, policies=policies, form=form, status=422)

    def _find(self, package_id: UUID) -> None:
        """The package, whom it is for, and for whom else it could be."""
        self.person = for_whom.person_of(self.request)
        self.is_for_me = self.person == self.request.user
        if not self.is_for_me:
            self.request.belongs_to = "team"
        found = AccessPackage.objects.visible_to(self.person).with_contents().with_managers_say()
        package: Any = get_object_or_404(found, pk=package_id)
        self.package: AccessPackage = package
        self.team = for_whom.reports_of(self.request.user) if package.is_open_to_managers else []

    def _policies(self) -> list[Policy]:
        """What there is to choose from. Raises PermissionDenied, with the reason, where that is nothing."""
        package = self.package
        if not AccessPackage.objects.open_to_requests(self.person).filter(pk=package.pk).exists():
            raise PermissionDenied(_("%(package)s takes no requests at present.") % {"package": package})
        found = Policy.objects.applicable(self.person).filter(package=package)
        policies = list((found if self.is_for_me else found.open_to_managers()).complete())
        if policies:
            return policies
        facts = {"package": package, "owner": package.owner, "person": self.person}
        if self.is_for_me:
            said = _("No policy of %(package)s lets you ask for it. If you need it, speak with its owner, %(owner)s.")
        else:
            said = _("No policy of %(package)s lets you ask for it for %(person)s. Its owner is %(owner)s.")
        raise PermissionDenied(said % facts)

    def _form(self, policy: Policy, *, sent: Any = None, again: AccessRequest | None = None) -> AskForm:
        languages = languages_of(self.request.headers)
        asker = None if self.is_for_me else self.request.user
        return AskForm(sent, policy=policy, person=self.person, asker=asker, languages=languages, again=again)

    def _submit(self, *, policy: Policy, form: AskForm) -> HttpResponse:
        access_request = actions.submit(
            package=self.package,
            policy=policy,
            person=self.person,
            actor=self.request.user,
            justification=form.cleaned_data["justification"],
            answers=form.answers,
            period=form.period,
            languages=languages_of(self.request.headers),
            now=timezone.now(),
        )
        facts = {"package": self.package, "person": self.person}
        said = _("You asked for %(package)s.") if self.is_for_me else _("You asked for %(package)s for %(person)s.")
        messages.success(self.request, said % facts)
        return redirect("requests:request", access_request.pk)

    def _chosen(self, policies: list[Policy]) -> Policy | None:
        """The only policy, or the one that the address names."""
        wanted = self.request.GET.get("policy", "")
        named = [policy for policy in policies if len(policies) == 1 or str(policy.pk) == wanted]
        return named[0] if named else None

    def _lead_to(self, there: AccessRequest | Assignment) -> HttpResponse:
        """To what is there; whoever may ask for others too chooses for whom instead."""
        said = self._what_is_said_of(there)
        if self.is_for_me and self.team:
            return self._choose_person(said, status=200)
        messages.info(self.request, said)
        is_held = isinstance(there, Assignment)
        return redirect("requests:assignment" if is_held else "requests:request", there.pk)

    def _what_is_said_of(self, there: AccessRequest | Assignment) -> str:
        facts = {"package": self.package, "person": self.person}
        if isinstance(there, Assignment):
            said = _("You have %(package)s already.") if self.is_for_me else _("%(person)s has %(package)s already.")
        elif self.is_for_me:
            said = _("You asked for %(package)s already. Here is your request.")
        else:
            said = _("%(package)s is asked for already for %(person)s. Here is the request.")
        return said % facts

    def _choose_person(self, why: str, *, status: int = 403) -> HttpResponse:
        """For whom it is to be, where it cannot be for the person who was chosen. Raises PermissionDenied."""
        if not self.team:
            raise PermissionDenied(why)
        status = 200 if self.is_for_me else status
        return render(self.request, "requests/choose_person.html", {**self._whom(), "why": why}, status=status)

    def _choose(self, policies: list[Policy], *, status: int = 200) -> HttpResponse:
        ahead = look_ahead(policies, person=self.person, asker=self.request.user, now=timezone.now())
        ways = [(policy, ahead[policy.pk]) for policy in policies]
        return render(self.request, "requests/choose_policy.html", {**self._whom(), "ways": ways}, status=status)

    def _page(self, *, policy: Policy, policies: list[Policy], form: AskForm, status: int = 200) -> HttpResponse:
        against = conflicts.between(self.person, self.package.pk, with_requests=True)
        context = {
            **self._whom(),
            "policy": policy,
            "form": form,
            "stages": stages_of(policy, person=self.person, asker=self.request.user),
            "has_choice": len(policies) > 1,
            "conflict": conflicts.in_words(against, person=self.person, reader=self.request.user),
            "against": against,
        }
        status = 409 if against and status != 200 else status
        return render(self.request, "requests/ask.html", context, status=status)

    def _whom(self) -> dict[str, Any]:
        return {"package": self.package, "person": self.person, "is_for_me": self.is_for_me, "team": self.team}


def _asked_before(request: SignedInRequest, *, package: AccessPackage, person: User) -> AccessRequest | None:
    """The earlier request for this person that the address names, to ask the same again."""
    try:
        pk = UUID(request.GET.get("again", ""))
    except ValueError:
        return None
    mine = AccessRequest.objects.adding().filter(requested_by=request.user, person=person, package=package)
    return mine.prefetch_related("answers").filter(pk=pk).first()


def _what_is_there(package: AccessPackage, *, person: User) -> AccessRequest | Assignment | None:
    """The access that the person has, or the request for it that is open."""
    held = Assignment.objects.live().filter(person=person, package=package).select_related("package").first()
    if held:
        return held
    asked = AccessRequest.objects.open().adding().filter(person=person, package=package)
    return asked.select_related("package").first()


def _is_repetition(error: ValidationError) -> bool:
    return getattr(error, "code", None) in REPETITIONS


def stages_of(policy: Policy, *, person: User, asker: User | None = None) -> list[Prospect]:
    """Each stage of a complete policy as it would be if the person, or somebody for them, asked now."""
    return look_ahead([policy], person=person, asker=asker, now=timezone.now())[policy.pk]
