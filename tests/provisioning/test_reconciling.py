"""Reconciliation: what people have in a system is compared with what they should have, and differences become cases."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accessgov import outbox
from audit.models import Event
from catalog.models import ResourceRole
from directory.models import Group, Membership, User
from provisioning import actions, reconciling, staging
from provisioning.actions import Reason
from provisioning.connectors import matching
from provisioning.connectors.builtin import BuiltinDirectory
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import CaseKind, CaseState, ExtraRule, GrantStatus, IllegalMove, MissingRule
from provisioning.models import (
    Account,
    Connector,
    DriftCase,
    DriftRule,
    Grant,
    GrantReason,
    Operation,
    Reconciliation,
    RoleReading,
    StagedPage,
)
from tests.cast import NOW, make_cast

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def connector():
    return Connector.objects.get()


@pytest.fixture
def sales(cast):
    """A group with its `member` role, which Rita has been given."""
    group, role = cast.role("Sales")
    provide(cast.rita, role)
    perform_all_due(now=NOW)
    assert group.memberships.get().person == cast.rita
    return group, role


def provide(person, role, reference=None):
    reason = Reason(person=person, role=role, reference=reference or uuid4(), correlation_id=uuid4())
    [grant] = actions.provide([reason], now=NOW)
    return reason, grant


def reconcile(now=LATER):
    """One whole run of the built-in directory's system."""
    run = actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=now)
    assert reconciling.perform_all_due(now=now) == 1
    run.refresh_from_db()
    assert run.status == outbox.WorkStatus.DONE, run.last_error
    assert not StagedPage.objects.exists(), "what was staged is of no use any more"
    return run


def status_of(person, role):
    return Grant.objects.get(person=person, resource_role=role).status


def add(group, *members):
    """As somebody does by hand, past AccessGov."""
    return Membership.objects.bulk_create(Membership(group=group, person=one, added_at=NOW) for one in members)[0]


def people(number, prefix="person"):
    return User.objects.bulk_create(
        User(username=f"{prefix}{n}", display_name=f"{prefix.title()} {n}") for n in range(number)
    )


# --- What is found --------------------------------------------------------------------------------------------------


def test_where_everything_is_as_it_should_be_nothing_is_written_but_that_it_was_seen(cast, sales):
    before = Event.objects.count()
    run = reconcile()
    assert (run.roles, run.holders, run.found) == (1, 1, 0)
    assert not DriftCase.objects.exists()
    assert RoleReading.objects.get(resource_role=sales[1]).began_at == LATER
    assert Event.objects.count() == before + 2, "that it was asked for, and that it is done"
    assert Connector.objects.get().reconciled_at == LATER


def test_what_the_target_only_said_that_it_did_is_verified_by_being_seen(cast, sales):
    Grant.objects.update(status=GrantStatus.DELIVERED, verified_at=None)
    reconcile()
    grant = Grant.objects.get()
    assert (grant.status, grant.verified_at) == (GrantStatus.VERIFIED, LATER)


def test_somebody_removed_by_hand_has_drifted_and_there_is_a_case(cast, sales):
    group, role = sales
    group.memberships.all().delete()
    run = reconcile()
    assert status_of(cast.rita, role) == GrantStatus.DRIFTED
    case = DriftCase.objects.get()
    assert (case.kind, case.state, case.person, case.run) == (CaseKind.MISSING, CaseState.OPEN, cast.rita, run)
    assert Event.objects.get(verb="drift.missing").person_id == cast.rita.pk


def test_somebody_added_by_hand_is_a_case_and_gets_no_grant_by_itself(cast, sales):
    group, role = sales
    add(group, cast.charlie)
    reconcile()
    case = DriftCase.objects.get()
    assert (case.kind, case.person, case.resource_role) == (CaseKind.EXTRA, cast.charlie, role)
    assert not Grant.objects.filter(person=cast.charlie).exists()


def test_what_is_found_twice_is_one_case_seen_last_by_the_second_run(cast, sales):
    group, _role = sales
    group.memberships.all().delete()
    add(group, cast.charlie)
    reconcile()
    assert reconcile(LATER + DAY).found == 0
    assert set(DriftCase.objects.values_list("kind", "first_seen_at", "last_seen_at")) == {
        (CaseKind.MISSING, LATER, LATER + DAY),
        (CaseKind.EXTRA, LATER, LATER + DAY),
    }


