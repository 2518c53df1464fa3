"""Dry runs and the command: what delivering again would change, by looking into the systems and changing nothing."""

import csv
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import Event
from directory.models import Membership, User
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, Operation
from requests_app import actions, rolling_out
from requests_app.models import AccessRequest, Assignment, Rollout
from requests_app.rehearsing import Step, rehearse_package, rehearse_system, table_of


@pytest.fixture
def emea(cast):
    return cast.role("Sales EMEA")


@pytest.fixture
def package(cast, emea):
    package = cast.package("Sales: Standard Access", emea[1])
    cast.policy(package, approver=None)
    return package


@pytest.fixture
def people(package):
    people = [User.objects.create(username=f"p{number}", display_name=f"Person {number}") for number in range(4)]
    for person in people:
        actions.submit(package=package, actor=person, justification="Needed", now=timezone.now())
    perform_all_due(now=timezone.now())
    return people


def steps(lines):
    return {str(line.grant.person): line.step for line in lines}


def run(*arguments):
    out = StringIO()
    call_command("reprocess", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_each_grant_tells_what_is_wanted_what_is_there_and_what_would_be_done(package, people):
    Membership.objects.filter(person=people[0]).delete()
    leaver = Assignment.objects.get(person=people[1])
    actions.give_back(assignment=leaver, actor=people[1], now=timezone.now())
    assert steps(rehearse_package(package)) == {
        "Person 0": Step.GIVE,
        "Person 1": Step.TAKE,
        "Person 2": Step.NOTHING,
        "Person 3": Step.NOTHING,
    }


def test_the_dry_run_foretells_what_then_happens(cast, package, people):
    Membership.objects.filter(person__in=people[:2]).delete()
    given = {name for name, step in steps(rehearse_system(cast.system)).items() if step is Step.GIVE}
    before = set(Membership.objects.values_list("person__display_name", flat=True))
    actions.reprocess_system(system=cast.system, actor=None, why="Restored", now=timezone.now())
    rolling_out.carry_all_due(now=timezone.now())
    perform_all_due(now=timezone.now())
    assert set(Membership.objects.values_list("person__display_name", flat=True)) - before == given


def test_what_cannot_be_read_is_unknown_and_says_why(package, people):
    Connector.objects.all().delete()
    lines = list(rehearse_package(package))
    assert {line.step for line in lines} == {Step.UNKNOWN}
    assert "Directory" in lines[0].shown


def test_a_page_stops_asking_when_its_time_is_over_and_shows_the_first_lines(package, people):
    late = list(rehearse_package(package, until=0.0))
    assert {line.step for line in late} == {Step.UNKNOWN}
    table = table_of(rehearse_package(package), most=3)
    assert (len(table.lines), table.is_cut) == (3, True)
    assert not table_of(rehearse_package(package), most=4).is_cut


def test_the_command_lists_as_csv_and_changes_nothing(package, people):
    Membership.objects.filter(person=people[0]).delete()
    events = Event.objects.count()
    rows = list(csv.reader(run("--package", str(package.pk), "--dry-run", "--format", "csv").splitlines()))
    assert rows[0] == ["system", "role", "person", "wanted", "there", "what would be done"]
    assert ["Directory", "Member of Sales EMEA", "Person 0", "yes", "no", "give"] in rows
    assert len(rows) == 5
    assert Event.objects.count() == events
    assert not Operation.objects.pending().exists()


@pytest.mark.parametrize("by", ["assignment", "request"])
def test_the_command_delivers_an_assignment_or_a_request_again(package, people, by):
    Membership.objects.filter(person=people[0]).delete()
    assignment = Assignment.objects.get(person=people[0])
    asked = AccessRequest.objects.get(assignment=assignment)
    thing = {"assignment": assignment, "request": asked}[by]
    assert "give: 1" in run(f"--{by}", str(thing.pk), "--dry-run")
    run(f"--{by}", str(thing.pk))
    perform_all_due(now=timezone.now())
    assert Membership.objects.filter(person=people[0]).exists()


def test_the_command_begins_a_rollout_of_a_package_and_of_a_connector(cast, package, people):
    assert "4 to be done" in run("--package", str(package.pk), "--why", "Restored a backup")
    assert "4 to be done" in run("--connector", cast.system.slug, "--why", "Restored a backup")
    assert [(row.why, row.actor) for row in Rollout.objects.all()] == [("Restored a backup", None)] * 2


def test_the_command_says_what_is_wrong(package, people):
    for arguments, said in (
        (("--package", "nonsense"), "There is no access package"),
        (("--connector", "nowhere"), "There is no target system"),
        (("--package", str(package.pk)), "Say why"),
    ):
        with pytest.raises(CommandError, match=said):
            run(*arguments)
