"""Campaigns as those see them who look after what they review, and auditors: how they stand, and what came of them."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accessgov.outbox import WorkStatus
from audit.models import Event
from audit.pagination import PARAMETER, Keyset, page_address
from requests_app.views.base import SignedInRequest, SignedInView

from .. import events
from ..farewells import farewells
from ..lifecycle import CampaignStatus
from ..listing import items_page
from ..models import Campaign, Panel, PanelMember
from ..permissions import sees_campaigns
from ..proofs import proofs_of
from ..quality import quality
from ..reading import Page
from ..result_forms import CampaignFilterForm, ResultFilterForm, id_of
from ..results import LARGE, progress, results
from ..terms_in_words import terms_in_words
from ..verifying import verify
from .steering import offered

CAMPAIGNS = Keyset("created_at", size=25)
SEATS = Keyset("asked_at")
MOST_OPEN = 8
"""Reviewers with open items on the overview; their own page has all."""
VERIFIED_AT_ONCE = 200_000
"""Items; more than these are verified by `manage.py verify_review`."""


class CampaignsView(SignedInView):
    """The campaigns that I may see, the latest first."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        if not sees_campaigns(request.user):
            raise PermissionDenied(_("This is for those who look after packages or resources, and for auditors."))
        form = CampaignFilterForm(request.GET)
        if not form.is_valid():
            return render(request, "reviews/campaigns/list.html", {"form": form, "rows": []}, status=400)
        campaigns = form.narrow(Campaign.objects.visible_to(request.user)).select_related("review", "person")
        page = CAMPAIGNS.page(campaigns, cursor=request.GET.get(PARAMETER))
        context = {
            "form": form,
            "rows": page.rows,
            "is_narrowed": form.is_narrowed,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
        }
        return render(request, "reviews/campaigns/list.html", context)


