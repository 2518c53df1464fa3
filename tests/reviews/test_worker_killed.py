"""`kill -9` of a worker in the middle of a launch: whoever goes on leaves nothing out and writes nothing twice."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from directory.models import User
from reviews.actions import launching, starting
from reviews.models import CampaignWork, PopulationPart, ReviewItem
from tests.cast import NOW

from .conftest import DAY, give, make_review

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
WORKER = """
import pathlib, time
from reviews.actions import launching
really, calls = launching.hash_items, iter(range(9))
def hangs(items):
    hashed = really(items)
    if next(calls) == 1:
        pathlib.Path({sign!r}).touch()
        time.sleep(600)
    return hashed
launching.PART, launching.hash_items = 3, hangs
from reviews.tasks import carry_work
carry_work({work!r})
"""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def database_url() -> str:
    """Where the database of this test is, for another process."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"


def worker(work: CampaignWork, sign: Path) -> "subprocess.Popen[bytes]":
    """A process that launches in parts of three, and hangs in the second one, its items written but not committed."""
    environment = {**os.environ, "ACCESSGOV_MODE": "test", "DATABASE_URL": database_url()}
    program = WORKER.format(sign=str(sign), work=str(work.pk))
    return subprocess.Popen([sys.executable, "manage.py", "shell", "-v", "0", "-c", program], cwd=ROOT, env=environment)


def test_a_worker_killed_in_the_middle_of_a_part(cast, package, policy, tmp_path):
    """Promise R13, with a real process and a real kill."""
    people = [User.objects.create(username=f"p{n}", display_name=f"P{n}", manager=cast.marco) for n in range(8)]
    held = give(package, *people)
    campaign = starting.start_review(review=make_review(package), actor=cast.ada, now=NOW)
    sign = tmp_path / "in the second part"
    process = worker(CampaignWork.objects.get(), sign)
    try:
        until = time.monotonic() + PATIENCE
        while not sign.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait(timeout=10)
    assert sign.exists(), "the worker reached the second part"
    assert (PopulationPart.objects.count(), ReviewItem.objects.count()) == (1, 3)

    CampaignWork.objects.update(leased_until=NOW)  # the dead worker's lease runs out, without a minute's waiting
    launching.launch_all_due(now=NOW + 400 * DAY)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.total) == ("inProgress", 8)
    assert sorted(ReviewItem.objects.values_list("assignment", flat=True)) == sorted(one.pk for one in held)
    assert list(campaign.parts.values_list("items", flat=True)) == [3, 5]
