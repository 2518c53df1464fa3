"""The form fields of a webhook's configuration: templates, statuses, pointers, each checked where it is typed."""

import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from . import webhook_pointers as pointers
from . import webhook_templates as templates

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
OURS = {
    *("accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "idempotency-key"),
    *("proxy-authorization", "te", "transfer-encoding", "upgrade", "user-agent"),
    *("webhook-id", "webhook-signature", "webhook-timestamp"),
}
"""Headers that AccessGov sets itself, or that would show a secret on the page."""
STATUS = re.compile(r"([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?")


class WithDefault(forms.Field):
    """A field that falls back on its first value where the configuration does not name it at all."""

    def clean(self, value: Any) -> Any:
        return super().clean(self.initial if value is None else value)


class ChoiceField(WithDefault, forms.ChoiceField):
    """One of a few."""


class TextField(WithDefault, forms.CharField):
    """One line."""


class HeaderNameField(TextField):
    """The name of a header."""

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not HEADER_NAME.fullmatch(value):
            raise ValidationError(_("“%(name)s” is no name of a header."), params={"name": value})


class TemplateField(WithDefault, forms.CharField):
    """A text with placeholders from a fixed list."""

    def __init__(self, *, allowed: tuple[str, ...], **given: Any) -> None:
        self.allowed = allowed
        super().__init__(**given)

    def check_names(self, text: str) -> None:
        """Raises ValidationError with the name that is unknown."""
        try:
            templates.check(text, allowed=self.allowed)
        except templates.UnknownPlaceholderError as error:
            raise ValidationError(
                _("{%(name)s} is not known here. These are: %(allowed)s."),
                code="unknown_placeholder",
                params={"name": error.args[0], "allowed": ", ".join(f"{{{name}}}" for name in self.allowed) or "–"},
            ) from None


class PathField(TemplateField):
    """A path below the connector's address."""

    def validate(self, value: str) -> None:
        super().validate(value)
        self.check_names(value)
        plain = templates.PLACEHOLDER.sub("x", value)
        if any(mark in plain for mark in "{}"):
            raise ValidationError(_("A brace in a path must belong to a placeholder, as in {person.username}."))
        if "://" in plain or plain.startswith("//") or re.search(r"[\s\\#]|[^\x20-\x7e]", plain):
            raise ValidationError(
                _("Write a path below the connector's address, as /groups/{role.id}/members, percent-encoded.")
            )
        if any(part in (".", "..") for part in plain.partition("?")[0].split("/")):
            raise ValidationError(_("A path must not lead upwards: leave out “.” and “..”."))


class BodyField(TemplateField):
    """A JSON document whose strings may hold placeholders."""

    widget = forms.Textarea(attrs={"rows": 3})

    def validate(self, value: str) -> None:
        super().validate(value)
        if not value:
            return
        try:
            document = json.loads(value)
        except (ValueError, RecursionError) as error:
            where = getattr(error, "lineno", 1)
            raise ValidationError(
                _('Line %(line)d: this is not JSON. A placeholder stands inside quotes: "{person.username}".'),
                params={"line": where},
            ) from None
        for text in templates.strings(document):
            self.check_names(text)
        for name in templates.member_names(document):
            if templates.placeholders(name):
                raise ValidationError(
                    _("“%(name)s”: placeholders stand in values, not in names."), params={"name": name}
                )


class HeadersField(TemplateField):
    """Headers, one on each line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def validate(self, value: str) -> None:
        super().validate(value)
        self.check_names(value)
        for number, line in enumerate(value.splitlines(), 1):
            name, colon, _content = line.partition(":")
            if line.strip() and not (colon and HEADER_NAME.fullmatch(name.strip())):
                raise ValidationError(_("Line %(line)d: write a header as “Name: value”."), params={"line": number})
            if name.strip().lower() in OURS:
                raise ValidationError(
                    _("Line %(line)d: %(name)s is set by AccessGov; tokens and passwords are entered as secrets."),
                    params={"line": number, "name": name.strip()},
                )
            if not line.isascii():
                raise ValidationError(_("Line %(line)d: a header is ASCII."), params={"line": number})


class StatusesField(TextField):
    """HTTP statuses and ranges of them, with commas: 200-299, 304."""

    def validate(self, value: str) -> None:
        super().validate(value)
        for word in filter(None, (part.strip() for part in value.split(","))):
            if not STATUS.fullmatch(word):
                raise ValidationError(
                    _("“%(word)s” is no HTTP status: write them as 200-299, 304."), params={"word": word}
                )


class PointerField(TextField):
    """A JSON pointer."""

    def validate(self, value: str) -> None:
        super().validate(value)
        if not pointers.is_pointer(value):
            raise ValidationError(
                _("“%(text)s” is no JSON pointer: it begins with a slash, as /data/members; empty is everything."),
                params={"text": value},
            )


def statuses(text: str) -> frozenset[int]:
    """The statuses that a StatusesField holds."""
    found = (STATUS.fullmatch(part.strip()) for part in text.split(","))
    ranges = ((int(one[1]), int(one[2] or one[1])) for one in found if one)
    return frozenset(status for first, last in ranges for status in range(first, last + 1))


def headers(text: str) -> dict[str, str]:
    """The headers that a HeadersField holds, as templates."""
    parts = (line.partition(":") for line in text.splitlines() if line.strip())
    return {name.strip(): value.strip() for name, _colon, value in parts}
