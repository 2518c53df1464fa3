"""The connector of any REST API: what is called, and how the answers read, comes from its configuration."""

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

import httpx2
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.choices import ResourceKind
from directory.models import User

from ..models import Connector as ConnectorRow
from . import base, matching
from .aliases import Aliases, Names
from .base import Capability, Connector, ConnectorError, Entitlement, FoundResource, FoundRole, Holder, Progress
from .remembering import is_somebody_elses, remember
from .webhook_answers import Reader
from .webhook_errors import is_page
from .webhook_fields import statuses
from .webhook_options import (
    CREATE,
    DISCOVER,
    GRANT,
    HOLDERS,
    READ,
    REVOKE,
    Call,
    Paging,
    Reading,
    WebhookOptions,
    names_used,
    uses_account,
)
from .webhook_requests import CREDENTIAL, Requests
from .webhook_templates import Values

MOST_PAGES = 10_000
OPTIONAL = {
    READ: Capability.READ_BACK,
    HOLDERS: Capability.HOLDERS,
    DISCOVER: Capability.DISCOVER,
    CREATE: Capability.CREATE_ACCOUNT,
}
"""What a connector can do where the call is configured."""


@cache
def _defaults() -> dict[str, Any]:
    return {name: field.initial or "" for name, field in WebhookOptions().fields.items()}


