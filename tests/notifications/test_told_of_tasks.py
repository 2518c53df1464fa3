"""Tasks by hand: teams are told together and reminded once, and those who look after the connector of refusals."""

from datetime import timedelta
from uuid import uuid4

import pytest

from catalog.choices import ResourceKind
from catalog.models import Resource, ResourceRole, TargetSystem
from directory.actions import add_member, lock_people
from directory.models import Group
from notifications.models import Message, Occasion
from provisioning import actions
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, ConnectorKind, HandTask
from tests.cast import NOW

from .conftest import post

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def roles(cast):
    """Two doors; Charlie and Olga are in the team that programs badges."""
    team = Group.objects.create(name="Facilities")
    for person in (cast.charlie, cast.olga):
        add_member(group=team, person=person, actor=None, now=NOW)
    system = TargetSystem.objects.create(name="Building", slug="building")
    row = Connector(system=system, kind=ConnectorKind.MANUAL)
    actions.configure_connector(connector=row, options={"team": "Facilities"}, actor=None, now=NOW)
    made = []
    for name in ("Laboratory", "Workshop"):
        resource = Resource.objects.create(system=system, kind=ResourceKind.GROUP, origin_id=name, name=name)
        made.append(ResourceRole.objects.create(resource=resource, origin_id="badge", name="Badge"))
    return made


def give(person, *roles):
    lock_people([person.pk])
    actions.provide([actions.Reason(person, role, uuid4(), uuid4()) for role in roles], now=NOW)
    perform_all_due(now=NOW)


def test_a_team_is_told_of_a_minutes_tasks_in_one_letter_each(cast, roles):
    give(cast.rita, *roles)
    assert not post(NOW)
    letters = post(NOW + MINUTE)
    assert sorted(letter.to[0] for letter in letters) == ["charlie@example.com", "olga@example.com"]
    assert letters[0].subject == "2 tasks to be done in Building"
    assert "Give Rita Badge of Laboratory in Building" in letters[0].body
    assert "/tasks/" in letters[0].body


def test_what_is_done_before_the_letter_goes_is_not_told(cast, roles):
    give(cast.rita, *roles)
    actions.finish_tasks(tasks=list(HandTask.objects.all()), proof="FM-1", actor=cast.olga, now=NOW)
    assert not post(NOW + MINUTE)
    assert Message.objects.filter(
        occasion=Occasion.TASK_OPENED, withheld_because__contains="to be done any more"
    ).exists()


def test_a_team_is_reminded_once_of_what_is_overdue(cast, roles):
    give(cast.rita, *roles)
    post(NOW + MINUTE)
    late = NOW + 3 * DAY
    assert actions.note_overdue(now=late) == 2
    assert actions.note_overdue(now=late + DAY) == 0
    letters = post(late + MINUTE)
    assert [letter.subject for letter in letters] == ["Overdue: 2 tasks in Building"] * 2


def test_a_refusal_is_told_to_the_owners_of_the_connector_else_to_administrators(cast, roles):
    give(cast.rita, *roles)
    post(NOW + MINUTE)
    first, second = HandTask.objects.order_by("pk")
    actions.refuse_tasks(tasks=[first], reason="The reader is broken", actor=cast.olga, now=NOW + MINUTE)
    [letter] = [one for one in post(NOW + MINUTE) if one.subject.startswith("Not done")]
    assert letter.to == ["ada@example.com"]
    assert "The reader is broken" in letter.body
    first.connector.owners.set([cast.marco])
    actions.refuse_tasks(tasks=[second], reason="No such door", actor=cast.olga, now=NOW + 2 * MINUTE)
    [letter] = [one for one in post(NOW + 2 * MINUTE) if one.subject.startswith("Not done")]
    assert letter.to == ["marco@example.com"]
