"""Sends one message, outside any transaction: writes its words from the facts of now, hands it over, settles."""

import logging
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.context import Source, surroundings

from . import actions, letters
from .letters import Letter, NoLongerNeeded, NothingLeft
from .letters.letter import link
from .models import MailSettings, Message
from .topics import Delivery, Topic, deliveries_of

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

TIME_TO_ACT = timedelta(days=1)
"""What has to be done sooner than this after a digest does not wait for it."""
AUTOMATIC = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
"""Asks mail programs not to answer that somebody is away (RFC 3834, and what Exchange understands)."""


def perform(message: Message, *, clock: Clock = timezone.now) -> None:
    """Send a claimed message and settle it, at the times that `clock` tells.

    Nothing that goes wrong on the way is raised.
    """
    with surroundings(source=Source.WORKER, correlation_id=message.correlation_id):
        try:
            _perform(message, clock=clock)
        except outbox.LeaseLostError as error:
            logger.warning("%s; its outcome is left to them.", error)


def _perform(message: Message, *, clock: Clock) -> None:
    try:
        address = _address(message)
        letter = letters.write(message, now=clock())
        if digest_at := _put_off(message, letter, now=clock()):
            actions.keep_for_digest(message=message, digest_at=digest_at, now=clock())
            return
        _check_lease(message, now=clock())
        _mail(message, letter, address=address).send()
    except outbox.LeaseLostError:
        raise
    except NothingLeft as reason:
        actions.settle_withheld(message=message, because=str(reason), parts=reason.parts, now=clock())
    except NoLongerNeeded as reason:
        actions.settle_withheld(message=message, because=str(reason), now=clock())
    except Exception as error:  # noqa: BLE001 - whatever it is: the row says it, is tried again, and gets stuck in the open
        said = _in_words(error)
        logger.warning("Message %s was not sent: %s", message.pk, said)
        actions.settle_failed(message=message, error=said, is_final=_is_final(error), now=clock())
    else:
        actions.settle_sent(message=message, letter=letter, sent_to=address, now=clock())


def perform_all_due(*, now: datetime) -> int:
    """Send everything that is due at `now`, one after the other and as if it were `now`; returns how many.

    For commands and tests.
    """
    return outbox.drain(Message.objects.with_recipients(), perform=partial(perform, clock=lambda: now), now=now)


def _put_off(message: Message, letter: Letter, *, now: datetime) -> datetime | None:
    """When the reader's digest is due in which this may wait; None where it goes at once.

    What has to be decided within a day of that digest does not wait. Raises NoLongerNeeded where the reader wants none.
    """
    chosen: MailSettings | None = getattr(message.recipient, "mail_settings", None)
    delivery = chosen.delivery_of(letter.topic) if chosen else Delivery.AT_ONCE
    if chosen is None or delivery == Delivery.AT_ONCE:
        return None
    if delivery == Delivery.OFF:
        raise NoLongerNeeded(_("%(person)s wants no mails about this.") % {"person": message.recipient})
    digest_at = chosen.next_digest(now)
    is_too_late = letter.act_by is not None and letter.act_by <= digest_at + TIME_TO_ACT
    return None if is_too_late else digest_at


def _check_lease(message: Message, *, now: datetime) -> None:
    """Somebody may have it already whose lease began when ours ran out: what was sent cannot be taken back."""
    if message.leased_until is None or message.leased_until <= now:
        raise outbox.LeaseLostError(f"The lease of message {message.pk} ran out before it was sent")


def _address(message: Message) -> str:
    """Where it goes. Raises NoLongerNeeded where it can go nowhere, and ValidationError where that is no address."""
    person = message.recipient
    if not person.is_active:
        raise NoLongerNeeded(_("%(person)s is disabled.") % {"person": person})
    if not person.email:
        raise NoLongerNeeded(_("%(person)s has no e-mail address.") % {"person": person})
    validate_email(person.email)
    return person.email


def _mail(message: Message, letter: Letter, *, address: str) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=letter.sender,
        to=[address],
        headers={
            **AUTOMATIC,
            **_way_out(letter),
            "Message-ID": message.message_id,
            "References": message.thread_id,
        },
    )
    mail.attach_alternative(letter.html, "text/html")
    return mail


def _way_out(letter: Letter) -> dict[str, str]:
    """What mail programs offer to whoever wants no more of these (RFC 2369), where one may choose that.

    It leads to a page that asks to sign in. There is no such link for programs alone (RFC 8058): mails are forwarded.
    """
    if Delivery.OFF not in deliveries_of(letter.topic) and letter.topic != Topic.DIGEST:
        return {}
    return {"List-Unsubscribe": f"<{link('notifications:settings')}>"}


def _is_final(error: Exception) -> bool:
    """Whether it fails every time: the address is none, or the server refused for good (5xx, RFC 5321, 4.2.1)."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return all(code >= 500 for code, _said in error.recipients.values())
        case smtplib.SMTPDataError():
            return error.smtp_code >= 500
        case _:
            return isinstance(error, ValidationError)


def _in_words(error: Exception) -> str:
    """What the server said, readably, else what went wrong."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return "; ".join(_answer(code, said) for code, said in error.recipients.values())
        case smtplib.SMTPResponseException():
            return _answer(error.smtp_code, error.smtp_error)
        case ValidationError():
            return " ".join(error.messages)
        case _:
            return f"{type(error).__name__}: {error}"


def _answer(code: int, said: bytes | str) -> str:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {words}"
