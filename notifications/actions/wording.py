"""What administrators decide about mails: what letters say, and how all of them look."""

from datetime import datetime
from difflib import unified_diff

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from audit import journal
from audit.changes import changes, facts_of
from directory.models import User

from .. import events
from ..letters import Template, samples
from ..letters.wordings import check
from ..letters.writing import original_words, words_for
from ..models import Branding, Occasion, Wording
from ..models.branding import LOOKS, THE_ONE
from ..permissions import can_word_letters
from .queueing import Notice, queue


@transaction.atomic
def save_wording(
    *, template: Template, language: str, subject: str, body: str, actor: User, now: datetime
) -> Wording | None:
    """Have a letter say this in a language; None where that is what it says originally.

    Raises PermissionDenied, and ValidationError naming every line that has a fault.
    """
    _require_right(actor)
    words = subject.strip(), _with_plain_line_ends(body)
    check(template, *words)
    if words == original_words(template, language=language):
        reset_wording(template=template, language=language, actor=actor, now=now)
        return None
    before = words_for(template, language=language)
    said = {"subject": words[0], "body": words[1]}
    row = Wording(occasion=template.occasion, language=language, **said)
    row.full_clean(validate_unique=False, validate_constraints=False)
    row, _is_new = Wording.objects.update_or_create(occasion=template.occasion, language=language, defaults=said)
    if before != words:
        _tell(row, events.WORDING_CHANGED, actor=actor, now=now, details=_difference(before, words))
    return row


@transaction.atomic
def reset_wording(*, template: Template, language: str, actor: User, now: datetime) -> bool:
    """Have a letter say what it says originally; False where it does. Raises PermissionDenied."""
    _require_right(actor)
    row = _locked(template, language=language)
    if row is None:
        return False
    original = original_words(template, language=language)
    details = _difference((row.subject, row.body), original)
    _tell(row, events.WORDING_RESET, actor=actor, now=now, details=details)
    row.delete()
    return True


@transaction.atomic
def save_branding(*, branding: Branding, actor: User, now: datetime) -> Branding:
    """Change how mails look. Raises PermissionDenied and ValidationError."""
    _require_right(actor)
    before = facts_of(Branding.objects.select_for_update().filter(pk=THE_ONE).first() or Branding())
    branding.full_clean(validate_unique=False, validate_constraints=False)
    looks = {name: getattr(branding, name) for name in LOOKS}
    Branding.objects.update_or_create(pk=THE_ONE, defaults=looks)
    if details := changes(before, facts_of(branding)):
        journal.record(events.BRANDING_CHANGED, actor=actor, target=branding, at=now, details=details)
    return branding


@transaction.atomic
def send_test(*, template: Template, language: str, actor: User, now: datetime) -> None:
    """Send the letter, as it is saved and with invented facts, to oneself. Raises PermissionDenied."""
    _require_right(actor)
    about = samples.sample_id(template.occasion, language)
    notice = Notice(actor.pk, Occasion.TEST, reference=about, correlation_id=uuid7(), once_per=str(uuid7()))
    queue([notice], now=now)


def _require_right(actor: User) -> None:
    if not can_word_letters(actor):
        raise PermissionDenied(_("Only administrators decide what mails say."))


def _locked(template: Template, *, language: str) -> Wording | None:
    rows = Wording.objects.select_for_update().filter(occasion=template.occasion, language=language)
    return rows.first()


def _difference(before: tuple[str, str], after: tuple[str, str]) -> dict[str, object]:
    """Details of an event: the subjects, and the lines of the text that came and went."""
    lines = list(unified_diff(before[1].splitlines(), after[1].splitlines(), lineterm="", n=1))[2:]
    changed = [_("subject")] if before[0] != after[0] else []
    changed += [_("text")] if lines else []
    return {"changed": ", ".join(changed), "subject": [before[0], after[0]], "text": lines}


def _tell(row: Wording, verb: str, *, actor: User, now: datetime, details: dict[str, object]) -> None:
    named = {"letter": row.letter, "language": str(row.get_language_display())}
    journal.record(verb, actor=actor, target=row, at=now, details={**details, **named})


def _with_plain_line_ends(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