class CampaignPage(SignedInView):
    """One view of a campaign, beside the others."""

    tab = ""

    def find(self, pk: UUID) -> Campaign:
        """The campaign, for those who may see its results; for others there is nothing here."""
        visible = Campaign.objects.visible_to(self.request.user)
        return get_object_or_404(visible.select_related("review", "person", "started_by"), pk=pk)

    def page(self, campaign: Campaign, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        """The view's own template, with what all of them share."""
        shared = {"campaign": campaign, "tabs": _tabs(campaign, current=self.tab), "now": timezone.now()}
        return render(self.request, f"reviews/campaigns/{self.tab}.html", {**shared, **context}, status=status)


class OverviewView(CampaignPage):
    """How it stands: progress, stages, results, departments, who still has open items; and the buttons that steer."""

    tab = "overview"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        campaign = self.find(pk)
        stages = list(campaign.stages.all())
        context = {
            "rules": campaign.rules,
            "terms": terms_in_words(campaign.rules),
            "stages": stages,
            "stage": next((one for one in stages if one.position == campaign.stage), None),
            "progress": progress(campaign),
            "results": results(campaign, now=timezone.now()),
            "is_kept": campaign.total > LARGE,
            "slow": _slowest(campaign) if campaign.is_open else [],
            "work": list(campaign.work.exclude(status__in=(WorkStatus.DONE, WorkStatus.SUPERSEDED))),
            "steps": offered(campaign, user=request.user),
            "farewells": farewells(campaign),
        }
        return self.page(campaign, context)


class ItemsView(CampaignPage):
    """Every item with its answer, its result, and how far applying it came."""

    tab = "items"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        campaign = self.find(pk)
        counts = results(campaign, now=timezone.now())
        form = ResultFilterForm(request.GET, departments=[name for name, _tally in counts.departments])
        if not form.is_valid():
            return self.page(campaign, {"form": form, "rows": []}, status=400)
        after, before = (id_of(request.GET.get(name)) for name in ("after", "before"))
        items = form.narrow(campaign.items.all()).select_related("decided_by", "panel")
        page = items_page(items, campaign=campaign, after=after, before=before)
        context = {"form": form, "rows": page.items, "is_narrowed": form.is_narrowed, **self._beside(page)}
        return self.page(campaign, context)

    def _beside(self, page: Page) -> dict[str, str]:
        """The addresses of the neighbouring pages."""
        kept = self.request.GET.copy()
        for name in ("after", "before"):
            kept.pop(name, None)
        edges = (("before", page.before), ("after", page.after))
        asked = [(name, one) for name, values in kept.lists() for one in values]
        return {f"{name}_url": f"?{urlencode([*asked, (name, str(edge))])}" if edge else "" for name, edge in edges}


class RecordView(CampaignPage):
    """One item exactly as it was: what was frozen, who was asked then, every answer, and what proves the result."""

    tab = "record"

    def get(self, request: SignedInRequest, pk: UUID, item: UUID) -> HttpResponse:
        campaign = self.find(pk)
        found = get_object_or_404(campaign.items.select_related("panel", "decided_by", "assignment", "grant"), pk=item)
        told = Event.objects.filter(target_id=str(campaign.pk), person_id=found.person_id, details__item=str(found.pk))
        context = {
            "item": found,
            "said": list(found.decisions.select_related("decided_by", "in_place_of")),
            "seats": list(found.panel.members.select_related("person", "in_place_of").order_by("asked_at", "pk")),
            "proofs": proofs_of([found]).get(found.pk, []),
            "story": list(told.order_by("occurred_at", "id")[:MOST_OPEN]),
        }
        return self.page(campaign, context)


class ReviewersView(CampaignPage):
    """Who was asked, as whom, how much, and what is open; those who left among them."""

    tab = "reviewers"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        campaign = self.find(pk)
        is_open = request.GET.get("show") == "open"
        seats = PanelMember.objects.filter(panel__campaign=campaign, panel__total__gt=0).with_numbers()
        if is_open:
            seats = seats.filter(left_at=None, panel__stage=campaign.stage).with_open_items()
        page = SEATS.page(seats.select_related("panel", "person", "in_place_of"), cursor=request.GET.get(PARAMETER))
        here = reverse("reviews:result_reviewers", args=[pk])
        context = {
            "seats": page.rows,
            "is_open": is_open,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
            "choices": [
                {"url": here, "label": _("All of them"), "is_current": not is_open},
                {"url": f"{here}?show=open", "label": _("With open items"), "is_current": is_open},
            ],
        }
        return self.page(campaign, context)


class QualityView(CampaignPage):
    """How carefully reviewers answered."""

    tab = "quality"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        campaign = self.find(pk)
        return self.page(
            campaign, {"quality": quality(campaign, now=timezone.now()), "is_kept": campaign.total > LARGE}
        )


class PopulationView(CampaignPage):
    """The frozen population with its digest and the age of its sources; hashed again where that is asked for."""

    tab = "population"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        return self._page(self.find(pk))

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        campaign = self.find(pk)
        if campaign.total > VERIFIED_AT_ONCE:
            return self._page(campaign)
        return self._page(campaign, verified=verify(campaign))

    def _page(self, campaign: Campaign, **found: Any) -> HttpResponse:
        opened = Event.objects.filter(target_id=str(campaign.pk), verb=events.CAMPAIGN_OPENED)
        context = {
            "parts": campaign.parts.count(),
            "opened": opened.order_by("-occurred_at").first(),
            "is_frozen": campaign.status != CampaignStatus.STARTING,
            "is_too_large": campaign.total > VERIFIED_AT_ONCE,
            **found,
        }
        return self.page(campaign, context)


def _slowest(campaign: Campaign) -> list[Panel]:
    """The panels with most open items, with those who sit in them."""
    seated = PanelMember.objects.filter(left_at=None).select_related("person").order_by("pk")
    panels = campaign.panels.filter(stage=campaign.stage, open_items__gt=0).order_by("-open_items", "pk")[:MOST_OPEN]
    return list(panels.prefetch_related(Prefetch("members", queryset=seated)))


def _tabs(campaign: Campaign, *, current: str) -> list[dict[str, Any]]:
    """The views of a campaign; an item's record belongs to the items."""
    names = [
        ("overview", "reviews:results", _("Overview")),
        ("items", "reviews:result_items", _("Items")),
        ("reviewers", "reviews:result_reviewers", _("Reviewers")),
        ("quality", "reviews:quality", _("Quality")),
        ("population", "reviews:population", _("Population")),
    ]
    here = "items" if current == "record" else current
    return [
        {"url": reverse(url, args=[campaign.pk]), "label": label, "is_current": name == here}
        for name, url, label in names
    ]
