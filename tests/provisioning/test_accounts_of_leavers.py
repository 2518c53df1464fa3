"""Accounts of those who leave: disabled where that was chosen, enabled again when they come back, whatever happens."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog.models import TargetSystem
from directory.actions import disable_guests, disable_person, enable_person
from directory.models import PersonKind, User
from notifications.models import Message, Occasion
from provisioning import actions, disabling, events, tasks
from provisioning.claiming import claim, claim_accounts
from provisioning.connectors import KINDS
from provisioning.connectors.base import AccountState, Capability, ConnectorError
from provisioning.connectors.builtin import BuiltinDirectory
from provisioning.delivery import perform_all_due
from provisioning.models import AccountChange, Connector, ConnectorKind

from ..cast import NOW, make_cast
from .test_delivering import provide

pytestmark = pytest.mark.django_db

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LOST = ConnectorError("The answer was lost.")
AWAY = ConnectorError("It does not answer.", is_outage=True)
REFUSED = ConnectorError("We may not.", is_final=True)


class Ledger(BuiltinDirectory):
    """Has accounts in memory, enabled or not, and does as a test says."""

    capabilities = BuiltinDirectory.capabilities | {Capability.DISABLE_ACCOUNT}
    accounts: dict[str, bool] = {}
    calls: list[tuple[str, str]] = []
    before_change: list = []
    """Called once each before the target does what it is told: raises, or returns False where it does it not."""
    after_change: list = []

    def read_account(self, person):
        is_enabled = self.accounts.get(person.username)
        return None if is_enabled is None else AccountState(is_enabled, before="as it was" if is_enabled else "")

    def disable_account(self, person):
        self._set(person, "disable", is_enabled=False)

    def enable_account(self, person, *, before):
        assert before == "as it was"
        self._set(person, "enable", is_enabled=True)

    def _set(self, person, call, *, is_enabled):
        self.calls.append((call, person.username))
        if self.before_change and self.before_change.pop(0)() is False:
            return
        self.accounts[person.username] = is_enabled
        if self.after_change:
            self.after_change.pop(0)()


def raising(error):
    def fail():
        raise error

    return fail


@pytest.fixture
def ledger(monkeypatch):
    for name, value in (("accounts", {"rita": True}), ("calls", []), ("before_change", []), ("after_change", [])):
        monkeypatch.setattr(Ledger, name, value)
    monkeypatch.setitem(KINDS, ConnectorKind.BUILTIN, f"{__name__}.Ledger")
    return Ledger


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def connector(cast, ledger):
    Connector.objects.update(disables_accounts=True)
    return Connector.objects.get()


def leave(person, *, now=NOW):
    disable_person(person=person, actor=None, now=now)


def come_back(person, *, now=NOW):
    enable_person(person=person, actor=None, now=now)


def told():
    """What the journal says of accounts, in order."""
    return list(Event.objects.filter(verb__startswith="account.").order_by("id").values_list("verb", flat=True))


def states():
    return list(AccountChange.objects.order_by("created_at", "id").values_list("kind", "status"))


class TestLeavingAndComingBack:
    def test_whoever_leaves_is_disabled_and_whoever_comes_back_is_enabled_again(self, cast, connector, ledger):
        leave(cast.rita)
        assert ledger.accounts == {"rita": True}, "nothing is called while they leave"
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": False}
        come_back(cast.rita, now=NOW + HOUR)
        perform_all_due(now=NOW + HOUR)
        assert ledger.accounts == {"rita": True}
        assert told() == [
            "account.disabling_queued", "account.disabled", "account.enabling_queued", "account.enabled",
        ]  # fmt: skip

    def test_the_journal_says_so_in_the_story_of_their_leaving(self, cast, connector):
        leave(cast.rita)
        perform_all_due(now=NOW)
        left = Event.objects.get(verb="person.disabled")
        disabled = Event.objects.get(verb=events.ACCOUNT_DISABLED)
        assert disabled.correlation_id == left.correlation_id
        assert disabled.sentence == "Rita cannot sign in to Directory any more: read back from Directory"

    def test_only_where_that_was_chosen(self, cast, ledger):
        leave(cast.rita)
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": True}
        assert not AccountChange.objects.exists()

    def test_in_every_system_where_that_was_chosen(self, cast, connector):
        wiki = TargetSystem.objects.create(name="Wiki", slug="wiki")
        Connector.objects.create(system=wiki, kind=ConnectorKind.BUILTIN, disables_accounts=True)
        leave(cast.rita)
        assert AccountChange.objects.values("system").distinct().count() == 2

    def test_a_guest_whom_a_review_blocks_is_disabled_as_well(self, cast, connector, ledger):
        gus = User.objects.create(username="gus", display_name="Gus", kind=PersonKind.GUEST)
        ledger.accounts["gus"] = True
        disable_guests([gus.pk], now=NOW)
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": True, "gus": False}

    def test_an_account_that_others_had_disabled_stays_so(self, cast, connector, ledger):
        ledger.accounts["rita"] = False
        leave(cast.rita)
        perform_all_due(now=NOW)
        assert AccountChange.objects.get().outcome == "it was disabled already"
        come_back(cast.rita)
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": False}
        assert ledger.calls == []

    def test_who_has_no_account_has_none_to_disable(self, cast, connector, ledger):
        leave(cast.charlie)
        perform_all_due(now=NOW)
        assert AccountChange.objects.get().outcome == "there is no account"
        come_back(cast.charlie)
        assert states() == [("disable", "done")]

    def test_an_account_that_is_gone_when_its_person_comes_back_is_said_to_be_gone(self, cast, connector, ledger):
        leave(cast.rita)
        perform_all_due(now=NOW)
        del ledger.accounts["rita"]
        come_back(cast.rita)
        perform_all_due(now=NOW)
        assert told()[-1] == events.ACCOUNT_GONE
        leave(cast.rita)
        come_back(cast.rita)
        assert states() == [("disable", "done"), ("enable", "superseded"), ("disable", "superseded")]

    def test_what_somebody_enabled_by_hand_is_left_so(self, cast, connector, ledger):
        leave(cast.rita)
        perform_all_due(now=NOW)
        ledger.accounts["rita"] = True
        come_back(cast.rita)
        perform_all_due(now=NOW)
        assert AccountChange.objects.get(kind="enable").outcome == "it was enabled already"
        assert ledger.calls == [("disable", "rita")]

    def test_what_was_disabled_is_enabled_again_though_that_was_switched_off_meanwhile(self, cast, connector, ledger):
        leave(cast.rita)
        perform_all_due(now=NOW)
        Connector.objects.update(disables_accounts=False)
        come_back(cast.rita)
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": True}

    def test_what_waits_when_that_is_switched_off_is_not_done(self, cast, connector, ledger):
        leave(cast.rita)
        Connector.objects.update(disables_accounts=False)
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": True}
        assert states() == [("disable", "superseded")]
        assert told() == ["account.disabling_queued", "account.change_superseded"]

    def test_a_thousand_leavers_cost_as_many_statements_as_one(self, cast, connector):
        costs = []
        for count in (1, 40):
            crew = [User.objects.create(username=f"{count}.{n}", is_active=False) for n in range(count)]
            for change in (actions.disable_accounts_of, actions.enable_accounts_of):
                with CaptureQueriesContext(connection) as captured:
                    change(crew, stories={}, now=NOW)
                costs.append(len(captured))
            assert AccountChange.objects.filter(person__in=crew, status="superseded").count() == count
        assert costs[:2] == costs[2:]
        assert max(costs) <= 7

    def test_leaving_costs_one_statement_where_nobody_chose_it(self, cast):
        with CaptureQueriesContext(connection) as captured:
            actions.disable_accounts_of([cast.rita], stories={}, now=NOW)
        assert len([one for one in captured if "SAVEPOINT" not in one["sql"]]) == 1


class TestChangesOfMind:
    def test_who_is_back_before_anything_was_done_is_left_alone(self, cast, connector, ledger):
        leave(cast.rita)
        come_back(cast.rita)
        perform_all_due(now=NOW)
        assert ledger.calls == []
        assert states() == [("disable", "superseded")]
        assert told() == ["account.disabling_queued", "account.change_superseded"]
        assert Event.objects.get(verb=events.ACCOUNT_CHANGE_SUPERSEDED).sentence == (
            "what was to be done with the account of Rita in Directory is not wanted any more"
        )

    def test_who_leaves_again_before_they_were_enabled_stays_disabled(self, cast, connector, ledger):
        leave(cast.rita)
        perform_all_due(now=NOW)
        come_back(cast.rita)
        leave(cast.rita)
        perform_all_due(now=NOW)
        assert ledger.calls == [("disable", "rita")]
        come_back(cast.rita)
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": True}, "it was us who disabled it at first"

    def test_who_comes_back_while_the_target_is_disabling_is_enabled_after_it(self, cast, connector, ledger):
        ledger.before_change = [lambda: come_back(cast.rita)]
        leave(cast.rita)
        perform_all_due(now=NOW)
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": True}
        assert states() == [("disable", "superseded"), ("enable", "done")]

    def test_who_leaves_while_the_target_is_enabling_is_disabled_after_it(self, cast, connector, ledger):
        leave(cast.rita)
        perform_all_due(now=NOW)
        ledger.before_change = [lambda: leave(cast.rita)]
        come_back(cast.rita)
        perform_all_due(now=NOW)
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": False}
        assert states() == [("disable", "done"), ("enable", "superseded"), ("disable", "done")]

    def test_an_account_that_is_being_made_just_now_is_waited_for(self, cast, connector, ledger):
        role = cast.role("Sales")[1]
        provide([cast.charlie], role)
        [giving] = claim(cast.system.pk, now=NOW)
        leave(cast.charlie)
        disabling.perform_all_due(now=NOW)
        assert AccountChange.objects.get().status == WorkStatus.PENDING
        ledger.accounts["charlie"] = True
        disabling.perform_all_due(now=NOW + 4 * SECOND)
        assert ledger.accounts["charlie"] is False
        assert giving.grant.person == cast.charlie


class TestTrouble:
    def test_a_lost_answer_does_not_make_it_somebody_else_s_doing(self, cast, connector, ledger):
        ledger.after_change = [raising(LOST)]
        leave(cast.rita)
        perform_all_due(now=NOW)
        assert states() == [("disable", "pending")]
        perform_all_due(now=NOW + MINUTE)
        assert ledger.calls == [("disable", "rita")] * 2, "there may be more to it than what shows"
        assert states() == [("disable", "done")]
        come_back(cast.rita, now=NOW + HOUR)
        perform_all_due(now=NOW + HOUR)
        assert ledger.accounts == {"rita": True}

    def test_a_target_that_lies_is_found_out(self, cast, connector, ledger):
        ledger.before_change = [lambda: False]
        leave(cast.rita)
        perform_all_due(now=NOW)
        assert AccountChange.objects.get().last_error == "The target answered that it was done, but does not show it."
        perform_all_due(now=NOW + MINUTE)
        assert ledger.accounts == {"rita": False}
        assert told() == ["account.disabling_queued", "account.disabling_failed", "account.disabled"]

    def test_a_target_that_takes_its_time_is_looked_at_again_and_told_once(self, cast, connector, ledger, monkeypatch):
        monkeypatch.setattr(Ledger, "settles_within", MINUTE)
        ledger.before_change = [lambda: False]
        leave(cast.rita)
        perform_all_due(now=NOW)
        perform_all_due(now=NOW + 4 * SECOND)
        assert ledger.calls == [("disable", "rita")]
        ledger.accounts["rita"] = False
        perform_all_due(now=NOW + 10 * SECOND)
        assert told() == ["account.disabling_queued", "account.disabled"]

    def test_an_outage_holds_the_connector_back_and_nothing_gets_stuck(self, cast, connector, ledger):
        ledger.accounts["olga"] = True
        ledger.before_change = [raising(AWAY) for _ in range(50)]
        leave(cast.rita)
        leave(cast.olga)
        at = NOW
        for _ in range(50):
            perform_all_due(now=at)
            at += HOUR
        assert len(ledger.calls) == 50, "one tries whether it is back, the other waits"
        connector.refresh_from_db()
        assert connector.paused_at is not None
        assert not AccountChange.objects.stuck().exists()
        perform_all_due(now=at)
        perform_all_due(now=at)
        assert ledger.accounts == {"rita": False, "olga": False}
        assert Event.objects.filter(verb=events.CONNECTOR_RESUMED).count() == 1

    def test_no_call_before_the_target_wants_one(self, cast, connector, ledger):
        ledger.before_change = [raising(ConnectorError("Slow.", retry_after=10 * MINUTE, is_outage=True))]
        leave(cast.rita)
        perform_all_due(now=NOW)
        perform_all_due(now=NOW + 10 * MINUTE - SECOND)
        assert len(ledger.calls) == 1
        perform_all_due(now=NOW + 10 * MINUTE)
        assert ledger.accounts == {"rita": False}

    def test_one_failure_stops_nobody_else(self, cast, connector, ledger):
        ledger.accounts["olga"] = True
        ledger.before_change = [raising(REFUSED)]
        leave(cast.rita)
        leave(cast.olga)
        perform_all_due(now=NOW)
        assert sorted(ledger.accounts.values()) == [False, True]
        assert AccountChange.objects.stuck().count() == 1

    def test_an_error_of_ours_is_kept_with_the_change(self, cast, connector, ledger):
        ledger.before_change = [raising(ZeroDivisionError())]
        leave(cast.rita)
        perform_all_due(now=NOW)
        assert "the log of the worker says what" in AccountChange.objects.get().last_error

    def test_a_worker_that_comes_back_after_its_lease_keeps_nothing(self, cast, connector, ledger):
        leave(cast.rita)
        late = claim_accounts(connector.system_id, now=NOW)
        assert claim_accounts(connector.system_id, now=NOW) == []
        perform_all_due(now=NOW + 2 * MINUTE)
        disabling.perform(late, clock=lambda: NOW + 3 * MINUTE)
        assert ledger.calls == [("disable", "rita")]
        assert told().count(events.ACCOUNT_DISABLED) == 1

    def test_a_worker_that_died_is_followed_by_another(self, cast, connector, ledger):
        leave(cast.rita)
        [change] = claim_accounts(connector.system_id, now=NOW)
        actions.note_account(change, is_enabled=True, before="as it was", now=NOW)
        ledger.accounts["rita"] = False
        perform_all_due(now=NOW + 2 * MINUTE)
        come_back(cast.rita)
        perform_all_due(now=NOW + 2 * MINUTE)
        assert ledger.accounts == {"rita": True}

    def test_what_a_lost_hint_left_is_found_by_the_sweep(self, cast, connector, ledger, monkeypatch):
        leave(cast.rita)
        hints: list[str] = []
        monkeypatch.setattr(tasks.change_accounts, "delay", hints.append)
        assert tasks.sweep() == 1
        tasks.change_accounts(*hints)
        assert ledger.accounts == {"rita": False}
        assert tasks.sweep() == 0

    def test_a_switched_off_connector_waits(self, cast, connector, ledger):
        Connector.objects.update(is_enabled=False)
        leave(cast.rita)
        perform_all_due(now=NOW)
        assert states() == [("disable", "pending")]

    def test_the_limits_of_the_connector_hold_for_both_kinds_of_work(self, cast, connector):
        Connector.objects.update(max_concurrency=1)
        leave(cast.rita)
        provide([cast.olga], cast.role("Sales")[1])
        assert claim(cast.system.pk, now=NOW)
        assert claim_accounts(connector.system_id, now=NOW) == []
        assert claim_accounts(connector.system_id, now=NOW + 2 * MINUTE)
        assert claim(cast.system.pk, now=NOW + 2 * MINUTE) == []


class TestStuck:
    @pytest.fixture
    def stuck(self, cast, connector, ledger):
        ledger.before_change = [raising(REFUSED)]
        leave(cast.rita)
        perform_all_due(now=NOW)
        return AccountChange.objects.get(status=WorkStatus.STUCK)

    def test_administrators_are_told(self, cast, stuck):
        assert Event.objects.get(verb=events.ACCOUNT_STUCK).details["error"] == "We may not."
        assert Message.objects.get(recipient=cast.ada).occasion == Occasion.WORK_STUCK

    def test_retrying_puts_it_back_to_work(self, cast, stuck, ledger):
        assert actions.retry_accounts(changes=[stuck], actor=cast.ada, now=NOW) == 1
        perform_all_due(now=NOW)
        assert ledger.accounts == {"rita": False}

    def test_what_is_skipped_stays_as_it_is(self, cast, stuck, ledger):
        assert actions.skip_accounts(changes=[stuck], reason="Done by hand", actor=cast.ada, now=NOW) == 1
        perform_all_due(now=NOW + HOUR)
        assert ledger.accounts == {"rita": True}
        assert Event.objects.get(verb=events.ACCOUNT_SKIPPED).details["reason"] == "Done by hand"

    def test_only_administrators_do_and_only_with_a_reason(self, cast, stuck):
        for act in (actions.retry_accounts, actions.skip_accounts):
            more = {"reason": "Because"} if act is actions.skip_accounts else {}
            with pytest.raises(PermissionDenied):
                act(changes=[stuck], actor=cast.olga, now=NOW, **more)
        with pytest.raises(ValidationError):
            actions.skip_accounts(changes=[stuck], reason=" ", actor=cast.ada, now=NOW)

    def test_whoever_comes_back_ends_it(self, cast, stuck):
        come_back(cast.rita)
        perform_all_due(now=NOW)
        assert states() == [("disable", "superseded"), ("enable", "done")], "it may have been disabled after all"
        assert AccountChange.objects.get(kind="enable").outcome == "it was enabled already"


def test_in_a_real_scim_application(cast, scim_server):
    system = TargetSystem.objects.create(name="Ledger", slug="ledger")
    row = Connector(system=system, kind=ConnectorKind.SCIM, base_url=scim_server.base_url, disables_accounts=True)
    row.set_secret(scim_server.token)
    actions.configure_connector(connector=row, actor=cast.ada, now=NOW, secret=scim_server.token)
    account = scim_server.create_user("rita")

    def is_active():
        return scim_server.call("GET", f"/Users/{account}").get("active", True)

    leave(cast.rita)
    perform_all_due(now=NOW)
    assert is_active() is False
    assert AccountChange.objects.get().outcome == "read back from Ledger"
    come_back(cast.rita)
    perform_all_due(now=NOW)
    assert is_active() is True
