"""Mails in a frame: with invented facts, in the words and the looks that are being typed."""

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin

from requests_app.views.base import SignedInRequest

from ..forms import BrandingForm, WordingForm
from ..letters import TEMPLATES
from ..letters.samples import sample
from ..letters.wordings import check
from ..models import Branding, Occasion
from .letters import LetterworkView, template_of

NOTHING_BUT_STYLE = {
    **{name: [NONE] for name in ("default-src", "script-src", "img-src", "base-uri", "form-action")},
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}
"""A mail's HTML is a document of its own: it has inline styles, runs nothing, loads nothing, sends nothing."""
framed = method_decorator([never_cache, csp_replace(NOTHING_BUT_STYLE), xframe_options_sameorigin], name="dispatch")


@framed
class LetterPreview(LetterworkView):
    """A letter with examples: GET as it is saved, POST as it is typed; `as` says whether plain or as HTML."""

    def get(self, request: SignedInRequest, occasion: str, language: str) -> HttpResponse:
        template = template_of(occasion, language)
        return _shown(request, letter=sample(template, recipient=request.user, language=language))

    def post(self, request: SignedInRequest, occasion: str, language: str) -> HttpResponse:
        template = template_of(occasion, language)
        form = WordingForm(request.POST)
        if not form.is_valid():
            return _refused(request, faults_of(form))
        words = form.cleaned_data["subject"], form.cleaned_data["body"]
        try:
            check(template, *words)
        except ValidationError as error:
            return _refused(request, error.messages)
        return _shown(request, letter=sample(template, recipient=request.user, language=language, words=words))


@framed
class BrandingPreview(LetterworkView):
    """A letter in the looks that are saved, or that are typed."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        return self._sample(request, brand=Branding.current())

    def post(self, request: SignedInRequest) -> HttpResponse:
        form = BrandingForm(request.POST, instance=Branding.current())
        if not form.is_valid():
            return _refused(request, faults_of(form))
        return self._sample(request, brand=form.instance)

    def _sample(self, request: SignedInRequest, *, brand: Branding) -> HttpResponse:
        template = TEMPLATES[Occasion.APPROVER_ASKED]
        letter = sample(template, recipient=request.user, language=request.LANGUAGE_CODE, brand=brand)
        return _shown(request, letter=letter)


def faults_of(form: BaseForm) -> list[str]:
    """Everything that is wrong with what was typed."""
    return [str(fault) for faults in form.errors.values() for fault in faults]


def _shown(request: SignedInRequest, *, letter: Any) -> HttpResponse:
    if request.POST.get("as") == "text":
        return HttpResponse(letter.text, content_type="text/plain; charset=utf-8")
    return HttpResponse(letter.html)


def _refused(request: SignedInRequest, faults: list[str]) -> HttpResponse:
    return render(request, "notifications/preview_refused.html", {"faults": faults}, status=422)
