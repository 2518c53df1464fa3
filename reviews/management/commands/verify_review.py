"""`manage.py verify_review CAMPAIGN`: hashes a frozen population again, and compares it with what the journal has."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reviews.models import Campaign
from reviews.verifying import verify


class Command(BaseCommand):
    """Say whether a campaign's population is what it was when reviewers began."""

    help = "Hash a campaign's frozen population again, and compare it with what was kept and journalled."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("campaign", metavar="ID", help="of the campaign")

    def handle(self, *, campaign: str, **options: Any) -> None:
        try:
            found = verify(Campaign.objects.get(pk=campaign))
        except (Campaign.DoesNotExist, ValidationError) as error:
            raise CommandError(f"There is no campaign whose id is {campaign}.") from error
        self.stdout.write(f"{found.items} items, {found.digest}")
        if not found.is_whole:
            parts = ", ".join(str(number) for number in found.changed)
            where = (
                f"Changed, added or taken away in part {parts}."
                if parts
                else "The digest kept, or journalled, differs."
            )
            raise CommandError(f"The population is not what it was. {where}")
        self.stdout.write("The population is what it was, and the journal has its digest.")
