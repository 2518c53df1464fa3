"""Discovery: a system is looked through for its resources and roles, which come into the catalog and are never lost."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog.actions import take_in
from catalog.choices import ResourceKind
from catalog.models import Catalog, Resource, ResourceRole, TargetSystem
from directory.models import Group
from provisioning import actions, discovering
from provisioning.connectors import KINDS, kind_of
from provisioning.connectors.base import (
    Bookmark,
    Capability,
    Connector,
    ConnectorError,
    FoundResource,
    FoundRole,
    GoneResource,
    Progress,
)
from provisioning.lifecycle import IllegalMove
from provisioning.models import Connector as ConnectorRow
from provisioning.models import ConnectorKind, Discovery
from tests.cast import NOW, make_cast

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Scripted(Connector):
    """A system that says what a test has it say: things found, and errors raised where their turn comes."""

    script: tuple[object, ...] = ()
    asked_since: str | None = None

    def check(self):
        return "here"

    def grant(self, person, entitlement, *, key):
        return Progress.DONE

    def revoke(self, person, entitlement, *, key):
        return Progress.DONE

    def discover(self):
        for one in self.script:
            if isinstance(one, Exception):
                raise one
            yield one

    def discover_changes(self, *, since):
        type(self).asked_since = since
        return self.discover()


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def row(cast):
    """The connector of the cast's system."""
    ConnectorRow.objects.update(discovers_into=cast.catalog)
    return ConnectorRow.objects.get()


@pytest.fixture
def says(row, monkeypatch):
    """Has the system say these things from now on."""
    monkeypatch.setitem(KINDS, ConnectorKind.BUILTIN, f"{__name__}.Scripted")
    monkeypatch.setattr(Scripted, "capabilities", frozenset({Capability.DISCOVER}))

    def say(*script):
        monkeypatch.setattr(Scripted, "script", script)

    return say


@pytest.fixture
def tells_changes(says, monkeypatch):
    monkeypatch.setattr(Scripted, "capabilities", frozenset({Capability.DISCOVER, Capability.DISCOVER_CHANGES}))
    return says


def found(name, *roles, origin=""):
    named = tuple(FoundRole(role.lower(), role) for role in roles or ("Member",))
    return FoundResource(origin or name.lower(), ResourceKind.GROUP, name, roles=named)


def look(now=NOW):
    """One whole look into the only connected system, which succeeds."""
    run = actions.start_discovery(connector=ConnectorRow.objects.get(), actor=None, now=now)
    assert discovering.perform_all_due(now=now) == 1
    run.refresh_from_db()
    assert run.status == WorkStatus.DONE, run.last_error
    return run


def told(verb):
    return list(Event.objects.filter(verb=verb).order_by("pk"))


# --- What comes -----------------------------------------------------------------------------------------------------


def test_new_resources_come_into_the_chosen_catalog_with_their_roles(cast, row, says):
    says(found("Sales", "Member", "Owner"), found("Finance"))
    run = look()
    assert (run.resources, run.roles, run.new, run.missing) == (2, 3, 2, 0)
    sales = cast.catalog.resources.get(origin_id="sales")
    assert (sales.name, sales.system, sales.discovered_at) == ("Sales", cast.system, NOW)
    assert set(sales.roles.values_list("origin_id", "name")) == {("member", "Member"), ("owner", "Owner")}
    assert len(told("resource.discovered")) == 2
    assert len(told("resource_role.discovered")) == 3
    assert ConnectorRow.objects.get().discovered_at == NOW


def test_without_a_chosen_catalog_they_are_in_none(cast, row, says):
    ConnectorRow.objects.update(discovers_into=None)
    says(found("Sales"))
    look()
    assert Resource.objects.exists()
    assert not Catalog.objects.filter(resources__isnull=False).exists()


def test_a_second_look_adds_nothing_and_puts_nothing_back_into_the_catalog(cast, row, says):
    says(found("Sales"))
    look()
    cast.catalog.resources.clear()
    events = Event.objects.count()
    run = look(NOW + HOUR)
    assert (run.new, run.resources) == (0, 1)
    assert not cast.catalog.resources.exists()
    assert Resource.objects.get().discovered_at == NOW + HOUR
    assert Event.objects.count() == events + 2, "that it was started and that it is finished"


def test_what_was_entered_by_hand_is_known_by_its_id_and_keeps_its_name(cast, row, says):
    _group, role = cast.role("Our Sales")
    says(found("sales-prod", "Member", origin=role.resource.origin_id))
    look()
    assert Resource.objects.get().name == "Our Sales"
    assert ResourceRole.objects.get() == role
    says(found("sales-live", "Member", origin=role.resource.origin_id))
    look(NOW + HOUR)
    assert Resource.objects.get().name == "Our Sales"


