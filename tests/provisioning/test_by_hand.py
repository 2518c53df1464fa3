"""Systems without an interface: tasks of a team, done with a proof or refused with a reason, and lists of holders."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog.choices import ResourceKind
from catalog.models import Resource, ResourceRole, TargetSystem
from directory.actions import add_member, lock_people, nest_group
from directory.models import Group, User
from provisioning import actions, reconciling
from provisioning.connectors.manual import ManualOptions
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import CaseKind, GrantStatus, IllegalMove, TaskState
from provisioning.models import (
    Connector,
    ConnectorKind,
    DriftCase,
    Grant,
    HandTask,
    HolderList,
    Operation,
    OperationKind,
)
from tests.cast import NOW, Cast, make_cast

pytestmark = pytest.mark.django_db

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def building(cast):
    """Doors, opened by badges that Olga programs, whose group is nested in the team."""
    system = TargetSystem.objects.create(name="Building", slug="building")
    team, porters = Group.objects.create(name="Facilities"), Group.objects.create(name="Porters")
    nest_group(parent=team, child=porters, actor=None, now=NOW)
    add_member(group=porters, person=cast.olga, actor=None, now=NOW)
    row = actions.configure_connector(
        connector=Connector(system=system, kind=ConnectorKind.MANUAL),
        options={"team": "facilities", "due_days": 2, "instructions": "Program the badge."},
        actor=None,
        now=NOW,
    )
    resource = Resource.objects.create(system=system, kind=ResourceKind.GROUP, origin_id="lab", name="Laboratory")
    cast.catalog.resources.add(resource)
    role = ResourceRole.objects.create(resource=resource, origin_id="badge", name="Badge")
    return SimpleNamespace(row=row, role=role, team=team, system=system)


def provide(person, role, now=NOW):
    lock_people([person.pk])
    reason = actions.Reason(person=person, role=role, reference=uuid4(), correlation_id=uuid4())
    actions.provide([reason], now=now)
    perform_all_due(now=now)
    return reason.reference


def withdraw(reference, person, now):
    lock_people([person.pk])
    actions.withdraw({reference: uuid4()}, now=now)
    perform_all_due(now=now)


def finish(task, by, now=LATER, proof="FM-1234"):
    actions.finish_tasks(tasks=[task], proof=proof, actor=by, now=now)
    perform_all_due(now=now)


def verbs():
    return list(
        Event.objects.filter(verb__startswith="task.").order_by("occurred_at", "id").values_list("verb", flat=True)
    )


def test_a_grant_waits_for_the_team_and_is_delivered_as_soon_as_the_task_is_done(cast, building):
    provide(cast.rita, building.role)
    task = HandTask.objects.get()
    assert (task.state, task.team, task.due_at) == (TaskState.OPEN, building.team, NOW + 2 * DAY)
    assert task.sentence == "Give Rita Badge of Laboratory in Building"
    assert Grant.objects.get().status == GrantStatus.PENDING
    finish(task, cast.olga, now=NOW + MINUTE)
    assert Grant.objects.get().status == GrantStatus.DELIVERED, "at once, not when it is looked at next"
    assert (
        Event.objects.get(verb="task.done").sentence
        == "Olga did it by hand: Give Rita Badge of Laboratory in Building (FM-1234)"
    )
    assert verbs() == ["task.opened", "task.done"]


def test_looking_again_opens_no_second_task(cast, building):
    provide(cast.rita, building.role)
    for minutes in (6, 12):
        perform_all_due(now=NOW + minutes * MINUTE)
    assert verbs() == ["task.opened"]


def test_a_removal_is_a_task_of_its_own(cast, building):
    reference = provide(cast.rita, building.role)
    finish(HandTask.objects.get(), cast.olga)
    withdraw(reference, cast.rita, LATER + DAY)
    task = HandTask.objects.open().get()
    assert task.sentence == "Take Badge of Laboratory in Building from Rita"
    finish(task, cast.ada, now=LATER + 2 * DAY)
    assert Grant.objects.get().status == GrantStatus.REMOVED


def test_what_was_never_given_is_withdrawn_instead_of_taken(cast, building):
    reference = provide(cast.rita, building.role)
    withdraw(reference, cast.rita, LATER)
    assert Grant.objects.get().status == GrantStatus.REMOVED
    assert HandTask.objects.get().state == TaskState.WITHDRAWN
    assert verbs() == ["task.opened", "task.withdrawn"]


def test_what_was_not_taken_yet_is_kept_where_it_is_wanted_again(cast, building):
    reference = provide(cast.rita, building.role)
    finish(HandTask.objects.get(), cast.olga)
    withdraw(reference, cast.rita, LATER + DAY)
    provide(cast.rita, building.role, now=LATER + 2 * DAY)
    assert not HandTask.objects.open().exists()
    assert Grant.objects.get().status == GrantStatus.DELIVERED
    reference = Grant.objects.get().reasons.get(ended_at=None).reference
    withdraw(reference, cast.rita, LATER + 3 * DAY)
    assert HandTask.objects.open().get().kind == "revoke", "and is taken when it ends at last"


def test_a_refusal_is_stuck_with_the_teams_words_and_opens_again_when_it_is_retried(cast, building):
    provide(cast.rita, building.role)
    actions.refuse_tasks(tasks=[HandTask.objects.get()], reason="The reader is broken", actor=cast.olga, now=LATER)
    perform_all_due(now=LATER)
    operation = Operation.objects.get()
    assert operation.status == WorkStatus.STUCK
    assert operation.last_error == "Olga says that it cannot be done in Building: The reader is broken"
    actions.retry_stuck(operations=[operation], actor=cast.ada, now=LATER + DAY)
    perform_all_due(now=LATER + DAY)
    task = HandTask.objects.get()
    assert (task.state, task.refusal, task.due_at) == (TaskState.OPEN, "", LATER + 3 * DAY)
    finish(task, cast.olga, now=LATER + 2 * DAY)
    assert Grant.objects.get().status == GrantStatus.DELIVERED


@pytest.mark.parametrize("person", ["charlie", "marco", "rita"])
def test_nobody_else_settles_it(cast, building, person):
    provide(cast.rita, building.role)
    task = HandTask.objects.get()
    with pytest.raises(PermissionDenied):
        finish(task, getattr(cast, person))
    with pytest.raises(PermissionDenied):
        actions.refuse_tasks(tasks=[task], reason="No.", actor=getattr(cast, person), now=LATER)
    assert not HandTask.objects.visible_to(getattr(cast, person)).exists()


def test_nobody_confirms_their_own_access(cast, building):
    for person in (cast.olga, cast.ada):
        provide(person, building.role)
        with pytest.raises(PermissionDenied, match="nobody one about their own"):
            finish(HandTask.objects.get(person=person), person)
        assert not HandTask.objects.waiting_for(person).filter(person=person).exists()


def test_a_settled_task_says_who_settled_it(cast, building):
    provide(cast.rita, building.role)
    task = HandTask.objects.get()
    finish(task, cast.olga)
    for settle in (
        lambda: finish(task, cast.ada),
        lambda: actions.refuse_tasks(tasks=[task], reason="Never", actor=cast.ada, now=LATER),
    ):
        with pytest.raises(IllegalMove, match="done already, by Olga"):
            settle()


@pytest.mark.parametrize("proof", ["", "  ", "ok"])
def test_a_proof_has_some_letters(cast, building, proof):
    provide(cast.rita, building.role)
    with pytest.raises(ValidationError, match="by what it is seen"):
        finish(HandTask.objects.get(), cast.olga, proof=proof)
    assert HandTask.objects.open().exists()


def test_the_database_knows_nothing_done_without_a_proof(cast, building):
    provide(cast.rita, building.role)
    with pytest.raises(IntegrityError), transaction.atomic():
        HandTask.objects.update(state=TaskState.DONE, settled_at=NOW, settled_by=cast.olga)


def test_several_are_done_together_or_none(cast, building):
    for person in (cast.rita, cast.charlie, cast.olga):
        provide(person, building.role)
    mine = list(HandTask.objects.waiting_for(cast.olga))
    with pytest.raises(PermissionDenied):
        actions.finish_tasks(tasks=list(HandTask.objects.all()), proof="FM-1", actor=cast.olga, now=LATER)
    assert HandTask.objects.open().count() == 3
    actions.finish_tasks(tasks=mine, proof="FM-1", actor=cast.olga, now=LATER)
    assert [task.person for task in HandTask.objects.open()] == [cast.olga]


def test_without_anybody_in_the_team_everything_waits(cast, building):
    User.objects.filter(pk=cast.olga.pk).update(is_active=False)
    provide(cast.rita, building.role)
    row = Connector.objects.get(system=building.system)
    assert "Nobody is in Facilities" in row.last_error
    assert row.failures == 1
    User.objects.filter(pk=cast.olga.pk).update(is_active=True)
    perform_all_due(now=LATER)
    assert HandTask.objects.open().count() == 1


def test_open_tasks_follow_their_connector_to_another_team(cast, building):
    provide(cast.rita, building.role)
    other = Group.objects.create(name="Night Shift")
    add_member(group=other, person=cast.charlie, actor=None, now=NOW)
    actions.configure_connector(
        connector=Connector.objects.get(pk=building.row.pk), options={"team": "Night Shift"}, actor=cast.ada, now=NOW
    )
    perform_all_due(now=LATER)
    assert HandTask.objects.get().team == other


def test_a_team_is_kept_by_its_id_and_shown_by_its_name(cast, building):
    assert building.row.options["team"] == str(building.team.pk)
    field = ManualOptions().fields["team"]
    assert field.prepare_value(building.row.options["team"]) == "Facilities"
    with pytest.raises(ValidationError, match="No group has this name"):
        field.clean("Nobody")


def test_teams_are_told_once_that_a_task_is_overdue(cast, building):
    provide(cast.rita, building.role)
    assert actions.note_overdue(now=NOW + DAY) == 0
    assert [actions.note_overdue(now=NOW + 2 * DAY) for _ in range(2)] == [1, 0]
    assert verbs() == ["task.opened", "task.overdue"]


# --- Lists of holders -------------------------------------------------------------------------------------------------


@pytest.fixture
def take_in(tmp_path, building):
    def run(*rows, header="username,resource,role", as_of=None):
        path = tmp_path / "holders.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        call_command("import_holders", "building", str(path), *([f"--as-of={as_of.isoformat()}"] if as_of else []))

    return run


def compare(building, now):
    actions.start_reconciliation(connector=Connector.objects.get(pk=building.row.pk), actor=None, now=now)
    reconciling.perform_all_due(now=now)


def test_a_list_verifies_what_was_done_and_finds_what_differs(cast, building, take_in):
    for person in (cast.rita, cast.marco):
        provide(person, building.role)
    for task in HandTask.objects.all():
        finish(task, cast.olga)
    take_in("RITA,lab,badge", "charlie,lab,badge", "temp-17,lab,badge", as_of=LATER + DAY)
    compare(building, LATER + 2 * DAY)
    assert Grant.objects.get(person=cast.rita).status == GrantStatus.VERIFIED
    found = {(case.kind, case.who) for case in DriftCase.objects.all()}
    assert found == {(CaseKind.MISSING, "Marco"), (CaseKind.EXTRA, "Charlie"), (CaseKind.UNKNOWN, "temp-17")}


def test_what_somebody_had_before_is_taken_at_last_though_nobody_ever_gave_it(cast, building, take_in):
    """The task to take it was withdrawn for the sake of a request: then the badge is there, and nobody need give it."""
    take_in("rita,lab,badge", as_of=NOW)
    compare(building, NOW + MINUTE)
    case = DriftCase.objects.get(kind=CaseKind.EXTRA)
    actions.answer_cases(cases=[case], answer="remove", actor=cast.ada, why="Not hers.", now=LATER)
    perform_all_due(now=LATER)
    assert HandTask.objects.open().get().kind == "revoke"
    reference = provide(cast.rita, building.role, now=LATER + MINUTE)
    assert not HandTask.objects.open().exists()
    assert Grant.objects.get().status == GrantStatus.DELIVERED
    withdraw(reference, cast.rita, LATER + DAY)
    task = HandTask.objects.open().get()
    assert task.kind == "revoke"
    assert Grant.objects.get().status == GrantStatus.REMOVAL_PENDING
    finish(task, cast.olga, now=LATER + 2 * DAY)
    assert Grant.objects.get().status == GrantStatus.REMOVED


def test_what_somebody_had_before_is_asked_for_once_more_where_its_giving_was_never_done(cast, building, take_in):
    """Asked to take, then to give, then to take, before anybody did anything: it is there, and is to be taken."""
    take_in("rita,lab,badge", as_of=NOW)
    compare(building, NOW + MINUTE)
    case = DriftCase.objects.get(kind=CaseKind.EXTRA)
    actions.answer_cases(cases=[case], answer="remove", actor=cast.ada, why="Not hers.", now=LATER)
    perform_all_due(now=LATER)
    give = HandTask.objects.get()
    HandTask.objects.create(
        key="later", connector=building.row, team=building.team, kind="grant", person=cast.rita,
        resource_role=building.role, state=TaskState.WITHDRAWN, opened_at=LATER, due_at=LATER, settled_at=LATER,
    )  # fmt: skip
    task = actions.ask_by_hand(
        connector=building.row, team=building.team, kind=OperationKind.REVOKE, person=cast.rita, role=building.role,
        key="latest", within=DAY, now=LATER + DAY,
    )  # fmt: skip
    give.refresh_from_db()
    assert task is not None
    assert (give.state, task.state, task.kind) == (TaskState.WITHDRAWN, TaskState.OPEN, "revoke")


def test_what_was_done_after_the_list_was_made_is_not_missed(cast, building, take_in):
    take_in(as_of=NOW - DAY)
    provide(cast.rita, building.role)
    finish(HandTask.objects.get(), cast.olga)
    compare(building, LATER + DAY)
    assert not DriftCase.objects.exists()
    assert Grant.objects.get().status == GrantStatus.DELIVERED


def test_an_old_list_is_compared_with_nothing(cast, building, take_in):
    provide(cast.rita, building.role)
    finish(HandTask.objects.get(), cast.olga)
    take_in(as_of=LATER + DAY)
    compare(building, LATER + 60 * DAY)
    assert not DriftCase.objects.exists()


@pytest.mark.parametrize(
    ("column", "value"), [("mail", "Rita@Example.com"), ("employee_number", "E-7")], ids=["mail", "employee number"]
)
def test_people_may_be_named_by(cast, building, take_in, column, value):
    User.objects.filter(pk=cast.rita.pk).update(employee_number="E-7")
    provide(cast.rita, building.role)
    finish(HandTask.objects.get(), cast.olga)
    take_in(f"{value},lab,badge", header=f"{column},resource,role", as_of=LATER + DAY)
    compare(building, LATER + 2 * DAY)
    assert Grant.objects.get().status == GrantStatus.VERIFIED


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",lab,badge", "line 3: nobody is named"),
        ("marco,lab,key", "line 3: the resource “lab” has no role “key”"),
        ("marco,lab", "line 3: it has more or fewer cells"),
    ],
)
def test_one_bad_row_and_nothing_is_taken_in(building, take_in, capsys, row, said):
    take_in("rita,lab,badge", as_of=NOW)
    before = HolderList.objects.get()
    with pytest.raises(CommandError, match="Nothing was taken in"):
        take_in("rita,lab,badge", row, as_of=LATER)
    assert said in capsys.readouterr().err
    assert HolderList.objects.get() == before


def test_an_older_list_does_not_take_the_place_of_a_newer_one(building, take_in):
    take_in(as_of=LATER)
    with pytest.raises(CommandError, match="newer than this one"):
        take_in(as_of=NOW)


def test_only_administrators_take_lists_in(cast, building):
    with pytest.raises(PermissionDenied):
        actions.take_in_holders(
            connector=building.row, known_by="username", holders={}, made_at=NOW, actor=cast.olga, now=NOW
        )
