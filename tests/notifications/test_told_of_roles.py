"""Delegated roles: whoever gets one or loses one is told, of a group its owners, in the language of the reader."""

import pytest

from catalog import actions
from catalog.choices import DelegatedRole
from catalog.models import RoleAssignment
from directory.models import Group
from notifications.models import MailSettings, Message, Occasion
from tests.cast import NOW

from .conftest import post, told


@pytest.fixture
def by(cast):
    return {"actor": cast.ada, "now": NOW}


def give(cast, by, role=DelegatedRole.PACKAGE_MANAGER, **whom):
    where = None if role == DelegatedRole.CATALOG_CREATOR else cast.catalog
    return actions.grant_role(given=RoleAssignment(role=role, catalog=where, **whom), **by)


def test_whoever_gets_a_role_and_whoever_loses_it_is_told_which_where_and_by_whom(cast, by):
    given = give(cast, by, person=cast.rita)
    [letter] = post()
    assert letter.to == ["rita@example.com"]
    assert letter.subject == "Ada gave you the role access package manager in Sales"
    assert "/admin/" in letter.body
    actions.revoke_role(given=given, **by)
    [letter] = post()
    assert letter.to == ["rita@example.com"]
    assert letter.subject == "Ada took from you the role access package manager in Sales"


def test_of_a_group_its_owners_are_told(cast, by):
    group = Group.objects.create(name="Leads")
    group.owners.add(cast.olga)
    group.memberships.create(person=cast.rita, added_at=NOW)
    give(cast, by, group=group, role=DelegatedRole.CATALOG_CREATOR)
    [letter] = post()
    assert letter.to == ["olga@example.com"]
    assert letter.subject == "Ada gave the group Leads the role catalog creator in the whole installation"


def test_nobody_is_told_what_they_did_themselves_or_what_is_over_by_then(cast, by):
    given = give(cast, by, person=cast.rita)
    give(cast, by, person=cast.ada)
    actions.revoke_role(given=given, **by)
    post()
    assert told(cast.ada) == []
    assert told(cast.rita) == [(Occasion.ROLE_GRANTED, "superseded"), (Occasion.ROLE_REVOKED, "done")]
    assert Message.objects.get(occasion=Occasion.ROLE_GRANTED).withheld_because == "The role was taken away again."


def test_it_is_said_in_german_to_whoever_reads_german(cast, by):
    MailSettings.objects.create(person=cast.rita, language="de")
    give(cast, by, person=cast.rita)
    [letter] = post()
    assert letter.subject == "Ada hat Ihnen die Rolle Paketverwalter in Sales gegeben"