def test_a_name_follows_that_of_the_system_until_somebody_gives_another_one_here(cast, row, says):
    says(found("Sales", origin="1"))
    look()
    says(found("Sales EMEA", origin="1"))
    look(NOW + HOUR)
    assert Resource.objects.get().name == "Sales EMEA"
    [renamed] = told("resource.renamed")
    assert renamed.details["formerly"] == "Sales"
    Resource.objects.update(name="The sales people")
    says(found("Sales Europe", origin="1"))
    look(NOW + 2 * HOUR)
    assert Resource.objects.get().name == "The sales people"


def test_the_name_of_a_role_follows_in_the_same_way(cast, row, says):
    def app(name):
        return FoundResource("app", ResourceKind.APPLICATION, "App", roles=(FoundRole("7", name),))

    says(app("Readers"))
    look()
    says(app("Viewers"))
    look(NOW + HOUR)
    assert ResourceRole.objects.get().name == "Viewers"
    assert told("resource_role.renamed")[0].details["formerly"] == "Readers"
    ResourceRole.objects.update(name="May look")
    says(app("Watchers"))
    look(NOW + 2 * HOUR)
    assert ResourceRole.objects.get().name == "May look"


def test_without_a_name_a_resource_is_called_by_its_id(cast, row, says):
    says(FoundResource("cn=x", ResourceKind.GROUP, "  ", roles=(FoundRole("m", ""),)))
    look()
    assert (Resource.objects.get().name, ResourceRole.objects.get().name) == ("cn=x", "m")


# --- What goes ------------------------------------------------------------------------------------------------------


def test_what_vanished_is_flagged_and_never_deleted_and_comes_back(cast, row, says):
    says(found("Sales", "Member", "Owner"), found("Finance"))
    look()
    says(found("Finance"))
    run = look(NOW + HOUR)
    assert run.missing == 1
    sales = Resource.objects.get(origin_id="sales")
    assert sales.missing_since == NOW + HOUR
    assert set(sales.roles.values_list("missing_since", flat=True)) == {NOW + HOUR}
    assert Resource.objects.get(origin_id="finance").missing_since is None
    assert [event.target_id for event in told("resource.missing")] == [str(sales.pk)]
    assert look(NOW + 2 * HOUR).missing == 0, "it is told once"
    says(found("Sales", "Member", "Owner"), found("Finance"))
    look(NOW + 3 * HOUR)
    sales.refresh_from_db()
    assert sales.missing_since is None
    assert set(sales.roles.values_list("missing_since", flat=True)) == {None}
    assert len(told("resource.back")) == 1


def test_the_journal_tells_of_each_role_that_went_with_its_resource(cast, row, says):
    says(found("Sales", "Member", "Owner"), found("Finance"))
    look()
    says(found("Finance"))
    look(NOW + HOUR)
    gone = {str(role.pk) for role in Resource.objects.get(origin_id="sales").roles.all()}
    assert {event.target_id for event in told("resource_role.missing")} == gone
    look(NOW + 2 * HOUR)
    assert len(told("resource_role.missing")) == 2, "each is told once"


def test_a_role_that_its_resource_has_no_more_is_flagged_and_comes_back(cast, row, says):
    says(found("Sales", "Member", "Owner"))
    look()
    says(found("Sales", "Member"))
    look(NOW + HOUR)
    assert ResourceRole.objects.get(missing_since=NOW + HOUR).origin_id == "owner"
    assert len(told("resource_role.missing")) == 1
    says(found("Sales", "Member", "Owner"))
    look(NOW + 2 * HOUR)
    assert not ResourceRole.objects.exclude(missing_since=None).exists()


def test_what_people_entered_and_no_look_ever_found_is_left_alone(cast, row, says):
    cast.role("By hand")
    says(found("Sales"))
    assert look().missing == 0
    assert not Resource.objects.exclude(missing_since=None).exists()


def test_other_systems_are_left_alone(cast, row, says):
    other = TargetSystem.objects.create(name="Other", slug="other")
    take_in(system=other, found=[found("Theirs")], into=None, story=uuid4(), now=NOW - HOUR)
    says(found("Sales"))
    look()
    assert Resource.objects.get(system=other).missing_since is None


def test_a_worker_whose_clock_is_behind_flags_nothing_that_it_saw(cast, row, says):
    says(found("Sales"))
    run = actions.start_discovery(connector=row, actor=None, now=NOW)
    Discovery.objects.update(due_at=NOW - HOUR)
    assert discovering.perform_all_due(now=NOW - HOUR) == 1
    run.refresh_from_db()
    assert (run.status, run.missing) == (WorkStatus.DONE, 0)


