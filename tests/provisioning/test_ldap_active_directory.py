"""The LDAP connector against what answers as Active Directory does: its ids, ranges, result codes, account control."""

from itertools import count
from uuid import uuid4

import ldap3
import pytest

from directory.models import User
from provisioning.connectors.base import Entitlement, Progress

from .ad_like import answering_like_ad
from .ldap_cast import make_person
from .slapd import LARGE, LARGE_GROUP, SUFFIX

pytestmark = [pytest.mark.django_db, pytest.mark.one_database("what is said to a directory")]
_numbers = count()


@pytest.fixture
def domain(connect):
    """A connector as for Active Directory."""

    def make(**options):
        return connect(
            **{
                "people_filter": "(objectClass=user)",
                "person_attribute": "sAMAccountName",
                "id_attribute": "objectGUID",
                "groups_filter": "(objectClass=group)",
                "owner_attribute": "managedBy",
                "disable_by": "userAccountControl",
                "placeholder": "",
            }
            | options
        )

    return make


@pytest.fixture
def stand_in(branch):
    with answering_like_ad(branch.server.plain_port) as server:
        yield server


def add_user(branch, name, **attributes) -> str:
    dn = f"cn={name},{branch.people}"
    values = {"sn": "x", "sAMAccountName": name, "objectGUID": uuid4().bytes_le, **attributes}
    branch.raw.add(dn, "user", values)
    return dn


def add_group(branch, *members: str) -> tuple[str, Entitlement]:
    dn, group_id = f"cn=group{next(_numbers)},{branch.groups}", uuid4()
    branch.raw.add(dn, "group", {"objectGUID": group_id.bytes_le, **({"member": list(members)} if members else {})})
    return dn, Entitlement(str(group_id), "member", "Member of Sales")


def test_members_come_and_go_by_object_guids_whatever_the_result_codes(stand_in, domain, branch):
    corp = domain(servers=stand_in.address, allows_plain=True)
    dn = add_user(branch, "ada")
    group, role = add_group(branch)
    ada = make_person("ada")
    other = make_person("grace")
    add_user(branch, "grace")
    assert not corp.read(ada, role), "an empty group has no such attribute"
    for _ in range(2):
        assert corp.grant(ada, role, key="k") is Progress.DONE
        assert branch.values(group, "member") == [dn]
    keys = {ada.pk: "a", other.pk: "b"}
    assert set(corp.grant_many([ada, other], role, keys=keys).values()) == {Progress.DONE}
    assert len(list(corp.holders(role))) == 2
    for _ in range(2):
        assert corp.revoke(ada, role, key="k") is Progress.DONE
        assert len(branch.values(group, "member")) == 1
    assert [resource.resource_id for resource in corp.discover()] == [role.resource_id]


def test_what_is_no_guid_is_a_group_that_is_not_there(domain, branch):
    make_person("ada")
    with pytest.raises(Exception, match=r"is not in Corp any more: nothing below .* has objectGUID=sales"):
        domain().read(make_person("bob"), Entitlement("sales", "member", "Sales"))


def test_a_large_group_is_read_by_ranges(stand_in, domain):
    large = f"ou=large,{SUFFIX}"
    corp = domain(
        servers=stand_in.address,
        allows_plain=True,
        people_base=f"ou=people,{large}",
        groups_base=f"ou=groups,{large}",
        people_filter="(objectClass=person)",
        person_attribute="uid",
        id_attribute="entryUUID",
    )
    holders = list(corp.holders(Entitlement(LARGE_GROUP, "member", "Everybody")))
    assert len(set(holders)) == LARGE
    assert stand_in.asked == ["member", "member;range=1500-*", "member;range=3000-*", "member;range=4500-*"]


def test_disabling_sets_one_bit_of_the_account_control(domain, branch):
    dn = add_user(branch, "ada", userAccountControl="66048")
    bare = add_user(branch, "grace")
    corp = domain()
    for person in (make_person("ada"), make_person("grace"), make_person("ghost")):
        corp.disable_account(person)
        corp.disable_account(person)
    assert branch.values(dn, "userAccountControl") == ["66050"]
    assert branch.values(bare, "userAccountControl") == ["2"]
    for person in (User.objects.get(username="ada"), User.objects.get(username="ada"), make_person("stranger")):
        corp.enable_account(person, before="")
    assert branch.values(dn, "userAccountControl") == ["66048"]
    assert branch.values(bare, "userAccountControl") == ["2"], "nobody else is enabled"


def test_a_second_manager_of_a_group_that_takes_one_is_refused_with_the_reason(domain, branch):
    group, role = add_group(branch)
    owner = Entitlement(role.resource_id, "owner", "Owner of Sales")
    people = [make_person(name) for name in ("ada", "grace")]
    dns = [add_user(branch, person.username) for person in people]
    corp = domain()
    corp.grant(people[0], owner, key="k")
    with pytest.raises(Exception, match=r"Corp refused the change of cn=group.*19 constraint violation"):
        corp.grant(people[1], owner, key="k")
    assert branch.values(group, "managedBy") == [dns[0]]
    branch.raw.modify(group, {"managedBy": [(ldap3.MODIFY_REPLACE, [])]})
    assert not corp.read(people[0], owner)
