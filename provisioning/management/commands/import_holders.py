"""`manage.py import_holders SYSTEM FILE [--as-of MOMENT]`: take in a list of who holds what in a system."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from directory.imports import ImportRefused
from provisioning import actions
from provisioning.holder_files import read_holders
from provisioning.models import Connector


class Command(BaseCommand):
    """Take in a list of who holds what."""

    help = "Take in a list of who holds what in a system that is looked after by hand: the whole file, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("system", metavar="SYSTEM", help="short name of the target system")
        parser.add_argument("file", type=Path, help="CSV: username, mail or employee_number; resource; role")
        parser.add_argument("--as-of", type=_moment, default=None, help="when it was so, in ISO 8601; now, if left out")

    def handle(self, **options: Any) -> None:
        connector = Connector.objects.select_related("system").filter(system__slug=options["system"]).first()
        if connector is None:
            raise CommandError(f"No connected system has the short name {options['system']}.")
        now = timezone.now()
        try:
            found = read_holders(options["file"], connector=connector)
            kept = actions.take_in_holders(
                connector=connector,
                known_by=found.known_by,
                holders=found.holders,
                made_at=options["as_of"] or now,
                actor=None,
                now=now,
            )
        except ImportRefused as refusal:
            self.stderr.write("\n".join(map(str, refusal.bad_rows)))
            raise CommandError(str(refusal)) from refusal
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{connector}: {kept.rows} rows taken in; the next reconciliation reads them.")


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None:
        raise ValueError(text)
    return found if found.tzinfo else timezone.make_aware(found)
