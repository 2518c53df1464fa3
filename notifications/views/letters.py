"""What administrators have mails say, and how mails look."""

from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import User
from requests_app.views.base import SignedInRequest, SignedInView, add_errors

from .. import actions
from ..forms import BrandingForm, WordingForm
from ..letters import TEMPLATES, Template
from ..letters.placeholders import PLACEHOLDERS
from ..letters.writing import original_words, words_for
from ..models import Branding, Occasion, Wording
from ..permissions import can_word_letters
from ..topics import Topic


class LetterworkView(SignedInView):
    """A page for those who decide what mails say."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if isinstance(request.user, User) and not can_word_letters(request.user):
            raise PermissionDenied
        request.belongs_to = "admin:index"  # type: ignore[attr-defined]  # for the navigation
        return super().dispatch(request, *args, **kwargs)


class LettersView(LetterworkView):
    """Every letter, by what it is about, with the languages in which it is worded anew."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        edited: dict[str, list[str]] = {}
        for wording in Wording.objects.all():
            edited.setdefault(wording.occasion, []).append(wording.get_language_display())
        topics, letters = list(Topic), list(Occasion)
        templates = sorted(
            TEMPLATES.values(), key=lambda each: (topics.index(Topic(each.topic)), letters.index(each.occasion))
        )
        sections = [
            (Topic(topic).label, [_row(template, edited.get(template.occasion, [])) for template in same])
            for topic, same in groupby(templates, key=lambda template: template.topic)
        ]
        return render(request, "notifications/letters.html", {"sections": sections})


class LetterView(LetterworkView):
    """One letter in one language: read it, change it, put it back, send it to oneself."""

    def get(self, request: SignedInRequest, occasion: str, language: str) -> HttpResponse:
        template = template_of(occasion, language)
        subject, body = words_for(template, language=language)
        return self._page(template, language=language, form=WordingForm(initial={"subject": subject, "body": body}))

    def post(self, request: SignedInRequest, occasion: str, language: str) -> HttpResponse:
        template = template_of(occasion, language)
        given: dict[str, Any] = {"template": template, "language": language, "actor": request.user}
        match request.POST.get("do"):
            case "test":
                actions.send_test(**given, now=timezone.now())
                messages.success(request, _("The letter is on its way to you, as it is saved."))
            case "reset":
                actions.reset_wording(**given, now=timezone.now())
                messages.success(request, _("The letter says again what it said originally."))
            case _do:
                form = WordingForm(request.POST)
                if not form.is_valid():
                    return self._page(template, language=language, form=form, status=422)
                try:
                    actions.save_wording(**given, **form.cleaned_data, now=timezone.now())
                except ValidationError as error:
                    add_errors(form, error)
                    return self._page(template, language=language, form=form, status=422)
                messages.success(request, _("The letter is saved. Mails that are sent from now on say it so."))
        return redirect("notifications:letter", occasion=occasion, language=language)

    def _page(self, template: Template, *, language: str, form: WordingForm, status: int = 200) -> HttpResponse:
        context = {
            "letter": template,
            "language": language,
            "form": form,
            "is_edited": Wording.objects.filter(occasion=template.occasion, language=language).exists(),
            "original": original_words(template, language=language),
            "placeholders": [(f"{{{name}}}", PLACEHOLDERS[name].meaning) for name in template.placeholders],
            "tabs": [
                {
                    "url": reverse("notifications:letter", args=[template.occasion, code]),
                    "label": name,
                    "is_current": code == language,
                }
                for code, name in settings.MAIL_LANGUAGES
            ],
        }
        return render(self.request, "notifications/letter.html", context, status=status)


class BrandingView(LetterworkView):
    """The name, the mark, the accent colour and the last lines of every mail."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        return self._page(BrandingForm(instance=Branding.current()))

    def post(self, request: SignedInRequest) -> HttpResponse:
        form = BrandingForm(request.POST, instance=Branding.current())
        if not form.is_valid():
            return self._page(form, status=422)
        actions.save_branding(branding=form.instance, actor=request.user, now=timezone.now())
        messages.success(request, _("Saved. Mails that are sent from now on look so."))
        return redirect("notifications:branding")

    def _page(self, form: BrandingForm, *, status: int = 200) -> HttpResponse:
        return render(self.request, "notifications/branding.html", {"form": form}, status=status)


def template_of(occasion: str, language: str) -> Template:
    """The letter of this occasion. Raises Http404, also where mails are not written in this language."""
    if occasion not in TEMPLATES or language not in dict(settings.MAIL_LANGUAGES):
        raise Http404
    return TEMPLATES[occasion]


def _row(template: Template, languages: list[str]) -> dict[str, Any]:
    """A letter as the list shows it."""
    return {
        "template": template,
        "label": template.occasion.label,
        "url": reverse("notifications:letter", args=[template.occasion, settings.LANGUAGE_CODE]),
        "edited": ", ".join(languages),
    }