def test_what_is_as_it_should_be_again_closes_its_case(cast, sales):
    group, role = sales
    group.memberships.all().delete()
    stranger = add(group, cast.charlie)
    reconcile()
    add(group, cast.rita)
    stranger.delete()
    run = reconcile(LATER + DAY)
    assert run.closed == 2
    assert status_of(cast.rita, role) == GrantStatus.VERIFIED
    assert set(DriftCase.objects.values_list("state", flat=True)) == {CaseState.CLOSED}
    assert Event.objects.filter(verb="drift.closed").count() == 2


def test_two_packages_that_share_a_role_are_one_case(cast, sales):
    group, role = sales
    provide(cast.rita, role)
    group.memberships.all().delete()
    reconcile()
    assert GrantReason.objects.living().count() == 2


def test_adopted_access_that_was_there_before_is_no_case_and_drifts_as_any_other(cast):
    group, role = cast.role("Sales")
    member = add(group, cast.rita)
    provide(cast.rita, role)
    perform_all_due(now=NOW)
    assert Grant.objects.get().is_adopted
    assert reconcile().found == 0
    member.delete()
    assert reconcile(LATER + DAY).missing == 1


def test_a_name_makes_an_account_known_whatever_its_case(cast, sales, monkeypatch):
    User.objects.filter(pk=cast.rita.pk).update(username="RITA")
    holders = BuiltinDirectory.holders
    monkeypatch.setattr(
        BuiltinDirectory,
        "holders",
        lambda self, role: (
            type(one)(account_id=f"uid={one.name}", name=one.name.lower()) for one in holders(self, role)
        ),
    )
    assert reconcile().found == 0
    assert Account.objects.get().external_id == "uid=RITA"


def test_whoever_has_an_account_keeps_it_whatever_another_one_is_called(cast, sales, monkeypatch, connector):
    """A second account of theirs, for administration, which holds what the first one does not."""
    Account.objects.create(connector=connector, person=cast.rita, external_id="rita")
    say(monkeypatch, ("adm-rita", "rita"))
    reconcile()
    assert Account.objects.get().external_id == "rita"
    case = DriftCase.objects.get(kind=CaseKind.UNKNOWN)
    assert (case.account_id, case.person) == ("adm-rita", None)


def test_a_name_that_is_no_user_name_makes_an_account_nobody_s(cast, sales, monkeypatch):
    """By mail nobody has it; that somebody's user name is written so is another matter."""
    User.objects.filter(pk=cast.charlie.pk).update(username="office@example.com", email="charlie@example.com")
    found = [("a1", "Rita@Example.com"), ("a2", "office@example.com")]
    monkeypatch.setattr(BuiltinDirectory, "holders", lambda self, role: matching.holders(found, attribute="email"))
    reconcile()
    assert Account.objects.get().person == cast.rita
    case = DriftCase.objects.get()
    assert (case.kind, case.who) == (CaseKind.UNKNOWN, "office@example.com")


def test_an_account_of_nobody_here_is_a_case_of_its_own(cast, sales, monkeypatch):
    say(monkeypatch, ("a1", "rita"), ("a2", "svc-backup"))
    reconcile()
    case = DriftCase.objects.get()
    assert (case.kind, case.account_id, case.who, case.person) == (CaseKind.UNKNOWN, "a2", "svc-backup", None)
    assert reconcile(LATER + DAY).found == 0
    say(monkeypatch, ("a1", "rita"))
    assert reconcile(LATER + 2 * DAY).closed == 1


def test_a_target_that_names_somebody_twice_makes_one_case_of_it(cast, sales, monkeypatch):
    say(monkeypatch, ("a1", "rita"), ("a3", "charlie"), ("a3", "charlie"), ("a2", "nobody"), ("a2", "nobody"))
    run = reconcile()
    assert (run.extra, run.unknown) == (1, 1)


def test_a_large_group_is_staged_page_by_page_and_compared_as_one(cast, sales, monkeypatch):
    monkeypatch.setattr(staging, "SOME", 2)
    monkeypatch.setattr(staging, "PAGE", 4)
    group, _role = sales
    crowd = people(11)
    add(group, *crowd)
    other, _other_role = cast.role("Marketing")
    add(other, *crowd[:3])
    run = reconcile()
    assert (run.roles, run.holders, run.extra, run.missing) == (2, 15, 14, 0)


