"""One item: what was frozen about it, why the person has it, and everything that was answered on it."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import User
from provisioning.models import GrantReason
from requests_app.models import AccessRequest, Assignment
from requests_app.views.base import SignedInRequest, add_errors

from ..actions.deciding import ANSWERS, decide
from ..forms import AnswerForm
from ..models import Decision, ReviewItem
from ..permissions import can_decide, can_steer
from ..reading import told_to, with_decisions
from ..recommending import in_words
from .base import ReviewerView
from .reviewing import tell

MOST_EARLIER = 20


class ItemView(ReviewerView):
    """One item with all that is known of it, and the answer."""

    stands_at = "reviews:item"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        item = self._item(pk)
        return self._page(item, form=AnswerForm(initial={"reason": item.reason if self._is_mine(item) else ""}))

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        item, form, verdict = self._item(pk), AnswerForm(request.POST), request.POST.get("answer", "")
        if item.campaign.is_open and not can_decide(request.user, item):
            raise PermissionDenied(_("You are not asked about this access."))
        if verdict not in ANSWERS:
            form.add_error(None, _("Approve, deny, or say that you don't know."))
        elif form.is_valid():
            try:
                reason, now = form.cleaned_data["reason"], timezone.now()
                made = decide(items=[item], verdict=verdict, reason=reason, actor=request.user, now=now)
            except ValidationError as error:
                add_errors(form, error)
            else:
                tell(request, made, verdict=verdict)
                return redirect("reviews:campaign", item.campaign_id)
        return self._page(item, form=form, status=422)

    def _item(self, pk: UUID) -> ReviewItem:
        """The item, for whoever is or was asked, and for those who see the results; for others nothing is here."""
        visible = with_decisions(ReviewItem.objects.visible_to(self.request.user).with_access())
        return get_object_or_404(visible.select_related("campaign__review", "panel", "decided_by"), pk=pk)

    def _is_mine(self, item: ReviewItem) -> bool:
        return item.decided_by_id == self.request.user.pk

    def _page(self, item: ReviewItem, *, form: AnswerForm, status: int = 200) -> HttpResponse:
        user, rules = self.request.user, item.campaign.rules
        said = told_to(user, item)
        stage = item.campaign.stages.get(position=item.campaign.stage)
        is_asked = can_decide(user, item)
        context = {
            "item": item,
            "campaign": item.campaign,
            "stage": stage,
            "form": form,
            "rules": rules,
            "advice": in_words(item) if rules.shows_recommendations or not is_asked else [],
            "can_answer": is_asked and not _is_late(stage),
            "can_hand_on": item.campaign.is_open and (is_asked or can_steer(user, item.campaign)),
            "said": [one for one in said if not is_asked or stage.shows_earlier or one.stage == item.stage],
            "earlier": _earlier_answers(item, reader=user),
            **_origins(item),
        }
        return render(self.request, "reviews/item.html", context, status=status)


def _is_late(stage: Any) -> bool:
    return stage.ends_at is not None and stage.ends_at <= timezone.now()


def _earlier_answers(item: ReviewItem, *, reader: User) -> list[Decision]:
    """What earlier campaigns answered on the same access of the same person, the latest first; of their own access
    whoever reads it is told what they said themselves."""
    same: dict[str, Any] = {"item__grant": item.grant_id}
    if item.assignment:
        same = {"item__assignment__package": item.assignment.package_id}
    if item.person_id == reader.pk:
        same["decided_by"] = reader
    answers = Decision.objects.filter(item__person=item.person_id, **same).exclude(item__campaign=item.campaign_id)
    return list(answers.select_related("decided_by", "in_place_of", "item__campaign")[:MOST_EARLIER])


def _origins(item: ReviewItem) -> dict[str, Any]:
    """Why the person has it: the requests for it with what was approved, and what else gives the role."""
    named = AccessRequest.objects.select_related("requested_by", "person", "policy")
    if item.assignment:
        found = named.filter(person=item.person_id, package=item.assignment.package_id).with_approvals()
        return {"history": list(found[:MOST_EARLIER]), "givers": []}
    references = GrantReason.objects.living().filter(grant=item.grant_id).values("reference")
    return {"history": [], "givers": list(Assignment.objects.filter(pk__in=references).select_related("package"))}
