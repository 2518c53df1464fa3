"""Where a person can go: the items of the main navigation, in the order in which a phone's bar takes the first five."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit.permissions import can_read_journal
from catalog.permissions import can_administer, can_see_governance
from directory.models import User
from provisioning.models import DriftCase, HandTask
from provisioning.permissions import answers_drift, can_see_drift, does_tasks
from requests_app.models import Approval
from reviews.permissions import open_reviews, reviews_at_all

MOST_COUNTED = 9
"""A badge counts up to here; beyond, it says that there are more."""


@dataclass(frozen=True)
class Place:
    """A place to go to, and the names of the pages that belong to it (with a colon at the end: of a whole app)."""

    name: str
    label: Any
    icon: str
    pages: tuple[str, ...] = ()

    def holds(self, page: str) -> bool:
        """Whether the page of this URL name belongs here."""
        return page == self.name or any(page == own or (own[-1] == ":" and page.startswith(own)) for own in self.pages)


APPROVALS = Place("requests:approvals", _("Approvals"), "inbox", ("requests:approval", "requests:ask_for_information"))
EVERYBODYS = (
    Place("home", _("Home"), "home"),
    Place(
        "browse", _("Browse"), "search",
        ("package", "requests:ask", "requests:basket", "requests:emergency", "requests:holders", "requests:assign",
         "requests:revoke"),
    ),
    APPROVALS,
    Place(
        "requests:mine", _("Requests"), "list",
        ("requests:request", "requests:asked_together", "requests:cancel", "requests:answer"),
    ),
    Place("requests:access", _("My access"), "key", ("requests:assignment", "requests:extend", "requests:give_back")),
)  # fmt: skip
TEAM = Place("team", _("Your team"), "users", ("report",))
CONFLICTS = Place(
    "requests:conflicts", _("Conflicts"), "ban",
    ("requests:exceptions", "requests:exception", "requests:ask_exception", "requests:emergencies",
     "requests:emergency_review"),
)  # fmt: skip
REVIEWS = Place("reviews:mine", _("Reviews"), "check-circle", ("reviews:",))
TASKS = Place("tasks", _("Tasks"), "check", ("task", "settle_tasks"))
DRIFT = Place("drift", _("Drift"), "alert", ("drift_case", "answer_drift"))
JOURNAL = Place("audit:journal", _("Journal"), "file", ("audit:",))
GOVERNANCE = Place("evidence:overview", _("Governance"), "shield", ("evidence:", "catalog:findings", "catalog:roles"))
ADMINISTRATION = Place("admin:index", _("Administration"), "settings", ("admin:",))


def places_for(user: User) -> list[Place]:
    """Where this person can go."""
    places = [*EVERYBODYS]
    if leads(user):
        places.append(TEAM)
    if reviews_at_all(user) or can_see_governance(user):
        places.append(REVIEWS)
    if does_tasks(user):
        places.append(TASKS)
    if can_see_drift(user):
        places.append(DRIFT)
    if can_read_journal(user):
        places += [CONFLICTS, JOURNAL]
    if can_see_governance(user):
        places.append(GOVERNANCE)
    if can_administer(user):
        places.append(ADMINISTRATION)
    return places


def leads(user: User) -> bool:
    """Whether anybody reports to this person; known with whoever is signed in."""
    known: bool | None = getattr(user, "has_reports", None)
    return User.objects.reports_of(user).exists() if known is None else known


def items(request: HttpRequest) -> list[dict[str, Any]]:
    """The navigation as base.html takes it, by one statement, and one more each for those who answer drift
    and those who do tasks.

    Empty for whoever is not signed in.

    A view says in `belongs_to` of its request where its page belongs, where the page's name alone does not say it.
    """
    user = request.user
    if not isinstance(user, User):
        return []
    page = getattr(request, "belongs_to", "") or (request.resolver_match.view_name if request.resolver_match else "")
    counts = {APPROVALS: waiting, REVIEWS: to_review, DRIFT: drifting, TASKS: to_do}
    return [_item(place, page=page, badge=counts.get(place, _nothing)(user)) for place in places_for(user)]


def waiting(user: User) -> str:
    """How many approvals wait for this person, or nothing where none does."""
    return _counted(Approval.objects.waiting_for(user))


def drifting(user: User) -> str:
    """How many cases of drift wait for this person's answer, or nothing where none does."""
    return _counted(DriftCase.objects.answerable_by(user).open()) if answers_drift(user) else ""


def to_do(user: User) -> str:
    """How many tasks wait for this person's teams, or nothing where none does."""
    return _counted(HandTask.objects.waiting_for(user))


def to_review(user: User) -> str:
    """How many campaigns have open items for this person, or nothing where none has."""
    return _up_to_most(open_reviews(user))


def _nothing(user: User) -> str:
    return ""


def _counted(rows: QuerySet[Any]) -> str:
    return _up_to_most(len(rows.order_by().values_list("pk")[: MOST_COUNTED + 1]))


def _up_to_most(found: int) -> str:
    return f"{MOST_COUNTED}+" if found > MOST_COUNTED else str(found or "")


def _item(place: Place, *, page: str, badge: str) -> dict[str, Any]:
    return {
        "url": reverse(place.name),
        "label": place.label,
        "icon": place.icon,
        "badge": badge,
        "is_current": place.holds(page),
    }
