"""The shape of the facts in offer.py."""

from dataclasses import dataclass

from catalog.choices import RequestorScope, ResourceKind

DIRECTORY = "Company directory"
MANAGER_DECIDES = "manager"
SPONSOR_DECIDES = "sponsor"


@dataclass(frozen=True)
class CatalogFacts:
    """A catalog; `leads` are teams whose leads own it."""

    name: str
    description: str
    leads: tuple[str, ...]
    is_for_guests: bool = False


@dataclass(frozen=True)
class ThingFacts:
    """A resource; in the built-in directory each of its roles is `Member` or `Owner` of a group of its name."""

    name: str
    kind: ResourceKind
    roles: tuple[str, ...] = ("Member",)
    system: str = DIRECTORY
    is_privileged: bool = False


@dataclass(frozen=True)
class QuestionFacts:
    """A question with what people answer; where `is_choice`, these are also what one may choose from.

    What must fit a `pattern` has the first of the answers as its example; `stored_as` names an attribute of people.
    """

    text: str
    answers: tuple[str, ...]
    is_choice: bool = False
    pattern: str = ""
    hint: str = ""
    stored_as: str = ""


@dataclass(frozen=True)
class PolicyFacts:
    """A policy. `deciders` are `manager`, `sponsor`, user names, `team:` for the lead of a team, or `group:`.

    `lasts` says how long, as `365 days`, `8 hours`, `until 45` (days from today) or nothing for permanent.
    """

    name: str
    scope: RequestorScope = RequestorScope.ALL_MEMBERS
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    deciders: tuple[str, ...] = (MANAGER_DECIDES,)
    approvals: int = 1
    lasts: str = ""
    questions: tuple[QuestionFacts, ...] = ()
    asks_why: bool = True
    deciders_say_why: bool = False
    is_period_chosen: bool = False
    is_on_behalf_allowed: bool = False


@dataclass(frozen=True)
class PackageFacts:
    """A package: what it gives, as `Role of Thing`, and how often whom asked for it in the past year."""

    name: str
    catalog: str
    description: str
    owner: str
    gives: tuple[str, ...]
    policies: tuple[PolicyFacts, ...]
    asked_by: tuple[str, ...] = ()
    asked: int = 0
    is_hidden: bool = False