def test_what_no_database_takes_is_left_out_of_names(cast, sales, monkeypatch):
    say(monkeypatch, ("a1", "rita"), ("\x00a2\ud800", 'Zoë \\ \t"{Ω}\n'), ("a3" * 200, "x" * 400))
    reconcile()
    found = dict(DriftCase.objects.values_list("account_id", "account_name"))
    assert found == {"a2?": 'Zoë \\ \t"{Ω}\n', "a3" * 150: "x" * 300}


def say(monkeypatch, *named):
    from provisioning.connectors.base import Holder

    monkeypatch.setattr(BuiltinDirectory, "holders", lambda self, role: iter([Holder(*one) for one in named]))


# --- What is left alone ---------------------------------------------------------------------------------------------


def test_what_changed_while_the_target_was_read_is_judged_by_the_next_run(cast, sales, monkeypatch):
    group, role = sales
    group.memberships.all().delete()
    Grant.objects.update(changed_at=LATER)
    assert reconcile().found == 0
    assert status_of(cast.rita, role) == GrantStatus.VERIFIED
    assert reconcile(LATER + DAY).missing == 1


def test_an_operation_that_settles_while_the_target_is_read_is_not_taken_for_drift(cast, sales, monkeypatch):
    _group, role = sales
    reason, _grant = provide(cast.charlie, role)
    perform_all_due(now=NOW)
    holders = BuiltinDirectory.holders

    def and_meanwhile(connector, entitlement):
        yield from holders(connector, entitlement)
        actions.withdraw({reason.reference: uuid4()}, now=LATER)
        perform_all_due(now=LATER)

    monkeypatch.setattr(BuiltinDirectory, "holders", and_meanwhile)
    assert reconcile().found == 0
    assert status_of(cast.charlie, role) == GrantStatus.REMOVED


def test_a_grant_on_which_somebody_is_at_work_is_not_judged(cast, sales):
    group, role = sales
    provide(cast.charlie, role)
    add(group, cast.charlie)
    assert Operation.objects.pending().exists()
    assert reconcile().found == 0
    assert status_of(cast.charlie, role) == GrantStatus.PENDING


def test_a_role_that_cannot_be_read_is_left_as_it_is_and_the_others_are_judged(cast, sales):
    _group, role = sales
    other, other_role = cast.role("Marketing")
    add(other, cast.charlie)
    Group.objects.filter(name="Sales").delete()
    run = reconcile()
    assert (run.roles, run.unread, run.extra) == (1, 1, 1)
    assert status_of(cast.rita, role) == GrantStatus.VERIFIED
    assert "not in the directory any more" in RoleReading.objects.get(resource_role=role).last_error
    assert RoleReading.objects.get(resource_role=other_role).last_error == ""


def test_a_role_whose_list_breaks_off_is_not_judged_by_the_part_of_it_that_came(cast, sales, monkeypatch):
    from provisioning.connectors.base import ConnectorError, Holder

    def breaks_off(self, role):
        yield from (Holder(f"a{number}", "charlie") for number in range(5))
        raise ConnectorError("The list broke off.")

    monkeypatch.setattr(staging, "SOME", 2)
    monkeypatch.setattr(staging, "PAGE", 2)
    monkeypatch.setattr(BuiltinDirectory, "holders", breaks_off)
    run = reconcile()
    assert (run.roles, run.unread, run.found) == (0, 1, 0)
    assert status_of(cast.rita, sales[1]) == GrantStatus.VERIFIED


def test_without_a_list_of_holders_each_person_is_asked_about(cast, sales, monkeypatch):
    from provisioning.connectors.base import Capability

    monkeypatch.setattr(BuiltinDirectory, "capabilities", frozenset({Capability.READ_BACK}))
    group, role = sales
    add(group, cast.charlie)
    provide(cast.marco, role)
    perform_all_due(now=NOW)
    group.memberships.filter(person=cast.rita).delete()
    run = reconcile()
    assert (run.missing, run.extra) == (1, 0), "who was never given it is not asked about"
    assert DriftCase.objects.get().person == cast.rita
    assert status_of(cast.marco, role) == GrantStatus.VERIFIED


