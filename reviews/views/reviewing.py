"""Reviewing: the campaigns in which I am asked, and the items of one of them with my answers."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.pagination import PARAMETER, Keyset, page_address
from requests_app.views.base import SignedInRequest, add_errors

from ..actions.deciding import Answers, accept_recommendations, decide
from ..choices import Recommendation, Verdict
from ..forms import ANSWERED, OPEN, AnswerForm, ItemFilterForm
from ..models import Campaign
from ..permissions import sees_campaigns
from ..reading import Page, Row, Seat, page_of, rows_of, with_decisions
from .base import ReviewerView

ASKED = Keyset("closes_at", size=25, oldest_first=True)
OVER = Keyset("created_at", size=25)


class MineView(ReviewerView):
    """The campaigns in which I am asked, the nearest end first; or those that are over for me, the latest first."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        is_over = request.GET.get("tab") == "over"
        asking = Campaign.objects.asking(request.user)
        rows = asking.over_for(request.user) if is_over else asking.open_for(request.user)
        page = (OVER if is_over else ASKED).page(rows, cursor=request.GET.get(PARAMETER))
        before, after = (page.newer, page.older) if is_over else (page.older, page.newer)
        context = {
            "rows": page.rows,
            "before_url": page_address(request, before),
            "after_url": page_address(request, after),
            "is_over": is_over,
            "tabs": _tabs(is_over),
            "looks_over": sees_campaigns(request.user),
        }
        return render(request, "reviews/mine.html", context)


def _tabs(is_over: bool) -> list[dict[str, Any]]:
    page = reverse("reviews:mine")
    return [
        {"url": page, "label": _("Open"), "is_current": not is_over},
        {"url": f"{page}?tab=over", "label": _("Done"), "is_current": is_over},
    ]


class CampaignView(ReviewerView):
    """One campaign as those see it who are asked: what they are asked about, page by page, and their answers."""

    stands_at = "reviews:campaign"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        return self._page(self._seat(pk))

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        seat = self._seat(pk)
        chosen, verdict, reason = _answered(request.POST)
        if not chosen:
            return self._page(seat, problem=_("Choose at least one, then answer."), status=422)
        if verdict == "handOn":
            query = urlencode({"item": [str(one) for one in chosen]}, doseq=True)
            return redirect(f"{reverse('reviews:hand_on', args=[pk])}?{query}")
        try:
            is_bulk = "one" not in request.POST
            made = decide(
                items=chosen, verdict=verdict, reason=reason, actor=request.user, now=timezone.now(), is_bulk=is_bulk
            )
        except ValidationError as error:
            return self._page(seat, problem=" ".join(error.messages), status=422)
        tell(request, made, verdict=verdict)
        return redirect(request.get_full_path())

    def _seat(self, pk: UUID) -> Seat:
        """My part in it; for those who have none there is nothing here."""
        asked = Campaign.objects.asking(self.request.user).select_related("review")
        return Seat(get_object_or_404(asked, pk=pk), self.request.user)

    def _page(self, seat: Seat, *, problem: str = "", status: int = 200) -> HttpResponse:
        form = self._filter(seat)
        page = self._items(seat, form)
        context = {
            "seat": seat,
            "campaign": seat.campaign,
            "rules": seat.campaign.rules,
            "rows": self._with_what_was_typed(rows_of(page.items, seat=seat), problem=problem),
            "filter": form,
            "is_narrowed": form.is_valid() and form.is_narrowed,
            "shown": form.shown if form.is_valid() else OPEN,
            "before_url": self._beside(before=page.before),
            "after_url": self._beside(after=page.after),
            "is_done": bool(seat.total) and not seat.open_items,
            "can_accept": bool(seat.open_items) and seat.campaign.rules.shows_recommendations,
            "problem": problem,
            "chosen": self.request.POST.getlist("item"),
            "reason": self.request.POST.get("reason", ""),
        }
        template = "reviews/own.html" if seat.current and seat.stage.is_self_review else "reviews/campaign.html"
        return render(self.request, template, context, status=status)

    def _with_what_was_typed(self, rows: list[Row], *, problem: str) -> list[Row]:
        """What was typed as reasons is kept where something was refused, and what is wrong stands beside the item."""
        if not problem:
            return rows
        typed, troubled = self.request.POST, self.request.POST.get("one", "").partition(":")[0]
        reasons = {row.item.pk: typed.get(f"reason-{row.item.pk}", "") for row in rows}
        return [
            replace(row, why=reasons[row.item.pk], problem=problem if str(row.item.pk) == troubled else "")
            for row in rows
        ]

    def _filter(self, seat: Seat) -> ItemFilterForm:
        departments, accesses = seat.lists()
        return ItemFilterForm(
            self.request.GET,
            departments=departments,
            accesses=accesses,
            state=OPEN if seat.open_items else ANSWERED,
            has_advice=seat.campaign.rules.shows_recommendations,
        )

    def _items(self, seat: Seat, form: ItemFilterForm) -> Page:
        if not form.is_valid():
            return Page([])
        items = with_decisions(form.narrow(seat.items()).select_related("assignment", "grant"))
        return page_of(items, after=_id(self.request.GET.get("after")), before=_id(self.request.GET.get("before")))

    def _beside(self, **edge: UUID | None) -> str:
        """The address of a page beside this one; empty where there is none."""
        if not any(edge.values()):
            return ""
        kept = self.request.GET.copy()
        for name in ("after", "before"):
            kept.pop(name, None)
        for name, pk in edge.items():
            kept[name] = str(pk)
        return f"?{kept.urlencode()}"


