"""The check that asks for package names which say what they are for."""

import re

from django.utils.translation import gettext as _

FILLERS = {
    "access",
    "accpkg",
    "package",
    "pkg",
    "test",
    "new",
    "temp",
    "misc",
    "other",
    "general",
    "default",
    "untitled",
}
SHORTEST = 8
_LETTER, _REST = "[a-zß-ɏͰ-ӿ]", r"(\W|\d|_)"
TELLING_NAME = f"{_LETTER}{{2}}{_LETTER}*{_REST}(.*{_REST})?{_LETTER}{{2}}"
"""What a name has at least: two words. With SILENT_NAME the same question for a database, ignoring case."""
SILENT_NAME = f"^{_REST}*(({'|'.join(sorted(FILLERS))})({_REST}+|$))+$"
"""What a name that says nothing consists of."""


def objection_to(name: str) -> str:
    """Why this name does not describe an access package, in words; empty where it does.

    "Sales — Standard Access Package" describes; "AccPkg2", "test" and "Package 7" do not.
    """
    words = re.findall(r"[^\W\d_]{2,}", name.casefold())
    telling = [word for word in words if word not in FILLERS]
    if len(name.strip()) < SHORTEST or len(words) < 2:
        return _("Use at least two words that say for whom or for what it is, such as “Sales: Standard Access”.")
    if not telling:
        return _("Say for whom or for what it is: “%(name)s” fits any package.") % {"name": name}
    return ""
