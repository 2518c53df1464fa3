"""`manage.py import_usage FILE [--system SLUG]`: when people last used systems, or resources in them."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from tqdm import tqdm

from directory.imports import ImportRefused
from provisioning.use_import import Options, Outcome, import_use


class Command(BaseCommand):
    """Take in when people last used what they have."""

    help = "Take in when people last used systems, or resources in them: the whole file, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV: person; last_used; system; resource")
        parser.add_argument("--system", default="", metavar="SLUG", help="short name of the system of rows without one")
        parser.add_argument("--as-of", type=_moment, default=None, help="when it was so, in ISO 8601; now, if left out")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows all the same")

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        chosen = Options(
            as_of=options["as_of"] or now,
            system=options["system"],
            is_dry_run=options["dry_run"],
            skips_bad_rows=options["skip_bad_rows"],
        )
        if chosen.as_of > now:
            raise CommandError("--as-of is in the future.")
        try:
            outcome = import_use(path=options["file"], options=chosen, now=now, progress=_progress)
        except ImportRefused as refusal:
            self.stderr.write("\n".join(map(str, refusal.bad_rows)))
            raise CommandError(str(refusal)) from refusal
        self._report(outcome, is_dry_run=chosen.is_dry_run)

    def _report(self, outcome: Outcome, *, is_dry_run: bool) -> None:
        for row in outcome.bad_rows:
            self.stderr.write(f"left out: {row}")
        self.stdout.write(
            f"{outcome.rows} rows about {outcome.people} people taken in; {len(outcome.bad_rows)} bad rows left out"
        )
        if is_dry_run:
            self.stdout.write("A dry run: nothing of this was kept.")


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None:
        raise ValueError(text)
    return found if found.tzinfo else timezone.make_aware(found)


def _progress(rows: Any) -> Any:
    return tqdm(rows, unit=" rows", mininterval=1, disable=None)
