"""A change of a package that many hold: carried in committed batches, beginning with the change itself."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog import actions as catalog_actions
from directory.models import Membership, User
from provisioning.delivery import perform_all_due
from provisioning.models import Grant, GrantReason, Operation
from requests_app import actions, rolling_out
from requests_app.actions import rolling_out as batches
from requests_app.lifecycle import AssignmentStatus, IllegalMove
from requests_app.models import Assignment, Rollout
from tests.cast import NOW, appoint

LATER = NOW + timedelta(days=1)
HOLDERS = 7


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Three to a batch, so that seven people are three batches."""
    monkeypatch.setattr("requests_app.actions.rolling_out.BATCH", 3)
    monkeypatch.setattr("requests_app.actions.repackaging.BATCH", 3)


@pytest.fixture
def wiki(cast):
    return cast.role("Sales Wiki")


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package, approver=None)
    return package


@pytest.fixture
def people(package):
    return [hold(User.objects.create(username=f"holder.{number}"), package).person for number in range(HOLDERS)]


def hold(person, package, *, at=NOW):
    actions.submit(package=package, actor=person, justification="Needed", now=at)
    perform_all_due(now=at)
    return Assignment.objects.get(person=person, package=package)


def add(cast, package, role, *, at=LATER):
    catalog_actions.add_roles(package=package, roles=[role], actor=cast.ada, now=at)


def remove(cast, package, role, *, at=LATER):
    catalog_actions.remove_roles(package=package, roles=[role], actor=cast.ada, now=at)


def members_of(group):
    return {membership.person for membership in Membership.objects.filter(group=group)}


def claimed(*, at=LATER):
    [rollout] = outbox.claim(Rollout.objects.with_names().order_by("pk"), now=at)
    return rollout


def carry_a_batch(*, at=LATER):
    """As a worker does that dies right after."""
    rollout = claimed(at=at)
    actions.carry_batch(rollout=rollout, now=at)
    Rollout.objects.filter(pk=rollout.pk).update(leased_until=at)
    return rollout


def test_the_change_itself_only_begins_it_and_batches_carry_it_to_everybody(cast, package, people, wiki):
    add(cast, package, wiki[1])
    rollout = Rollout.objects.get()
    assert (rollout.total, rollout.done, rollout.actor) == (HOLDERS, 0, cast.ada)
    assert not Grant.objects.filter(resource_role=wiki[1]).exists()
    assert rolling_out.carry_all_due(now=LATER) == 1
    perform_all_due(now=LATER)
    rollout.refresh_from_db()
    assert (rollout.total, rollout.done, rollout.status) == (HOLDERS, HOLDERS, WorkStatus.DONE)
    assert members_of(wiki[0]) == set(people)
    assert not Assignment.objects.exclude(status=AssignmentStatus.DELIVERED).exists()


def test_a_removed_role_goes_from_everybody_but_those_who_have_it_for_another_reason(cast, package, wiki):
    package.package_roles.create(resource_role=wiki[1])
    people = [User.objects.create(username=f"person.{number}") for number in range(HOLDERS)]
    Membership.objects.create(group=wiki[0], person=people[0], added_at=NOW)
    for person in people:
        hold(person, package)
    other = cast.package("Sales: Campaign Access", wiki[1])
    cast.policy(other, approver=None)
    hold(people[1], other)
    remove(cast, package, wiki[1])
    rolling_out.carry_all_due(now=LATER)
    perform_all_due(now=LATER)
    assert members_of(wiki[0]) == {people[0], people[1]}


def test_no_more_than_a_batch_is_done_with_the_change_at_once(cast, package, wiki):
    hold(cast.rita, package)
    add(cast, package, wiki[1])
    assert not Rollout.objects.exists()
    assert Operation.objects.pending().count() == 1


def test_killed_after_any_batch_it_goes_on_behind_it_and_nothing_is_done_twice(cast, package, people, wiki):
    add(cast, package, wiki[1])
    carry_a_batch()
    assert Grant.objects.filter(resource_role=wiki[1]).count() == 3
    assert Rollout.objects.get().done == 3
    rolling_out.carry_all_due(now=LATER)
    assert Rollout.objects.get().done == HOLDERS
    assert Operation.objects.filter(grant__resource_role=wiki[1]).count() == HOLDERS
    assert Event.objects.filter(verb="grant.queued", occurred_at=LATER).count() == HOLDERS


