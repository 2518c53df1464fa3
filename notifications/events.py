"""The verbs that notifications record."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

MESSAGE_SENT = define("message.sent", _("{person} was told by mail: {subject}"))
MESSAGE_STUCK = define("message.stuck", _("A mail to {person} was given up after {attempts} attempts: {error}"))
WORDING_CHANGED = define("mail_wording.changed", _("{actor} changed the wording of “{letter}” ({language}): {changed}"))
WORDING_RESET = define(
    "mail_wording.reset", _("{actor} put the wording of “{letter}” ({language}) back to the original")
)
BRANDING_CHANGED = define("mail_branding.changed", _("{actor} changed how mails look: {changed}"))
CHOICES_CHANGED = define("mail_choices.changed", _("{actor} changed which mails they get and when: {changed}"))
MESSAGE_RETRIED = define("message.retried", _("{actor} put a mail to {person} back to work"))