# --- Changes by bookmark --------------------------------------------------------------------------------------------


def test_a_look_at_changes_flags_only_what_it_says_is_gone(cast, row, tells_changes):
    tells_changes(found("Sales"), found("Finance"), found("Legal"), Bookmark("one", is_anew=True))
    look()
    assert Scripted.asked_since == ""
    tells_changes(found("Sales"), GoneResource("legal"), GoneResource("never-seen"), Bookmark("two", is_anew=False))
    run = look(NOW + HOUR)
    assert Scripted.asked_since == "one"
    assert run.missing == 1
    assert Resource.objects.get(missing_since=NOW + HOUR).name == "Legal"
    assert ConnectorRow.objects.get().bookmark == "two"


def test_a_system_that_has_forgotten_the_bookmark_lists_everything_and_the_rest_is_gone(cast, row, tells_changes):
    tells_changes(found("Sales"), found("Finance"), Bookmark("one", is_anew=True))
    look()
    tells_changes(found("Sales"), Bookmark("nine", is_anew=True))
    assert look(NOW + HOUR).missing == 1


def test_changes_without_a_bookmark_flag_nothing_and_are_asked_for_again(cast, row, tells_changes):
    tells_changes(found("Sales"), Bookmark("one", is_anew=True))
    look()
    tells_changes()
    assert look(NOW + HOUR).missing == 0
    assert ConnectorRow.objects.get().bookmark == "one"


def test_of_what_comes_twice_the_last_holds(cast, row, tells_changes):
    tells_changes(GoneResource("sales"), found("Old", origin="sales"), found("Sales"), Bookmark("one", is_anew=True))
    look()
    assert Resource.objects.get().name == "Sales"


def test_no_kind_says_that_it_tells_changes_where_it_does_not():
    for kind in KINDS:
        tells = Capability.DISCOVER_CHANGES in kind_of(kind).capabilities
        assert not tells or kind_of(kind).discover_changes is not Connector.discover_changes, kind


# --- Cut off, away, refused -----------------------------------------------------------------------------------------


def test_cut_off_in_the_middle_it_is_done_again_and_counts_what_is_there_once(cast, row, says, monkeypatch):
    monkeypatch.setattr(discovering, "PAGE", 1)
    script = (found("Sales"), found("Finance"), found("Legal"))

    def dies(self):
        yield from script[:2]
        raise SystemExit

    monkeypatch.setattr(Scripted, "discover", dies)
    run = actions.start_discovery(connector=row, actor=None, now=NOW)
    with pytest.raises(SystemExit):
        discovering.work_off(run.pk, clock=lambda: NOW)
    assert Resource.objects.count() == 2, "what was committed stays"
    monkeypatch.setattr(Scripted, "discover", lambda self: iter(script))
    assert discovering.perform_all_due(now=NOW) == 0, "the lease is held by whoever died"
    assert discovering.perform_all_due(now=NOW + timedelta(minutes=2)) == 1
    run.refresh_from_db()
    assert (run.status, run.resources, run.roles, run.new, run.missing) == (WorkStatus.DONE, 3, 3, 3, 0)


def test_a_worker_that_lost_its_lease_writes_nothing_more(cast, row, says, monkeypatch):
    monkeypatch.setattr(discovering, "PAGE", 1)

    def overtaken(self):
        yield found("Sales")
        Discovery.objects.update(lease=uuid4())
        yield found("Finance")

    monkeypatch.setattr(Scripted, "discover", overtaken)
    run = actions.start_discovery(connector=row, actor=None, now=NOW)
    discovering.work_off(run.pk, clock=lambda: NOW)
    assert Resource.objects.get().name == "Sales"
    assert Discovery.objects.get().status == WorkStatus.PENDING


def test_while_the_system_is_away_the_look_waits_with_the_reason_and_flags_nothing(cast, row, says):
    says(found("Sales"), found("Finance"))
    look()
    says(found("Sales"), ConnectorError("It is away.", is_outage=True, retry_after=timedelta(minutes=3)))
    run = actions.start_discovery(connector=row, actor=None, now=NOW + HOUR)
    discovering.perform_all_due(now=NOW + HOUR)
    run.refresh_from_db()
    assert (run.status, run.last_error) == (WorkStatus.PENDING, "It is away.")
    assert run.due_at == NOW + HOUR + timedelta(minutes=3)
    held = ConnectorRow.objects.get()
    assert (held.held_until, held.failures) == (run.due_at, 1), "its operations wait as well"
    assert not Resource.objects.exclude(missing_since=None).exists()
    says(found("Sales"), found("Finance"))
    discovering.perform_all_due(now=run.due_at)
    run.refresh_from_db()
    assert run.status == WorkStatus.DONE
    assert ConnectorRow.objects.get().failures == 0