def test_a_system_that_can_tell_nothing_says_so(cast, sales, connector, monkeypatch):
    monkeypatch.setattr(BuiltinDirectory, "capabilities", frozenset())
    run = reconcile()
    assert "nothing to reconcile" in run.remark
    connector.refresh_from_db()
    assert connector.reconciled_at is None


# --- Runs -----------------------------------------------------------------------------------------------------------


def test_a_run_goes_on_when_the_target_has_had_the_rest_that_others_were_asked_for(cast, sales, connector, monkeypatch):
    cast.role("Marketing")
    monkeypatch.setattr(reconciling, "ROLES", 1)
    holders = BuiltinDirectory.holders
    read: list[Any] = []

    def and_meanwhile(self, role):
        if not read:
            actions.note_outage(connector_id=connector.pk, error="Slow down.", delay=DAY, now=LATER)
        read.append(role)
        return holders(self, role)

    monkeypatch.setattr(BuiltinDirectory, "holders", and_meanwhile)
    actions.start_reconciliation(connector=connector, actor=None, now=LATER)
    reconciling.perform_all_due(now=LATER)
    assert len(read) == 1, "the other role waits"
    assert Connector.objects.get().held_until == LATER + DAY
    reconciling.perform_all_due(now=LATER + DAY)
    assert len(read) == 2
    assert Reconciliation.objects.get().status == outbox.WorkStatus.DONE
    assert Connector.objects.get().held_until is None


def test_runs_begin_when_they_are_due_once_however_many_were_missed(cast, sales):
    assert actions.start_due(now=LATER) == 1
    assert actions.start_due(now=LATER) == 0, "it is running"
    reconciling.perform_all_due(now=LATER)
    assert actions.start_due(now=LATER + timedelta(hours=23)) == 0
    assert actions.start_due(now=LATER + 5 * DAY) == 1
    reconciling.perform_all_due(now=LATER + 5 * DAY)
    assert actions.start_due(now=LATER + 5 * DAY) == 0


def test_no_run_begins_where_it_is_not_wanted_or_the_system_never_answered(cast, sales, connector):
    Connector.objects.update(last_answer_at=None)
    assert actions.start_due(now=LATER) == 0
    Connector.objects.update(last_answer_at=NOW, reconcile_every=None)
    assert actions.start_due(now=LATER) == 0


def test_one_run_of_a_system_goes_on_at_a_time(cast, connector):
    actions.start_reconciliation(connector=connector, actor=cast.ada, now=NOW)
    with pytest.raises(IllegalMove):
        actions.start_reconciliation(connector=connector, actor=cast.ada, now=NOW)


def test_only_administrators_have_a_system_compared(cast, connector):
    with pytest.raises(PermissionDenied):
        actions.start_reconciliation(connector=connector, actor=cast.olga, now=NOW)


def test_a_run_that_was_cut_off_goes_on_where_it_was_and_doubles_nothing(cast, monkeypatch):
    monkeypatch.setattr(reconciling, "ROWS", 1)
    for name in "abcd":
        group, _role = cast.role(name)
        add(group, cast.charlie)
    run = actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=LATER)
    settle_step, steps = actions.settle_step, []

    def killed_in_the_third(**facts):
        steps.append(facts["cursor"])
        if len(steps) == 3:
            raise SystemExit
        return settle_step(**facts)

    monkeypatch.setattr(actions, "settle_step", killed_in_the_third)
    with pytest.raises(SystemExit):
        reconciling.perform_all_due(now=LATER)
    assert DriftCase.objects.count() == 2
    assert StagedPage.objects.exists(), "what the dead worker left behind"
    assert reconciling.perform_all_due(now=LATER + timedelta(seconds=30)) == 0, "its lease still holds"
    reconciling.perform_all_due(now=LATER + 2 * MINUTE)
    run.refresh_from_db()
    assert (run.status, run.roles, run.extra) == (outbox.WorkStatus.DONE, 4, 4)
    assert DriftCase.objects.count() == 4
    assert not StagedPage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_goes_through_in_committed_steps_and_is_laid_down_where_it_takes_long(monkeypatch):
    cast = make_cast()
    monkeypatch.setattr(reconciling, "ROWS", 1)
    for name in "abc":
        group, _role = cast.role(name)
        add(group, cast.charlie)
    run = actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=LATER)
    for _turn in range(3):
        assert reconciling.work_off(run.pk, clock=lambda: LATER, until=0.0)
    assert not reconciling.work_off(run.pk, clock=lambda: LATER, until=0.0)
    run.refresh_from_db()
    assert (run.status, run.extra) == (outbox.WorkStatus.DONE, 3)
    assert list(reconciling.preview(run.connector, clock=lambda: LATER)) == []


