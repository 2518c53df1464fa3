"""Measures how long a campaign takes to launch, against the plainest statement that writes as many items.

    ACCESSGOV_MODE=test DATABASE_URL=postgres://… python -m benchmarks.campaign --items 1000000

Seeds the configured PostgreSQL database, which must be one to throw away: people with managers, ten packages each, what
they last used. The floor is one `INSERT … SELECT` of constants into the same table, with the same keys and indexes.
AccessGov launches a campaign over the catalog, reviewed by managers, from the row of work to its last commit. Both run
in turn, into an empty table, at N, 2 N and 4 N where asked for. Shown are the median of the paired ratios, the number
of statements, the peak of memory, what a second launch costs, and the statements of a reviewer's page. With `--end`
the last campaign is answered, three of ten by no: how long drawing its results takes, and ending that access.
"""

import argparse
import os
import resource
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import django

PACKAGES_EACH = 10
"""Eight that their whole team has, and two of their own."""
PACKAGES = 100
REPORTS = 10
"""People with the same manager."""

PEOPLE = """
    INSERT INTO directory_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
        date_joined, display_name, department, job_title, company, kind, attributes, is_auditor, risk)
    SELECT gen_random_uuid(), '!', false, 'b' || n, '', '', 'b' || n || '@example.com', false, true, now(),
        'Person ' || n, 'Department ' || n / 100, 'Job ' || n %% 20, '', 'member', '{}', false, 0
    FROM generate_series(%s::int, %s::int) n
"""
MANAGERS = """
    UPDATE directory_user person SET manager_id = manager.id FROM directory_user manager
    WHERE person.username LIKE 'b%%' AND person.manager_id IS NULL
      AND manager.username = 'b' || (substr(person.username, 2)::int / %s)
      AND manager.id <> person.id
"""
ASSIGNMENTS = """
    INSERT INTO requests_app_assignment (id, person_id, package_id, policy_id, status, is_emergency, callout_plan,
        starts_at, delivered_at)
    SELECT gen_random_uuid(), people.id, policies.package_id, policies.id, 'delivered', false, '[]',
        now() - interval '1 year', now() - interval '1 year'
    FROM directory_user people CROSS JOIN generate_series(0, %s) slot
    JOIN (SELECT id, package_id, row_number() OVER (ORDER BY id) - 1 AS n FROM catalog_policy) policies
      ON policies.n = CASE WHEN slot < 8 THEN (substr(people.username, 2)::int / 10 * 7 + slot) %% 80
                           ELSE 80 + (substr(people.username, 2)::int * 3 + slot) %% 20 END
    WHERE people.username LIKE 'b%%' AND substr(people.username, 2)::int BETWEEN %s AND %s
"""
USE = """
    INSERT INTO provisioning_lastuse (id, person_id, system_id, used, last_used_at, source, seen_at)
    SELECT gen_random_uuid(), people.id, systems.id, systems.id,
        now() - (substr(people.username, 2)::int %% 90) * interval '1 day', 'connector', now()
    FROM directory_user people CROSS JOIN catalog_targetsystem systems
    WHERE people.username LIKE 'b%%' AND substr(people.username, 2)::int BETWEEN %s AND %s
"""
FLOOR = """
    INSERT INTO reviews_reviewitem (id, campaign_id, panel_id, stage, person_id, assignment_id, person_name, department,
        job_title, manager_name, is_guest, what, "where", "under", is_privileged, is_adopted, held_since, last_used_at,
        peers, peers_with, covered_by, conflicts_with, recommendation, is_open, verdict, reason, result, state, problem)
    SELECT gen_random_uuid(), %s, %s, 1, person_id, id, 'Person 123456', 'Department 123', 'Job 12', 'Person 123',
        false, 'Package number 12', 'Benchmark', 'Everybody', false, false, delivered_at, delivered_at, 9, 4, '', '',
        'approve', true, 'notReviewed', '', '', 'new', ''
    FROM requests_app_assignment
"""


def main() -> None:
    options = _options()
    os.environ.setdefault("ACCESSGOV_MODE", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessgov.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    assert connection.vendor == "postgresql", "set DATABASE_URL to a PostgreSQL to throw away"
    call_command("migrate", verbosity=0)
    review = _catalog_and_review()
    print("       items   floor s   launch s   ratio (spread)      statements   again s (new)   page   peak MB   load")
    seeded = 0
    for times in options.growth:
        items = options.items * times
        seeded = _seed(people=items // PACKAGES_EACH, seeded=seeded)
        _measure(review, items=items, pairs=options.pairs)
    if options.end:
        _end()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--growth", type=int, nargs="+", default=[1], help="1 2 4: at N, 2 N and 4 N")
    parser.add_argument("--end", action="store_true", help="close the last campaign too, and end what was denied")
    return parser.parse_args()


def _measure(review: Any, *, items: int, pairs: int) -> None:
    ratios, floors, launches = [], [], []
    for _pair in range(pairs):
        _empty()
        floors.append(_floor(review, items=items))
        _empty()
        launches.append(_timed(lambda: _launch(review, items=items)))
        ratios.append(launches[-1] / floors[-1])
    _empty()
    statements = _statements(lambda: _launch(review, items=items))
    page = _statements_of_page()
    again_took, new = _again()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{items:12,} {median(floors):9.2f} {median(launches):10.2f}   {median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}) {statements:12} {again_took:11.2f} ({new}) {page:9} {peak:9.0f} "
        f"{os.getloadavg()[0]:6.1f}",
        flush=True,
    )


# --- What is measured -------------------------------------------------------------------------------------------------


