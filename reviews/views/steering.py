"""Steering a campaign: each step on a page of its own that says what comes of it, and asks why where that matters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from directory.models import User
from requests_app.views.base import SignedInRequest, SignedInView, add_errors

from ..actions import steering
from ..lifecycle import CampaignStatus, IllegalMove
from ..models import Campaign
from ..permissions import STEERED_BY, can_steer
from ..result_forms import NothingForm, UntilForm, WhyForm

OPEN = (CampaignStatus.IN_PROGRESS,)


@dataclass(frozen=True)
class Step:
    """Something that can be done to a campaign."""

    name: str
    label: Any
    consequence: Any
    done: Any
    act: Callable[..., Any]
    form: type[forms.Form] = NothingForm
    kind: str = "primary"
    icon: str = ""
    statuses: tuple[str, ...] = OPEN


STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step(
            "remind", gettext_lazy("Remind reviewers"),
            gettext_lazy("Everybody who has open items gets a mail now. Whoever is done is left alone."),
            gettext_lazy("Everybody with open items is reminded."),
            steering.remind, icon="mail",
        ),
        Step(
            "apply", gettext_lazy("Apply the results"),
            gettext_lazy("What is to go is removed from its systems now. That cannot be undone by this review."),
            gettext_lazy("The results are being applied."),
            steering.apply_results, kind="danger-fill", icon="check", statuses=(CampaignStatus.DECIDED,),
        ),
        Step(
            "restart", gettext_lazy("Go on"),
            gettext_lazy("What got stuck is tried again, from where it stopped."),
            gettext_lazy("It goes on where it stopped."),
            steering.restart, icon="refresh", statuses=tuple(CampaignStatus),
        ),
        Step(
            "extend", gettext_lazy("Extend"),
            gettext_lazy("The open stage ends later; those after it move by as much. Reviewers see the new end."),
            gettext_lazy("It is open for longer."),
            steering.extend, form=UntilForm, icon="calendar",
        ),
        Step(
            "stop_stage", gettext_lazy("End this stage"),
            gettext_lazy("Nobody answers in this stage any more, and the next one opens."),
            gettext_lazy("The stage is over."),
            steering.stop_stage, form=WhyForm, icon="arrow-right",
        ),
        Step(
            "stop", gettext_lazy("Close it now"),
            gettext_lazy(
                "It closes now, stages to come included. The answers that were given count, and for what nobody "
                "answered the terms do; results are applied as at any close. It cannot be opened again."
            ),
            gettext_lazy("It is closed."),
            steering.stop, form=WhyForm, kind="danger-fill", icon="check-circle",
        ),
        Step(
            "reset", gettext_lazy("Take back all answers"),
            gettext_lazy(
                "All answers of the open stage are taken back, and everybody is asked again. They stay in the history."
            ),
            gettext_lazy("All answers of this stage are taken back."),
            steering.reset, form=WhyForm, kind="danger-fill", icon="undo",
        ),
        Step(
            "cancel", gettext_lazy("Cancel the campaign"),
            gettext_lazy("It ends without a result: everything stays as it is. It cannot be taken up again."),
            gettext_lazy("It is canceled."),
            steering.cancel, form=WhyForm, kind="danger-fill", icon="ban",
            statuses=(CampaignStatus.STARTING, CampaignStatus.IN_PROGRESS),
        ),
    )
}  # fmt: skip


def offered(campaign: Campaign, *, user: User) -> list[Step]:
    """What this person can do to the campaign as it stands."""
    if not can_steer(user, campaign):
        return []
    hidden = set()
    if not campaign.work.stuck().exists():
        hidden.add("restart")
    if not campaign.stages.filter(position__gt=campaign.stage).exists():
        hidden.add("stop_stage")
    return [step for step in STEPS.values() if campaign.status in step.statuses and step.name not in hidden]


class SteerView(SignedInView):
    """What comes of one step, and the question whether."""

    step = ""

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        return self._page(self._find(pk), form=self._step.form())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        campaign, form = self._find(pk), self._step.form(request.POST)
        if form.is_valid():
            try:
                self._step.act(campaign=campaign, actor=request.user, now=timezone.now(), **form.cleaned_data)
            except ValidationError as error:
                add_errors(form, error)
            except IllegalMove as conflict:
                return self._too_late(pk, str(conflict))
            else:
                messages.success(request, str(self._step.done))
                return redirect("reviews:results", pk)
        return self._page(campaign, form=form, status=422)

    def _too_late(self, pk: UUID, why: str) -> HttpResponse:
        context = {"detail": why, "back_url": reverse("reviews:results", args=[pk])}
        return render(self.request, "409.html", context, status=409)

    @property
    def _step(self) -> Step:
        return STEPS[self.step]

    def _find(self, pk: UUID) -> Campaign:
        """The campaign, for those who steer it; those who only see its results are told so."""
        visible = Campaign.objects.visible_to(self.request.user)
        campaign = get_object_or_404(visible.select_related("review", "person"), pk=pk)
        if not can_steer(self.request.user, campaign):
            raise PermissionDenied(str(STEERED_BY))
        return campaign

    def _page(self, campaign: Campaign, *, form: forms.Form, status: int = 200) -> HttpResponse:
        context = {"campaign": campaign, "step": self._step, "form": form}
        return render(self.request, "reviews/campaigns/steer.html", context, status=status)
