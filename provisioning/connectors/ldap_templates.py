"""How the entry of a new account is written: a DN and attributes with what is known of a person in braces."""

import string
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from directory.models import User

ESCAPED_IN_DN = ',+"\\<>;= #'
"""RFC 4514, section 2.4; escaped wherever they stand, which is always right."""


class TemplateError(Exception):
    """The template is wrong; `str()` says how."""


def known_of(person: User) -> dict[str, str]:
    """What a template may say of a person."""
    return {
        "username": person.username,
        "email": person.email,
        "name": str(person),
        "first_name": person.first_name,
        "last_name": person.last_name or str(person),
        "employee_number": person.employee_number or "",
        "job_title": person.job_title,
        "department": person.department,
        "company": person.company,
    }


EXAMPLE = dict.fromkeys(known_of(User(username="x")), "x")


def render_dn(template: str, known: Mapping[str, str] = EXAMPLE) -> str:
    """The DN, with what is filled in escaped. Raises TemplateError."""
    parts = _parts(template)
    if not any(name for _text, name in parts):
        raise TemplateError(_("Without a {username} or the like every account would have the same DN."))
    if missing := [name for _text, name in parts if name and not known[name]]:
        raise TemplateError(_("%(name)s is not known of this person.") % {"name": missing[0]})
    return "".join(text + escape_dn_value(known[name] if name else "") for text, name in parts)


def render_attributes(template: str, known: Mapping[str, str]) -> dict[str, list[str]]:
    """The attributes, without those that nothing is known for. Raises TemplateError."""
    found: dict[str, list[str]] = {}
    for attribute, value in parse_attributes(template):
        parts = _parts(value)
        if all(known[name] for _text, name in parts if name):
            found.setdefault(attribute, []).append("".join(t + (known[name] if name else "") for t, name in parts))
    return found


def parse_attributes(template: str) -> list[tuple[str, str]]:
    """The lines `attribute: value`. Raises TemplateError."""
    lines = [line.partition(":") for line in template.splitlines() if line.strip()]
    for attribute, colon, value in lines:
        if not (colon and attribute.strip() and value.strip()):
            raise TemplateError(_("Write each line like cn: {name}, not “%(line)s”.") % {"line": attribute + colon})
        _parts(value)
    return [(attribute.strip(), value.strip()) for attribute, _colon, value in lines]


def escape_dn_value(value: str) -> str:
    """The value as it may stand in a DN."""
    return "".join(f"\\{char}" if char in ESCAPED_IN_DN else _control(char) for char in value)


def _control(char: str) -> str:
    return f"\\{ord(char):02x}" if ord(char) < ord(" ") else char


def _parts(template: str) -> list[tuple[str, str]]:
    """What stands in the template before each name in braces, and the name."""
    try:
        found = [(text, name) for text, name, _spec, _how in string.Formatter().parse(template)]
    except ValueError:
        raise TemplateError(_("A brace is not closed, or too many are.")) from None
    unknown: Iterable[str] = (name for _text, name in found if name is not None and name not in EXAMPLE)
    for name in unknown:
        raise TemplateError(
            _("{%(name)s} is not known: there is %(names)s.")
            % {"name": name, "names": ", ".join(f"{{{each}}}" for each in EXAMPLE)}
        )
    return [(text, name or "") for text, name in found]
