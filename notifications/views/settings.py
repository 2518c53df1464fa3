"""My mail: in which language, when, and about what."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from requests_app.views.base import SignedInRequest, SignedInView, add_errors

from .. import actions
from ..forms import SettingsForm
from ..models import MailSettings


class SettingsView(SignedInView):
    """What I am told by mail, and when."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        return self._page(SettingsForm(row=_row_of(request)))

    def post(self, request: SignedInRequest) -> HttpResponse:
        form = SettingsForm(request.POST, row=_row_of(request))
        if not form.is_valid():
            return self._page(form, status=422)
        try:
            actions.choose(
                actor=request.user,
                language=form.cleaned_data["language"],
                digest_hour=form.cleaned_data["digest_hour"],
                deliveries=form.deliveries,
                now=timezone.now(),
            )
        except ValidationError as error:
            add_errors(form, error)
            return self._page(form, status=422)
        messages.success(request, _("Your choice is saved."))
        return redirect("notifications:settings")

    def _page(self, form: SettingsForm, *, status: int = 200) -> HttpResponse:
        return render(self.request, "notifications/settings.html", {"form": form}, status=status)


def _row_of(request: SignedInRequest) -> MailSettings:
    return MailSettings.objects.filter(person=request.user).first() or MailSettings(person=request.user)
