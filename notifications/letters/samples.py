"""Letters with invented facts: for the preview of a wording, and for the test that administrators send themselves."""

from dataclasses import replace
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.utils.translation import gettext as _

from directory.models import User

from ..models import Branding, Message, Occasion
from ..topics import Topic
from .letter import Draft, Letter, NoLongerNeeded, Part
from .roles import System
from .template import TEMPLATES, Template
from .writing import compose, speaking, words_for

OCCASIONS = (Occasion.TEST,)


def sample(
    template: Template,
    *,
    recipient: User,
    language: str,
    words: tuple[str, str] | None = None,
    brand: Branding | None = None,
) -> Letter:
    """A letter with examples in place of the facts; `words` are subject and body, else those that hold now."""
    with speaking(language):
        return compose(
            template,
            _draft(template),
            recipient=recipient,
            words=words or words_for(template, language=language),
            brand=brand or Branding.current(),
        )


def sample_id(occasion: str, language: str) -> UUID:
    """What a message refers to that is a test of this letter in this language."""
    return uuid5(NAMESPACE_URL, f"{occasion}/{language}")


def write(message: Message) -> Letter:
    """The test of a letter, of which its subject says that it is one. Raises NoLongerNeeded."""
    for template in TEMPLATES.values():
        for language, _name in settings.MAIL_LANGUAGES:
            if sample_id(template.occasion, language) == message.reference:
                subject, body = words_for(template, language=language)
                words = (_("Test: %(subject)s") % {"subject": subject}, body)
                tested = sample(template, recipient=message.recipient, language=language, words=words)
                return replace(tested, topic=Topic.DIGEST)  # which comes at once, whatever its reader chose
    raise NoLongerNeeded(_("There is no such letter any more."))


def _draft(template: Template) -> Draft:
    return Draft(
        values=template.examples,
        summary=_("The first words, as a list of mails shows them."),
        button=_("See the page"),
        url=settings.BASE_URL + "/",
        because=_("You get this because of the reason that stands here."),
        facts=[
            (_("For"), "Rita Lindgren (Sales Representative, Sales EMEA)"),
            (_("Package"), "Sales Analytics (Sales)"),
            (_("For how long"), _("30 days")),
            (_("Why"), _("I report on March.")),
        ],
        systems=[System("Directory", "", [(_("Member of Sales Dashboards"), "")])],
        parts=(Part(Message(), _entry()),) if template.occasion == Occasion.DIGEST else (),
    )


def _entry() -> Letter:
    return Letter(
        subject=_("Rita Lindgren asks for Sales Analytics: please decide by 5 Dec 2026"),
        text="",
        html="",
        topic=Topic.DECISIONS,
        sender="",
        summary=_("I report on March."),
        button=_("Decide on this request"),
        url=settings.BASE_URL + "/",
    )
