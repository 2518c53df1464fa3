"""Messages, the words that administrators put in the place of ours, the look of mails, and what people chose."""

from .branding import Branding
from .choices import MailSettings
from .messages import NOTICES, Message, Occasion
from .wordings import Wording

__all__ = ["NOTICES", "Branding", "MailSettings", "Message", "Occasion", "Wording"]
