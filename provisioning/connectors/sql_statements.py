"""What a configured SQL statement may be: one statement of the right kind, with parameters from a fixed list."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

ROLE = ("resource", "role", "role_name")
CHANGE = ("username", "email", "employee_number", "person_id", *ROLE, "key", "action")
READ = ("username", "email", "employee_number", "person_id", *ROLE)
CHANGING = ("INSERT", "UPDATE", "DELETE", "MERGE", "SELECT", "WITH")
READING = ("SELECT", "WITH", "VALUES", "TABLE")

TOKENS = re.compile(
    r"""
      (?P<quoted> [eE]'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
                | \$(?P<tag>[A-Za-z_][A-Za-z0-9_]*|)\$.*?\$(?P=tag)\$ )
    | (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<parameter> %\((?P<name>[^)]*)\)s )
    | (?P<percent> %% )
    | (?P<stray> % | ' | " | /\* )
    | (?P<end> ; )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def check(statement: str, *, kinds: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    """Raises ValidationError with the line where it is wrong."""
    ended_at = None
    for found in TOKENS.finditer(statement):
        line = statement.count("\n", 0, found.start()) + 1
        if ended_at is not None and found.lastgroup != "comment" and not found[0].isspace():
            raise _wrong(_("there is more than one statement"), line=line)
        _check_token(found, line=line, allowed=allowed)
        if found.lastgroup == "end":
            ended_at = line
    first = re.match(r"\s*([A-Za-z]*)", without_comments(statement))
    if first is None or first[1].upper() not in kinds:
        raise _wrong(_("it must begin with %(kinds)s") % {"kinds": ", ".join(kinds)}, line=1)


def _check_token(found: re.Match[str], *, line: int, allowed: tuple[str, ...]) -> None:
    text = found[0]
    if found["parameter"] and found["name"] not in allowed:
        names = ", ".join(f"%({name})s" for name in allowed) or "–"
        raise _wrong(
            _("%(name)s is not known here; these are: %(allowed)s") % {"name": text, "allowed": names}, line=line
        )
    if found["stray"] and text == "%":
        raise _wrong(_("a percent sign is written as %%, a parameter as %(username)s"), line=line)
    if found["stray"]:
        raise _wrong(_("a quote or a comment is not closed"), line=line)
    if (found["quoted"] or found["comment"]) and "%" in text.replace("%%", ""):
        raise _wrong(_("parameters stand outside quotes and comments, and a percent sign is written as %%"), line=line)


def without_comments(statement: str) -> str:
    """The statement with its comments as blanks."""
    return TOKENS.sub(lambda found: " " if found["comment"] else found[0], statement)


def as_prepared(statement: str) -> str:
    """The statement with numbered parameters, as the server understands it."""
    numbers: dict[str, int] = {}

    def replaced(found: re.Match[str]) -> str:
        if found["parameter"]:
            return f"${numbers.setdefault(found['name'], len(numbers) + 1)}"
        return found[0].replace("%%", "%")

    return TOKENS.sub(replaced, statement)


def _wrong(what: str, *, line: int) -> ValidationError:
    return ValidationError(_("Line %(line)d: %(what)s."), code="statement", params={"line": line, "what": what})


class StatementField(forms.CharField):
    """One SQL statement."""

    widget = forms.Textarea(attrs={"rows": 5})

    def __init__(self, *, kinds: tuple[str, ...], allowed: tuple[str, ...], **given: Any) -> None:
        self.kinds, self.allowed = kinds, allowed
        super().__init__(**given)

    def validate(self, value: str) -> None:
        super().validate(value)
        if value:
            check(value, kinds=self.kinds, allowed=self.allowed)