def test_a_batch_that_dies_halfway_leaves_nothing_behind(cast, package, people, wiki, monkeypatch):
    add(cast, package, wiki[1])
    with monkeypatch.context() as broken:
        broken.setattr(batches, "_keep", lambda rollout, now: 1 / 0)
        rolling_out.carry(claimed(), clock=lambda: LATER)
    rollout = Rollout.objects.get()
    assert (rollout.done, rollout.cursor, rollout.status) == (0, None, WorkStatus.PENDING)
    assert "division by zero" in rollout.last_error
    assert not Grant.objects.filter(resource_role=wiki[1]).exists()
    rolling_out.carry_all_due(now=LATER + timedelta(minutes=1))
    assert Rollout.objects.get().done == HOLDERS


@pytest.mark.parametrize("is_added_first", [True, False], ids=["added, then removed", "removed, then added"])
def test_a_second_change_of_the_role_replaces_the_first_that_is_under_way(cast, package, people, wiki, is_added_first):
    if not is_added_first:
        add(cast, package, wiki[1], at=NOW)
        rolling_out.carry_all_due(now=NOW)
        perform_all_due(now=NOW)
    first, second = (add, remove) if is_added_first else (remove, add)
    first(cast, package, wiki[1])
    worker = claimed()
    actions.carry_batch(rollout=worker, now=LATER)
    perform_all_due(now=LATER)
    second(cast, package, wiki[1])
    with pytest.raises(outbox.LeaseLostError):
        actions.carry_batch(rollout=worker, now=LATER)
    rolling_out.carry_all_due(now=LATER)
    perform_all_due(now=LATER)
    assert members_of(wiki[0]) == (set() if is_added_first else set(people))
    assert GrantReason.objects.living().filter(grant__resource_role=wiki[1]).count() == len(members_of(wiki[0]))
    assert set(Rollout.objects.values_list("status", flat=True)) == {WorkStatus.SUPERSEDED, WorkStatus.DONE}


def test_whoever_comes_or_goes_meanwhile_has_what_the_package_gives_by_then(cast, package, people, wiki):
    add(cast, package, wiki[1])
    carry_a_batch()
    newcomer = hold(cast.rita, package, at=LATER)
    leaver = Assignment.objects.get(person=people[-1])
    actions.give_back(assignment=leaver, actor=leaver.person, now=LATER)
    rolling_out.carry_all_due(now=LATER)
    perform_all_due(now=LATER)
    assert members_of(wiki[0]) == {cast.rita, *people[:-1]}
    assert GrantReason.objects.filter(reference=newcomer.pk, grant__resource_role=wiki[1]).count() == 1
    rollout = Rollout.objects.get()
    assert rollout.done == rollout.total


def test_once_few_are_left_the_next_change_is_done_at_once_and_replaces_what_is_under_way(cast, package, people, wiki):
    add(cast, package, wiki[1])
    carry_a_batch()
    for assignment in Assignment.objects.filter(person__in=people[3:]):
        actions.give_back(assignment=assignment, actor=assignment.person, now=LATER)
    remove(cast, package, wiki[1])
    assert Rollout.objects.get().status == WorkStatus.SUPERSEDED
    perform_all_due(now=LATER)
    assert members_of(wiki[0]) == set()


@pytest.mark.parametrize("kind", ["add", "remove", "reprocess", "system"])
def test_a_batch_costs_the_same_however_many_are_in_it(cast, package, wiki, kind, monkeypatch):
    counts = []
    monkeypatch.setattr(batches, "BATCH", 20)
    for size in (4, 12):
        of = cast.package(f"Sales: Package of {size}", cast.role(f"Group of {size}")[1])
        if kind == "remove":
            of.package_roles.create(resource_role=wiki[1])
        cast.policy(of, approver=None)
        for number in range(size):
            hold(User.objects.create(username=f"p{size}.{number}"), of)
        if kind == "reprocess":
            actions.reprocess_package(package=of, actor=cast.ada, why="Restored", now=LATER)
        elif kind == "system":
            actions.reprocess_system(system=cast.system, actor=cast.ada, why="Restored", now=LATER)
        else:
            {"add": add, "remove": remove}[kind](cast, of, wiki[1])
        rollout = claimed()
        with CaptureQueriesContext(connection) as captured:
            assert not actions.carry_batch(rollout=rollout, now=LATER)
        counts.append(len(captured))
        perform_all_due(now=LATER)
    assert counts[0] == counts[1]
    assert counts[0] <= 35


