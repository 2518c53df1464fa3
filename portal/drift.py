"""What is shown of a drift case to whoever is to answer it: the answers, and what AccessGov knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.text import capfirst

from catalog.models import Resource
from directory.models import User
from directory.permissions import is_administrator
from provisioning.lifecycle import ANSWERS, CaseAnswer
from provisioning.models import DriftCase, Grant, GrantReason
from requests_app.lifecycle import ADDING
from requests_app.models import AccessRequest, Assignment

LOOKS: dict[CaseAnswer, tuple[str, str]] = {
    CaseAnswer.ADOPT: ("primary", "check"),
    CaseAnswer.REMOVE: ("danger", "x"),
    CaseAnswer.RESTORE: ("primary", "undo"),
    CaseAnswer.END: ("danger", "x"),
    CaseAnswer.LINK: ("primary", "user-check"),
    CaseAnswer.IGNORE: ("", "clock"),
}
"""How the button of each answer looks."""
MOST_SHOWN = 20


@dataclass(frozen=True)
class Given:
    """Access that gives what a case is about, and the request that led to it."""

    assignment: Assignment
    access_request: AccessRequest | None


def answers_to(cases: Iterable[DriftCase], *, user: User) -> list[CaseAnswer]:
    """What this person can say about all of these at once; administrators link accounts, one by one."""
    chosen = list(cases)
    common = [answer for answer in CaseAnswer if all(answer in ANSWERS[case.kind] for case in chosen)]
    can_link = len(chosen) == 1 and is_administrator(user)
    return [answer for answer in common if can_link or answer != CaseAnswer.LINK]


def buttons(answers: Iterable[CaseAnswer]) -> list[dict[str, Any]]:
    """The answers as the page draws them."""
    looks = {answer: LOOKS[answer] for answer in answers}
    return [
        {"value": answer.value, "label": capfirst(str(answer.label)), "kind": kind, "icon": icon}
        for answer, (kind, icon) in looks.items()
    ]


def facts_about(case: DriftCase) -> dict[str, Any]:
    """Why it was granted and by which request, when it was seen last, and who owns the resource."""
    resource = Resource.objects.prefetch_related("owners", "owner_groups").get(pk=case.resource_role.resource_id)
    grant = _grant_of(case)
    return {
        "grant": grant,
        "given_by": given_by(grant) if grant else [],
        "owners": [*resource.owners.all(), *resource.owner_groups.all()],
        "others": _others(case),
    }


def _grant_of(case: DriftCase) -> Grant | None:
    rows = Grant.objects.with_names().select_related("resource_role__reading")
    return rows.filter(person=case.person_id, resource_role=case.resource_role_id).first() if case.person_id else None


def given_by(grant: Grant) -> list[Given]:
    """The access that gives or gave it, the latest first, with the requests behind it."""
    references = GrantReason.objects.filter(grant=grant).order_by("-starts_at").values_list("reference", flat=True)
    held = Assignment.objects.select_related("package", "policy").in_bulk(list(references[:MOST_SHOWN]))
    asked = AccessRequest.objects.filter(assignment__in=held, kind__in=ADDING).select_related("requested_by")
    behind = {one.assignment_id: one for one in asked}
    return [Given(assignment, behind.get(assignment.pk)) for assignment in held.values()]


def _others(case: DriftCase) -> list[DriftCase]:
    """Other open cases about the same person or account, or about the same role."""
    same = Q(resource_role=case.resource_role_id)
    same |= Q(person=case.person_id) if case.person_id else Q(system=case.system_id, account_id=case.account_id)
    rows = DriftCase.objects.open().with_names().filter(same, system=case.system_id)
    return list(rows.exclude(pk=case.pk)[:5])


def chosen_by(user: User, ids: Iterable[Any]) -> list[DriftCase]:
    """Those of the chosen cases that this person may answer and that still want an answer."""
    rows = DriftCase.objects.answerable_by(user).unsettled().with_names().filter(pk__in=list(ids))
    return list(rows.order_by("-first_seen_at", "-pk"))