def test_a_run_over_many_small_roles_keeps_its_lease_however_slow_the_target_is(cast, monkeypatch):
    for number in range(8):
        cast.role(f"Group {number}")
    now, left = [LATER], []

    def slow(self, role):
        held_until = Reconciliation.objects.get().leased_until
        assert held_until
        left.append(held_until - now[0])
        now[0] += timedelta(seconds=15)
        return iter(())

    monkeypatch.setattr(BuiltinDirectory, "holders", slow)
    run = actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=LATER)
    reconciling.work_off(run.pk, clock=lambda: now[0])
    run.refresh_from_db()
    assert (run.status, run.roles) == (outbox.WorkStatus.DONE, 8)
    assert min(left) >= timedelta(seconds=30)


def test_a_worker_that_lost_its_lease_writes_nothing(cast, sales, monkeypatch):
    group, _role = sales
    group.memberships.all().delete()
    run = actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=LATER)
    read = reconciling._Step.read

    def and_meanwhile(step):
        Reconciliation.objects.update(lease=uuid4())
        return read(step)

    monkeypatch.setattr(reconciling._Step, "read", and_meanwhile)
    reconciling.perform_all_due(now=LATER)
    run.refresh_from_db()
    assert run.status == outbox.WorkStatus.PENDING
    assert not DriftCase.objects.exists()


def test_a_system_that_is_away_is_waited_for(cast, sales, monkeypatch):
    from provisioning.connectors.base import ConnectorError

    def away(self, role):
        raise ConnectorError("It is away.", is_outage=True)
        yield

    with monkeypatch.context() as patch:
        patch.setattr(BuiltinDirectory, "holders", away)
        run = actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=LATER)
        reconciling.perform_all_due(now=LATER)
    run.refresh_from_db()
    assert (run.status, run.last_error) == (outbox.WorkStatus.PENDING, "It is away.")
    assert run.due_at > LATER
    reconciling.perform_all_due(now=LATER + DAY)
    run.refresh_from_db()
    assert run.status == outbox.WorkStatus.DONE


def test_a_system_that_is_switched_off_ends_the_run_and_says_why(cast, sales, connector):
    Connector.objects.update(is_enabled=False)
    run = actions.start_reconciliation(connector=connector, actor=None, now=LATER)
    reconciling.perform_all_due(now=LATER)
    run.refresh_from_db()
    assert run.status == outbox.WorkStatus.STUCK
    assert "switched off" in run.last_error
    assert Event.objects.filter(verb="reconciliation.failed").exists()


def test_the_number_of_statements_does_not_depend_on_the_number_of_people(cast):
    group, role = cast.role("Sales")
    _statements(group, role, 1, "first")  # which also notes that the system answered
    few, many = _statements(group, role, 2, "few"), _statements(group, role, 12, "many")
    assert few == many <= 60


def _statements(group, role, number, prefix):
    """What a run costs that finds so many missing, so many added, and so many as they should be."""
    crowd = people(number * 3, prefix)
    lost, kept, added = (crowd[start::3] for start in range(3))
    Grant.objects.bulk_create(
        Grant(person=person, resource_role=role, status=GrantStatus.VERIFIED, changed_at=NOW)
        for person in (*lost, *kept)
    )
    add(group, *kept, *added)
    actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=LATER)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        reconciling.perform_all_due(now=LATER)
    run = Reconciliation.objects.latest("created_at", "id")
    assert (run.missing, run.extra) == (number, number)
    DriftCase.objects.all().delete()
    Grant.objects.all().delete()
    group.memberships.all().delete()
    return len(queries)


# --- Without asking -------------------------------------------------------------------------------------------------


def rule(role, **answers):
    return DriftRule.objects.create(resource=role.resource, **answers)


