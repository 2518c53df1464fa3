"""How a webhook's answers are read: what stands where in a JSON document, and where a long list goes on."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
from django.utils.translation import gettext as _

from . import matching
from . import webhook_pointers as pointers
from .aliases import Names
from .base import ConnectorError
from .webhook_options import Paging

NEXT_LINK = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next\b', re.IGNORECASE)


class Reader:
    """Reads answers as the connector's options say. Each method raises ConnectorError where it cannot."""

    def __init__(self, options: Mapping[str, Any], *, system: str, address: str) -> None:
        self._options = options
        self._system = system
        self._address = address

    def document(self, answer: httpx2.Response) -> Any:
        """The answer's JSON."""
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError):
            raise ConnectorError(
                _("%(system)s did not answer with JSON: check the path and the address in its connector.")
                % {"system": self._system}
            ) from None

    def boolean(self, document: Any, pointer: str) -> bool:
        """A true or false; anything else is neither."""
        found = self._found(document, pointer)
        if not isinstance(found, bool):
            raise self.not_understood(_("no true or false where one is looked for"))
        return found

    def items(self, document: Any, pointer: str) -> list[Any]:
        """A list."""
        found = self._found(document, pointer)
        if not isinstance(found, list):
            raise self.not_understood(_("no list at “%(where)s”") % {"where": pointer or "/"})
        return found

    def text(self, item: Any, pointer: str) -> str:
        """A string, or a number as one; empty where neither stands there."""
        found = self._found(item, pointer)
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""

    def name(self, item: Any) -> str:
        """By what the target names a holder."""
        return self.text(item, self._options["item_name"])

    def account(self, item: Any) -> str:
        """A holder's account id; their name where they have none."""
        if account_id := self.text(item, self._options["item_id"]) or self.name(item):
            return account_id
        raise self.not_understood(_("a holder without an id"))

    def is_of(self, person: Names, item: Any, *, account_id: str) -> bool:
        """Whether a holder is this person, by their account where it is known, or by their name."""
        if account_id and self.text(item, self._options["item_id"]) == account_id:
            return True
        return matching.is_same(self.name(item), matching.known_as(person, self._options["item_known_by"]))

    def link_to_next(self, answer: httpx2.Response, document: Any, *, url: str) -> str:
        """The address of the next page, empty where this is the last; only ever on the target's own server."""
        if self._options["paging"] != Paging.LINK:
            return ""
        if pointer := self._options["paging_pointer"]:
            link = self.text(document, pointer)
        else:
            found = NEXT_LINK.search(answer.headers.get("link", ""))
            link = found[1] if found else ""
        return self._on_our_server(urljoin(url, link)) if link else ""

    def mark(self, answer: httpx2.Response, *, url: str) -> bytes:
        """What tells one page from another: what is on it where we count, its address where links lead on."""
        counts = self._options["paging"] == Paging.NUMBER
        return hashlib.sha256(answer.content if counts else url.encode()).digest()

    def not_understood(self, what: str) -> ConnectorError:
        """The answer is not as the options say."""
        return ConnectorError(
            _("%(system)s answered with %(what)s: check in its connector how its answers are read.")
            % {"system": self._system, "what": what}
        )

    def _on_our_server(self, url: str) -> str:
        """The token goes nowhere but to whom an administrator entered."""
        ours, theirs = urlsplit(self._address), urlsplit(url)
        if (ours.scheme, ours.netloc.lower()) != (theirs.scheme, theirs.netloc.lower()):
            raise self.not_understood(_("a next page on another server (%(host)s)") % {"host": theirs.netloc})
        return url

    def _found(self, document: Any, pointer: str) -> Any:
        try:
            return pointers.look_up(document, pointer)
        except LookupError:
            return None
