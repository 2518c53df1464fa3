"""The verbs that notifications record."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

MESSAGE_SENT = define("message.sent", _("{person} was told by mail: {subject}"))
MESSAGE_STUCK = define("message.stuck", _("A mail to {person} was given up after {attempts} attempts: {error}"))
MESSAGE_RETRIED = define("message.retried", _("{actor} put a mail to {person} back to work"))