def _floor(review: Any, *, items: int) -> float:
    from django.db import connection
    from django.utils import timezone

    from reviews.models import Campaign, Panel

    campaign = Campaign.objects.create(review=review, slot="floor", name="Floor", created_at=timezone.now())
    panel = Panel.objects.create(campaign=campaign, stage=1, key="people")
    with connection.cursor() as cursor:
        began = perf_counter()
        cursor.execute(FLOOR, [campaign.pk, panel.pk])
        took = perf_counter() - began
        assert cursor.rowcount == items, cursor.rowcount
    return took


def _launch(review: Any, *, items: int) -> None:
    from django.utils import timezone

    from directory.models import User
    from reviews.actions import launching, starting

    campaign = starting.start_review(review=review, actor=User.objects.get(username="admin"), now=timezone.now())
    launching.launch_all_due(now=timezone.now())
    campaign.refresh_from_db()
    assert (campaign.status, campaign.total) == ("inProgress", items), (campaign.status, campaign.total)


def _again() -> tuple[float, int]:
    """The same launch once more, as after a worker that died at its very end: the population is there already."""
    from django.utils import timezone

    from reviews.actions import launching
    from reviews.models import Campaign, CampaignWork, ReviewItem

    before = ReviewItem.objects.count()
    Campaign.objects.update(status="starting")
    CampaignWork.objects.update(status="pending", settled_at=None, lease=None, leased_until=None)
    took = _timed(lambda: launching.launch_all_due(now=timezone.now()))
    return took, ReviewItem.objects.count() - before


def _end() -> None:
    """Everybody has answered by now: stop the campaign, draw its results, and end what was denied."""
    from django.utils import timezone

    from directory.models import User
    from reviews.actions import applying, closing, steering
    from reviews.models import Campaign, ReviewItem

    campaign, admin = Campaign.objects.get(), User.objects.get(username="admin")
    _answer_all(admin)
    steering.stop(campaign=campaign, why="Everybody has answered.", actor=admin, now=timezone.now())
    for name, act in (("close", closing.close_all_due), ("apply", applying.apply_all_due)):
        began = perf_counter()
        statements = _statements(partial(act, now=timezone.now()))
        print(f"{name}: {perf_counter() - began:.2f} s, {statements} statements")
    campaign.refresh_from_db()
    print(f"{campaign.status}, {ReviewItem.objects.filter(state='applied').count():,} ended")


def _answer_all(admin: Any) -> None:
    """Written past the pages, whose answers are measured elsewhere."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reviews_reviewitem SET is_open = false, decided_at = now(), decided_by_id = %s, decided_in = 1, "
            "verdict = CASE WHEN mod(abs(hashtext(id::text)), 10) < 3 THEN 'deny' ELSE 'approve' END",
            [admin.pk],
        )
        cursor.execute("UPDATE reviews_panel SET open_items = 0")
        cursor.execute("VACUUM ANALYZE reviews_reviewitem")


def _statements_of_page() -> int:
    from django.test import Client

    from reviews.models import Panel

    panel = Panel.objects.filter(only_member__isnull=False).order_by("-total").first()
    assert panel is not None
    assert panel.only_member is not None
    client = Client(headers={"host": "localhost"})
    client.force_login(panel.only_member)
    found = {}

    def page() -> None:
        found["status"] = client.get(f"/reviews/{panel.campaign_id}/", secure=True).status_code

    count = _statements(page)
    assert found["status"] == 200, found
    return count


def _timed(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


def _statements(act: Callable[[], object]) -> int:
    from django.db import connection

    count = 0

    def counted(execute: Any, *arguments: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*arguments)

    with connection.execute_wrapper(counted):
        act()
    return count


# --- The data ---------------------------------------------------------------------------------------------------------


def _empty() -> None:
    """No campaign, and nothing of an earlier one in the way; dead rows are cleared, so that each pair begins alike."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE reviews_campaign, reviews_reviewitem, reviews_panel CASCADE")
        cursor.execute("CHECKPOINT")


def _catalog_and_review() -> Any:
    from django.utils import timezone

    from catalog.choices import ResourceKind
    from catalog.models import AccessPackage, Catalog, Policy, Resource, ResourceRole, TargetSystem
    from directory.models import User
    from provisioning.models import UseReading
    from reviews.models import Review

    now = timezone.now()
    admin = User.objects.create(username="admin", display_name="Ada", is_superuser=True)
    system = TargetSystem.objects.create(name="Target", slug="target")
    UseReading.objects.create(system=system, seen_at=now)
    catalog = Catalog.objects.create(name="Benchmark", description="What is measured")
    for number in range(PACKAGES):
        name = f"Package number {number}"
        made = Resource.objects.create(system=system, kind=ResourceKind.GROUP, origin_id=name, name=name)
        role = ResourceRole.objects.create(resource=made, origin_id="member", name="Member")
        package = AccessPackage.objects.create(catalog=catalog, name=name, description=name, owner=admin)
        package.package_roles.create(resource_role=role)
        Policy.objects.create(package=package, name="Everybody")
    values = {"scope": "catalog", "catalog": catalog, "starts_on": now.date(), "created_at": now}
    review = Review.objects.create(name="Benchmark", **values)
    review.stages.create(position=1)
    return review


def _seed(*, people: int, seeded: int) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [seeded, people - 1])
        cursor.execute(MANAGERS, [REPORTS])
        cursor.execute(ASSIGNMENTS, [PACKAGES_EACH - 1, seeded, people - 1])
        cursor.execute(USE, [seeded, people - 1])
        cursor.execute("VACUUM ANALYZE")
    return people


if __name__ == "__main__":
    main()
