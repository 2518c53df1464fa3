"""What a webhook's configuration asks for: for each call its request, what its statuses mean, how its answer reads."""

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .aliases import ATTRIBUTES
from .base import FieldGroup, FieldLine, OptionsForm
from .matching import KnownBy
from .webhook_fields import (
    BodyField,
    ChoiceField,
    HeaderNameField,
    HeadersField,
    PathField,
    PointerField,
    StatusesField,
    TextField,
)
from .webhook_templates import PERSON, ROLE, placeholders

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
CHANGE = (*PERSON, "account", *ROLE, "key", "action")
READING = (*PERSON, "account", *ROLE, "action")
OPTIONAL = gettext_lazy("Leave the path empty where the API has no such call.")


class Reading(models.TextChoices):
    """How an answer says whether somebody holds a role."""

    STATUS = "status", gettext_lazy("by its status alone")
    BOOLEAN = "boolean", gettext_lazy("by a true or false in it")
    LIST = "list", gettext_lazy("by a list of holders in it")


class Paging(models.TextChoices):
    """How a long list goes on."""

    NONE = "none", gettext_lazy("there is only one page")
    LINK = "link", gettext_lazy("by a link in the answer")
    NUMBER = "number", gettext_lazy("by a page number in the address, until a page is empty")


class Authentication(models.TextChoices):
    NONE = "none", gettext_lazy("none beside the signature")
    BEARER = "bearer", gettext_lazy("bearer token")
    BASIC = "basic", gettext_lazy("user and password (Basic)")
    HEADER = "header", gettext_lazy("a token in a header of its own")


_PARTS = ("path", "body", "headers")


@dataclass(frozen=True)
class Call:
    """One call of the API, with the placeholders that it may use; the optional ones are made where they have a path."""

    name: str
    label: "StrOrPromise"
    method: str
    allowed: tuple[str, ...]
    statuses: "tuple[tuple[str, StrOrPromise, str], ...]" = ()
    """What its statuses may mean beside success: name, label, first value."""
    is_required: bool = False

    def fields(self) -> dict[str, forms.Field]:
        """Its request, and what its statuses mean."""
        methods = [(method, method) for method in METHODS]
        path_help = lazystr("") if self.is_required else OPTIONAL
        given: dict[str, forms.Field] = {
            "method": ChoiceField(label=self._label(_("method")), choices=methods, initial=self.method),
            "path": PathField(
                label=self._label(_("path")), required=self.is_required, allowed=self.allowed, help_text=path_help
            ),
            "body": BodyField(label=self._label(_("body (JSON)")), required=False, allowed=self.allowed),
            "headers": HeadersField(label=self._label(_("further headers")), required=False, allowed=self.allowed),
            "success": StatusesField(
                label=self._label(_("statuses that mean success")), required=False, initial="200-299"
            ),
        }
        for name, label, first in self.statuses:
            given[name] = StatusesField(label=self._label(label), required=False, initial=first)
        return {f"{self.name}_{name}": field for name, field in given.items()}

    def _label(self, what: "StrOrPromise") -> "StrOrPromise":
        return format_lazy("{call}: {what}", call=self.label, what=what)


ALREADY = gettext_lazy("statuses that mean that it was so already")
LATER = gettext_lazy("statuses that mean that it is taken and done later")
MISSING = gettext_lazy("statuses that mean that the role is gone")
ABSENT = gettext_lazy("statuses that mean that the person does not hold it")

GRANT = Call(
    "grant",
    gettext_lazy("Give"),
    "PUT",
    CHANGE,
    (("already", ALREADY, "409"), ("missing", MISSING, "404, 410"), ("later", LATER, "")),
    is_required=True,
)
REVOKE = Call(
    "revoke",
    gettext_lazy("Take"),
    "DELETE",
    CHANGE,
    (("already", ALREADY, "404, 410"), ("later", LATER, "")),
    is_required=True,
)
READ = Call("read", gettext_lazy("Look up one person"), "GET", READING, (("absent", ABSENT, "404"),))
HOLDERS = Call(
    "holders", gettext_lazy("List the holders"), "GET", (*ROLE, "action"), (("missing", MISSING, "404, 410"),)
)
DISCOVER = Call("discover", gettext_lazy("List the resources"), "GET", ("action",))
CREATE = Call("create", gettext_lazy("Create an account"), "POST", (*PERSON, "action"), (("already", ALREADY, "409"),))
CALLS = (GRANT, REVOKE, READ, HOLDERS, DISCOVER, CREATE)


def _pointer(label: "StrOrPromise", *, initial: str = "", help_text: "StrOrPromise" = "") -> PointerField:
    return PointerField(label=label, required=False, initial=initial, help_text=help_text)


