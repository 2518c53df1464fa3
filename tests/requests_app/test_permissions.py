"""Who may do what: one table of the cast by question, each cell asked of the permission function itself."""

import pytest

from audit.permissions import can_read_journal
from catalog.permissions import can_manage_assignments, can_manage_catalog
from directory.permissions import can_change_directory
from requests_app import actions
from requests_app.models import AccessRequest, ApprovalAssignee, Assignment
from requests_app.permissions import (
    can_cancel,
    can_change_end,
    can_decide,
    can_delegate_for,
    can_extend,
    can_give_back,
    can_reprocess,
    can_resubmit,
    can_revoke,
    can_withdraw_approval,
)
from tests.cast import NOW, appoint

PEOPLE = ("rita", "marco", "olga", "katja", "ada", "audrey", "charlie", "dan")
"""Katja owns the catalog, Audrey is an auditor, Dan was a manager and is disabled; the others are of the cast."""

TABLE = {
    #                          rita marco olga katja ada audrey charlie dan
    "ask for oneself":        "yes  yes   yes  yes   yes yes    yes     no",
    "see the request":        "yes  yes   yes  yes   yes yes    no      no",
    "decide on the request":  "no   yes   yes  yes   yes yes    yes     no",
    "cancel the request":     "yes  no    yes  yes   yes no     no      no",
    "see the assignment":     "yes  yes   yes  yes   yes yes    no      no",
    "give it back":           "yes  no    no   no    no  no     no      no",
    "extend it":              "yes  no    no   no    no  no     no      no",
    "deliver it again":       "no   no    yes  yes   yes no     no      no",
    "ask for it again":       "yes  no    no   no    no  no     no      no",
    "move its end":           "no   no    yes  yes   yes no     no      no",
    "revoke it":              "no   no    yes  yes   yes no     no      no",
    "assign it directly":     "no   no    yes  yes   yes no     no      no",
    "delegate for Marco":     "no   yes   no   no    yes no     no      no",
    "withdraw Marco's approval": "no yes  no   no    no  no     no      no",
    "manage the catalog":     "no   no    no   yes   yes no     no      no",
    "change the directory":   "no   no    no   no    yes no     no      no",
    "read the journal":       "no   no    no   no    yes yes    no      no",
}  # fmt: skip
"""Being asked is checked with the approval's own row (test_deciding): to decide says who is not ruled out before."""


@pytest.fixture
def world(cast):
    """Rita asked for a package and was given another one."""
    people = {
        "katja": {},
        "audrey": {"is_auditor": True},
        "dan": {"is_active": False, "is_superuser": True, "is_auditor": True},
    }
    everybody = {name: getattr(cast, name) for name in PEOPLE if name not in people}
    for name, fields in people.items():
        everybody[name] = type(cast.rita).objects.create(username=name, display_name=name.title(), **fields)
    appoint(cast.catalog, everybody["katja"], everybody["dan"])
    asked, held, free = (
        cast.package(f"Sales: {name}", cast.role(name)[1]) for name in ("Campaigns", "Contracts", "Call Notes")
    )
    cast.policy(asked)
    cast.policy(held, approver=None)
    cast.policy(free, approver=None)
    access_request = actions.submit(package=asked, actor=cast.rita, justification="New", now=NOW)
    actions.submit(package=held, actor=cast.rita, justification="New", now=NOW)
    return everybody, access_request, Assignment.objects.get(), free


def ask(user, package):
    try:
        actions.submit(package=package, actor=user, justification="New", now=NOW)
    except Exception:  # noqa: BLE001 - refused, for whatever reason
        return False
    return True


def approved_by_marco(assignment):
    marco = assignment.person.manager
    return ApprovalAssignee(person=marco, decided_by=marco, decided_at=NOW, is_approved=True)


def answer(question, user, world):
    _everybody, access_request, assignment, free = world
    questions = {
        "ask for oneself": lambda: ask(user, free),
        "see the request": lambda: AccessRequest.objects.visible_to(user).filter(pk=access_request.pk).exists(),
        "decide on the request": lambda: can_decide(user, access_request),
        "cancel the request": lambda: can_cancel(user, access_request),
        "see the assignment": lambda: Assignment.objects.visible_to(user).filter(pk=assignment.pk).exists(),
        "give it back": lambda: can_give_back(user, assignment),
        "extend it": lambda: can_extend(user, assignment),
        "move its end": lambda: can_change_end(user, assignment),
        "deliver it again": lambda: can_reprocess(user, assignment),
        "ask for it again": lambda: can_resubmit(user, access_request),
        "revoke it": lambda: can_revoke(user, assignment),
        "assign it directly": lambda: can_manage_assignments(user, assignment.package),
        "delegate for Marco": lambda: can_delegate_for(user, assignment.person.manager),
        "withdraw Marco's approval": lambda: can_withdraw_approval(user, approved_by_marco(assignment), access_request),
        "manage the catalog": lambda: can_manage_catalog(user, assignment.package.catalog),
        "change the directory": lambda: can_change_directory(user),
        "read the journal": lambda: can_read_journal(user),
    }
    return questions[question]()


@pytest.mark.parametrize("question", TABLE)
def test_who_may(question, world):
    expected = dict(zip(PEOPLE, TABLE[question].split(), strict=True))
    found = {name: "yes" if answer(question, world[0][name], world) else "no" for name in PEOPLE}
    assert found == expected
