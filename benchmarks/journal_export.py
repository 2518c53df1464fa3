"""Measures the journal at size: its exports (first byte, whole file, peak memory) and its pages, first and deep.

    ACCESSGOV_MODE=test ACCESSGOV_VAR_DIR=/somewhere/empty python -m benchmarks.journal_export --events 1000000

Seeds the configured database, which must be one to throw away. Each measurement runs in a process of its own, through
the view that people use; its memory is the high-water mark that the kernel keeps.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

import django

BATCH = 10_000
PEOPLE = 1_000
PACKAGES = 200
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)


def main() -> None:
    options = _options()
    os.environ.setdefault("ACCESSGOV_MODE", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessgov.settings")
    django.setup()
    if options.measure:
        print(json.dumps(MEASUREMENTS[options.measure]()))
        return
    _prepare(options.events)
    for name in MEASUREMENTS:
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks.journal_export", "--measure", name],
            capture_output=True,
            text=True,
            check=True,
        )
        print(f"{name:14}", "  ".join(f"{what} {value}" for what, value in json.loads(child.stdout).items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--measure", choices=sorted(MEASUREMENTS), help="one measurement, of what is there already")
    return parser.parse_args()


def _prepare(wanted: int) -> None:
    """Migrate, and add events until there are as many as wanted."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from audit.models import Event

    Path(settings.VAR_DIR).mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    began = perf_counter()
    have = Event.objects.count()
    for start in range(have, wanted, BATCH):
        Event.objects.bulk_create(_events(start, min(start + BATCH, wanted)), batch_size=BATCH)
    print(f"{connection.vendor}: {max(have, wanted):,} events, {max(0, wanted - have):,} of them added")
    print(f"{'seeding':14} seconds {perf_counter() - began:.1f}")


def _people() -> list[Any]:
    from django.contrib.auth import get_user_model

    users = get_user_model()
    names = [f"person{number}" for number in range(PEOPLE)]
    users._default_manager.bulk_create(
        [users(username=name, display_name=name.title(), is_auditor=name == "person0") for name in names],
        ignore_conflicts=True,
    )
    return list(users._default_manager.filter(username__in=names).order_by("username"))


def _events(start: int, stop: int) -> Iterator[Any]:
    """Events of a plausible size: an actor, a person, a package, details of a hundred bytes; ties included."""
    from audit.models import Event

    chance = random.Random(start)
    people = _people()
    for number in range(start, stop):
        actor, person = chance.choice(people), chance.choice(people)
        package = chance.randrange(PACKAGES)
        yield Event(
            occurred_at=BEGINNING + timedelta(seconds=number // 4 * 60),
            verb=chance.choice(("group.member_added", "group.member_removed", "package.changed", "person.changed")),
            actor=actor,
            actor_label=str(actor),
            target_kind="accessrequest",
            target_id=str(UUID(int=chance.getrandbits(128))),
            target_label=f"{person} for Package {package}",
            person_id=person.pk,
            person_label=str(person),
            package_id=UUID(int=package + 1),
            package_label=f"Package {package}",
            details={"reason": "joins the project " * 4, "changed": "ends_at", "number": number},
            correlation_id=UUID(int=chance.getrandbits(128)),
            source="web",
        )


def _request(path: str) -> Any:
    from django.contrib.auth import get_user_model
    from django.test import RequestFactory

    request = RequestFactory().get(path)
    request.user = get_user_model()._default_manager.get(username="person0")
    return request


def _export(file_format: str) -> dict[str, Any]:
    from audit.views import ExportView

    request = _request("/journal/export")
    began = perf_counter()
    answer: Any = ExportView.as_view(file_format=file_format)(request)
    arrivals, size, rows = [], 0, 0
    for piece in answer.streaming_content:
        arrivals.append(perf_counter() - began)
        size += len(piece)
        rows += piece.count(b"\n")
    return {
        "rows": f"{rows:,}",
        "MB": round(size / 1e6),
        "first byte s": round(arrivals[0], 3),
        "second piece s": round(arrivals[1], 3),
        "whole s": round(perf_counter() - began, 1),
        "peak RSS MB": _peak(),
    }


def _page(*, is_deep: bool, **filters: Any) -> dict[str, Any]:
    from audit.exports import JOURNAL
    from audit.filters import EventFilter
    from audit.models import Event
    from audit.pagination import Cursor

    cursor = None
    if is_deep:
        newest, oldest = Event.objects.first(), Event.objects.last()
        assert newest is not None
        assert oldest is not None
        middle = oldest.occurred_at + (newest.occurred_at - oldest.occurred_at) / 2
        cursor = Cursor(at=middle, pk=UUID(int=0)).encode()
    times = []
    for _turn in range(11):
        began = perf_counter()
        page = JOURNAL.page(EventFilter(filters, queryset=Event.objects.all()).qs, cursor=cursor)
        times.append(perf_counter() - began)
        assert page.rows
    return {"median ms": round(median(times) * 1000, 2), "slowest ms": round(max(times) * 1000, 2)}


def _peak() -> int:
    """The most memory that this process has held, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024


MEASUREMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "export.csv": lambda: _export("csv"),
    "export.jsonl": lambda: _export("jsonl"),
    "page 1": lambda: _page(is_deep=False),
    "page deep": lambda: _page(is_deep=True),
    "page of person": lambda: _page(is_deep=True, person="person7"),
    "page of verb": lambda: _page(is_deep=True, verb="person.changed"),
}

if __name__ == "__main__":
    main()
