"""`manage.py import_access FILE --system SLUG`: the access that people already have in a system."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from directory.imports import ImportRefused
from provisioning.access_import import Options, Outcome, import_access


class Command(BaseCommand):
    """Adopt the access that people already have in a system."""

    help = "Adopt the access that people already have in a system: the whole file, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--system", required=True, metavar="SLUG", help="short name of the target system")
        parser.add_argument("--system-name", default="", help="its name, where it is created")
        parser.add_argument("--create-people", action="store_true", help="create people whom nobody knows yet")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows all the same")

    def handle(self, **options: Any) -> None:
        chosen = Options(
            slug=options["system"],
            system_name=options["system_name"],
            creates_people=options["create_people"],
            is_dry_run=options["dry_run"],
            skips_bad_rows=options["skip_bad_rows"],
        )
        try:
            outcome = import_access(path=options["file"], options=chosen, now=timezone.now(), progress=_progress)
        except ImportRefused as refusal:
            self.stderr.write("\n".join(map(str, refusal.bad_rows)))
            raise CommandError(str(refusal)) from refusal
        self._report(outcome, is_dry_run=chosen.is_dry_run)

    def _report(self, outcome: Outcome, *, is_dry_run: bool) -> None:
        for row in outcome.bad_rows:
            self.stderr.write(f"left out: {row}")
        bad = len(outcome.bad_rows)
        self.stdout.write(
            f"{outcome.adopted} grants adopted, {outcome.unchanged} as they were; {outcome.resources} resources and "
            f"{outcome.people} people created; {outcome.repeated} repeated and {bad} bad rows left out"
        )
        if outcome.not_present:
            self.stdout.write(f"{outcome.not_present} are pending, failed or removed here: left as they are")
        if is_dry_run:
            self.stdout.write("A dry run: nothing of this was kept.")


def _progress(rows: Any) -> Any:
    return tqdm(rows, unit=" rows", mininterval=1, disable=None)