WITHIN_ITEM = gettext_lazy("A JSON pointer within each item; empty where the item itself is the value.")
ANSWERS: dict[str, dict[str, forms.Field]] = {
    "read": {
        "read_by": ChoiceField(
            label=gettext_lazy("Look up one person: the answer tells"), choices=Reading.choices, initial=Reading.STATUS
        ),
        "read_pointer": _pointer(
            gettext_lazy("Look up one person: where in the answer"),
            help_text=gettext_lazy("A JSON pointer to the true or false, or to the list; empty is the whole answer."),
        ),
    },
    "holders": {
        "holders_pointer": _pointer(
            gettext_lazy("List the holders: where in the answer"),
            help_text=gettext_lazy("A JSON pointer to the list; empty is the whole answer."),
        ),
        "item_known_by": ChoiceField(
            label=gettext_lazy("A holder's name is the person's"),
            choices=KnownBy.choices,
            initial=KnownBy.USERNAME,
        ),
        "item_id": _pointer(gettext_lazy("A holder's account id"), initial="/id", help_text=WITHIN_ITEM),
        "item_name": _pointer(gettext_lazy("A holder's name"), initial="/name", help_text=WITHIN_ITEM),
        "paging": ChoiceField(label=gettext_lazy("Long lists go on"), choices=Paging.choices, initial=Paging.NONE),
        "paging_pointer": _pointer(
            gettext_lazy("Where the link to the next page is"),
            help_text=gettext_lazy("A JSON pointer, as /next; empty is the Link header with rel=next."),
        ),
        "paging_parameter": TextField(
            label=gettext_lazy("Name of the page number in the address"), required=False, initial="page"
        ),
        "paging_first": ChoiceField(
            label=gettext_lazy("Number of the first page"), choices=[("0", "0"), ("1", "1")], initial="1"
        ),
    },
    "discover": {
        "discover_pointer": _pointer(gettext_lazy("List the resources: where in the answer")),
        "resource_roles": _pointer(gettext_lazy("A resource's list of roles"), initial="/roles"),
        "resource_id": _pointer(gettext_lazy("A resource's id"), initial="/id", help_text=WITHIN_ITEM),
        "resource_name": _pointer(gettext_lazy("A resource's name"), initial="/name", help_text=WITHIN_ITEM),
        "role_id": _pointer(gettext_lazy("A role's id"), initial="/id", help_text=WITHIN_ITEM),
        "role_name": _pointer(gettext_lazy("A role's name"), initial="/name", help_text=WITHIN_ITEM),
    },
    "create": {
        "create_pointer": _pointer(
            gettext_lazy("Create an account: where its id is in the answer"),
            initial="/id",
            help_text=gettext_lazy("Also in the answer that says that there is one already."),
        ),
    },
}


class WebhookOptions(OptionsForm):
    """Six calls, and how the target is signed in to."""

    authentication = ChoiceField(
        label=gettext_lazy("Authentication"), choices=Authentication.choices, initial=Authentication.NONE
    )
    auth_user = TextField(label=gettext_lazy("User (Basic)"), required=False, initial="")
    auth_header = HeaderNameField(label=gettext_lazy("Name of the token's header"), required=False, initial="X-API-Key")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for call in CALLS:
            self.fields |= call.fields() | deepcopy(ANSWERS.get(call.name, {}))

    def groups(self) -> list[FieldGroup]:
        """How we sign in, then call by call; what belongs to lists of people stands with the holders."""
        first: list[FieldLine] = ["authentication", ("auth_user", "auth_header")]
        return [("", first), *((call.label, _lines(call)) for call in CALLS)]

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError where an account is asked for that nobody creates, or a header has no name."""
        given = super().clean() or {}
        for call in CALLS:
            if not given.get("create_path") and uses_account(given, call):
                raise ValidationError(
                    _("%(call)s uses {account}, which is known where accounts are created: fill in that call too."),
                    params={"call": call.label},
                )
        if given.get("authentication") == Authentication.BASIC and not given.get("auth_user"):
            self.add_error("auth_user", _("Basic needs a user."))
        if given.get("authentication") == Authentication.HEADER and not given.get("auth_header"):
            self.add_error("auth_header", _("Say in which header the token stands."))
        if given.get("paging") == Paging.NUMBER and not given.get("paging_parameter"):
            self.add_error("paging_parameter", _("Say in which parameter of the address the page number stands."))
        return given


def _lines(call: Call) -> list[FieldLine]:
    """Method beside path, statuses beside each other, and how the answer reads by twos."""
    name, answers = call.name, list(ANSWERS.get(call.name, {}))
    meanings = tuple(f"{name}_{meaning}" for meaning, _label, _first in call.statuses)
    pairs = [tuple(answers[at : at + 2]) for at in range(0, len(answers), 2)]
    first: list[FieldLine] = [(f"{name}_method", f"{name}_path"), f"{name}_body", f"{name}_headers"]
    return [*first, (f"{name}_success", *meanings), *pairs]


def names_used(options: dict[str, Any]) -> list[str]:
    """By which attributes of people the calls that give, take and look up one person name them."""
    parts = [options.get(f"{call.name}_{part}") or "" for call in (GRANT, REVOKE, READ) for part in _PARTS]
    used = {name for part in parts for name in placeholders(part)}
    is_by_list = options.get("read_path") and options.get("read_by") == Reading.LIST
    return [
        name for name in ATTRIBUTES if f"person.{name}" in used or (is_by_list and name == options["item_known_by"])
    ]


def uses_account(options: dict[str, Any], call: Call) -> bool:
    """Whether the call needs to know the id of the person's account."""
    parts = (options.get(f"{call.name}_{part}") or "" for part in _PARTS)
    return any("account" in placeholders(part) for part in parts)
