"""Who decides, who may not, and what happens when two do."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.choices import ApproverKind
from requests_app import actions
from requests_app.actions.deciding import AlreadyDecided
from requests_app.lifecycle import IllegalMove, RequestStatus
from requests_app.models import AccessRequest, Approval
from tests.cast import NOW


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


def ask(cast, package, **fields):
    return actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW, **fields)


def statements(captured):
    bookkeeping = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
    return [query["sql"] for query in captured if not query["sql"].startswith(bookkeeping)]


def test_the_manager_is_asked(cast, package):
    access_request = ask(cast, package)
    assert access_request.status == RequestStatus.PENDING_APPROVAL
    assert list(Approval.objects.waiting_for(cast.marco)) == [access_request.approvals.get()]
    assert not Approval.objects.waiting_for(cast.charlie).exists()


def test_charlie_and_the_administrator_may_not_decide_when_they_are_not_asked(cast, package):
    approval = ask(cast, package).approvals.get()
    for outsider in (cast.charlie, cast.ada, cast.rita):
        with pytest.raises(PermissionDenied):
            actions.approve(approval=approval, actor=outsider, now=NOW)


def test_the_second_decision_is_told_who_was_first(cast, package):
    approval = ask(cast, package).approvals.get()
    actions.approve(approval=approval, actor=cast.marco, now=NOW)
    with pytest.raises(AlreadyDecided, match="Marco approved this already"):
        actions.deny(approval=approval, actor=cast.marco, now=NOW)


def test_one_denial_ends_the_request_and_one_may_ask_again(cast, package):
    access_request = actions.deny(approval=ask(cast, package).approvals.get(), actor=cast.marco, now=NOW)
    assert access_request.status == RequestStatus.DENIED
    assert ask(cast, package).is_open


def test_without_a_manager_the_owner_of_the_package_is_asked(cast, package):
    cast.rita.manager = None
    cast.rita.save()
    approval = ask(cast, package).approvals.get()
    assert [assignee.person for assignee in approval.assignees.all()] == [cast.olga]


def test_an_approver_who_asks_is_never_asked_about_themselves(cast):
    package = cast.package("Sales: Campaign Access", cast.role("Campaigns")[1])
    policy = cast.policy(package, approver=None)
    policy.stages.create(position=1).approvers.create(kind=ApproverKind.PERSON, person=cast.rita)
    approval = ask(cast, package).approvals.get()
    assert [assignee.person for assignee in approval.assignees.all()] == [cast.olga]


def test_a_double_click_makes_one_request(cast, package):
    ask(cast, package)
    with pytest.raises(ValidationError, match="open request"):
        ask(cast, package)
    assert AccessRequest.objects.count() == 1


def test_a_missing_justification_and_a_missing_answer_are_named(cast, package):
    with pytest.raises(ValidationError) as caught:
        actions.submit(package=package, actor=cast.rita, now=NOW)
    assert "justification" in caught.value.message_dict
    question = package.policies.get().questions.create(text="Which region?")
    with pytest.raises(ValidationError) as caught:
        ask(cast, package)
    assert f"question_{question.pk}" in caught.value.message_dict
    answered = ask(cast, package, answers={str(question.pk): "EMEA"})
    assert [str(answer) for answer in answered.answers.all()] == ["Which region? EMEA"]


def test_a_package_that_is_not_for_everybody_is_refused(cast):
    package = cast.package("Finance: Month-end Closing", cast.role("Closing")[1])
    policy = cast.policy(package, scope="specificDirectoryUsers")
    with pytest.raises(PermissionDenied):
        ask(cast, package)
    policy.people.add(cast.rita)
    assert ask(cast, package).is_open


def test_a_request_that_nobody_decides_expires(cast, package):
    approval = ask(cast, package).approvals.get()
    assert not actions.expire_overdue(approval=approval, now=NOW + timedelta(days=13))
    assert actions.expire_overdue(approval=approval, now=NOW + timedelta(days=14))
    assert AccessRequest.objects.get().status == RequestStatus.EXPIRED


def test_only_the_parties_cancel_and_only_before_the_decision(cast, package):
    access_request = ask(cast, package)
    with pytest.raises(PermissionDenied):
        actions.cancel(access_request=access_request, actor=cast.charlie, now=NOW)
    assert actions.cancel(access_request=access_request, actor=cast.rita, now=NOW).status == RequestStatus.CANCELED
    with pytest.raises(IllegalMove):
        actions.cancel(access_request=access_request, actor=cast.rita, now=NOW)


def test_two_approvals_are_asked_for_where_the_stage_says_so(cast, package):
    stage = package.policies.get().stages.get()
    stage.approvals_required = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    approval = ask(cast, package).approvals.get()
    assert actions.approve(approval=approval, actor=cast.marco, now=NOW).status == RequestStatus.PENDING_APPROVAL
    assert actions.approve(approval=approval, actor=cast.ada, now=NOW).status == RequestStatus.DELIVERING


def test_statement_counts_stay_where_they_were_measured(cast):
    counts = []
    for size in (1, 6):
        roles = [cast.role(f"Group {size}.{number}")[1] for number in range(size)]
        package = cast.package(f"Sales: Package of {size}", *roles)
        cast.policy(package)
        with CaptureQueriesContext(connection) as submitting:
            access_request = ask(cast, package)
        approval = Approval.objects.select_related("access_request").get(access_request=access_request)
        with CaptureQueriesContext(connection) as approving:
            actions.approve(approval=approval, actor=cast.marco, now=NOW)
        counts.append((len(statements(submitting)), len(statements(approving))))
    assert counts[0] == counts[1], "the number of roles must not matter"
    assert counts[0][0] <= 12, "submit"
    assert counts[0][1] <= 20, "approve"


def test_only_those_who_look_after_a_package_assign_it_directly(cast):
    package = cast.package("Finance: Month-end Closing", cast.role("Closing")[1])
    policy = cast.policy(package, approver=None, scope="notSpecified")
    with pytest.raises(PermissionDenied):
        actions.assign_directly(policy=policy, person=cast.rita, actor=cast.charlie, now=NOW)
    made = actions.assign_directly(policy=policy, person=cast.rita, actor=cast.olga, now=NOW)
    assert made.status == RequestStatus.DELIVERING


@pytest.mark.parametrize("somebody", ["olga", "ada"])
def test_nobody_assigns_a_package_to_themselves(cast, somebody):
    policy = cast.policy(cast.package("Finance: Archive", cast.role("Archive")[1]), approver=None, scope="notSpecified")
    person = getattr(cast, somebody)
    with pytest.raises(PermissionDenied, match="to themselves"):
        actions.assign_directly(policy=policy, person=person, actor=person, now=NOW)
