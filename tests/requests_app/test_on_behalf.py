"""Asking for those who report to one: who may, who decides, who may take it back, and what is recorded."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from catalog.choices import ApproverKind, RequestorScope
from directory.actions import disable_person
from directory.models import User
from notifications.models import Message
from requests_app import actions
from requests_app.lifecycle import RequestStatus, RequestType
from requests_app.models import AccessRequest, Assignment
from tests.cast import NOW


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast, package):
    """Managers may ask for their reports; Olga and Marco decide."""
    policy = cast.policy(package, approver=None, is_on_behalf_allowed=True)
    stage = policy.stages.create(position=1)
    for person in (cast.olga, cast.marco):
        stage.approvers.create(kind=ApproverKind.PERSON, person=person)
    return policy


def ask(cast, policy, actor=None, **fields):
    given = {"person": cast.rita, "justification": "She starts on Monday", **fields}
    return actions.submit(package=policy.package, actor=actor or cast.marco, now=NOW, **given)


def test_a_manager_asks_for_a_report(cast, policy):
    made = ask(cast, policy)
    assert (made.kind, made.person, made.requested_by) == (RequestType.USER_ADD, cast.rita, cast.marco)
    told = Event.objects.get(verb="request.submitted")
    assert told.sentence == "Marco asked for Sales: Standard Access for Rita"


def test_neither_of_the_two_decides(cast, policy):
    """Corner 5: nobody decides on what they asked for, be it for others."""
    made = ask(cast, policy)
    assert [one.person for one in made.approvals.get().assignees.all()] == [cast.olga]
    for party in (cast.marco, cast.rita):
        with pytest.raises(PermissionDenied):
            actions.approve(approval=made.approvals.get(), actor=party, now=NOW)


def test_a_manager_who_alone_would_decide_is_replaced(cast, package):
    cast.policy(package, is_on_behalf_allowed=True)
    made = ask(cast, package.policies.get())
    assert [one.person for one in made.approvals.get().assignees.all()] == [cast.olga]
    assert Event.objects.filter(verb="approval.rerouted").exists()


def test_only_the_direct_manager_asks_for_somebody(cast, policy):
    boss = User.objects.create(username="boss", display_name="Boss")
    User.objects.filter(pk=cast.marco.pk).update(manager=boss)
    for actor in (cast.charlie, cast.olga, cast.ada, boss):
        with pytest.raises(PermissionDenied, match="Only their manager asks for Rita"):
            ask(cast, policy, actor)
    with pytest.raises(PermissionDenied, match="Only their manager asks for Marco"):
        ask(cast, policy, cast.rita, person=cast.marco)
    assert not AccessRequest.objects.exists()


def test_a_policy_that_does_not_say_so_lets_no_manager_ask(cast, policy):
    policy.is_on_behalf_allowed = False
    policy.save()
    with pytest.raises(PermissionDenied, match="You cannot ask for Sales: Standard Access for Rita"):
        ask(cast, policy)
    assert ask(cast, policy, cast.rita).is_open


def test_the_policy_has_to_take_the_report_in_not_the_manager(cast, package, policy):
    policy.scope = RequestorScope.SPECIFIC
    policy.save()
    policy.people.set([cast.marco])
    with pytest.raises(PermissionDenied, match="for Rita"):
        ask(cast, policy)
    policy.people.set([cast.rita])
    assert ask(cast, policy).is_open


def test_only_policies_of_the_reports_best_tier_are_open_to_managers(cast, package, policy):
    named = cast.policy(package, name="Named", scope=RequestorScope.SPECIFIC)
    named.people.add(cast.rita)
    with pytest.raises(PermissionDenied, match="for Rita"):
        ask(cast, policy)


@pytest.mark.parametrize("disabled", ["rita", "marco"])
def test_nobody_who_is_disabled_asks_or_is_asked_for(cast, policy, disabled):
    disable_person(person=getattr(cast, disabled), actor=cast.ada, now=NOW)
    with pytest.raises(PermissionDenied, match="Disabled"):
        ask(cast, policy)


def test_what_the_report_has_or_has_asked_for_is_refused(cast, policy):
    ask(cast, policy, cast.rita)
    with pytest.raises(ValidationError, match="There is an open request"):
        ask(cast, policy)
    policy.stages.all().delete()
    AccessRequest.objects.update(status=RequestStatus.CANCELED, completed_at=NOW)
    ask(cast, policy)
    with pytest.raises(ValidationError, match="Rita has this package already"):
        ask(cast, policy)


def test_the_questions_are_answered_for_the_report(cast, policy):
    question = policy.questions.create(text="Which region?")
    with pytest.raises(ValidationError) as refusal:
        ask(cast, policy, justification=" ")
    assert set(refusal.value.message_dict) == {"justification", f"question_{question.pk}"}
    made = ask(cast, policy, answers={str(question.pk): "EMEA"})
    assert made.answers.get().value == "EMEA"


@pytest.mark.parametrize("who", ["marco", "rita"])
def test_either_of_the_two_cancels(cast, policy, who):
    made = ask(cast, policy)
    assert actions.cancel(access_request=made, actor=getattr(cast, who), now=NOW).status == RequestStatus.CANCELED


def test_both_are_told_how_it_was_decided(cast, policy):
    made = ask(cast, policy)
    actions.deny(approval=made.approvals.get(), actor=cast.olga, justification="No", now=NOW)
    told = Message.objects.filter(occasion="denied").values_list("recipient__username", flat=True)
    assert sorted(told) == ["marco", "rita"]


def test_a_manager_sees_what_their_reports_have_and_ask_for(cast, policy):
    policy.stages.all().delete()
    made = ask(cast, policy, cast.rita)
    boss = User.objects.create(username="boss", display_name="Boss")
    User.objects.filter(pk=cast.marco.pk).update(manager=boss)
    for person, sees in ((cast.marco, True), (boss, False), (cast.charlie, False)):
        assert AccessRequest.objects.visible_to(person).filter(pk=made.pk).exists() == sees
        assert Assignment.objects.visible_to(person).filter(person=cast.rita).exists() == sees


def test_a_manager_takes_away_only_what_the_policy_lets_them_ask_for(cast, package, policy):
    policy.stages.all().delete()
    ask(cast, policy)
    assignment = Assignment.objects.select_related("policy", "person", "package").get()
    assignment.policy.is_on_behalf_allowed = False
    with pytest.raises(PermissionDenied):
        actions.revoke(assignment=assignment, actor=cast.marco, why="She moved on", now=NOW)
    assignment.policy.is_on_behalf_allowed = True
    with pytest.raises(PermissionDenied):
        actions.revoke(assignment=assignment, actor=cast.charlie, why="Just so", now=NOW)
    actions.revoke(assignment=assignment, actor=cast.marco, why="She moved on", now=NOW)
    removal = AccessRequest.objects.get(kind=RequestType.USER_REMOVE)
    assert (removal.person, removal.requested_by) == (cast.rita, cast.marco)
    assert "She moved on" in Event.objects.get(verb="assignment.ended").sentence


def test_asking_for_a_report_costs_no_statement_more(cast, policy):
    counts = []
    for person, actor in ((cast.charlie, cast.charlie), (cast.rita, cast.marco)):
        with CaptureQueriesContext(connection) as captured:
            actions.submit(package=policy.package, person=person, actor=actor, justification="Needed", now=NOW)
        counts.append(len(captured))
    assert counts[0] == counts[1]
