"""The pages that belong to no single app: home, browsing, a package, one's API tokens."""

from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_htmx.http import push_url

from audit.pagination import PARAMETER, Page, page_address
from catalog.models import AccessPackage, Policy
from catalog.permissions import can_manage_assignments
from catalog.separation import separation_of
from directory.models import User
from requests_app.prospects import look_ahead
from requests_app.views.base import SignedInRequest, SignedInView
from requests_app.views.searching import MOST_FOUND, named_person, people_called, searched
from reviews.wording import told_to_holders

from . import actions, explaining, overview, phrasing, team, tokens
from .filters import PackageFilter, Shown
from .history import history_of
from .pagination import page_of
from .standing import Standing, standings


class HomeView(SignedInView):
    """What waits for me, what ends soon, what is under way, and what I might ask for."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        person = request.user
        context = {
            "approvals": overview.approvals_for(person),
            "inquiries": overview.inquiries_for(person),
            "emergencies": overview.emergencies_for(person),
            "exceptions": overview.exceptions_for(person),
            "drift_cases": overview.drift_for(person),
            "tasks": overview.tasks_for(person),
            "reviews": overview.reviews_for(person),
            "now": timezone.now(),
            "ending": overview.ending_soon(person, now=timezone.now()),
            "access_requests": overview.requests_under_way(person),
            "suggestions": [
                {"package": package, "contents": phrasing.contents(package), "colleagues": colleagues}
                for package, colleagues in overview.suggestions_for(person)
            ],
        }
        return render(request, "portal/home.html", context)


class BrowseView(SignedInView):
    """The packages that I may see, by name; htmx asks for the list alone."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        packages = AccessPackage.objects.visible_to(request.user).with_contents()
        search = PackageFilter(request.GET, queryset=packages, request=request)
        is_valid = search.is_valid()
        page = page_of(search.qs, cursor=request.GET.get(PARAMETER)) if is_valid else Page[AccessPackage](rows=[])
        context = {
            "filter": search,
            "cards": self._cards(page),
            "is_whole": page.newer is None and page.older is None,
            "is_filtered": bool({"q", "catalog"} & search.asked().keys()),
            "everything_url": _everything(request, search),
            "previous_url": page_address(request, page.newer),
            "next_url": page_address(request, page.older),
        }
        return self._answer(search, context, status=200 if is_valid else 400)

    def _cards(self, page: Page[AccessPackage]) -> list[dict[str, Any]]:
        known = standings(page.rows, person=self.request.user)
        return [_card(package, standing=known[package.pk]) for package in page.rows]

    def _answer(self, search: PackageFilter, context: dict[str, Any], *, status: int) -> HttpResponse:
        htmx = self.request.htmx
        is_part = htmx and not htmx.history_restore_request
        template = "portal/_browse.html" if is_part else "portal/browse.html"
        response = render(self.request, template, context, status=status)
        patch_vary_headers(response, ["HX-Request"])
        if is_part:
            asked = search.asked()
            push_url(response, f"{self.request.path}?{urlencode(asked)}" if asked else self.request.path)
        return response


class PackageView(SignedInView):
    """One package: what it gives, who decides, and what I can do about it."""

    def get(self, request: SignedInRequest, *, pk: UUID) -> HttpResponse:
        person = request.user
        package = get_object_or_404(AccessPackage.objects.visible_to(person).with_contents(), pk=pk)
        standing = standings([package], person=person)[package.pk]
        policies = _explained(standing, person=person)
        context = {
            "package": package,
            "standing": standing,
            "systems": _by_system(package),
            "policies": policies,
            "is_pace_known": any(policy["is_pace_known"] for policy in policies),
            "duration": phrasing.duration(standing.policies),
            "approval": phrasing.approval(standing.policies),
            "history": history_of(package, person=person),
            "separation": separation_of(package, reader=person),
            "can_manage": can_manage_assignments(person, package),
        }
        return render(request, "portal/package.html", context)


