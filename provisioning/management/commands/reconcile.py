"""`manage.py reconcile [SYSTEM] [--dry-run]`: compare systems with what is wanted, now and here."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accessgov.outbox import WorkStatus
from provisioning import actions, reconciling
from provisioning.connectors.base import ConnectorError
from provisioning.lifecycle import IllegalMove
from provisioning.models import Connector, DriftCase, Reconciliation


class Command(BaseCommand):
    """Compare systems with what is wanted."""

    help = "Compare systems with what is wanted: what differs becomes cases, or is only printed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("system", nargs="?", metavar="SYSTEM", help="short name of a target system; all, if none")
        parser.add_argument("--dry-run", action="store_true", help="print what differs, and keep nothing of it")

    def handle(self, **options: Any) -> None:
        failed = [row for row in self._connectors(options["system"]) if not self._compare(row, options["dry_run"])]
        if failed:
            raise CommandError(f"Not compared: {', '.join(map(str, failed))}.")

    def _connectors(self, slug: str | None) -> list[Connector]:
        rows = Connector.objects.select_related("system").order_by("system__name")
        found = list(rows.filter(system__slug=slug) if slug else rows.filter(is_enabled=True))
        if slug and not found:
            raise CommandError(f"No connected system has the short name {slug}.")
        return found

    def _compare(self, row: Connector, is_dry_run: bool) -> bool:
        """Whether all of it was read; one system's trouble holds up no other's."""
        try:
            return self._look_ahead(row) if is_dry_run else self._run(row)
        except (ConnectorError, IllegalMove) as error:
            self.stderr.write(f"{row}: {error}")
            return False

    def _look_ahead(self, row: Connector) -> bool:
        count = 0
        for case in reconciling.preview(row):
            self.stdout.write(case.sentence)
            count += 1
        self.stdout.write(f"{row}: {count} new differences. A dry run: nothing of this was kept.")
        return True

    def _run(self, row: Connector) -> bool:
        run = actions.start_reconciliation(connector=row, actor=None, now=timezone.now())
        reconciling.work_off(run.pk)
        run = Reconciliation.objects.get(pk=run.pk)
        for case in DriftCase.objects.with_names().filter(run=run).order_by("pk").iterator(chunk_size=1000):
            self.stdout.write(case.sentence)
        self.stdout.write(
            f"{row}: {run.holders} holders of {run.roles} roles; {run.missing} missing, {run.extra} added outside, "
            f"{run.unknown} accounts of nobody here; {run.closed} cases closed."
        )
        if problem := run.remark or run.last_error:
            self.stderr.write(f"{row}: {problem}")
        return run.status == WorkStatus.DONE
