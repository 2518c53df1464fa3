"""`manage.py serve`: web, worker and beat in one process, for development and small installations."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accessgov import serving
from accessgov.embedded import Embedded


class Command(BaseCommand):
    """Start the web server with Celery's worker and beat in it."""

    help = "Serve the pages, with worker and beat in the same process; Ctrl-C stops all. Migrate first."
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=serving.LOOPBACK, help="the address to listen on (%(default)s)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="the port (%(default)s, or PORT)")

    def handle(self, **options: Any) -> None:
        host, port = options["host"], options["port"]
        try:
            lock = serving.hold_database()
            serving.serve(host=host, port=port, companions=[Embedded()], announce=lambda: self._announce(host, port))
            lock.close()
        except serving.CannotServe as reason:
            raise CommandError(str(reason)) from reason

    def _announce(self, host: str, port: int) -> None:
        self.stdout.write(f"AccessGov answers at http://{host}:{port}  (Ctrl-C stops it, its worker and its beat)")
        self.stdout.flush()
