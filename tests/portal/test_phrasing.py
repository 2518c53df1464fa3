"""Policies in one sentence, with who decides by name."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.choices import ApproverKind
from catalog.models import AccessPackage, Policy
from directory.models import Group, Membership, User
from portal.phrasing import policy_sentence
from requests_app.prospects import look_ahead
from tests.cast import NOW, Cast

EVERYBODY = "Everybody in the organisation may ask;"


def sentence(policy: Policy, person: User) -> str:
    found = Policy.objects.complete().get(pk=policy.pk)
    return policy_sentence(found, ahead=look_ahead([found], person=person, now=NOW)[found.pk])


@pytest.fixture
def bare(cast: Cast) -> AccessPackage:
    return cast.package("Sales: Standard Access")


def test_the_manager_is_named(cast: Cast, bare: AccessPackage) -> None:
    policy = cast.policy(bare)
    assert sentence(policy, cast.rita) == f"{EVERYBODY} Marco decides within 14 days; lasts 30 days."


def test_without_a_manager_it_says_who_decides_instead_and_why_they(cast: Cast, bare: AccessPackage) -> None:
    policy = cast.policy(bare)
    assert "; Olga (the package's owner) decides within 14 days;" in sentence(policy, cast.charlie)


def test_nobody_is_said_to_decide_for_themselves(cast: Cast, bare: AccessPackage) -> None:
    policy = cast.policy(bare, approver=None)
    policy.stages.create(position=1).approvers.create(kind=ApproverKind.PERSON, person=cast.rita)
    assert "; Olga (the package's owner) decides" in sentence(policy, cast.rita)
    assert "; Rita decides" in sentence(policy, cast.charlie)


def test_stages_come_one_after_the_other(cast: Cast, bare: AccessPackage) -> None:
    policy = cast.policy(bare)
    second = policy.stages.create(position=2, time_limit=timedelta(days=1), approvals_required=2)
    for person in (cast.olga, cast.ada, cast.charlie):
        second.approvers.create(kind=ApproverKind.PERSON, person=person)
    assert (
        "Marco decides within 14 days, then 2 of Ada, Charlie and Olga decide within 1 day"
        in sentence(policy, cast.rita)
    )  # fmt: skip


def test_one_of_several_decides_and_many_are_counted(cast: Cast, bare: AccessPackage) -> None:
    policy = cast.policy(bare, approver=None)
    deciders = Group.objects.create(name="Deciders")
    policy.stages.create(position=1).approvers.create(kind=ApproverKind.GROUP, group=deciders)
    for number in range(5):
        person = User.objects.create(username=f"d{number}", display_name=f"Decider {number}")
        Membership.objects.create(group=deciders, person=person, added_at=NOW)
    assert "; Decider 0, Decider 1, Decider 2 or 2 others decides within 14 days;" in sentence(policy, cast.rita)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"duration_kind": "hours", "duration_amount": 8}, "lasts 8 hours."),
        ({"duration_kind": "noExpiration", "duration_amount": None}, "lasts without an end."),
        ({"duration_kind": "afterDateTime", "ends_at": datetime(2027, 1, 31, tzinfo=UTC)}, "lasts until 31 Jan 2027."),
        ({"scope": "allDirectoryUsers"}, "Everybody may ask, guests too; granted at once, without approval;"),
        ({"scope": "specificDirectoryUsers"}, "You are among those who may ask; granted at once"),
    ],
)
def test_who_may_ask_and_how_long_it_lasts(cast: Cast, bare: AccessPackage, fields: dict[str, Any], words: str) -> None:
    assert words in sentence(cast.policy(bare, approver=None, **fields), cast.rita)