class Webhook(Connector):
    """A role is whatever the API's own ids say; each request is signed, and a change carries its key."""

    aliases: Aliases
    needs_address = True
    options_form = WebhookOptions
    secret_label = gettext_lazy("Signing secret")
    extra_secrets = {CREDENTIAL: gettext_lazy("Token or password")}

    def __init__(self, row: ConnectorRow, *, clock: base.Clock = timezone.now) -> None:
        super().__init__(row, clock=clock)
        self.options = {**_defaults(), **row.options}
        self.capabilities = frozenset(can for call, can in OPTIONAL.items() if self._has(call))
        self.aliases = Aliases(row, by=names_used(self.options))
        self._requests = Requests(row, self.options, clock=clock)
        self._reader = Reader(self.options, system=str(row), address=row.base_url)

    def close(self) -> None:
        """End the connections."""
        self._requests.close()

    def check(self) -> str:
        """List the resources where that is configured, or else see that an API answers at the address."""
        try:
            return self._count_resources() if self._has(DISCOVER) else self._knock()
        finally:
            self.close()

    # --- One person ---------------------------------------------------------------------------------------------------

    def grant(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Make the call that gives, to an account that is created first where that is configured."""
        if refused := self.aliases.note([person]).get(person.pk):
            raise refused
        values = self._values(GRANT, person, entitlement, key=key)
        if self._has(CREATE) and not values["account"]:
            values["account"] = self.create_account(person)
        answer = self._requests.make(GRANT, values, key=key)
        if self._means(GRANT, "missing", answer):
            self.row.accounts.filter(person=person).delete()  # it may be what is gone there: looked up anew next time
            raise self._is_gone(entitlement, answer)
        return self._progress(GRANT, answer)

    def revoke(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Make the call that takes, for earlier names as well; without an account there is nothing to take."""
        said = [
            self._take(person, names, entitlement, key=f"{key}/{number}" if number else key)
            for number, names in enumerate(self.aliases.of([person])[person.pk])
        ]
        return Progress.HANDED_OVER if Progress.HANDED_OVER in said else Progress.DONE

    def _take(self, person: User, names: Names, entitlement: Entitlement, *, key: str) -> Progress:
        values = self._values(REVOKE, person, entitlement, key=key, names=names)
        if uses_account(self.options, REVOKE) and not values["account"]:
            return Progress.DONE
        return self._progress(REVOKE, self._requests.make(REVOKE, values, key=key))

    def read(self, person: User, entitlement: Entitlement) -> bool:
        """By the status, by a boolean, or by the list of holders in the answer; by any name of theirs."""
        self._require(READ)
        return any(self._reads(person, names, entitlement) for names in self.aliases.of([person])[person.pk])

    def _reads(self, person: User, names: Names, entitlement: Entitlement) -> bool:
        values = self._values(READ, person, entitlement, names=names)
        if uses_account(self.options, READ) and not values["account"]:
            return False
        if self.options["read_by"] == Reading.LIST:
            account_id = values["account"]
            items = self._items(READ, values, pointer=self.options["read_pointer"])
            return any(self._reader.is_of(names, item, account_id=account_id) for item in items)
        answer = self._requests.make(READ, values)
        if self._means(READ, "absent", answer):
            return False
        self._require_success(READ, answer)
        if self.options["read_by"] == Reading.STATUS:
            return True
        return self._reader.boolean(self._reader.document(answer), self.options["read_pointer"])

    def create_account(self, person: User) -> str:
        """Create it, or hear which there is already; its id is kept."""
        self._require(CREATE)
        answer = self._requests.make(CREATE, self._values(CREATE, person))
        if not self._means(CREATE, "already", answer):
            self._require_success(CREATE, answer)
        account_id = self._reader.text(self._reader.document(answer), self.options["create_pointer"])
        if not account_id:
            raise ConnectorError(
                _("%(system)s has an account for %(person)s, but did not say which: check where its id is looked for.")
                % {"system": self.row, "person": person}
            )
        self.row.accounts.filter(person=person).exclude(external_id=account_id).delete()
        if remember(self.row, {person.pk: account_id}):
            raise is_somebody_elses(self.row, person, account=account_id)
        return account_id

    # --- Lists --------------------------------------------------------------------------------------------------------

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """Page by page; whoever comes twice is told once."""
        self._require(HOLDERS)
        values = self._values(HOLDERS, entitlement=entitlement)
        items = self._items(HOLDERS, values, pointer=self.options["holders_pointer"], entitlement=entitlement)
        pairs = ((self._reader.account(item), self._reader.name(item)) for item in items)
        yield from matching.holders(matching.each_once(pairs), attribute=self.options["item_known_by"])

    def discover(self) -> Iterator[FoundResource]:
        """Page by page; every resource is an application."""
        self._require(DISCOVER)
        for item in self._items(DISCOVER, self._values(DISCOVER), pointer=self.options["discover_pointer"]):
            resource_id, name = self._id_and_name(item, "resource")
            roles = self._reader.items(item, self.options["resource_roles"])
            found = dict(self._id_and_name(role, "role") for role in roles)
            yield FoundResource(
                resource_id, ResourceKind.APPLICATION, name, roles=tuple(FoundRole(*one) for one in found.items())
            )

    def _id_and_name(self, item: Any, what: str) -> tuple[str, str]:
        found = self._reader.text(item, self.options[f"{what}_id"])
        if not found:
            raise self._reader.not_understood(_("a resource or a role without an id"))
        return found, self._reader.text(item, self.options[f"{what}_name"]) or found

    def _items(
        self, call: Call, values: Values, *, pointer: str, entitlement: Entitlement | None = None
    ) -> Iterator[Any]:
        """The items of a list, page by page. Raises ConnectorError where its pages lead in a circle."""
        url, seen = self._requests.url(call, values), set[bytes]()
        for page in range(1, MOST_PAGES + 1):
            answer = self._requests.make(call, values, url=url)
            if self._is_missing(call, answer, entitlement):
                return
            document = self._reader.document(answer)
            items, mark = self._reader.items(document, pointer), self._reader.mark(answer, url=url)
            if mark in seen and items:
                raise self._reader.not_understood(_("pages that lead in a circle"))
            seen.add(mark)
            self.go_on()
            yield from items
            url = self._reader.link_to_next(answer, document, url=url)
            if self.options["paging"] == Paging.NUMBER and items:
                url = self._requests.url(call, values, page=page)
            if not url:
                return
        raise self._reader.not_understood(_("a list of more than %(count)d pages") % {"count": MOST_PAGES})

    def _is_missing(self, call: Call, answer: httpx2.Response, entitlement: Entitlement | None) -> bool:
        """Whether there is no list since the person does not hold it. Raises ConnectorError where that is not why."""
        if call is READ and self._means(READ, "absent", answer):
            return True
        if call is HOLDERS and entitlement and self._means(HOLDERS, "missing", answer):
            raise self._is_gone(entitlement, answer)
        self._require_success(call, answer)
        return False

    # --- What is said and what it means -------------------------------------------------------------------------------

    def _has(self, call: Call) -> bool:
        return bool(self.options[f"{call.name}_path"])

    def _require(self, call: Call) -> None:
        if not self._has(call):
            raise self._cannot(OPTIONAL[call])

    def _values(
        self,
        call: Call,
        person: User | None = None,
        entitlement: Entitlement | None = None,
        *,
        key: str = "",
        names: Names | None = None,
    ) -> dict[str, str]:
        """What placeholders stand for in this call."""
        values = {"action": call.name, "key": key, "account": ""}
        if person is not None:
            names = names or Names.of(person)
            values |= {
                "person.username": names.username,
                "person.email": names.email,
                "person.employee_number": names.employee_number,
                "person.id": str(person.pk),
                "account": self._account_of(person, call) if self._has(CREATE) else "",
            }
        if entitlement is not None:
            values |= {
                "resource.id": entitlement.resource_id,
                "role.id": entitlement.role_id,
                "role.name": entitlement.name,
            }
        return values

    def _account_of(self, person: User, call: Call) -> str:
        """The id of their account, which no call looks up; before it is given something, creating it confirms it."""
        known = self.row.accounts.filter(person=person).order_by("is_supposed")
        if call is GRANT:
            known = known.filter(is_supposed=False)
        return known.values_list("external_id", flat=True).first() or ""

    def _means(self, call: Call, meaning: str, answer: httpx2.Response) -> bool:
        return answer.status_code in statuses(self.options[f"{call.name}_{meaning}"])

    def _progress(self, call: Call, answer: httpx2.Response) -> Progress:
        if self._means(call, "later", answer):
            return Progress.HANDED_OVER
        if not self._means(call, "already", answer):
            self._require_success(call, answer)
        return Progress.DONE

    def _require_success(self, call: Call, answer: httpx2.Response) -> None:
        if not self._means(call, "success", answer):
            raise self._requests.refusal(answer)

    def _is_gone(self, entitlement: Entitlement, answer: httpx2.Response) -> ConnectorError:
        return ConnectorError(
            _("%(system)s does not know %(name)s, or the person's account (%(status)d).")
            % {"system": self.row, "name": entitlement.name, "status": answer.status_code}
        )

    def _count_resources(self) -> str:
        count = sum(1 for _found in self.discover())
        return ngettext("a list of %(count)d resource", "a list of %(count)d resources", count) % {"count": count}

    def _knock(self) -> str:
        answer = self._requests.send("GET", self.row.base_url)
        refused = answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        if refused or answer.is_server_error:
            raise self._requests.refusal(answer)
        if is_page(answer):
            said = _("a web page, with status %(status)d, perhaps to sign in; is it the address of the API?")
        else:
            said = _("something, with status %(status)d; configure the list of resources, and this test calls it")
        return said % {"status": answer.status_code}
