"""Answers to drift: adopt, remove, restore, end, link, ignore; by owners and administrators, never about oneself."""

from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from catalog.models import Resource, TargetSystem
from directory.actions import add_member
from directory.models import Group
from provisioning import actions
from provisioning.connectors.base import Holder
from provisioning.connectors.builtin import BuiltinDirectory
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import CaseAnswer, CaseKind, CaseState, GrantStatus, IllegalMove
from provisioning.models import Account, Connector, ConnectorKind, DriftCase, Grant
from provisioning.permissions import answers_drift, can_answer, can_see_drift
from requests_app.lifecycle import AssignmentStatus, RequestType
from requests_app.models import AccessRequest, Assignment
from tests.cast import NOW, make_cast

from .test_reconciling import DAY, LATER, add, people, reconcile

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def sales(cast):
    """A group that Olga owns as a resource, in a package that Rita has."""
    from requests_app.actions import submit

    group, role = cast.role("Sales")
    role.resource.owners.add(cast.olga)
    package = cast.package("Sales: Standard Access", role, cast.role("Brochures")[1])
    cast.policy(package, approver=None)
    submit(package=package, actor=cast.rita, justification="New", now=NOW)
    perform_all_due(now=NOW)
    return group, role


@pytest.fixture
def missing(sales):
    group, _role = sales
    group.memberships.all().delete()
    reconcile()
    return DriftCase.objects.get(kind=CaseKind.MISSING)


@pytest.fixture
def extra(cast, sales):
    add(sales[0], cast.charlie)
    reconcile()
    return DriftCase.objects.get(kind=CaseKind.EXTRA)


def answer(case, how, actor, *, now=LATER, **more):
    return actions.answer_cases(cases=[case], answer=how, actor=actor, why="It is so.", now=now, **more)


def members(group):
    return set(group.memberships.values_list("person__username", flat=True))


def test_each_access_that_ends_together_with_others_says_which_system_it_was_removed_from(cast, sales):
    from requests_app.actions import submit

    _group, role = sales
    run = reconcile()
    registry = TargetSystem.objects.create(name="Registry", slug="registry")
    Connector.objects.create(system=registry, kind=ConnectorKind.BUILTIN)
    other = cast.role("Clerks")[1]
    Resource.objects.filter(pk=other.resource_id).update(system=registry)
    package = cast.package("Clerks", other)
    cast.policy(package, approver=None)
    submit(package=package, actor=cast.rita, justification="New", now=NOW)
    perform_all_due(now=NOW)
    cases = []
    for grant in Grant.objects.with_names().filter(resource_role__in=[role, other]):
        Grant.objects.filter(pk=grant.pk).update(status=GrantStatus.DRIFTED)
        facts = {"resource_role": grant.resource_role, "person": cast.rita, "grant": grant, "run": run}
        system = grant.resource_role.resource.system
        seen = {"first_seen_at": LATER, "last_seen_at": LATER}
        cases.append(DriftCase.objects.create(kind=CaseKind.MISSING, system=system, **facts, **seen))
    actions.answer_cases(cases=cases, answer=CaseAnswer.END, actor=cast.ada, why="It is so.", now=LATER)
    names = dict(Assignment.objects.values_list("pk", "package__name"))
    told = Event.objects.filter(verb="assignment.ended")
    assert {names[UUID(event.target_id)]: event.details["why"] for event in told} == {
        "Sales: Standard Access": "it was removed in Directory: It is so.",
        "Clerks": "it was removed in Registry: It is so.",
    }


# --- What each does -------------------------------------------------------------------------------------------------


def test_what_is_adopted_counts_as_there_before_and_is_no_case_any_more(cast, sales, extra):
    answer(extra, CaseAnswer.ADOPT, cast.olga)
    grant = Grant.objects.get(person=cast.charlie)
    assert (grant.status, grant.is_adopted, grant.was_present) == (GrantStatus.VERIFIED, True, True)
    extra.refresh_from_db()
    assert (extra.state, extra.answered_by, extra.why) == (CaseState.ANSWERED, cast.olga, "It is so.")
    assert Event.objects.get(verb="drift.adopted").actor_id == cast.olga.pk
    assert reconcile(LATER + DAY).found == 0


def test_what_is_removed_is_gone_from_the_target_and_read_back(cast, sales, extra):
    answer(extra, CaseAnswer.REMOVE, cast.olga)
    perform_all_due(now=LATER)
    assert members(sales[0]) == {"rita"}
    assert Grant.objects.get(person=cast.charlie).status == GrantStatus.REMOVED
    assert reconcile(LATER + DAY).found == 0


