"""Tasks by hand in the REST API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import ResourceRole
from directory.models import Group
from provisioning.models import HandTask
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(cast: Cast) -> HandTask:
    """Rita is to get a badge, from the team in which Charlie is."""
    team, now = Group.objects.create(name="Facilities"), timezone.now()
    team.memberships.create(person=cast.charlie, added_at=now)
    role: ResourceRole = cast.role("Laboratory")[1]
    return HandTask.objects.create(
        key="1",
        connector=cast.system.connector,
        team=team,
        kind="grant",
        person=cast.rita,
        resource_role=role,
        opened_at=now,
        due_at=now + timedelta(days=2),
    )


def test_a_team_reads_its_tasks_and_nobody_else_does(cast, task, api):
    [found] = api(cast.charlie).get("/api/v1/tasks/").json()["results"]
    assert found["sentence"] == "Give Rita Member of Laboratory in Directory"
    assert (found["state"], found["team"], found["system"]["slug"]) == ("open", "Facilities", "directory")
    assert api(cast.marco).get("/api/v1/tasks/").json()["results"] == []
    assert api(cast.charlie).get("/api/v1/tasks/?state=done").json()["results"] == []


def test_a_task_is_done_with_a_proof_and_then_no_more(cast, task, api):
    url = f"/api/v1/tasks/{task.pk}/done/"
    assert api(cast.charlie).post(url, {}).status_code == 422
    answer = api(cast.charlie).post(url, {"proof": "FM-1234"})
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    late = api(cast.ada).post(f"/api/v1/tasks/{task.pk}/refuse/", {"reason": "Never"})
    assert late.status_code == 409
    assert "done already, by Charlie" in late.content.decode()
