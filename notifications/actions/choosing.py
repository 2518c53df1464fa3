"""What people choose for themselves: their mail's language, what comes when, and what not at all."""

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Facts, changes
from directory.actions import lock_people
from directory.models import User

from .. import events
from ..models import MailSettings, Message
from ..topics import CHOOSABLE, Delivery, deliveries_of


@transaction.atomic
def choose(
    *, actor: User, language: str, digest_hour: int, deliveries: Mapping[str, str], now: datetime
) -> MailSettings:
    """Choose for oneself; what waits for a digest is told by the new choice.

    Raises PermissionDenied for somebody disabled, and ValidationError where somebody would not hear of what waits for
    them, or where a language, an hour or a topic does not exist.
    """
    person = lock_people([actor.pk])[actor.pk]
    if not person.is_active:
        raise PermissionDenied(_("Disabled people get no mail."))
    _check(deliveries)
    row = MailSettings.objects.filter(person=person).first() or MailSettings(person=person)
    before = _facts(row)
    row.language, row.digest_hour = language, digest_hour
    row.deliveries = {topic: said for topic, said in deliveries.items() if said != deliveries_of(topic)[0]}
    row.full_clean(validate_unique=False)
    row.save()
    if details := changes(before, _facts(row)):
        journal.record(events.CHOICES_CHANGED, actor=actor, target=person, person=person, at=now, details=details)
        Message.objects.uncollected().filter(recipient=person).update(digest_at=None, due_at=now)
    return row


def _check(deliveries: Mapping[str, str]) -> None:
    for topic, delivery in deliveries.items():
        if topic not in CHOOSABLE:
            raise ValidationError(_("There is no choice about “%(topic)s”.") % {"topic": topic})
        if delivery not in deliveries_of(topic):
            raise ValidationError({topic: _("Somebody has to act on these: they cannot be switched off.")})


def _facts(row: MailSettings) -> Facts:
    chosen = {topic.value: (str(topic.label), str(Delivery(row.delivery_of(topic)).label)) for topic in CHOOSABLE}
    return {
        "language": (_("language"), row.get_language_display() or "—"),
        "digest_hour": (_("hour of the daily digest"), f"{row.digest_hour:02d}:00 UTC"),
        **chosen,
    }