def test_a_resource_can_have_what_was_added_outside_removed_by_itself(cast, sales):
    group, role = sales
    rule(role, extra=ExtraRule.REMOVE)
    add(group, cast.charlie)
    reconcile()
    assert DriftCase.objects.get().state == CaseState.ANSWERED
    perform_all_due(now=LATER)
    assert group.memberships.get().person == cast.rita
    assert reconcile(LATER + DAY).found == 0


def test_a_resource_can_have_what_is_missing_restored_by_itself(cast, sales):
    group, role = sales
    provide(cast.charlie, role)
    perform_all_due(now=NOW)
    rule(role, missing=MissingRule.RESTORE)
    group.memberships.filter(person=cast.rita).delete()
    reconcile()
    perform_all_due(now=LATER)
    assert group.memberships.count() == 2
    assert status_of(cast.rita, role) == GrantStatus.VERIFIED


def test_a_reading_that_loses_many_at_once_answers_nothing_by_itself_and_says_why(cast, sales):
    group, role = sales
    rule(role, missing=MissingRule.END)
    crowd = people(20)
    Grant.objects.bulk_create(
        Grant(person=person, resource_role=role, status=GrantStatus.VERIFIED, changed_at=NOW) for person in crowd
    )
    add(group, *crowd[:10])
    reconcile()
    cases = DriftCase.objects.open()
    assert cases.count() == 10
    assert "10 differences at once" in cases[0].held_back


@pytest.mark.parametrize("kind", [CaseKind.MISSING, CaseKind.EXTRA])
def test_one_role_that_differs_much_answers_nothing_by_itself_however_many_others_are_as_they_should_be(
    cast, sales, kind
):
    """A page that a target cut off, among all that is read with it."""
    group, role = sales
    rule(role, missing=MissingRule.END, extra=ExtraRule.REMOVE)
    crowd = people(20)
    other, other_role = cast.role("Everybody")
    everybody = [*crowd, *people(200, "other")]
    add(other, *everybody)
    had = {role: crowd[:10] if kind == CaseKind.EXTRA else crowd, other_role: everybody}
    Grant.objects.bulk_create(
        Grant(person=person, resource_role=there, status=GrantStatus.VERIFIED, changed_at=NOW)
        for there, holders in had.items()
        for person in holders
    )
    add(group, *(crowd if kind == CaseKind.EXTRA else crowd[:10]))
    reconcile()
    cases = DriftCase.objects.open()
    assert cases.count() == 10
    known = 11 if kind == CaseKind.EXTRA else 21
    assert {case.held_back for case in cases} == {f"10 differences at once, where {known} holders were known."}


def test_a_role_that_is_suddenly_empty_answers_nothing_by_itself(cast, sales):
    group, role = sales
    provide(cast.charlie, role)
    perform_all_due(now=NOW)
    rule(role, missing=MissingRule.END)
    group.memberships.all().delete()
    reconcile()
    assert {case.held_back for case in DriftCase.objects.open()} == {
        "The system names nobody any more where 2 were known."
    }


def test_only_administrators_set_what_is_done_by_itself(cast, sales):
    wanted = DriftRule(resource=sales[1].resource, extra=ExtraRule.REMOVE)
    with pytest.raises(PermissionDenied):
        actions.set_drift_rule(rule=wanted, actor=cast.olga, now=NOW)
    actions.set_drift_rule(rule=wanted, actor=cast.ada, now=NOW)
    assert DriftRule.objects.get().extra == ExtraRule.REMOVE
    assert "remove it" in Event.objects.get(verb="drift_rule.changed").details["changed"]


def test_a_look_ahead_finds_the_same_and_keeps_nothing(cast, sales, connector):
    group, role = sales
    group.memberships.all().delete()
    add(group, cast.charlie)
    found = list(reconciling.preview(connector, clock=lambda: LATER))
    assert {(case.kind, case.person) for case in found} == {
        (CaseKind.MISSING, cast.rita),
        (CaseKind.EXTRA, cast.charlie),
    }
    assert status_of(cast.rita, role) == GrantStatus.VERIFIED
    for kept in (DriftCase, Account, StagedPage):
        assert not kept.objects.exists()
    assert ResourceRole.objects.count() == 1