def test_what_was_taken_away_by_hand_comes_back_when_the_package_is_delivered_again(cast, package, people):
    Membership.objects.filter(person=people[0]).delete()
    rollout = actions.reprocess_package(package=package, actor=cast.ada, why="Restored a backup", now=LATER)
    assert rollout.total == HOLDERS
    rolling_out.carry_all_due(now=LATER)
    perform_all_due(now=LATER)
    assert Membership.objects.filter(person__in=people).count() == HOLDERS
    said = [
        event.sentence for event in Event.objects.filter(correlation_id=rollout.correlation_id or "").order_by("id")
    ]
    assert said[0].endswith("that Sales: Standard Access gives to anybody put in place again: Restored a backup")
    assert said.count("holder.0 is to get Member of Sales EMEA") == 1


def test_what_was_taken_away_by_hand_comes_back_when_the_system_is_put_in_place_again(cast, package, people):
    other = hold(cast.rita, package)
    actions.give_back(assignment=other, actor=cast.rita, now=NOW)
    perform_all_due(now=NOW)
    Membership.objects.filter(person__in=people).delete()
    rollout = actions.reprocess_system(system=cast.system, actor=cast.ada, why="Restored a backup", now=LATER)
    assert rollout.total == HOLDERS
    rolling_out.carry_all_due(now=LATER)
    perform_all_due(now=LATER)
    assert {membership.person for membership in Membership.objects.all()} == set(people)
    assert rollout.in_words == "Everything in Directory is put in place again"


def test_nobody_has_the_same_delivered_again_twice_at_once_or_without_a_reason(cast, package, people):
    with pytest.raises(ValidationError, match="Say why"):
        actions.reprocess_package(package=package, actor=cast.ada, why=" ", now=LATER)
    actions.reprocess_package(package=package, actor=cast.ada, why="Restored", now=LATER)
    with pytest.raises(IllegalMove, match="already"):
        actions.reprocess_package(package=package, actor=cast.ada, why="Once more", now=LATER)


@pytest.mark.parametrize("role", [None, "catalogReader", "accessPackageAssignmentManager"])
def test_outsiders_and_those_who_only_assign_deliver_no_package_again(cast, package, people, role):
    if role:
        appoint(cast.catalog, cast.charlie, role=role)
    with pytest.raises(PermissionDenied):
        actions.reprocess_package(package=package, actor=cast.charlie, why="Restored", now=LATER)
    assert not Rollout.objects.exists()


def test_only_administrators_put_a_system_in_place_again(cast):
    appoint(cast.catalog, cast.charlie)
    with pytest.raises(PermissionDenied):
        actions.reprocess_system(system=cast.system, actor=cast.charlie, why="Restored", now=LATER)


def test_what_fails_again_and_again_is_stuck_told_and_goes_on_when_somebody_says_so(
    cast, package, people, wiki, monkeypatch
):
    add(cast, package, wiki[1])
    carry_a_batch()
    Rollout.objects.update(attempts=Rollout.MAX_ATTEMPTS - 1)
    with monkeypatch.context() as broken:
        broken.setattr(batches, "_keep", lambda rollout, now: 1 / 0)
        rolling_out.carry(claimed(), clock=lambda: LATER)
    rollout = Rollout.objects.get()
    assert rollout.is_stuck
    assert "went no further than 3 of 7" in Event.objects.get(verb="rollout.stuck").sentence
    with pytest.raises(PermissionDenied):
        actions.retry_rollouts(rollouts=[rollout], actor=cast.charlie, now=LATER)
    assert actions.retry_rollouts(rollouts=[rollout], actor=cast.ada, now=LATER) == 1
    rolling_out.carry_all_due(now=LATER)
    assert Rollout.objects.get().done == HOLDERS
