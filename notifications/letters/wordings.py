"""What a wording must and must not hold before it takes the place of the original."""

from django.utils.translation import gettext as _

from . import markup
from .template import Template


def check(template: Template, subject: str, body: str) -> None:
    """Raises ValidationError, of `subject` and `body`, naming every line that has a fault."""
    markup.refuse(
        {
            "subject": _faults_of_subject(template, subject),
            "body": [*markup.faults_of(body, known=template.placeholders), *_missing(template, body)],
        }
    )


def _faults_of_subject(template: Template, subject: str) -> list[str]:
    if not subject.strip():
        return [_("Write a subject.")]
    if len(subject.splitlines()) > 1:
        return [_("A subject is one line.")]
    return list(markup.faults_of(subject, known=template.placeholders, is_subject=True))


def _missing(template: Template, body: str) -> list[str]:
    """What its readers could not do without."""
    named = markup.names_in(body)
    if not body.strip():
        return [_("Write a text.")]
    if template.is_action_required and not named & {"button", "link"}:
        return [_("Whoever gets this has to act: {button} or {link} must be in it.")]
    if "news" in template.placeholders and "news" not in named:
        return [_("Without {news} the digest tells nothing.")]
    return []
