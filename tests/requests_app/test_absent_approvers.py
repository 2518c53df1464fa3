"""What becomes of an open approval when somebody who is asked leaves (behaviours 2, 4 and 17)."""

import pytest

from audit.models import Event
from catalog.choices import ApproverKind
from directory.actions import disable_person
from requests_app import actions, events
from requests_app.lifecycle import RequestStatus
from requests_app.models import Approval
from requests_app.tasks import replace_absent_approvers
from tests.cast import NOW


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


@pytest.fixture
def approval(cast, package):
    return actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW).approvals.get()


def asked(approval):
    return {assignee.person.display_name for assignee in approval.assignees.select_related("person")}


def test_the_next_in_line_is_asked_when_the_manager_leaves(cast, approval):
    disable_person(person=cast.marco, actor=cast.ada, now=NOW)
    assert replace_absent_approvers() == 1
    assert asked(approval) == {"Olga"}
    said = list(Event.objects.story(approval.access_request_id).values_list("verb", flat=True))
    assert said.count(events.APPROVAL_STARTED) == 2
    assert events.APPROVER_ABSENT in said
    decided = actions.approve(approval=approval, actor=cast.olga, now=NOW)
    assert decided.status == RequestStatus.DELIVERING


def test_the_workers_are_woken_when_somebody_is_disabled(
    cast, approval, django_capture_on_commit_callbacks, monkeypatch
):
    woken = []
    monkeypatch.setattr(replace_absent_approvers, "delay", lambda: woken.append("now"))
    with django_capture_on_commit_callbacks(execute=True):
        disable_person(person=cast.marco, actor=cast.ada, now=NOW)
    assert woken == ["now"]


def test_whoever_decided_already_stays_and_only_the_absent_are_replaced(cast, package):
    stage = package.policies.get().stages.get()
    stage.approvals_required = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    approval = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW).approvals.get()
    actions.approve(approval=approval, actor=cast.marco, now=NOW)
    disable_person(person=cast.olga, actor=cast.ada, now=NOW)
    replace_absent_approvers()
    assert asked(approval) == {"Marco", "Ada"}
    assert actions.approve(approval=approval, actor=cast.ada, now=NOW).status == RequestStatus.DELIVERING


def test_nothing_changes_while_there_is_nobody_else_and_it_goes_on_as_soon_as_there_is(cast, approval):
    for person in (cast.olga, cast.marco):
        disable_person(person=person, actor=cast.ada, now=NOW)
    cast.ada.is_superuser = False
    cast.ada.save()
    assert replace_absent_approvers() == 0
    assert asked(approval) == {"Marco"}
    cast.ada.is_superuser = True
    cast.ada.save()
    assert replace_absent_approvers() == 1
    assert asked(approval) == {"Ada"}
    assert replace_absent_approvers() == 0


def test_stages_whose_approvers_are_all_there_are_left_alone(approval):
    assert not Approval.objects.in_want_of_approvers().exists()
