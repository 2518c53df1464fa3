"""`manage.py demo`: the invented organisation on the loopback interface, with everything that it needs."""

import secrets
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from accessgov import serving
from accessgov.celery import app as celery_app
from accessgov.embedded import Embedded
from demo import application, seed
from demo.furnishing import CRM_GROUPS
from demo.furnishing import Application as ApplicationFacts

OWN_DATABASE = settings.VAR_DIR / "demo.sqlite3"


class Command(BaseCommand):
    """Set the demo up where it is not yet, and serve it."""

    help = "An invented organisation to try AccessGov with, on 127.0.0.1; data are kept until --reset."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reset", action="store_true", help="forget everything that was done in it, and begin anew"
        )

    def handle(self, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is for the demo only: anybody may sign in as anybody there. Use `make demo`.")
        try:
            serving.refuse_taken_port(host=serving.LOOPBACK, port=settings.PORT)
            lock = serving.hold_database()
            self._prepare(is_reset=options["reset"])
            serving.serve(
                host=serving.LOOPBACK,
                port=settings.PORT,
                companions=[application.Application(), Embedded()],
                announce=self._announce,
            )
            lock.close()
        except (serving.CannotServe, application.CannotStart) as reason:
            raise CommandError(str(reason)) from reason

    def _prepare(self, *, is_reset: bool) -> None:
        if is_reset:
            _forget()
        call_command("migrate", verbosity=0, interactive=False)
        if seed.is_complete():
            return
        if not seed.is_empty():
            self._say("The last set-up was interrupted, so it begins anew.")
            _forget()
            call_command("migrate", verbosity=0, interactive=False)
        self._seed()

    def _seed(self) -> None:
        from demo import scim_app  # loads a SCIM server, for which a later start has no use

        began = time.monotonic()
        self._say("Setting up an invented organisation with a year of history, once:")
        application.forget()
        token = secrets.token_urlsafe(24)
        with application.running(token, groups=CRM_GROUPS) as address:
            groups = scim_app.ensure_groups(address, token, list(CRM_GROUPS))
            facts = ApplicationFacts(base_url=address, token=token, groups=groups)
            seed.seed(application=facts, now=timezone.now(), say=self._say)
        celery_app.control.purge()  # hints at work that is done already
        self._say(f"Done in {time.monotonic() - began:.0f} seconds.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _announce(self) -> None:
        address = f"http://{serving.LOOPBACK}:{settings.PORT}"
        self._say(
            f"\n  AccessGov's demo is ready: {address}\n"
            f"  Sign in as anybody:        {address}{reverse('demo:people')}\n\n"
            "  To begin with, sign in as Nadia Okonjo and ask for “Sales Representative: Starter Kit”;\n"
            "  then sign in as Tomás Arrieta, her manager, and approve it.\n\n"
            f"  Data are kept in {settings.VAR_DIR}. Ctrl-C stops everything; `make demo-reset` begins anew.\n"
        )


def _forget() -> None:
    """Remove the demo's own files, and no others."""
    database = settings.DATABASES["default"]
    if Path(str(database["NAME"])) != OWN_DATABASE:
        raise CommandError(
            "The demo removes only its own database, and DATABASE_URL names another one: empty it yourself."
        )
    connections.close_all()
    for end in ("", "-wal", "-shm"):
        OWN_DATABASE.with_name(OWN_DATABASE.name + end).unlink(missing_ok=True)
    application.forget()