class TeamView(SignedInView):
    """Those who report to me, by name, each with what they have and what is asked for."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        people = User.objects.reports_of(request.user)
        page = page_of(people, cursor=request.GET.get(PARAMETER), size=team.PAGE_SIZE, by="display_name")
        context = {
            "reports": team.reports_of(page.rows),
            "previous_url": page_address(request, page.newer),
            "next_url": page_address(request, page.older),
        }
        return render(request, "portal/team.html", context)


class ReportView(SignedInView):
    """One of those who report to me: what they have, what is asked for, and what I may ask for in their place."""

    def get(self, request: SignedInRequest, *, pk: UUID) -> HttpResponse:
        person = get_object_or_404(User.objects.reports_of(request.user).select_related("manager"), pk=pk)
        words = searched(request)
        packages = team.packages_to_ask_for(person)
        page = page_of(packages.search(words) if words else packages, cursor=request.GET.get(PARAMETER))
        context = {
            "report": team.reports_of([person])[0],
            "person_id": str(person.pk),
            "words": words,
            "cards": [{"package": package, "contents": phrasing.contents(package)} for package in page.rows],
            "previous_url": page_address(request, page.newer),
            "next_url": page_address(request, page.older),
        }
        return render(request, "portal/report.html", context)


class ExplainView(SignedInView):
    """Why somebody can or cannot have a package: oneself; of others, for those who look after it and for auditors."""

    def get(self, request: SignedInRequest, *, pk: UUID) -> HttpResponse:
        request.belongs_to = "browse"
        package = get_object_or_404(AccessPackage.objects.visible_to(request.user).with_contents(), pk=pk)
        may_choose = explaining.can_explain(request.user, package, person=None)
        person = named_person(request) if may_choose else request.user
        words = searched(request)
        context = {
            "package": package,
            "may_choose": may_choose,
            "explanation": person and self._explained(package, person=person),
            "words": words,
            "people": people_called(words) if may_choose else [],
            "most": MOST_FOUND,
        }
        return render(request, "portal/explain.html", context)

    def _explained(self, package: AccessPackage, *, person: User) -> explaining.Explanation:
        return explaining.explain(package, person=person, reader=self.request.user, now=timezone.now())


@method_decorator(never_cache, name="dispatch")
class TokensView(SignedInView):
    """My API tokens; POST makes one, and the answer to it is the only page that ever shows its secret."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        return self._page()

    def post(self, request: SignedInRequest) -> HttpResponse:
        try:
            secret = actions.create_token(actor=request.user, now=timezone.now())
        except ValidationError as error:
            return self._page(refusal=error.messages[0], status=409)
        return self._page(secret=secret)

    def _page(self, *, status: int = 200, **context: Any) -> HttpResponse:
        found = tokens.usable_tokens(self.request.user, now=timezone.now())
        context["tokens"] = [{"name": tokens.name_of(token), "token": token} for token in found]
        return render(self.request, "portal/tokens.html", context, status=status)


class RevokeTokenView(SignedInView):
    """Ends one of my API tokens."""

    http_method_names = ["post", "options"]

    def post(self, request: SignedInRequest) -> HttpResponse:
        try:
            actions.revoke_token(key=request.POST.get("key", ""), actor=request.user, now=timezone.now())
        except ObjectDoesNotExist as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, _("The API token is revoked. Whatever uses it is refused from now on."))
        return redirect(reverse("api_tokens"))


def _everything(request: SignedInRequest, search: PackageFilter) -> str:
    """Where the same search goes through all that one may see, if it went only through what one can ask for."""
    if request.user.is_guest or search.asked().get("show"):
        return ""
    return f"{request.path}?{urlencode({**search.asked(), 'show': Shown.ALL})}"


def _card(package: AccessPackage, *, standing: Standing) -> dict[str, Any]:
    """A package as its card in the list takes it."""
    return {
        "package": package,
        "contents": phrasing.contents(package),
        "standing": standing,
        "approval": phrasing.approval(standing.policies),
        "duration": phrasing.duration(standing.policies),
    }


def _by_system(package: AccessPackage) -> list[dict[str, Any]]:
    """The package's roles by the application in which they are; they come in that order."""
    roles = [entry.resource_role for entry in package.package_roles.all()]
    return [
        {"system": system, "roles": list(same)}
        for system, same in groupby(roles, key=lambda role: role.resource.system)
    ]


def _explained(standing: Standing, *, person: User) -> list[dict[str, Any]]:
    """The policies that this person may choose from, each with what it says for them."""
    ids = [policy.pk for policy in standing.policies]
    chosen = list(Policy.objects.filter(pk__in=ids).complete().order_by("name", "pk"))
    ahead = look_ahead(chosen, person=person, now=timezone.now())
    reviewed = told_to_holders(chosen)
    return [
        {
            "name": policy.name,
            "text": phrasing.policy_sentence(policy, ahead=ahead[policy.pk]),
            "reviewed": reviewed.get(policy.pk, ""),
            "more": policy.description,
            "is_pace_known": any(prospect.usual for prospect in ahead[policy.pk]),
        }
        for policy in chosen
    ]
