"""How people sign in: accounts come from the directory, never from a sign-up form."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from catalog.permissions import is_delegated
from directory.actions import change_own_password
from directory.models import User
from provisioning.permissions import has_team_tasks, owns_resources
from reviews.permissions import has_seats, number_of_open


class SignIn(AuthenticationBackend):
    """Signs people in, and finds out by the same statement what every page asks of whoever is signed in: whether they
    have a delegated role or a right by a group, own a resource, do tasks with a team, whether anybody reports to them,
    and what they are asked to review."""

    def get_user(self, user_id: UUID) -> User | None:
        reports = User.objects.enabled().filter(manager=OuterRef("pk"))
        known = {
            "has_delegated_role": is_delegated(),
            "has_reports": Exists(reports),
            "has_resources": owns_resources(),
            "has_team_tasks": has_team_tasks(),
            "has_seats": has_seats(),
            "open_reviews": number_of_open(),
        }
        person = User.objects.with_group_rights().annotate(**known).filter(pk=user_id).first()
        return person if person and self.user_can_authenticate(person) else None


class ClosedSignUp(DefaultAccountAdapter):
    """Nobody creates an account for themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def set_password(self, user: User, password: str) -> None:
        """By an action, as everything that changes: their own, on the page for it or by the link that was mailed."""
        change_own_password(person=user, password=password, now=timezone.now())

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Under the name of this installation, not under the one in the request's Host header."""
        site = SimpleNamespace(name="AccessGov", domain=urlsplit(settings.BASE_URL).netloc)
        super().send_mail(template_prefix, email, {**context, "current_site": site})

    def get_reset_password_from_key_url(self, key: str) -> str:
        """By the address that this installation is known at, whatever name the request was made under."""
        # The key is appended by hand: it is `uid-token`, which the URL takes as two arguments.
        placeholder = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.BASE_URL + placeholder.replace("UID-KEY", key)


def not_here(request: HttpRequest, **arguments: Any) -> HttpResponse:
    """What people would change of their own record: the directory says who they are, and where their mail goes."""
    raise Http404
