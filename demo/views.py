"""The page of the demo on which one signs in as any of its people, without a password."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, login
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.generic import View

from directory.models import User

from .loopback import LoopbackMixin
from .organisation import ADMINISTRATOR, AUDITOR, ENGINEER, GUEST, MANAGER, OWNER, REQUESTER

MOST_PEOPLE = 40
"""People shown at once; a search narrows them."""
BACKEND = settings.AUTHENTICATION_BACKENDS[0]


@dataclass(frozen=True)
class Persona:
    """Somebody worth signing in as, and what to try as them."""

    user_name: str
    part: Any
    text: Any


PERSONAS = (
    Persona(
        REQUESTER,
        _("asks for access"),
        _("Ask for “Sales Representative: Starter Kit”, and see what happens next. Some of her access ends tomorrow."),
    ),
    Persona(MANAGER, _("decides as a manager"), _("Approve or deny what his people ask for: several requests wait.")),
    Persona(OWNER, _("owns packages"), _("Decide on a data export, and on what somebody changed in the CRM by hand.")),
    Persona(
        ENGINEER, _("looks after engineering's packages"), _("Access for a shift: approved, used, ended by itself.")
    ),
    Persona(
        ADMINISTRATOR, _("administers"), _("See under Governance how access stands; change packages and policies.")
    ),
    Persona(AUDITOR, _("audits"), _("Search the journal, follow one request from end to end, and export it.")),
    Persona(GUEST, _("is a partner's guest"), _("See how little a guest sees: only what is meant for her company.")),
)


@method_decorator(never_cache, name="dispatch")
class PeopleView(LoopbackMixin, View):
    """Whom one may sign in as: a few with something to try, then everybody."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        words = request.GET.get("q", "").strip()
        found = list(_matching(words)[: MOST_PEOPLE + 1])
        context = {
            "personas": [] if words else _personas(),
            "people": found[:MOST_PEOPLE],
            "has_more": len(found) > MOST_PEOPLE,
            "words": words,
            "redirect_field_name": REDIRECT_FIELD_NAME,
            "redirect_to": _wanted(request, request.GET),
        }
        return render(request, "demo/people.html", context)


class SignInView(LoopbackMixin, View):
    """Sign in as the person that was chosen."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        people = User.objects.enabled()
        person = get_object_or_404(people, username=request.POST.get("person", ""))
        login(request, person, backend=BACKEND)
        return redirect(_wanted(request, request.POST) or settings.LOGIN_REDIRECT_URL)


def _personas() -> list[tuple[User, Persona]]:
    people = {
        person.username: person
        for person in User.objects.enabled().filter(username__in=[p.user_name for p in PERSONAS])
    }
    return [(people[persona.user_name], persona) for persona in PERSONAS if persona.user_name in people]


def _matching(words: str) -> "QuerySet[User]":
    found = User.objects.enabled()
    for word in words.split()[:8]:
        found = found.filter(
            Q(display_name__icontains=word)
            | Q(department__icontains=word)
            | Q(job_title__icontains=word)
            | Q(company__icontains=word)
        )
    return found.order_by("display_name", "pk")


def _wanted(request: HttpRequest, data: Any) -> str:
    """Where to go after signing in, if that is a page of ours."""
    address = data.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours else ""
