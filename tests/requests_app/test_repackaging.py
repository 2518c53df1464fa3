"""A package that gains or loses a role: whoever holds it gains or loses the role too."""

from datetime import timedelta
from threading import Event as Signal
from threading import Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from catalog import actions as catalog_actions
from directory.models import Membership, User
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import GrantStatus
from provisioning.models import Connector, ConnectorKind, Grant, GrantReason, Operation
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import AccessRequest, Assignment
from tests.cast import NOW

LATER = NOW + timedelta(days=1)


@pytest.fixture
def wiki(cast):
    return cast.role("Sales Wiki")


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package, approver=None)
    return package


@pytest.fixture
def change(cast, package):
    def change(verb, role, *, of=package, at=LATER):
        act = {"add": catalog_actions.add_roles, "remove": catalog_actions.remove_roles}[verb]
        act(package=of, roles=[role], actor=cast.ada, now=at)

    return change


def hold(person, package, *, at=NOW):
    actions.submit(package=package, actor=person, justification="Needed", now=at)
    perform_all_due(now=at)
    return Assignment.objects.get(person=person, package=package)


def is_in(person, group):
    return Membership.objects.filter(person=person, group=group).exists()


def status_of(assignment):
    assignment.refresh_from_db()
    return assignment.status


def test_an_added_role_is_given_and_the_assignment_shows_it_on_its_way(cast, package, change, wiki):
    group, role = wiki
    assignment = hold(cast.rita, package)
    ends_at = assignment.ends_at
    change("add", role)
    assert status_of(assignment) == AssignmentStatus.DELIVERING
    perform_all_due(now=LATER)
    assert is_in(cast.rita, group)
    assert status_of(assignment) == AssignmentStatus.DELIVERED
    assert assignment.ends_at == ends_at, "what is added later ends with the rest"
    assert assignment.delivered_at == NOW


def test_a_removed_role_is_taken_and_the_rest_stays(cast, package, change, wiki):
    group, role = wiki
    package.package_roles.create(resource_role=role)
    assignment = hold(cast.rita, package)
    change("remove", role)
    assert status_of(assignment) == AssignmentStatus.DELIVERED
    perform_all_due(now=LATER)
    assert not is_in(cast.rita, group)
    assert Membership.objects.get(person=cast.rita).group.name == "Sales EMEA"


def test_a_role_that_comes_back_is_given_again(cast, package, change, wiki):
    group, role = wiki
    hold(cast.rita, package)
    for number, verb in enumerate(["add", "remove", "add"], start=1):
        change(verb, role, at=LATER + timedelta(hours=number))
        perform_all_due(now=LATER + timedelta(hours=number))
    assert is_in(cast.rita, group)
    assert GrantReason.objects.living().filter(grant__resource_role=role).count() == 1


def test_a_role_that_another_assignment_gives_too_stays(cast, package, change, wiki):
    group, role = wiki
    package.package_roles.create(resource_role=role)
    other = cast.package("Sales: Campaign Access", role)
    cast.policy(other, approver=None)
    hold(cast.rita, package)
    hold(cast.rita, other)
    change("remove", role)
    perform_all_due(now=LATER)
    assert is_in(cast.rita, group)
    assert Grant.objects.get(resource_role=role).status == GrantStatus.VERIFIED
    change("remove", role, of=other)
    perform_all_due(now=LATER)
    assert not is_in(cast.rita, group)


def test_what_was_there_before_stays(cast, package, change, wiki):
    group, role = wiki
    Membership.objects.create(group=group, person=cast.rita, added_at=NOW)
    hold(cast.rita, package)
    change("add", role)
    perform_all_due(now=LATER)
    change("remove", role)
    perform_all_due(now=LATER)
    assert is_in(cast.rita, group)
    assert Event.objects.filter(verb="grant.kept", person_id=cast.rita.pk).exists()


def test_whoever_holds_it_no_longer_or_never_did_gets_nothing(cast, package, change, wiki):
    assignment = hold(cast.rita, package)
    actions.give_back(assignment=assignment, actor=cast.rita, now=NOW)
    perform_all_due(now=NOW)
    change("add", wiki[1])
    assert not Grant.objects.filter(resource_role=wiki[1]).exists()
    assert status_of(assignment) == AssignmentStatus.ENDED


def test_taking_out_the_role_that_fails_completes_the_delivery(cast, package, change, wiki):
    """The clock of the assignment starts then, and the request that waits is done."""
    Connector.objects.all().update(kind=ConnectorKind.SCIM, base_url="http://127.0.0.1:9/v2")
    package.package_roles.all().delete()
    package.package_roles.create(resource_role=wiki[1])
    assignment = hold(cast.rita, package)
    assert status_of(assignment) == AssignmentStatus.DELIVERY_FAILED
    change("remove", wiki[1])
    assert status_of(assignment) == AssignmentStatus.DELIVERED
    assert assignment.ends_at == LATER + timedelta(days=30)
    access_request = AccessRequest.objects.get()
    assert (access_request.status, access_request.completed_at) == ("delivered", LATER)


def test_the_change_and_what_follows_are_one_story(cast, package, change, wiki):
    hold(cast.rita, package)
    change("add", wiki[1])
    added = Event.objects.get(verb="package.role_added")
    queued = Event.objects.filter(correlation_id=added.correlation_id).exclude(pk=added.pk)
    assert [event.sentence for event in queued] == ["Rita is to get Member of Sales Wiki"]
    assert Operation.objects.get(grant__resource_role=wiki[1]).correlation_id == added.correlation_id


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_the_number_of_holders_does_not_matter_to_the_number_of_statements(cast, package, change, wiki, verb):
    counts = []
    for size in (2, 10):
        of = cast.package(f"Sales: Package of {size}", *([wiki[1]] if verb == "remove" else []))
        cast.policy(of, approver=None)
        for number in range(size):
            hold(User.objects.create(username=f"p{size}.{number}"), of)
        with CaptureQueriesContext(connection) as captured:
            change(verb, wiki[1], of=of)
        assert Operation.objects.pending().count() == size
        perform_all_due(now=LATER)
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert counts[0] <= 40


@pytest.mark.django_db(transaction=True)
def test_whoever_gets_the_package_at_this_very_moment_gets_the_added_role_too(cast, package, change, wiki):
    """The request is not committed yet when the role is added: the change waits for it, and finds its assignment."""
    is_asking, may_commit = Signal(), Signal()

    def ask():
        with transaction.atomic():
            actions.submit(package=package, actor=cast.rita, justification="Needed", now=NOW)
            is_asking.set()
            may_commit.wait(10)
        connection.close()

    def add():
        change("add", wiki[1], at=NOW)
        connection.close()

    asking, adding = Thread(target=ask), Thread(target=add)
    asking.start()
    assert is_asking.wait(10)
    adding.start()
    adding.join(0.5)
    assert adding.is_alive(), "it waits"
    may_commit.set()
    asking.join(10)
    adding.join(10)
    perform_all_due(now=NOW)
    assert is_in(cast.rita, wiki[0])
