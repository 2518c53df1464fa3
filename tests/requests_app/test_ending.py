"""Access that ends: told to the end, also where there is nothing to take away."""

from datetime import timedelta

import pytest

from audit.models import Event
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus, RequestStatus
from requests_app.models import AccessRequest, Assignment
from tests.cast import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


def have(cast, name, *roles):
    """Rita has a package of this name, really delivered."""
    package = cast.package(name, *roles)
    cast.policy(package, approver=None)
    actions.submit(package=package, actor=cast.rita, justification="New", now=NOW)
    perform_all_due(now=NOW)
    return Assignment.objects.get(package=package)


def test_an_end_that_leaves_nothing_to_take_away_is_told_like_any_other(cast):
    """What another assignment gives as well stays where it is."""
    role = cast.role("Sales")[1]
    first, second = have(cast, "Sales: Standard", role), have(cast, "Sales: Everything", role)
    actions.give_back(assignment=first, actor=cast.rita, now=LATER)
    first.refresh_from_db()
    assert first.status == AssignmentStatus.ENDED
    ending = AccessRequest.objects.get(assignment=first, kind="userRemove")
    assert ending.status == RequestStatus.DELIVERED
    told = Event.objects.get(verb="assignment.cleared")
    assert (told.target_id, told.correlation_id) == (str(first.pk), ending.pk)
    actions.give_back(assignment=second, actor=cast.rita, now=LATER)
    assert Event.objects.filter(verb="assignment.cleared").count() == 1, "not before it is gone"
    perform_all_due(now=LATER)
    assert Event.objects.filter(verb="assignment.cleared", target_id=str(second.pk)).count() == 1
