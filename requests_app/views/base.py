"""What the pages of requests, approvals and access share: who is asked to sign in, and the answer to a late click."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.generic import View
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from directory.models import User

from ..lifecycle import IllegalMove


class SignedInRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails
    belongs_to: str
    """The name of the page in the navigation to which this one belongs, where its own name does not say it."""


class SignedInView(LoginRequiredMixin, View):
    """A page for people who are signed in; what somebody else decided meanwhile is answered with a 409 page."""

    request: SignedInRequest
    stands_at = ""
    """The page of the same thing, where the 409 page leads to; a page that changes nothing needs none."""
    late: tuple[type[Exception], ...] = (IllegalMove,)
    """What an action raises where somebody else was first."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except self.late as conflict:
            context = {"detail": str(conflict), "back_url": reverse(self.stands_at, kwargs=kwargs)}
            return render(request, "409.html", context, status=409)

    def handle_no_permission(self) -> Any:
        """A part of a page is not replaced by the sign-in page: the whole page goes there."""
        return HttpResponseClientRefresh() if self.request.htmx else super().handle_no_permission()


def add_errors(form: BaseForm, error: ValidationError) -> None:
    """Show what an action refused at the fields that it names, and the rest above the form."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields and name != NON_FIELD_ERRORS else None, errors)
