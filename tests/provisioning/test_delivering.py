"""Operations on their way: taken in order and in batches, held back with their target, stuck, skipped."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog.models import Resource, TargetSystem
from directory.actions import add_member, lock_people, remove_member
from directory.models import Group, User
from provisioning import actions, events
from provisioning.claiming import claim
from provisioning.connectors import KINDS
from provisioning.connectors.base import Capability, ConnectorError, PartlyReadError, Progress
from provisioning.connectors.builtin import BuiltinDirectory
from provisioning.delivery import perform, perform_all_due
from provisioning.lifecycle import GrantStatus
from provisioning.models import Connector, ConnectorKind, Grant, Operation

from ..cast import NOW, make_cast

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Scripted(BuiltinDirectory):
    """The built-in directory, that does as a test says: `script` maps a user name to what its change comes to."""

    capabilities = BuiltinDirectory.capabilities | {Capability.BATCH}
    script: dict = {}
    calls: list = []

    def grant(self, person, entitlement, *, key):
        self.calls.append(("grant", person.username, key))
        return self._said(person) or super().grant(person, entitlement, key=key)

    def revoke(self, person, entitlement, *, key):
        self.calls.append(("revoke", person.username, key))
        return self._said(person) or super().revoke(person, entitlement, key=key)

    def _said(self, person):
        said = self.script.get(person.username) or self.script.get("*")
        if isinstance(said, ConnectorError):
            raise said
        return said


@pytest.fixture
def scripted(monkeypatch):
    monkeypatch.setattr(Scripted, "script", {})
    monkeypatch.setattr(Scripted, "calls", [])
    monkeypatch.setitem(KINDS, ConnectorKind.BUILTIN, f"{__name__}.Scripted")
    return Scripted


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def crew(cast):
    return [User.objects.create(username=f"crew{n:02}", display_name=f"Crew {n:02}") for n in range(12)]


def provide(people, *roles, now=NOW):
    reasons = [
        actions.Reason(person=person, role=role, reference=uuid4(), correlation_id=uuid4())
        for person in people
        for role in roles
    ]
    lock_people(person.pk for person in people)
    actions.provide(reasons, now=now)
    return {reason.reference: reason.correlation_id for reason in reasons}


@pytest.fixture
def role(cast):
    return cast.role("Sales")[1]


def statuses():
    return sorted(Grant.objects.values_list("status", flat=True))


def verbs():
    return [event.verb for event in Event.objects.order_by("id")]


class TestBatches:
    def test_a_batch_costs_as_many_statements_as_one(self, cast, crew, role, scripted):
        costs = []
        for people in (crew[:1], crew[1:]):
            provide(people, role)
            operations = claim(role.resource.system_id, now=NOW)
            assert len(operations) == len(people)
            with CaptureQueriesContext(connection) as captured:
                actions.settle_delivered(actions.begin(operations, now=NOW), is_verified=True, now=NOW)
            costs.append(len(captured))
        assert costs[0] == costs[1] <= 18
        assert statuses() == [GrantStatus.VERIFIED] * 12

    def test_each_outcome_is_its_own(self, crew, role, scripted):
        provide(crew[:3], role)
        scripted.script = {"crew01": ConnectorError("No account.", is_final=True)}
        perform_all_due(now=NOW)
        found = {grant.person.username: grant.status for grant in Grant.objects.select_related("person")}
        assert found == {"crew00": "verified", "crew01": "failed", "crew02": "verified"}
        assert Operation.objects.get(status=WorkStatus.STUCK).last_error == "No account."

    def test_a_look_that_takes_longer_than_a_lease_keeps_what_it_looks_for(self, crew, role, scripted, monkeypatch):
        at, left = [NOW], []

        def read_many(self, people, entitlement):
            for _page in range(3):
                at[0] += 50 * SECOND
                self.go_on()
                until = Operation.objects.get().leased_until
                left.append((until or at[0]) - at[0])
            return BuiltinDirectory.read_many(self, people, entitlement)

        monkeypatch.setattr(Scripted, "read_many", read_many)
        provide(crew[:1], role)
        perform(claim(role.resource.system_id, now=NOW), clock=lambda: at[0])
        assert statuses() == [GrantStatus.VERIFIED]
        assert min(left[:3]) >= 35 * SECOND

    def test_one_of_whom_the_target_tells_nothing_fails_alone(self, crew, role, scripted, monkeypatch):
        def read_many(self, people, entitlement):
            unread = {p.pk: ConnectorError(f"{p} cannot be read.") for p in people if p.username == "crew01"}
            held = {p.pk for p in people if p.pk not in unread and self.read(p, entitlement)}
            if unread:
                raise PartlyReadError(held=held, errors=unread)
            return held

        monkeypatch.setattr(Scripted, "read_many", read_many)
        provide(crew[:3], role)
        perform(claim(role.resource.system_id, now=NOW), clock=lambda: NOW)
        found = {grant.person.username: grant.status for grant in Grant.objects.select_related("person")}
        assert found == {"crew00": "verified", "crew01": "failed", "crew02": "verified"}
        assert Operation.objects.get(status=WorkStatus.PENDING).last_error == "Crew 01 cannot be read."
        assert not any(who == "crew01" for _what, who, _key in scripted.calls)

    def test_what_failed_at_first_is_not_done_twice_when_it_was_done_after_all(self, crew, role, scripted, cast):
        """The target did it and its answer was lost: the next attempt looks first."""
        provide(crew[:1], role)
        scripted.script = {"*": ConnectorError("The answer was lost.")}
        perform_all_due(now=NOW)
        add_member(group=Group.objects.get(pk=role.resource.origin_id), person=crew[0], actor=None, now=NOW)
        perform_all_due(now=NOW + MINUTE)
        assert statuses() == ["verified"]
        assert [call[0] for call in scripted.calls] == ["grant"]
        assert not Grant.objects.get().is_adopted, "our own work is no older access"

    def test_an_attempt_is_tried_again_under_the_same_key(self, crew, role, scripted):
        provide(crew[:1], role)
        scripted.script = {"*": ConnectorError("Busy.")}
        perform_all_due(now=NOW)
        perform_all_due(now=NOW + MINUTE)
        keys = [key for _, _, key in scripted.calls]
        assert len(keys) == 2
        assert len(set(keys)) == 1

    def test_a_worker_that_comes_back_after_its_lease_keeps_nothing(self, crew, role, scripted):
        provide(crew[:1], role)
        late = claim(role.resource.system_id, now=NOW)
        again = claim(role.resource.system_id, now=NOW + 2 * MINUTE)
        assert [o.pk for o in again] == [o.pk for o in late]
        actions.settle_failed({late[0]: actions.Failure("Too late.")}, now=NOW + 2 * MINUTE)
        assert statuses() == ["pending"]
        perform(again, clock=lambda: NOW + 2 * MINUTE)
        assert statuses() == ["verified"]

    def test_what_is_not_wanted_any_more_is_not_begun(self, crew, role, scripted):
        stories = provide(crew[:1], role)
        operations = claim(role.resource.system_id, now=NOW)
        lock_people([crew[0].pk])
        actions.withdraw(stories, now=NOW)
        perform(operations, clock=lambda: NOW)
        perform_all_due(now=NOW + SECOND)
        assert scripted.calls == []
        assert statuses() == ["removed"]


class TestOrder:
    def test_never_two_of_one_person_and_resource_at_the_same_time(self, cast, crew, scripted):
        resource_role = cast.role("Sales")[1]
        owner = resource_role.resource.roles.create(origin_id="owner", name="Owner")
        provide(crew[:1], resource_role, now=NOW)
        provide(crew[:1], owner, now=NOW + SECOND)
        now = NOW + MINUTE
        (first,) = claim(resource_role.resource.system_id, now=now)
        assert first.grant.resource_role == resource_role
        assert claim(resource_role.resource.system_id, now=now) == []
        perform([first], clock=lambda: now)
        (second,) = claim(resource_role.resource.system_id, now=now)
        assert second.grant.resource_role == owner

    def test_no_more_workers_than_the_connector_bears(self, crew, role):
        Connector.objects.update(max_concurrency=2)
        provide(crew, role)
        system = role.resource.system_id
        assert [len(claim(system, now=NOW, limit=3)) for _ in range(3)] == [3, 3, 0]
        assert len(claim(system, now=NOW + 2 * MINUTE, limit=3)) == 3, "dead workers do not count"

    def test_no_more_changes_a_minute_than_are_allowed(self, crew, role, scripted):
        Connector.objects.update(rate_per_minute=12)
        provide(crew, role)
        system = role.resource.system_id
        assert len(claim(system, now=NOW)) == 4, "what may be used at once"
        assert claim(system, now=NOW) == []
        assert len(claim(system, now=NOW + timedelta(seconds=5))) == 1
        assert len(claim(system, now=NOW + timedelta(minutes=9))) == 4, "a pause is not saved up for long"


class TestTrouble:
    def test_no_call_before_the_target_wants_one(self, crew, role, scripted):
        provide(crew[:2], role)
        scripted.script = {"*": ConnectorError("Slow down.", retry_after=timedelta(seconds=90), is_outage=True)}
        perform_all_due(now=NOW)
        provide(crew[2:3], role, now=NOW + SECOND)
        assert perform_all_due(now=NOW + timedelta(seconds=89)) == 0
        scripted.script = {}
        perform_all_due(now=NOW + timedelta(seconds=91))
        assert statuses() == ["verified"] * 3

    @pytest.mark.parametrize("is_outage", [True, False], ids=["the target as a whole", "one operation"])
    def test_a_target_that_asks_for_no_wait_at_all_is_not_asked_again_and_again(self, crew, role, scripted, is_outage):
        """`Retry-After: 0`, or a date that has passed by our clock."""
        provide(crew[:1], role)
        scripted.script = {"*": ConnectorError("Slow down.", retry_after=timedelta(), is_outage=is_outage)}
        assert perform_all_due(now=NOW) == 1, "once, and then it waits"
        assert perform_all_due(now=NOW + SECOND) == 0
        perform_all_due(now=NOW + 3 * SECOND)
        assert perform_all_due(now=NOW + 5 * SECOND) == 0, "longer each time"

    def test_an_older_success_does_not_take_away_what_the_target_asked_for_since(self, crew, role, scripted):
        scripted.script = {"*": ConnectorError("Away.", is_outage=True)}
        provide(crew[:2], role)
        perform_all_due(now=NOW)
        scripted.script = {}
        began = NOW + 3 * SECOND
        (probe,) = claim(role.resource.system_id, now=began)
        until = actions.note_outage(
            connector_id=Connector.objects.get().pk, error="Slow down.", delay=60 * MINUTE, now=began
        )
        perform([probe], clock=lambda: began + SECOND)
        connector = Connector.objects.get()
        assert (connector.held_until, connector.failures) == (until, 2)
        assert claim(role.resource.system_id, now=began + MINUTE) == []
        perform_all_due(now=until)
        assert Connector.objects.get().held_until is None

    def test_one_operation_at_a_time_tries_whether_a_target_answers_again(self, crew, role, scripted):
        scripted.script = {"*": ConnectorError("Away.", is_outage=True)}
        provide(crew, role)
        perform_all_due(now=NOW)
        later = NOW + MINUTE
        assert [len(claim(role.resource.system_id, now=later)) for _ in range(3)] == [1, 0, 0]

    def test_a_target_that_is_away_pauses_its_connector_and_resumes_it(self, crew, role, scripted):
        provide(crew, role)
        scripted.script = {"*": ConnectorError("The directory cannot be reached.", is_outage=True)}
        now = NOW
        for _ in range(30):
            now += timedelta(minutes=11)
            perform_all_due(now=now)
        connector = Connector.objects.get()
        assert connector.paused_at is not None
        assert connector.last_error == "The directory cannot be reached."
        assert verbs().count(events.CONNECTOR_PAUSED) == 1
        assert not Operation.objects.stuck().exists(), "an outage makes nothing stuck"
        tried = len(scripted.calls)
        scripted.script = {}
        now += timedelta(minutes=11)
        perform_all_due(now=now)
        assert statuses() == ["verified"] * 12
        assert len(scripted.calls) == tried + 12
        well = Connector.objects.filter(paused_at=None, held_until=None, failures=0, last_error="")
        assert well.exists()
        assert verbs().count(events.CONNECTOR_RESUMED) == 1

    def test_others_go_on_while_one_is_away(self, cast, crew, role, scripted):
        away = TargetSystem.objects.create(name="Away", slug="away")
        Connector.objects.create(system=away, kind=ConnectorKind.SCIM, base_url="http://127.0.0.1:9/v2")
        resource = Resource.objects.create(system=away, kind="application", origin_id="a", name="Away")
        provide(crew[:2], role, resource.roles.create(origin_id="1", name="Member"))
        perform_all_due(now=NOW)
        assert statuses() == ["failed"] * 2 + ["verified"] * 2

    def test_a_switched_off_connector_waits_without_failing(self, crew, role, scripted):
        Connector.objects.update(is_enabled=False)
        provide(crew[:1], role)
        assert perform_all_due(now=NOW) == 0
        assert Operation.objects.get().attempts == 0
        Connector.objects.update(is_enabled=True)
        perform_all_due(now=NOW)
        assert statuses() == ["verified"]

    def test_a_target_that_lies_is_found_out(self, crew, role, scripted):
        provide(crew[:1], role)
        scripted.script = {"*": Progress.DONE}
        perform_all_due(now=NOW)
        assert Grant.objects.get().last_error == "The target answered that it was done, but does not show it."

    def test_a_target_that_lies_about_a_removal_is_found_out(self, crew, role, scripted):
        stories = provide(crew[:1], role)
        perform_all_due(now=NOW)
        lock_people([crew[0].pk])
        actions.withdraw(stories, now=NOW)
        scripted.script = {"*": Progress.DONE}
        perform_all_due(now=NOW)
        assert statuses() == ["removalPending"], "it does not show as gone while it is not"
        assert Grant.objects.get().last_error == "The target answered that it was removed, but still shows it."
        scripted.script = {}
        perform_all_due(now=NOW + MINUTE)
        assert statuses() == ["removed"]
        assert not Group.objects.get(pk=role.resource.origin_id).memberships.exists()

    def test_a_target_that_takes_its_time_is_delivered_and_verified_later(self, crew, role, scripted, monkeypatch):
        monkeypatch.setattr(scripted, "settles_within", MINUTE)
        provide(crew[:1], role)
        scripted.script = {"*": Progress.DONE}
        perform_all_due(now=NOW)
        assert statuses() == ["delivered"]
        perform_all_due(now=NOW + 10 * SECOND)
        assert len(scripted.calls) == 1, "only looking is left to do"
        scripted.script = {}
        perform_all_due(now=NOW + 2 * MINUTE)
        assert statuses() == ["verified"]

    def test_what_was_handed_over_waits_without_failing(self, crew, role, scripted):
        provide(crew[:1], role)
        scripted.script = {"*": Progress.HANDED_OVER}
        for number in range(50):
            perform_all_due(now=NOW + number * timedelta(hours=1))
        assert statuses() == ["pending"]
        assert not Operation.objects.stuck().exists()
        assert verbs().count(events.GRANT_HANDED_OVER) == 1
        scripted.script = {}
        perform_all_due(now=NOW + timedelta(days=3))
        assert statuses() == ["verified"]


class TestGroupsThatAreGone:
    @pytest.fixture
    def stories(self, crew, role, scripted):
        given = provide(crew[:2], role)
        perform_all_due(now=NOW)
        Group.objects.filter(pk=role.resource.origin_id).delete()
        return given

    def test_what_is_to_be_taken_from_a_group_that_does_not_show_is_never_said_to_be_gone(self, crew, stories):
        lock_people([person.pk for person in crew[:2]])
        actions.withdraw(stories, now=NOW)
        perform_all_due(now=NOW)
        assert statuses() == ["removalPending"] * 2
        assert not Event.objects.filter(verb=events.GRANT_REMOVED).exists()
        [error] = set(Grant.objects.values_list("last_error", flat=True))
        assert error.endswith("If it is somewhere else, correct the connector; if it is gone, skip this and say so.")

    def test_what_is_to_be_given_there_fails(self, crew, role, stories):
        provide(crew[2:3], role, now=NOW + SECOND)
        perform_all_due(now=NOW + SECOND)
        assert statuses() == ["failed"] + ["verified"] * 2


class TestStuck:
    @pytest.fixture
    def stuck(self, crew, role, scripted):
        stories = provide(crew[:1], role)
        scripted.script = {"*": ConnectorError("No account.", is_final=True)}
        perform_all_due(now=NOW)
        return stories

    def test_skipping_needs_a_reason_and_an_administrator(self, cast, stuck):
        operations = list(Operation.objects.stuck())
        with pytest.raises(PermissionDenied):
            actions.skip_stuck(operations=operations, reason="Done by hand", actor=cast.rita, now=NOW)
        with pytest.raises(ValidationError, match="Say why"):
            actions.skip_stuck(operations=operations, reason=" ", actor=cast.ada, now=NOW)
        assert Operation.objects.stuck().count() == 1

    def test_a_grant_that_is_skipped_stays_failed(self, cast, stuck):
        actions.skip_stuck(operations=list(Operation.objects.stuck()), reason="She left", actor=cast.ada, now=NOW)
        assert statuses() == ["failed"]
        assert not Operation.objects.filter(status__in=actions.OPEN).exists()
        assert Event.objects.filter(verb=events.OPERATION_SKIPPED, actor=cast.ada).count() == 1

    def test_a_removal_that_is_skipped_is_removed_on_the_actor_s_word(self, cast, crew, role, scripted):
        stories = provide(crew[:1], role)
        perform_all_due(now=NOW)
        scripted.script = {"*": ConnectorError("Locked.", is_final=True)}
        lock_people([crew[0].pk])
        actions.withdraw(stories, now=NOW)
        perform_all_due(now=NOW + SECOND)
        assert statuses() == ["removalPending"]
        actions.skip_stuck(operations=list(Operation.objects.stuck()), reason="I looked", actor=cast.ada, now=NOW)
        assert statuses() == ["removed"]
        told = Event.objects.filter(verb=events.GRANT_REMOVED).get()
        assert "I looked" in told.details["proof"]

    def test_retrying_puts_it_back_to_work(self, cast, stuck, scripted):
        scripted.script = {}
        assert actions.retry_stuck(operations=list(Operation.objects.stuck()), actor=cast.ada, now=NOW) == 1
        perform_all_due(now=NOW)
        assert statuses() == ["verified"]


class Watch:
    """A clock that goes on when a test says so."""

    def __init__(self):
        self.now = NOW + MINUTE

    def __call__(self):
        return self.now


class TestLeases:
    @pytest.fixture(params=["grant", "revoke"])
    def claimed(self, request, crew, role, scripted):
        """An operation of each kind, and what was called for it; it was claimed at the time of the watch."""
        stories = provide(crew[:1], role)
        if request.param == "revoke":
            perform_all_due(now=NOW)
            lock_people([crew[0].pk])
            actions.withdraw(stories, now=NOW)
            scripted.calls.clear()
        return claim(role.resource.system_id, now=NOW + MINUTE)

    @staticmethod
    def slow(monkeypatch, scripted, watch, *, seconds, meanwhile=lambda: None):
        """The first look takes so long."""
        look = scripted.read_many
        looked: list[bool] = []

        def slowly(self, people, entitlement):
            if not looked:
                watch.now += seconds * SECOND
                meanwhile()
            looked.append(people)
            return look(self, people, entitlement)

        monkeypatch.setattr(scripted, "read_many", slowly)

    def test_nobody_else_gets_what_is_being_changed_after_a_slow_look(self, claimed, role, scripted, monkeypatch, crew):
        watch, taken = Watch(), []
        self.slow(monkeypatch, scripted, watch, seconds=61)
        said = scripted._said

        def changing(self, person):
            watch.now += 30 * SECOND
            taken.append(claim(role.resource.system_id, now=watch()))
            return said(self, person)

        monkeypatch.setattr(scripted, "_said", changing)
        perform(claimed, clock=watch)
        assert taken == [[]], "its lease was renewed before the change"
        assert not Operation.objects.pending().exists()

    def test_what_another_worker_has_by_now_is_not_changed(self, claimed, role, scripted, monkeypatch):
        watch = Watch()
        others: list = []
        take = lambda: others.extend(claim(role.resource.system_id, now=watch()))  # noqa: E731
        self.slow(monkeypatch, scripted, watch, seconds=61, meanwhile=take)
        perform(claimed, clock=watch)
        assert scripted.calls == [], "too late"
        perform(others, clock=watch)
        assert len(scripted.calls) == 1
        assert not Operation.objects.pending().exists()

    def test_what_is_not_wanted_any_more_after_a_slow_look_is_not_changed(self, crew, role, scripted, monkeypatch):
        stories = provide(crew[:1], role)
        perform_all_due(now=NOW)
        lock_people([crew[0].pk])
        actions.withdraw(stories, now=NOW)
        scripted.calls.clear()
        watch = Watch()
        again = lambda: provide(crew[:1], role, now=watch())  # noqa: E731
        self.slow(monkeypatch, scripted, watch, seconds=40, meanwhile=again)
        perform(claim(role.resource.system_id, now=watch()), clock=watch)
        perform_all_due(now=watch())
        assert [call[0] for call in scripted.calls] == []
        assert statuses() == ["verified"]

    def test_a_batch_of_which_all_is_done_in_time_costs_nothing_for_its_lease(self, crew, role, scripted):
        provide(crew[:5], role)
        operations = claim(role.resource.system_id, now=NOW)
        with CaptureQueriesContext(connection) as captured:
            perform(operations, clock=lambda: NOW)
        written = [one["sql"] for one in captured if one["sql"].startswith("UPDATE")]
        assert not [sql for sql in written if '"leased_until"' in sql and '"settled_at"' not in sql]


class TestOlderAccess:
    def test_access_put_back_by_reprocessing_ends_with_its_assignment(self, crew, role, scripted):
        """It was adopted, was lost in the target, and what we put back is ours to take away."""
        group = Group.objects.get(pk=role.resource.origin_id)
        add_member(group=group, person=crew[0], actor=None, now=NOW)
        stories = provide(crew[:1], role)
        perform_all_due(now=NOW)
        assert Grant.objects.get().is_adopted
        remove_member(group=group, person=crew[0], actor=None, now=NOW)
        actions.repeat(list(stories), story=uuid4(), now=NOW)
        perform_all_due(now=NOW)
        assert (Grant.objects.get().is_adopted, statuses()) == (False, ["verified"])
        lock_people([crew[0].pk])
        actions.withdraw(stories, now=NOW)
        perform_all_due(now=NOW)
        assert statuses() == ["removed"]
        assert not group.memberships.exists()


class TestDoubts:
    def test_what_was_handed_over_and_ended_is_revoked_though_it_does_not_show_yet(self, crew, role, scripted):
        """The target does late what it was asked: nothing is taken for gone before it has had its time."""
        stories = provide(crew[:1], role)
        scripted.script = {"*": Progress.HANDED_OVER}
        perform_all_due(now=NOW)
        lock_people([crew[0].pk])
        actions.withdraw(stories, now=NOW)
        scripted.script = {}
        perform_all_due(now=NOW + SECOND)
        assert [call[0] for call in scripted.calls] == ["grant", "revoke"]
        assert statuses() == ["removalPending"], "it is looked at once more"
        group = Group.objects.get(pk=role.resource.origin_id)
        add_member(group=group, person=crew[0], actor=None, now=NOW)
        perform_all_due(now=NOW + timedelta(hours=1))
        perform_all_due(now=NOW + timedelta(hours=2))
        assert statuses() == ["removed"]
        assert not group.memberships.exists()

    def test_what_was_given_again_and_ends_is_revoked_though_it_does_not_show_yet(
        self, crew, role, scripted, monkeypatch
    ):
        """It was seen there once, which says nothing about what was given since."""
        monkeypatch.setattr(scripted, "settles_within", 2 * MINUTE)
        stories = provide(crew[:1], role)
        perform_all_due(now=NOW)
        group = Group.objects.get(pk=role.resource.origin_id)
        remove_member(group=group, person=crew[0], actor=None, now=NOW)
        actions.repeat(list(stories), story=uuid4(), now=NOW + MINUTE)
        scripted.script = {"*": Progress.DONE}
        perform_all_due(now=NOW + MINUTE)
        assert statuses() == ["delivered"]
        scripted.calls.clear()
        lock_people([crew[0].pk])
        actions.withdraw(stories, now=NOW + MINUTE + SECOND)
        perform_all_due(now=NOW + MINUTE + 2 * SECOND)
        assert [call[0] for call in scripted.calls] == ["revoke"]
        assert statuses() == ["removalPending"], "the target may be about to give it"
        scripted.script = {}
        add_member(group=group, person=crew[0], actor=None, now=NOW)
        perform_all_due(now=NOW + timedelta(hours=1))
        assert statuses() == ["removed"]
        assert not group.memberships.exists()

    def test_an_error_of_ours_is_counted_and_stops_nobody_else(self, crew, role, scripted, monkeypatch):
        provide(crew[:3], role)
        real = scripted.grant_many

        def broken(self, people, entitlement, *, keys):
            if any(person.username == "crew00" for person in people):
                raise RuntimeError("not foreseen")
            return real(self, people, entitlement, keys=keys)

        monkeypatch.setattr(scripted, "grant_many", broken)
        monkeypatch.setattr(scripted, "capabilities", BuiltinDirectory.capabilities)
        perform_all_due(now=NOW)
        found = {grant.person.username: grant.status for grant in Grant.objects.select_related("person")}
        assert found == {"crew00": "failed", "crew01": "verified", "crew02": "verified"}
        assert "went wrong" in Operation.objects.get(status=WorkStatus.PENDING).last_error

    def test_what_a_target_says_is_kept_without_what_no_database_takes(self, crew, role, scripted):
        provide(crew[:1], role)
        scripted.script = {"*": ConnectorError("It said \x00 and \ud800.")}
        perform_all_due(now=NOW)
        assert Grant.objects.get().last_error == "It said  and ?."

    def test_what_was_skipped_is_tried_again_when_it_is_wanted_again(self, cast, crew, role, scripted):
        provide(crew[:1], role)
        scripted.script = {"*": ConnectorError("No account.", is_final=True)}
        perform_all_due(now=NOW)
        actions.skip_stuck(operations=list(Operation.objects.stuck()), reason="Later", actor=cast.ada, now=NOW)
        scripted.script = {}
        stories = provide(crew[:1], role)
        perform_all_due(now=NOW)
        assert statuses() == ["verified"]
        assert len(stories) == 1
