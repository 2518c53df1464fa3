"""`manage.py reprocess --package ID`: delivers once more what reasons give, or says what that would change."""

import csv
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Model
from django.utils import timezone

from audit.exports import guarded
from catalog.models import AccessPackage, TargetSystem
from requests_app import actions
from requests_app.lifecycle import IllegalMove
from requests_app.models import AccessRequest, Assignment
from requests_app.rehearsing import Line, Step, rehearse_assignments, rehearse_package, rehearse_system

HEADINGS = ("system", "role", "person", "wanted", "there", "what would be done")


class Command(BaseCommand):
    """Put in place again what an assignment, a request, a package or a system gives."""

    help = "Put everything in place again that an assignment, a request, a package or a connector gives."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--assignment", metavar="ID")
        what.add_argument("--request", metavar="ID")
        what.add_argument("--package", metavar="ID", help="for everybody who has it, in batches")
        what.add_argument("--connector", metavar="SLUG", help="the short name of its target system; in batches")
        parser.add_argument("--why", default="", help="kept by the journal; needed for packages and connectors")
        parser.add_argument("--dry-run", action="store_true", help="list what would change, and change nothing")
        parser.add_argument("--format", choices=("text", "csv"), default="text", help="of the dry run")

    def handle(self, **options: Any) -> None:
        thing = self._find(options)
        if options["dry_run"]:
            self._list(_rehearsed(thing), is_csv=options["format"] == "csv")
            return
        try:
            self.stdout.write(_reprocess(thing, why=options["why"]))
        except (IllegalMove, ValidationError) as refusal:
            raise CommandError(" ".join(getattr(refusal, "messages", [str(refusal)]))) from refusal

    def _find(self, options: dict[str, Any]) -> Model:
        if slug := options["connector"]:
            return _one(TargetSystem, slug=slug)
        if pk := options["package"]:
            return _one(AccessPackage, pk=pk)
        if pk := options["assignment"]:
            return _one(Assignment, pk=pk)
        assignment = _one(AccessRequest, pk=options["request"]).assignment
        if assignment is None:
            raise CommandError("Nothing was given for this request.")
        return assignment

    def _list(self, lines: Iterator[Line], *, is_csv: bool) -> None:
        counts = dict.fromkeys(Step, 0)
        writer = csv.writer(self.stdout, lineterminator="\n")
        if is_csv:
            writer.writerow(HEADINGS)
        for line in lines:
            counts[line.step] += 1
            if is_csv:
                writer.writerow([guarded(cell) for cell in line.cells])
            else:
                self.stdout.write(" · ".join(line.cells))
        said = ", ".join(f"{step.value}: {count}" for step, count in counts.items())
        (self.stderr if is_csv else self.stdout).write(f"{said}. Nothing was changed.")


def _one(model: Any, **wanted: str) -> Any:
    try:
        return model.objects.get(**wanted)
    except (model.DoesNotExist, ValidationError) as error:
        [(name, value)] = wanted.items()
        raise CommandError(f"There is no {model._meta.verbose_name} whose {name} is {value}.") from error


def _rehearsed(thing: Model) -> Iterator[Line]:
    if isinstance(thing, AccessPackage):
        return rehearse_package(thing)
    if isinstance(thing, TargetSystem):
        return rehearse_system(thing)
    return rehearse_assignments([thing.pk])


def _reprocess(thing: Any, *, why: str) -> str:
    now = timezone.now()
    if isinstance(thing, Assignment):
        return f"{actions.reprocess(assignment=thing, actor=None, now=now)} is being delivered again."
    if isinstance(thing, AccessPackage):
        row = actions.reprocess_package(package=thing, actor=None, why=why, now=now)
    else:
        row = actions.reprocess_system(system=thing, actor=None, why=why, now=now)
    return f"{row.in_words}: {row.total} to be done by the workers, in batches."
