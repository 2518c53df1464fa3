"""Delegation while away: who may set it, what it covers, what the one who stands in may and may not do."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from catalog.choices import ApproverKind
from catalog.models import AccessPackage, Catalog
from directory.actions import disable_person
from directory.models import User
from requests_app import actions, events
from requests_app.actions.deciding import AlreadyDecided
from requests_app.lifecycle import IllegalMove, RequestStatus
from requests_app.models import AccessRequest, Approval, ApprovalAssignee, Delegation
from tests.cast import NOW

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


@pytest.fixture
def bea(cast):
    return User.objects.create(username="bea", email="bea@example.com", display_name="Bea")


@pytest.fixture
def ask(cast, package):
    """Rita asks, and whoever stands in is asked as the sweep does it."""

    def ask(package=package, *, now=NOW + DAY):
        approval = actions.submit(package=package, actor=cast.rita, justification="New", now=now).approvals.first()
        actions.follow_delegations(now=now)
        return approval

    return ask


def away(cast, delegate, *, now=NOW, **fields):
    """Marco is away, and somebody decides in his place."""
    values = {"delegator": cast.marco, "actor": cast.marco, "ends_at": NOW + WEEK, **fields}
    return actions.set_delegation(delegate=delegate, now=now, **values)


def seats(approval):
    rows = approval.assignees.with_people().order_by("person__display_name")
    return {one.person.display_name: one.delegate and one.delegate.display_name for one in rows}


def waits_for(person, approval):
    return Approval.objects.waiting_for(person).filter(pk=approval.pk).count()


def test_whoever_stands_in_decides_and_the_journal_says_for_whom(cast, ask, bea):
    away(cast, bea)
    approval = ask()
    assert seats(approval) == {"Marco": "Bea"}
    assert waits_for(cast.marco, approval) == waits_for(bea, approval) == 1
    made = actions.approve(approval=approval, actor=bea, justification="Fine", now=NOW + DAY)
    assert made.status == RequestStatus.DELIVERING
    row = approval.assignees.get()
    assert (row.person, row.decided_by, row.decider) == (cast.marco, bea, "Bea for Marco")
    told = Event.objects.get(verb=events.APPROVAL_DECIDED)
    assert (told.actor, told.details["in_place_of"]) == (bea, "Marco")
    assert told.sentence == f"Bea for Marco approved Rita's request for {approval.access_request.package}"
    asked = Event.objects.get(verb=events.APPROVAL_DELEGATED)
    assert asked.sentence == "Bea may decide on Sales: Standard Access for Rita too, in the place of Marco"
    assert asked.correlation_id == made.pk


def test_a_denial_in_somebodys_place_says_so_too(cast, ask, bea):
    away(cast, bea)
    approval = ask()
    actions.deny(approval=approval, actor=bea, justification="No", now=NOW + DAY)
    assert Event.objects.get(verb=events.REQUEST_DENIED).sentence.startswith("Bea for Marco denied Rita's request")


def test_whoever_is_away_still_decides_and_the_other_is_told_who_did(cast, ask, bea):
    away(cast, bea)
    approval = ask()
    actions.approve(approval=approval, actor=cast.marco, now=NOW + DAY)
    assert approval.assignees.get().decider == "Marco"
    with pytest.raises(AlreadyDecided, match="Marco approved this already"):
        actions.deny(approval=approval, actor=bea, now=NOW + DAY)
    assert waits_for(bea, approval) == 0


def test_corner_40_it_covers_what_is_asked_after_it_began(cast, ask, bea):
    before = ask(now=NOW)
    away(cast, bea, now=NOW + DAY)
    actions.follow_delegations(now=NOW + DAY)
    assert seats(before) == {"Marco": None}
    with pytest.raises(PermissionDenied):
        actions.approve(approval=before, actor=bea, now=NOW + DAY)


def test_also_what_is_waiting_where_that_is_ticked(cast, ask, bea):
    before = ask(now=NOW)
    away(cast, bea, now=NOW + DAY, takes_waiting=True)
    assert seats(before) == {"Marco": "Bea"}
    assert actions.approve(approval=before, actor=bea, now=NOW + DAY).status == RequestStatus.DELIVERING


def test_corner_40_it_does_not_chain(cast, ask, bea):
    away(cast, bea)
    away(cast, cast.charlie, delegator=bea, actor=bea)
    approval = ask()
    assert seats(approval) == {"Marco": "Bea"}
    assert not AccessRequest.objects.visible_to(cast.charlie).exists()
    with pytest.raises(PermissionDenied):
        actions.approve(approval=approval, actor=cast.charlie, now=NOW + DAY)


def test_one_that_is_still_to_come_begins_at_its_time_and_ends_at_its_end(cast, ask, bea):
    delegation = away(cast, bea, starts_at=NOW + 2 * DAY, takes_waiting=True)
    approval = ask(now=NOW + DAY)
    assert seats(approval) == {"Marco": None}
    actions.follow_delegations(now=NOW + 2 * DAY)
    assert seats(approval) == {"Marco": "Bea"}
    with pytest.raises(PermissionDenied, match="no longer decide in the place of Marco"):
        actions.approve(approval=approval, actor=bea, now=NOW + WEEK)
    actions.follow_delegations(now=NOW + WEEK)
    delegation.refresh_from_db()
    assert (seats(approval), delegation.ended_at) == ({"Marco": None}, NOW + WEEK)
    assert not AccessRequest.objects.visible_to(bea).exists()
    assert Event.objects.get(verb=events.DELEGATION_ENDED).sentence == (
        "Bea no longer decides for Marco: its time is over"
    )
    assert actions.follow_delegations(now=NOW + WEEK) == 0


def test_only_the_catalogs_that_it_names(cast, ask, bea, package):
    other = Catalog.objects.create(name="Finance", description="Money")
    away(cast, bea, catalogs=[other])
    assert seats(ask()) == {"Marco": None}
    away(cast, cast.charlie, catalogs=[cast.catalog])
    actions.follow_delegations(now=NOW + DAY)
    assert not ApprovalAssignee.objects.filter(delegate__isnull=False).exclude(delegate=cast.charlie).exists()


def test_a_catalog_that_is_deleted_does_not_widen_it(cast, ask, bea):
    other = Catalog.objects.create(name="Finance", description="Money")
    away(cast, bea, catalogs=[other])
    other.delete()
    assert seats(ask()) == {"Marco": None}


@pytest.mark.parametrize("party", ["rita", "olga"])
def test_nobody_who_is_a_party_stands_in(cast, package, party):
    away(cast, getattr(cast, party))
    if party == "rita":
        made = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW + DAY)
    else:
        made = actions.assign_directly(
            policy=package.policies.get(), person=cast.rita, actor=cast.olga, justification="x", now=NOW + DAY
        )
    actions.follow_delegations(now=NOW + DAY)
    approval = made.approvals.get()
    assert seats(approval) == {"Marco": None}
    ApprovalAssignee.objects.update(delegate=getattr(cast, party))
    with pytest.raises(PermissionDenied):
        actions.approve(approval=approval, actor=getattr(cast, party), now=NOW + DAY)


def all_of(cast, package, *others, required=None):
    stage = package.policies.get().stages.get()
    stage.approvals_required = required
    stage.save()
    for other in others:
        stage.approvers.create(kind=ApproverKind.PERSON, person=other)


def test_whoever_is_asked_already_does_not_stand_in_as_well(cast, ask, package, bea):
    all_of(cast, package, bea)
    away(cast, bea)
    approval = ask()
    assert seats(approval) == {"Bea": None, "Marco": None}
    assert actions.approve(approval=approval, actor=bea, now=NOW + DAY).status == RequestStatus.PENDING_APPROVAL
    with pytest.raises(AlreadyDecided, match="Bea approved"):
        actions.approve(approval=approval, actor=bea, now=NOW + DAY)


def test_nobody_stands_in_for_two_in_one_stage(cast, ask, package, bea):
    all_of(cast, package, cast.olga)
    away(cast, bea)
    away(cast, bea, delegator=cast.olga, actor=cast.olga)
    approval = ask()
    assert sorted(map(str, seats(approval).values())) == ["Bea", "None"]
    assert waits_for(bea, approval) == 1
    assert actions.approve(approval=approval, actor=bea, now=NOW + DAY).status == RequestStatus.PENDING_APPROVAL
    actions.follow_delegations(now=NOW + DAY)
    with pytest.raises(AlreadyDecided):
        actions.approve(approval=approval, actor=bea, now=NOW + DAY)
    assert waits_for(bea, approval) == 0


def test_the_database_lets_nobody_decide_twice_on_one_stage(cast, ask, package, bea):
    all_of(cast, package, cast.olga)
    approval = ask()
    with pytest.raises(IntegrityError), transaction.atomic():
        approval.assignees.update(decided_by=bea, decided_at=NOW, is_approved=True)


def test_whoever_decided_in_somebodys_place_is_not_asked_as_an_alternate(cast, ask, package, bea):
    all_of(cast, package, cast.olga)
    stage = package.policies.get().stages.get()
    stage.alternates_after_days = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=bea, use="alternate")
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.charlie, use="alternate")
    away(cast, bea)
    approval = ask()
    actions.approve(approval=approval, actor=bea, now=NOW + DAY)
    Approval.objects.update(alternates_due_at=NOW + 3 * DAY)
    actions.ask_alternates(approval=approval, now=NOW + 3 * DAY)
    assert seats(approval) == {"Marco": "Bea", "Olga": None, "Charlie": None}


def test_whoever_comes_to_be_asked_themselves_no_longer_stands_in(cast, ask, package, bea):
    stage = package.policies.get().stages.get()
    stage.alternates_after_days = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=bea, use="alternate")
    away(cast, bea)
    approval = ask()
    Approval.objects.update(alternates_due_at=NOW + 3 * DAY)
    actions.ask_alternates(approval=approval, now=NOW + 3 * DAY)
    actions.follow_delegations(now=NOW + 3 * DAY)
    assert seats(approval) == {"Marco": None, "Bea": None}
    assert waits_for(bea, approval) == 1


def test_where_whoever_is_away_leaves_others_are_asked(cast, ask, bea):
    delegation = away(cast, bea)
    approval = ask()
    disable_person(person=cast.marco, actor=cast.ada, now=NOW + DAY)
    delegation.refresh_from_db()
    assert delegation.ended_at == NOW + DAY
    with pytest.raises(PermissionDenied):
        actions.approve(approval=approval, actor=bea, now=NOW + DAY)
    actions.replace_absent_approvers(approval=approval, now=NOW + DAY)
    assert seats(approval) == {"Olga": None}


def test_where_whoever_stands_in_leaves_the_other_decides(cast, ask, bea):
    away(cast, bea)
    approval = ask()
    disable_person(person=bea, actor=cast.ada, now=NOW + DAY)
    assert seats(approval) == {"Marco": None}
    with pytest.raises(PermissionDenied):
        actions.approve(approval=approval, actor=bea, now=NOW + DAY)
    assert not actions.replace_absent_approvers(approval=approval, now=NOW + DAY)
    actions.approve(approval=approval, actor=cast.marco, now=NOW + DAY)


def test_whoever_stands_in_hands_nothing_over(cast, ask, bea):
    away(cast, bea)
    approval = ask()
    with pytest.raises(PermissionDenied):
        actions.hand_over(approval=approval, actor=bea, person=cast.charlie, why="x", now=NOW + DAY)
    with pytest.raises(ValidationError, match="asked already"):
        actions.hand_over(approval=approval, actor=cast.marco, person=bea, why="x", now=NOW + DAY)


def test_what_is_handed_over_goes_to_the_delegate_of_the_one_who_gets_it(cast, ask, bea):
    away(cast, bea)
    away(cast, cast.ada, delegator=cast.charlie, actor=cast.charlie)
    approval = ask()
    actions.hand_over(approval=approval, actor=cast.marco, person=cast.charlie, why="x", now=NOW + DAY)
    assert seats(approval) == {"Charlie": None}
    actions.follow_delegations(now=NOW + DAY)
    assert seats(approval) == {"Charlie": "Ada"}


# --- Setting, changing, ending --------------------------------------------------------------------------------------


def test_it_is_written_in_the_journal(cast, bea):
    delegation = away(cast, bea, catalogs=[cast.catalog])
    actions.change_delegation(delegation=delegation, actor=cast.marco, delegate=cast.charlie, now=NOW + DAY)
    actions.end_delegation(delegation=delegation, actor=cast.marco, now=NOW + 2 * DAY)
    set_, changed, ended = Event.objects.filter(correlation_id=delegation.pk).order_by("occurred_at")
    assert set_.sentence == (
        "Marco had Bea decide for Marco from 2026-03-02 09:00 UTC until 2026-03-09 09:00 UTC, for Sales"
    )
    assert "Bea → Charlie" in changed.sentence
    assert "− Sales" in changed.sentence
    assert ended.sentence == "Charlie no longer decides for Marco: ended by Marco"


def test_changing_it_changes_who_is_asked(cast, ask, bea):
    delegation = away(cast, bea)
    approval = ask()
    actions.change_delegation(delegation=delegation, actor=cast.marco, delegate=cast.charlie, now=NOW + DAY)
    assert seats(approval) == {"Marco": "Charlie"}
    assert waits_for(bea, approval) == 0
    other = Catalog.objects.create(name="Finance", description="Money")
    actions.change_delegation(
        delegation=delegation, actor=cast.marco, delegate=cast.charlie, catalogs=[other], now=NOW + DAY
    )
    assert seats(approval) == {"Marco": None}


def test_its_start_stays_once_it_has_begun(cast, bea):
    delegation = away(cast, bea)
    changed = actions.change_delegation(
        delegation=delegation, actor=cast.marco, delegate=bea, starts_at=NOW + 3 * DAY, now=NOW + DAY
    )
    assert (changed.starts_at, changed.ends_at) == (NOW, None)


def test_ending_it_early_takes_it_away_at_once_and_once_only(cast, ask, bea):
    delegation = away(cast, bea)
    approval = ask()
    actions.end_delegation(delegation=delegation, actor=cast.marco, now=NOW + DAY)
    assert seats(approval) == {"Marco": None}
    for act in (
        lambda: actions.end_delegation(delegation=delegation, actor=cast.marco, now=NOW + DAY),
        lambda: actions.change_delegation(delegation=delegation, actor=cast.marco, delegate=bea, now=NOW + DAY),
    ):
        with pytest.raises(IllegalMove, match="over already"):
            act()


def test_what_was_decided_in_somebodys_place_stays_when_it_ends(cast, ask, bea):
    delegation = away(cast, bea)
    approval = ask()
    actions.approve(approval=approval, actor=bea, now=NOW + DAY)
    actions.end_delegation(delegation=delegation, actor=cast.marco, now=NOW + DAY)
    assert approval.assignees.get().decided_by == bea
    assert AccessRequest.objects.visible_to(bea).exists()


@pytest.mark.parametrize("outsider", ["rita", "charlie", "olga"])
def test_nobody_else_sets_changes_or_ends_it(cast, bea, outsider):
    actor = getattr(cast, outsider)
    with pytest.raises(PermissionDenied):
        away(cast, bea, actor=actor)
    delegation = away(cast, bea)
    with pytest.raises(PermissionDenied):
        actions.change_delegation(delegation=delegation, actor=actor, delegate=cast.ada, now=NOW)
    with pytest.raises(PermissionDenied):
        actions.end_delegation(delegation=delegation, actor=actor, now=NOW)


def test_whoever_stands_in_cannot_lengthen_it(cast, bea):
    delegation = away(cast, bea)
    with pytest.raises(PermissionDenied):
        actions.change_delegation(delegation=delegation, actor=bea, delegate=bea, now=NOW)


def test_an_administrator_sets_it_for_somebody_but_not_for_their_own_benefit(cast, bea):
    assert away(cast, bea, actor=cast.ada).set_by == cast.ada
    with pytest.raises(ValidationError, match="Nobody makes themselves"):
        away(cast, cast.ada, actor=cast.ada, delegator=cast.olga)


def test_what_makes_no_sense_is_refused_and_says_where(cast, bea):
    gone = User.objects.create(username="gone", display_name="Gone", is_active=False)
    for delegate, fields, field, message in (
        (cast.marco, {}, "delegate", "Somebody else"),
        (gone, {}, "delegate", "Gone is disabled"),
        (bea, {"ends_at": NOW}, "ends_at", "over before it begins"),
        (bea, {"starts_at": NOW + WEEK, "ends_at": NOW + DAY}, "ends_at", "over before it begins"),
    ):
        with pytest.raises(ValidationError, match=message) as refused:
            away(cast, delegate, **fields)
        assert set(refused.value.message_dict) == {field}
    assert not Delegation.objects.exists()


def test_a_catalog_has_one_delegate_at_a_time(cast, bea):
    finance = Catalog.objects.create(name="Finance", description="Money")
    away(cast, bea, catalogs=[cast.catalog])
    away(cast, cast.charlie, catalogs=[finance])
    away(cast, cast.charlie, starts_at=NOW + WEEK, ends_at=None)
    for fields in ({"catalogs": [cast.catalog]}, {}, {"catalogs": [finance], "starts_at": NOW + 9 * WEEK}):
        with pytest.raises(ValidationError, match="decides then already"):
            away(cast, cast.olga, ends_at=None, **{k: v for k, v in fields.items() if k != "ends_at"})


def test_many_are_brought_into_line_by_the_same_few_statements(cast, bea):
    costs = []
    away(cast, bea)
    for number in (1, 12):
        ApprovalAssignee.objects.all().delete()
        for one in range(number):
            package = cast.package(f"Sales {number}.{one}", cast.role(f"Group {number}.{one}")[1])
            cast.policy(package)
            actions.submit(package=package, actor=cast.rita, justification="x", now=NOW + DAY)
        with CaptureQueriesContext(connection) as captured:
            assert actions.follow_delegations(now=NOW + DAY) == number
        costs.append(len(captured))
    assert costs[0] == costs[1]
    assert AccessPackage.objects.count() == 13
    with CaptureQueriesContext(connection) as captured:
        assert actions.follow_delegations(now=NOW + DAY) == 0
    lock = connection.vendor == "postgresql"  # the advisory lock under which seats are filled
    assert len([s for s in captured if "SAVEPOINT" not in s["sql"]]) <= 3 + lock
