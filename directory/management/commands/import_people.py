"""`manage.py import_people FILE.csv`: the directory as an HR system exports it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from directory.imports import ImportRefused
from directory.people_import import Options, Outcome, import_people


class Command(BaseCommand):
    """Create, change and disable people as a CSV file says."""

    help = "Create, change and disable people as a CSV file says: the whole file, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows all the same")
        parser.add_argument("--complete", action="store_true", help="disable members whom the file does not name")
        parser.add_argument("--allow-mass-disable", action="store_true", help="disable more than 10 %% if need be")

    def handle(self, **options: Any) -> None:
        chosen = Options(
            is_dry_run=options["dry_run"],
            skips_bad_rows=options["skip_bad_rows"],
            is_complete=options["complete"],
            allows_mass_disable=options["allow_mass_disable"],
        )
        try:
            outcome = import_people(path=options["file"], options=chosen, now=timezone.now(), progress=_progress)
        except ImportRefused as refusal:
            self.stderr.write("\n".join(map(str, refusal.bad_rows)))
            raise CommandError(str(refusal)) from refusal
        self._report(outcome, is_dry_run=chosen.is_dry_run)

    def _report(self, outcome: Outcome, *, is_dry_run: bool) -> None:
        for bad in outcome.bad_rows:
            self.stderr.write(f"left out: {bad}")
        self.stdout.write(
            f"{outcome.created} created, {outcome.changed} changed, {outcome.disabled} disabled, "
            f"{outcome.unchanged} as they were, {len(outcome.bad_rows)} bad rows left out"
        )
        if is_dry_run:
            self.stdout.write("A dry run: nothing of this was kept.")


def _progress(rows: Any) -> Any:
    return tqdm(rows, unit=" rows", mininterval=1, disable=None)
