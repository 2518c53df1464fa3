"""A campaign over access as it stood in a real organisation: thousands of people and pairs, all of it adopted."""

import os
import random
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import Count, F
from django.utils import timezone

from catalog.models import Catalog, Resource, TargetSystem
from directory.models import User
from provisioning.models import Grant, LastUse, UseReading
from reviews.actions import deciding, launching, starting
from reviews.choices import Recommendation, ReviewScope, Verdict
from reviews.lifecycle import CampaignStatus
from reviews.models import Campaign, Panel, ReviewItem
from reviews.recommending import in_words
from reviews.verifying import verify

from .conftest import make_review

REAL = Path(os.environ.get("ACCESSGOV_SHARED", settings.BASE_DIR.parent / "shared")) / "data" / "role-mining"
DAY = timedelta(days=1)
MANAGERS = 60

pytestmark = pytest.mark.django_db


@pytest.fixture
def real(cast) -> Catalog:
    """The large list where there is PostgreSQL, a smaller one elsewhere; with managers, and uses of half of it."""
    name = "americas_small.txt" if connection.vendor == "postgresql" else "apj.txt"
    if not (REAL / name).exists():
        pytest.skip(f"NO REAL DATA: {name} is not there; name its folder in ACCESSGOV_SHARED")
    call_command("import_access", str(REAL / name), "--system", "erp", "--create-people", stdout=StringIO())
    catalog = Catalog.objects.create(name="ERP", description="Everything that the ERP system knows")
    system = TargetSystem.objects.get(slug="erp")
    catalog.resources.set(Resource.objects.filter(system=system))
    people = list(User.objects.filter(grants__isnull=False).distinct().order_by("pk"))
    for number, person in enumerate(people[MANAGERS:]):
        person.manager = people[number % MANAGERS]
    User.objects.bulk_update(people[MANAGERS:], ["manager"], batch_size=500)
    _use(people, system)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself after a while
    return catalog


def _use(people: list[User], system: TargetSystem) -> None:
    """Half of them signed in last week, a quarter half a year ago, and of a quarter nothing is known."""
    chance, now = random.Random(3), timezone.now()
    uses = []
    for person in people:
        since = chance.choice([7, 7, 180, None])
        if since:
            at = {"last_used_at": now - since * DAY, "seen_at": now}
            uses.append(LastUse(person=person, system=system, used=system.pk, **at))
    LastUse.objects.bulk_create(uses, batch_size=500)
    UseReading.objects.create(system=system, seen_at=now, people=len(uses))


def test_a_campaign_over_all_of_it_is_frozen_whole_with_recommendations(cast, real):
    review = make_review(real, scope=ReviewScope.CATALOG, includes_adopted=True)
    now = timezone.now()
    campaign = starting.start_review(review=review, actor=cast.ada, now=now)
    launching.launch_all_due(now=now)
    campaign = Campaign.objects.get(pk=campaign.pk)
    assert campaign.status == CampaignStatus.IN_PROGRESS
    assert campaign.total == campaign.items.count() == Grant.objects.count()
    assert campaign.items.filter(is_adopted=False).count() == 0
    assert verify(campaign).is_whole

    said = dict(campaign.items.order_by().values_list("recommendation").annotate(Count("pk")))
    assert said[Recommendation.DENY] > 100, "what nobody used for half a year"
    own = campaign.items.filter(panel__members__person=F("person"))
    assert not own.exists(), "nobody is asked about themselves"
    denied = campaign.items.filter(recommendation=Recommendation.DENY).order_by("pk")[0]
    assert in_words(denied), "a recommendation says why"

    largest = Panel.objects.filter(campaign=campaign).order_by("-open_items")[0]
    assert largest.open_items > 50
    reviewer = largest.members.get().person
    asked = ReviewItem.objects.asked_of(reviewer).open().filter(campaign=campaign)
    assert asked.count() == largest.open_items
    made = deciding.accept_recommendations(campaign=campaign, actor=reviewer, reason="As recommended", now=now)
    assert made.given
    assert {item.verdict for item in made.given} <= {Verdict.APPROVE, Verdict.DENY}
