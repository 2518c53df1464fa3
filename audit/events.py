"""The verbs that the journal records about itself."""

from django.utils.translation import gettext_lazy as _

from .verbs import define

JOURNAL_EXPORTED = define("journal.exported", _("{actor} exported the journal as {format}: {criteria}"))