class AcceptView(ReviewerView):
    """How many of my open items are recommended to stay and to go; then they are answered so."""

    stands_at = "reviews:campaign"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        return self._page(self._campaign(pk), form=AnswerForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        campaign, form = self._campaign(pk), AnswerForm(request.POST)
        if form.is_valid():
            try:
                made = accept_recommendations(
                    campaign=campaign, actor=request.user, reason=form.cleaned_data["reason"], now=timezone.now()
                )
            except ValidationError as error:
                add_errors(form, error)
            else:
                tell(request, made)
                return redirect("reviews:campaign", pk)
        return self._page(campaign, form=form, status=422)

    def _campaign(self, pk: UUID) -> Campaign:
        return get_object_or_404(Campaign.objects.asking(self.request.user), pk=pk)

    def _page(self, campaign: Campaign, *, form: AnswerForm, status: int = 200) -> HttpResponse:
        seat = Seat(campaign, self.request.user)
        numbers = seat.foreseen()
        context = {
            "campaign": campaign,
            "form": form,
            "numbers": numbers,
            "total": numbers[Recommendation.APPROVE] + numbers[Recommendation.DENY],
            "needs_reason": campaign.rules.needs_reason(Verdict.DENY) and numbers[Recommendation.DENY],
        }
        return render(self.request, "reviews/accept.html", context, status=status)


def tell(request: SignedInRequest, made: Answers, *, verdict: str = "") -> None:
    """Say what came of an answer, on the next page."""
    if len(made.given) == 1:
        messages.success(request, _one_in_words(made, verdict=verdict or made.given[0].verdict))
    elif made.given:
        count = len(made.given)
        messages.success(request, ngettext("%(count)d answered.", "%(count)d answered.", count) % {"count": count})
    if made.same:
        messages.info(request, _("You had answered so already: nothing changed."))
    if made.removed:
        messages.warning(request, _("What was denied before is being removed already, and keeps that answer."))
    if made.privileged:
        count = len(made.privileged)
        left = ngettext(
            "%(count)d is privileged and was left out: answer it by itself.",
            "%(count)d are privileged and were left out: answer each by itself.",
            count,
        )
        messages.warning(request, left % {"count": count})
    if made.ended:
        count = len(made.ended)
        ended = ngettext(
            "The access of %(count)d ended meanwhile: nothing is left to be removed.",
            "The access of %(count)d ended meanwhile: nothing is left to be removed.",
            count,
        )
        messages.info(request, ended % {"count": count})


def _one_in_words(made: Answers, *, verdict: str) -> str:
    item = made.given[0]
    said = {
        Verdict.APPROVE: _("%(person)s keeps %(what)s, if it is for you."),
        Verdict.DENY: _("%(person)s is to lose %(what)s, if it is for you."),
        Verdict.DONT_KNOW: _("You don’t know about %(what)s of %(person)s."),
    }
    return said[Verdict(verdict)] % {"person": item.person_name, "what": item.what}


def _answered(given: QueryDict) -> tuple[list[UUID], str, str]:
    """Which items are answered how and why: one by its own button, or those that were ticked."""
    one, _colon, verdict = given.get("one", "").partition(":")
    if found := _id(one):
        return [found], verdict, given.get(f"reason-{one}", "")
    chosen = dict.fromkeys(filter(None, map(_id, given.getlist("item"))))
    return list(chosen), given.get("answer", ""), given.get("reason", "")


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