def test_what_somebody_had_once_and_was_given_again_outside_can_be_removed_and_adopted_alike(cast, sales):
    group, role = sales
    Grant.objects.create(person=cast.charlie, resource_role=role, status=GrantStatus.REMOVED, changed_at=NOW)
    add(group, cast.charlie)
    reconcile()
    answer(DriftCase.objects.get(), CaseAnswer.REMOVE, cast.olga)
    perform_all_due(now=LATER)
    assert members(group) == {"rita"}
    add(group, cast.charlie)
    reconcile(LATER + DAY)
    answer(DriftCase.objects.open().get(), CaseAnswer.ADOPT, cast.olga, now=LATER + DAY)
    assert Grant.objects.get(person=cast.charlie).is_adopted


def test_what_is_restored_is_given_again_and_the_access_stays_delivered_all_the_while(cast, sales, missing):
    assert Assignment.objects.get().status == AssignmentStatus.DELIVERED
    answer(missing, CaseAnswer.RESTORE, cast.olga)
    assert Assignment.objects.get().status == AssignmentStatus.DELIVERED
    perform_all_due(now=LATER)
    assert members(sales[0]) == {"rita"}
    assert Grant.objects.get(resource_role=sales[1]).status == GrantStatus.VERIFIED


def test_ending_ends_everything_that_gives_it_as_the_system(cast, sales, missing):
    answer(missing, CaseAnswer.END, cast.olga)
    perform_all_due(now=LATER)
    assert Assignment.objects.get().status == AssignmentStatus.ENDED
    assert AccessRequest.objects.filter(kind=RequestType.SYSTEM_REMOVE).count() == 1
    assert set(Grant.objects.values_list("status", flat=True)) == {GrantStatus.REMOVED}
    assert "removed in Directory: It is so." in Event.objects.get(verb="assignment.ended").details["why"]


def test_ending_adopted_access_that_nothing_gives_forgets_it(cast):
    group, role = cast.role("Sales")
    Grant.objects.create(
        person=cast.rita, resource_role=role, status=GrantStatus.VERIFIED, changed_at=NOW, is_adopted=True
    )
    reconcile()
    answer(DriftCase.objects.get(), CaseAnswer.END, cast.ada)
    perform_all_due(now=LATER)
    assert Grant.objects.get().status == GrantStatus.REMOVED
    assert not group.memberships.exists()


def test_an_account_of_nobody_is_linked_and_then_judged(cast, sales, monkeypatch):
    monkeypatch.setattr(
        BuiltinDirectory,
        "holders",
        lambda self, role: iter([Holder("a1", "rita"), Holder("a2", "c.harlie")]),
    )
    reconcile()
    case = DriftCase.objects.filter(kind=CaseKind.UNKNOWN, resource_role=sales[1]).get()
    with pytest.raises(PermissionDenied):
        answer(case, CaseAnswer.LINK, cast.ada, person=cast.ada)
    Account.objects.filter(person=cast.rita).update(is_supposed=False)
    with pytest.raises(ValidationError, match="has another account"):
        answer(case, CaseAnswer.LINK, cast.ada, person=cast.rita)
    answer(case, CaseAnswer.LINK, cast.ada, person=cast.charlie)
    assert Account.objects.get(person=cast.charlie).external_id == "a2"
    reconcile(LATER + DAY)
    assert DriftCase.objects.open().filter(resource_role=sales[1]).get().person == cast.charlie


def test_an_account_that_was_only_supposed_gives_way_to_what_an_administrator_says(cast, sales, monkeypatch):
    monkeypatch.setattr(
        BuiltinDirectory, "holders", lambda self, role: iter([Holder("a1", "rita"), Holder("a2", "r.ita")])
    )
    reconcile()
    assert Account.objects.get(person=cast.rita, is_supposed=True).external_id == "a1"
    case = DriftCase.objects.filter(kind=CaseKind.UNKNOWN, resource_role=sales[1]).get()
    answer(case, CaseAnswer.LINK, cast.ada, person=cast.rita)
    assert Account.objects.get(person=cast.rita, is_supposed=False).external_id == "a2"
    reconcile(LATER + DAY)
    assert Account.objects.get(person=cast.rita).external_id == "a2"


def test_an_account_that_is_linked_to_somebody_is_linked_to_nobody_else(cast, sales, monkeypatch):
    monkeypatch.setattr(BuiltinDirectory, "holders", lambda self, role: iter([Holder("a2", "c.harlie")]))
    reconcile()
    first, second = DriftCase.objects.filter(kind=CaseKind.UNKNOWN)
    answer(first, CaseAnswer.LINK, cast.ada, person=cast.charlie)
    with pytest.raises(ValidationError, match="'s already"):
        answer(second, CaseAnswer.LINK, cast.ada, person=cast.marco)
    assert Account.objects.get().person == cast.charlie
    answer(second, CaseAnswer.LINK, cast.ada, person=cast.charlie)


def test_an_ignored_case_is_opened_again_on_its_day(cast, extra):
    answer(extra, CaseAnswer.IGNORE, cast.olga, until=LATER + 7 * DAY)
    assert reconcile(LATER + DAY).found == 0
    assert actions.reopen_ignored(now=LATER + 6 * DAY) == 0
    assert actions.reopen_ignored(now=LATER + 7 * DAY) == 1
    extra.refresh_from_db()
    assert (extra.state, extra.ignored_until) == (CaseState.OPEN, None)
    assert Event.objects.filter(verb="drift.reopened").exists()


