"""The governance overview, and the lists behind its figures."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accessgov.administration import user_of
from audit.pagination import PARAMETER, page_address
from catalog.views import GoverningView
from directory.permissions import is_administrator
from provisioning.permissions import can_see_drift

from . import overview
from .forms import DeliveryForm
from .lists import LISTS


class OverviewView(GoverningView):
    """How access stands, in everything that one looks after."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = user_of(request), timezone.now()
        campaigns, connectors = overview.campaigns(user), overview.troubled(user)
        context = {
            "catalogs": overview.catalogs_of(user),
            "requests": overview.open_requests(user, now=now),
            "deliveries": overview.deliveries(user),
            "drift": overview.drift(user) if can_see_drift(user) else None,
            "stuck": overview.stuck(user),
            "stuck_accounts": overview.stuck_accounts(user),
            "connectors": connectors[: overview.MOST],
            "has_more_connectors": len(connectors) > overview.MOST,
            "campaigns": campaigns[: overview.MOST],
            "has_more_campaigns": len(campaigns) > overview.MOST,
            "ending": overview.ending(user, now=now),
            "unreviewed": overview.unreviewed(user),
            "is_administrator": is_administrator(user),
        }
        return render(request, "evidence/overview.html", context)


class ListView(GoverningView):
    """The list behind a figure, page by page."""

    shown = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(LISTS[self.shown].rows(user_of(request), timezone.now()))

    def page(self, rows: QuerySet[Any], **more: Any) -> HttpResponse:
        """A page of these rows."""
        listing = LISTS[self.shown]
        found = listing.keyset.page(rows, cursor=self.request.GET.get(PARAMETER))
        context = {
            "listing": listing,
            "rows": found.rows,
            "newer_url": page_address(self.request, found.newer),
            "older_url": page_address(self.request, found.older),
            "is_administrator": is_administrator(user_of(self.request)),
        }
        return render(self.request, "evidence/list.html", context | more)


class DeliveryView(ListView):
    """Roles that are still to be given or taken away, of one state or all."""

    shown = "delivery"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = DeliveryForm(request.GET)
        if not form.is_valid():
            context = {"listing": LISTS[self.shown], "form": form}
            return render(request, "evidence/list.html", context, status=400)
        rows = LISTS[self.shown].rows(user_of(request), timezone.now())
        return self.page(form.narrow(rows), form=form, is_narrowed=bool(form.cleaned_data["state"]))
