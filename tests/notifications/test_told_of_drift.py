"""Drift: the owners of resources are told what a reconciliation found, once for each."""

from datetime import timedelta

import pytest

from directory.models import Membership
from notifications.models import Message, Occasion
from provisioning import actions, reconciling
from provisioning.models import Connector, DriftCase
from tests.cast import NOW

from .conftest import post, told

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def compare(cast):
    """Charlie and Marco were added to two groups by hand, of which Olga owns one; then the system is compared."""

    def run(*owners, now=LATER):
        roles = [cast.role(name) for name in ("Sales", "Brochures")]
        for (group, role), owner in zip(roles, owners, strict=True):
            Membership.objects.create(group=group, person=cast.charlie, added_at=NOW)
            role.resource.owners.set([owner] if owner else [])
        actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=now)
        reconciling.perform_all_due(now=now)

    return run


def test_owners_are_told_once_what_a_reconciliation_found_at_their_resources(cast, compare):
    compare(cast.olga, cast.marco)
    letters = {letter.to[0]: letter for letter in post(LATER)}
    assert set(letters) == {"olga@example.com", "marco@example.com"}
    letter = letters["olga@example.com"]
    assert letter.subject == "Directory is not as it should be: 1 difference"
    assert "Charlie has Member of Sales in Directory, and nobody here gave it" in letter.body
    assert "Brochures" not in letter.body
    assert "/drift/" in letter.body
    actions.start_reconciliation(connector=Connector.objects.get(), actor=None, now=LATER + timedelta(days=1))
    reconciling.perform_all_due(now=LATER + timedelta(days=1))
    assert [occasion for occasion, _status in told(cast.olga)] == [Occasion.DRIFT_FOUND], "nothing new, no letter"


def test_where_nobody_owns_it_administrators_are_told(cast, compare):
    compare(None, None)
    [letter] = post(LATER)
    assert letter.to == ["ada@example.com"]
    assert letter.subject == "Directory is not as it should be: 2 differences"


def test_what_is_answered_before_the_letter_goes_is_not_told(cast, compare):
    compare(cast.olga, cast.olga)
    cases = list(DriftCase.objects.all())
    actions.answer_cases(cases=cases, answer="adopt", actor=cast.olga, why="Known.", now=LATER)
    assert not post(LATER)
    assert "waits for an answer" in Message.objects.get(occasion=Occasion.DRIFT_FOUND).withheld_because