def test_what_only_a_person_can_cure_is_stuck_at_once(cast, row, says):
    says(ConnectorError("No such scope.", is_final=True))
    run = actions.start_discovery(connector=row, actor=None, now=NOW)
    discovering.perform_all_due(now=NOW)
    run.refresh_from_db()
    assert (run.status, run.last_error) == (WorkStatus.STUCK, "No such scope.")


def test_outsiders_are_refused_and_administrators_are_named_in_the_journal(cast, row, says):
    for outsider in (cast.charlie, cast.olga):
        with pytest.raises(PermissionDenied):
            actions.start_discovery(connector=row, actor=outsider, now=NOW)
    assert not Discovery.objects.exists()
    run = actions.start_discovery(connector=row, actor=cast.ada, now=NOW)
    [started] = told("discovery.started")
    assert (started.actor_id, started.correlation_id) == (cast.ada.pk, run.correlation_id)


def test_a_system_is_looked_through_once_at_a_time(cast, row, says):
    actions.start_discovery(connector=row, actor=cast.ada, now=NOW)
    with pytest.raises(IllegalMove, match="already"):
        actions.start_discovery(connector=row, actor=cast.ada, now=NOW)


# --- The schedule ---------------------------------------------------------------------------------------------------


def test_a_look_is_started_when_it_is_due_and_only_where_the_system_ever_answered(cast, row, says):
    says(found("Sales"))
    ConnectorRow.objects.update(discover_every=6)
    assert actions.start_due_discoveries(now=NOW) == 0, "it has never answered"
    ConnectorRow.objects.update(last_answer_at=NOW)
    assert actions.start_due_discoveries(now=NOW) == 1
    discovering.perform_all_due(now=NOW)
    assert actions.start_due_discoveries(now=NOW + 5 * HOUR) == 0
    assert actions.start_due_discoveries(now=NOW + 50 * HOUR) == 1, "one, however many were missed"


@pytest.mark.parametrize("fields", [{"discover_every": None}, {"is_enabled": False}])
def test_switched_off_or_without_hours_it_is_never_due(cast, row, says, fields):
    ConnectorRow.objects.update(**{"discover_every": 6, "last_answer_at": NOW, **fields})
    assert actions.start_due_discoveries(now=NOW + 50 * HOUR) == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_schedulers_at_once_one_starts_it(cast, row):
    ConnectorRow.objects.update(discover_every=6, last_answer_at=NOW)
    together, started = threading.Barrier(2, timeout=10), []

    def schedule():
        try:
            together.wait()
            started.append(actions.start_due_discoveries(now=NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=schedule) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == [0, 1]
    assert Discovery.objects.count() == 1


# --- What it costs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_known", [False, True])
def test_a_large_page_costs_as_many_statements_as_a_small_one(cast, row, is_known):
    def cost(number, prefix):
        page = [found(f"{prefix}{n}", "Member", "Owner") for n in range(number)]
        if is_known:
            take_in(system=cast.system, found=page, into=cast.catalog, story=uuid4(), now=NOW)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            take_in(system=cast.system, found=page, into=cast.catalog, story=uuid4(), now=NOW)
        return len(caught)

    assert cost(30, "large") <= cost(2, "small")


# --- For real -------------------------------------------------------------------------------------------------------


def test_the_built_in_directory_tells_its_groups(cast, row):
    group = Group.objects.create(name="Sales", description="Who sells")
    look()
    resource = cast.catalog.resources.get()
    assert (resource.origin_id, resource.name, resource.description) == (str(group.pk), "Sales", "Who sells")
    assert set(resource.roles.values_list("origin_id", flat=True)) == {"member", "owner"}
    group.delete()
    assert look(NOW + HOUR).missing == 1


def test_a_scim_application_tells_its_groups_as_roles(cast, scim_server):
    system = TargetSystem.objects.create(name="CRM", slug="crm")
    into = Catalog.objects.create(name="CRM", description="CRM")
    crm = ConnectorRow(system=system, kind=ConnectorKind.SCIM, base_url=scim_server.base_url, discovers_into=into)
    crm.set_secret(scim_server.token)
    crm.save()
    name = f"Readers {uuid4().hex[:6]}"
    group = scim_server.create_group(name)
    for now, goes in ((NOW, True), (NOW + HOUR, False)):
        run = actions.start_discovery(connector=crm, actor=None, now=now)
        discovering.perform_all_due(now=now)
        run.refresh_from_db()
        assert run.status == WorkStatus.DONE, run.last_error
        role = ResourceRole.objects.get(resource__in=into.resources.all(), origin_id=group)
        assert (role.name, role.missing_since) == (name, None if goes else now)
        if goes:
            scim_server.delete_group(group)
