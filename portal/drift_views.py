"""The drift inbox: what differs in target systems, one case with what is known about it, and answers to several."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.models import Event
from audit.pagination import PARAMETER, Keyset, page_address
from provisioning import actions
from provisioning.lifecycle import CaseAnswer
from provisioning.lifecycle import IllegalMove as Settled
from provisioning.models import Connector, DriftCase
from provisioning.permissions import can_answer, can_see_drift
from requests_app.views.base import SignedInRequest, SignedInView, add_errors

from . import drift
from .drift_forms import AnswerForm, DriftFilterForm

CASES = Keyset("first_seen_at", size=25)
MOST = actions.MOST_ANSWERED
MOST_EVENTS = 20


class DriftView(SignedInView):
    """The cases that I may see, the latest first; several of them can be chosen and answered at once."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        if not can_see_drift(request.user):
            raise PermissionDenied(_("This is for those who own resources, administrators and auditors."))
        visible = DriftCase.objects.visible_to(request.user)
        form = DriftFilterForm(request.GET or None, visible=visible)
        if request.GET and not form.is_valid():
            return render(request, "portal/drift.html", {"form": form, "cases": []}, status=400)
        wanted = form.narrow(visible) if request.GET else visible.open()
        page = CASES.page(wanted.with_names(), cursor=request.GET.get(PARAMETER))
        mine = drift.chosen_by(request.user, [case.pk for case in page.rows])
        context = {
            "form": form,
            "cases": page.rows,
            "choosable": [case.pk for case in mine],
            "is_narrowed": bool(request.GET) and form.is_narrowed,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
            "compared": _compared(),
        }
        return render(request, "portal/drift.html", context)


class DriftCaseView(SignedInView):
    """One case with all that is needed to answer it, and the answer."""

    stands_at = "drift_case"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        case = self._find(pk)
        return self._page(case, form=AnswerForm(answers=drift.answers_to([case], user=self.request.user)))

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        case = self._find(pk)
        if not can_answer(request.user, case):
            raise PermissionDenied(_("The owners of a resource answer its cases, and nobody those about themselves."))
        form = AnswerForm(request.POST, answers=drift.answers_to([case], user=self.request.user))
        if _answer(request, [case], form):
            return redirect("drift")
        return self._page(case, form=form, status=422)

    def _find(self, pk: UUID) -> DriftCase:
        return get_object_or_404(DriftCase.objects.visible_to(self.request.user).with_names(), pk=pk)

    def _page(self, case: DriftCase, *, form: AnswerForm, status: int = 200) -> HttpResponse:
        is_answerable = not case.is_settled and can_answer(self.request.user, case)
        context = {
            "case": case,
            "form": form,
            "buttons": drift.buttons(drift.answers_to([case], user=self.request.user)) if is_answerable else [],
            "is_about_oneself": case.person_id == self.request.user.pk,
            "story": list(Event.objects.story(case.pk)[:MOST_EVENTS]),
            **drift.facts_about(case),
        }
        return render(self.request, "portal/drift_case.html", context, status=status)


class AnswerDriftView(SignedInView):
    """The same answer to several cases, with one reason."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        cases = self._chosen(request.GET)
        form = AnswerForm(answers=drift.answers_to(cases, user=request.user))
        return self._page(cases, form=form) if cases else redirect("drift")

    def post(self, request: SignedInRequest) -> HttpResponse:
        cases = self._chosen(request.POST)
        if not cases:
            messages.info(request, _("Nothing of that waits for your answer."))
            return redirect("drift")
        form = AnswerForm(request.POST, answers=drift.answers_to(cases, user=request.user))
        return redirect("drift") if _answer(request, cases, form) else self._page(cases, form=form, status=422)

    def _chosen(self, given: QueryDict) -> list[DriftCase]:
        return drift.chosen_by(self.request.user, ids_of(given.getlist("case"))[:MOST])

    def _page(self, cases: list[DriftCase], *, form: AnswerForm, status: int = 200) -> HttpResponse:
        answers = drift.answers_to(cases, user=self.request.user)
        context = {"cases": cases, "form": form, "buttons": drift.buttons(answers)}
        return render(self.request, "portal/answer_drift.html", context, status=status)


def _answer(request: SignedInRequest, cases: list[DriftCase], form: AnswerForm) -> bool:
    """Give the answer that the pressed button says; what is wrong with it stands in the form."""
    answer = request.POST.get("answer", "")
    if answer not in drift.answers_to(cases, user=request.user):
        form.add_error(None, _("Say what is to be done, by one of the buttons."))
    if not form.is_valid():
        return False
    try:
        done = actions.answer_cases(cases=cases, actor=request.user, now=timezone.now(), **form.given(answer))
    except ValidationError as error:
        add_errors(form, error)
        return False
    except Settled as conflict:
        messages.warning(request, str(conflict))
        return True
    said = ngettext("%(count)d case answered: %(answer)s.", "%(count)d cases answered: %(answer)s.", len(done))
    messages.success(request, said % {"count": len(done), "answer": CaseAnswer(answer).label})
    return True


def _compared() -> list[dict[str, Any]]:
    """When each connected system was last compared as a whole."""
    rows = Connector.objects.select_related("system").order_by("system__name")[:MOST]
    return [{"system": one.system, "at": one.reconciled_at, "is_away": bool(one.paused_at)} for one in rows]


def ids_of(texts: list[str]) -> list[UUID]:
    """Those of the texts that can be ids."""
    found = []
    for text in dict.fromkeys(texts):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