def test_an_ignored_case_that_is_no_more_closes(cast, sales, extra):
    answer(extra, CaseAnswer.IGNORE, cast.olga, until=LATER + 7 * DAY)
    sales[0].memberships.filter(person=cast.charlie).delete()
    reconcile(LATER + DAY)
    extra.refresh_from_db()
    assert extra.state == CaseState.CLOSED


def test_access_that_is_approved_anew_while_it_is_missing_is_put_in_place_and_asks_nobody(cast, sales, missing):
    from requests_app.actions import revoke

    revoke(assignment=Assignment.objects.get(), actor=cast.olga, why="moved", now=LATER)
    missing.refresh_from_db()
    assert missing.state == CaseState.CLOSED
    perform_all_due(now=LATER)
    assert Assignment.objects.get().status == AssignmentStatus.ENDED


# --- Who ------------------------------------------------------------------------------------------------------------


def test_outsiders_are_refused(cast, extra):
    for outsider in (cast.marco, cast.rita):
        with pytest.raises(PermissionDenied):
            answer(extra, CaseAnswer.ADOPT, outsider)
        assert not can_see_drift(outsider)
        assert not DriftCase.objects.visible_to(outsider).exists()


def test_nobody_answers_about_their_own_access(cast, sales, extra):
    sales[1].resource.owners.add(cast.charlie)
    assert DriftCase.objects.visible_to(cast.charlie).get() == extra
    assert not can_answer(cast.charlie, extra)
    with pytest.raises(PermissionDenied):
        answer(extra, CaseAnswer.ADOPT, cast.charlie)


def test_not_even_an_administrator_answers_about_their_own_access(cast, sales):
    add(sales[0], cast.ada)
    reconcile()
    with pytest.raises(PermissionDenied):
        answer(DriftCase.objects.get(), CaseAnswer.ADOPT, cast.ada)


def test_auditors_look_and_do_not_answer(cast, extra):
    cast.marco.is_auditor = True
    cast.marco.save()
    assert DriftCase.objects.visible_to(cast.marco).exists()
    assert not answers_drift(cast.marco)
    with pytest.raises(PermissionDenied):
        answer(extra, CaseAnswer.ADOPT, cast.marco)


def test_owners_by_a_group_answer_as_well(cast, sales, extra):
    owners = Group.objects.create(name="Owners")
    add_member(group=owners, person=cast.marco, actor=None, now=NOW)
    sales[1].resource.owner_groups.add(owners)
    assert answers_drift(cast.marco)
    answer(extra, CaseAnswer.ADOPT, cast.marco)


# --- What is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "more", "field"),
    [
        (CaseAnswer.RESTORE, {}, "answer"),
        ("burn", {}, "answer"),
        (CaseAnswer.IGNORE, {}, "until"),
        (CaseAnswer.IGNORE, {"until": NOW}, "until"),
        (CaseAnswer.LINK, {}, "person"),
    ],
    ids=["of another kind", "of no kind", "without a day", "until the past", "to nobody"],
)
def test_an_answer_that_makes_no_sense_is_refused_with_the_field_that_is_wrong(cast, extra, how, more, field):
    with pytest.raises(ValidationError) as refusal:
        answer(extra, how, cast.olga, **more)
    assert set(refusal.value.message_dict) == {field}


def test_an_answer_without_a_reason_is_refused(cast, extra):
    with pytest.raises(ValidationError):
        actions.answer_cases(cases=[extra], answer=CaseAnswer.ADOPT, actor=cast.olga, why="  ", now=LATER)


def test_of_two_who_answer_at_once_the_second_is_told(cast, extra):
    answer(extra, CaseAnswer.ADOPT, cast.olga)
    with pytest.raises(IllegalMove):
        answer(extra, CaseAnswer.REMOVE, cast.ada)
    perform_all_due(now=LATER)
    assert Grant.objects.get(person=cast.charlie).status == GrantStatus.VERIFIED


def test_many_are_answered_by_as_many_statements_as_few(cast, sales):
    group, _role = sales
    counts = []
    for number, how in ((2, CaseAnswer.REMOVE), (9, CaseAnswer.REMOVE)):
        add(group, *people(number, f"crowd{number}of"))
        reconcile(LATER + number * DAY)
        cases = list(DriftCase.objects.open())
        assert len(cases) == number
        with CaptureQueriesContext(connection) as queries:
            actions.answer_cases(cases=cases, answer=how, actor=cast.ada, why="Not ours.", now=LATER + number * DAY)
        counts.append(len(queries))
        perform_all_due(now=LATER + number * DAY)
    assert members(group) == {"rita"}
    assert counts[0] == counts[1] <= 20
