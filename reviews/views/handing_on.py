"""Handing on: one item, chosen ones, or all that is open for me, to somebody who answers instead."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.models import User
from requests_app.views.base import SignedInRequest, add_errors
from requests_app.views.searching import MOST_FOUND, named_person, people_called, searched

from ..actions.handing_on import hand_on, hand_on_open
from ..forms import HandOnForm
from ..models import Campaign, ReviewItem
from ..permissions import can_decide, can_steer
from .base import ReviewerView


class HandingOn(ReviewerView):
    """First the person is looked up who answers instead, then the reason is given."""

    def ask(
        self, *, person: User | None, form: HandOnForm, back_url: str, status: int = 200, **context: Any
    ) -> HttpResponse:
        """The page that asks for the person, or once that is known for the reason."""
        words = searched(self.request)
        chosen = self.request.GET.getlist("item")
        shown = {
            "person": person,
            "form": form,
            "back_url": back_url,
            "here": self.request.path,
            "words": words,
            "people": people_called(words),
            "most": MOST_FOUND,
            "chosen": chosen,
            "kept": f"{urlencode([('item', one) for one in chosen])}&" if chosen else "",
        }
        return render(self.request, "reviews/hand_on.html", {**shown, **context}, status=status)

    def done(self, count: int, person: User) -> None:
        """Say so, on the next page."""
        said = ngettext(
            "%(person)s answers on it instead, and is told so.",
            "%(person)s answers on %(count)d items instead, and is told so.",
            count,
        )
        messages.success(self.request, said % {"person": person, "count": count})


class HandOnView(HandingOn):
    """What was chosen of a campaign, or all that is open for me in it."""

    stands_at = "reviews:campaign"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        return self._page(self._campaign(pk), person=named_person(request), form=HandOnForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        campaign, person, form = self._campaign(pk), named_person(request), HandOnForm(request.POST)
        if person is None:
            return self._page(campaign, person=None, form=HandOnForm(), status=422)
        if form.is_valid():
            given = {"to": person, "why": form.cleaned_data["why"], "actor": request.user, "now": timezone.now()}
            chosen = _ids(request.GET.getlist("item"))
            try:
                moved = hand_on(items=chosen, **given) if chosen else hand_on_open(campaign=campaign, **given)
            except ValidationError as error:
                add_errors(form, error)
            else:
                self.done(moved, person)
                return redirect("reviews:campaign", pk)
        return self._page(campaign, person=person, form=form, status=422)

    def _campaign(self, pk: UUID) -> Campaign:
        return get_object_or_404(Campaign.objects.asking(self.request.user), pk=pk)

    def _page(self, campaign: Campaign, **shown: Any) -> HttpResponse:
        back_url = reverse("reviews:campaign", args=[campaign.pk])
        return self.ask(campaign=campaign, back_url=back_url, **shown)


class HandItemOnView(HandingOn):
    """One item, by one of its reviewers or by whoever steers the campaign."""

    stands_at = "reviews:item"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        return self._page(self._item(pk), person=named_person(request), form=HandOnForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        item, person, form = self._item(pk), named_person(request), HandOnForm(request.POST)
        if person is None:
            return self._page(item, person=None, form=HandOnForm(), status=422)
        if form.is_valid():
            try:
                why, now = form.cleaned_data["why"], timezone.now()
                moved = hand_on(items=[item], to=person, why=why, actor=request.user, now=now)
            except ValidationError as error:
                add_errors(form, error)
            else:
                self.done(moved, person)
                return redirect("reviews:mine")
        return self._page(item, person=person, form=form, status=422)

    def _item(self, pk: UUID) -> ReviewItem:
        user, named = self.request.user, ("campaign__review", "panel")
        item = get_object_or_404(ReviewItem.objects.visible_to(user).select_related(*named), pk=pk)
        if not (can_decide(user, item) or can_steer(user, item.campaign)):
            raise PermissionDenied(_("Only its reviewers, and those who look after the review, hand it on."))
        return item

    def _page(self, item: ReviewItem, **shown: Any) -> HttpResponse:
        return self.ask(campaign=item.campaign, item=item, back_url=reverse("reviews:item", args=[item.pk]), **shown)


def _ids(texts: list[str]) -> list[UUID]:
    found = []
    for text in dict.fromkeys(texts):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
