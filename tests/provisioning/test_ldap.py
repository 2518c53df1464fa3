"""The LDAP connector against a real OpenLDAP server."""

import time

import ldap3
import pytest

from catalog.choices import ResourceKind
from catalog.models import Catalog, Resource, ResourceRole
from provisioning import actions, reconciling
from provisioning.connectors.base import Capability, Entitlement, Holder, Progress
from provisioning.models import Account, DriftCase
from tests.cast import NOW

from .ldap_cast import NOBODY, make_person, role_of, said
from .slapd import LARGE, LARGE_GROUP, SUFFIX, Branch

pytestmark = pytest.mark.django_db


def members(branch: Branch, group: str) -> set[str]:
    """Their user names."""
    held = set(branch.values(group, "member")) - {NOBODY}
    return {branch.values(dn, "uid")[0] for dn in held}


def eventually(is_so) -> None:
    """The server mends references to what was renamed behind our backs, a moment later."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- Members ----------------------------------------------------------------------------------------------------------


def test_grant_read_and_revoke_may_each_be_done_twice(corp, branch, group, role, ada):
    assert not corp.read(ada, role)
    for _ in range(2):
        assert corp.grant(ada, role, key="k") is Progress.DONE
        assert corp.read(ada, role)
        assert members(branch, group) == {"ada"}
    for _ in range(2):
        assert corp.revoke(ada, role, key="k") is Progress.DONE
        assert not corp.read(ada, role)
        assert members(branch, group) == set()


def test_one_member_comes_and_goes_without_the_others(corp, branch, group, role, ada):
    branch.add(group, "member", branch.add_person("grace"))
    corp.grant(ada, role, key="k")
    assert members(branch, group) == {"ada", "grace"}
    corp.revoke(ada, role, key="k")
    assert members(branch, group) == {"grace"}


def test_the_last_member_of_a_group_that_may_not_be_empty_leaves_the_placeholder(corp, branch, ada):
    group = branch.add_group("last", *branch.find_uid("ada"))
    corp.revoke(ada, role_of(branch, group), key="k")
    assert branch.values(group, "member") == [NOBODY]


def test_without_a_placeholder_the_last_member_stays_and_the_error_says_why(connect, branch, ada):
    group = branch.add_group("last", *branch.find_uid("ada"))
    error = said(connect(placeholder="").revoke, ada, role_of(branch, group), key="k")
    assert "enter a placeholder in its connector" in str(error)
    assert not error.is_outage
    assert members(branch, group) == {"ada"}


def test_what_comes_through_a_nested_group_is_not_held_directly(corp, branch, group, role, ada):
    inner = branch.add_group("inner", *branch.find_uid("ada"))
    branch.add(group, "member", inner)
    assert not corp.read(ada, role)
    assert list(corp.holders(role)) == []
    corp.revoke(ada, role, key="k")
    assert members(branch, inner) == {"ada"}


def test_owners_are_kept_apart_from_members(connect, branch, group, ada):
    corp, owner = connect(owner_attribute="owner"), role_of(branch, group, "owner")
    corp.grant(ada, owner, key="k")
    assert branch.values(group, "owner") == branch.find_uid("ada")
    assert members(branch, group) == set()
    assert [holder.name for holder in corp.holders(owner)] == ["ada"]
    corp.revoke(ada, owner, key="k")
    assert branch.values(group, "owner") == []


def test_a_role_that_groups_do_not_have_is_named(corp, branch, group, ada):
    error = said(corp.grant, ada, role_of(branch, group, "owner"), key="k")
    assert str(error) == "Groups of Corp have no role “owner”: those that its connector knows are member."


def test_posix_groups_have_user_ids_as_members(connect, branch, ada):
    group = branch.add_group("unix", kind="posixGroup", gidNumber="7")
    corp = connect(groups_filter="(objectClass=posixGroup)", member_attribute="memberUid", member_value="uid")
    role = role_of(branch, group)
    for _ in range(2):
        corp.grant(ada, role, key="k")
        assert corp.read(ada, role)
        assert branch.values(group, "memberUid") == ["ada"]
    assert [holder.name for holder in corp.holders(role)] == ["ada"]
    for _ in range(2):
        corp.revoke(ada, role, key="k")
        assert branch.values(group, "memberUid") == []


def test_unique_members_are_members(connect, branch, ada):
    group = branch.add_group("unique", NOBODY, kind="groupOfUniqueNames")
    corp = connect(groups_filter="(objectClass=groupOfUniqueNames)", member_attribute="uniqueMember")
    corp.grant(ada, role_of(branch, group), key="k")
    assert [holder.name for holder in corp.holders(role_of(branch, group))] == ["ada"]


# --- Who is who -------------------------------------------------------------------------------------------------------

TRICKS = [
    "o'neil",
    'quo"te',
    "back\\slash",
    "star*",
    "*",
    "(paren)",
    "ada)(uid=*",
    "a,b=c+d;<e>",
    " spaced out ",
    "#hash",
    "ünï.çødé",
    "张伟",
    "🦊",
    "\u202eada",
    "zero\u200bwidth",
]


@pytest.mark.parametrize("name", TRICKS)
def test_odd_names_find_themselves_and_nobody_else(corp, branch, group, role, name):
    branch.add_person("bystander")
    own = branch.add_person(name)
    corp.grant(make_person(name), role, key="k")
    assert set(branch.values(group, "member")) == {NOBODY, own}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("finn", "ﬁnn"),
        ("ada", "a\u00adda"),
        ("ada", "ada\u200b"),
        ("lovelace", "ｌｏｖｅｌａｃｅ"),
        ("a  b", "a b"),
        ("strasse", "straße"),
    ],
)
def test_names_that_the_server_takes_for_the_same_but_we_do_not_are_somebody_else(corp, branch, role, ours, theirs):
    branch.add_person(theirs)
    person = make_person(ours)
    assert not corp.read(person, role)
    assert "has no account in Corp" in str(said(corp.grant, person, role, key="k"))


@pytest.mark.parametrize(("ours", "theirs"), [("Ada", "aDA"), ("josé", "jose\u0301")])
def test_case_and_the_coding_of_accents_do_not_matter(corp, branch, group, role, ours, theirs):
    own = branch.add_person(theirs)
    corp.grant(make_person(ours), role, key="k")
    assert own in branch.values(group, "member")


@pytest.mark.parametrize(
    ("attribute", "field", "value"),
    [("mail", "email", "ada@example.com"), ("employeeNumber", "employee_number", "0042")],
)
def test_people_are_found_by_mail_address_or_employee_number(connect, branch, group, role, attribute, field, value):
    own = branch.add_person("al", **{attribute: value})
    person = make_person("ada", **{field: value})
    corp = connect(person_attribute=attribute, person_field=field)
    corp.grant(person, role, key="k")
    assert own in branch.values(group, "member")
    assert [holder.name for holder in corp.holders(role)] == ["ada"], "by the name that they have here"


def test_somebody_without_that_number_is_told_so(connect, branch, role):
    corp = connect(person_attribute="employeeNumber", person_field="employee_number")
    branch.add_person("nobody")
    error = said(corp.grant, make_person("ada"), role, key="k")
    assert str(error) == "ada has no employee number here, by which to find an account in Corp: enter it."


def test_two_accounts_are_a_clear_error_and_neither_is_taken(corp, branch, group, role, ada):
    branch.add_person("ada")
    error = said(corp.grant, ada, role, key="k")
    assert str(error) == "Corp has 2 accounts with uid=ada: leave one of them, or narrow the filter."
    assert members(branch, group) == set()
    assert not Account.objects.exists()


@pytest.mark.parametrize("accounts", [1, 2])
def test_whose_account_a_reconciliation_supposed_by_its_name_is_looked_up_before_anything_is_changed(
    connect, branch, group, accounts
):
    """In the groups that are governed there is only the second account of hers, which she administers with."""
    corp = connect(person_attribute="employeeNumber", person_field="employee_number")
    anna, catalog = make_person("anna", employee_number="E-7"), Catalog.objects.create(name="Sales")
    second = branch.add_person("adm-anna", employeeNumber="E-7")
    if accounts == 2:
        branch.add_person("anna", employeeNumber="E-7")
    branch.add(group, "member", second)
    resource = Resource.objects.create(
        system=corp.row.system, kind="group", origin_id=branch.id_of(group), name="Sales"
    )
    catalog.resources.add(resource)
    ResourceRole.objects.create(resource=resource, origin_id="member", name="Member")
    actions.start_reconciliation(connector=corp.row, actor=None, now=NOW)
    reconciling.perform_all_due(now=NOW)
    assert DriftCase.objects.get().person == anna, "which is enough to ask the owner"
    other = role_of(branch, branch.add_group("legal", NOBODY))
    if accounts == 1:
        corp.grant(anna, other, key="k")
        assert Account.objects.filter(person=anna, is_supposed=False).exists()
        return
    error = said(corp.grant, anna, other, key="k")
    assert "has 2 accounts with employeeNumber=E-7" in str(error)
    assert members(branch, f"cn=legal,{branch.groups}") == set()


def test_an_account_never_serves_two_people(corp, branch, group, role, ada):
    corp.grant(ada, role, key="k")
    ada.username = "ada.lovelace"
    ada.save()
    newcomer = make_person("ada")
    assert not corp.read(newcomer, role)
    assert "belongs to somebody else than ada already" in str(said(corp.grant, newcomer, role, key="k"))


def test_two_people_who_look_the_same_to_the_server_share_no_account(corp, branch, group, role):
    branch.add_person("josé")
    people = [make_person("josé"), make_person("jose\u0301")]
    outcomes = corp.grant_many(people, role, keys={person.pk: "k" for person in people})
    assert all("belongs to somebody else" in str(outcome) for outcome in outcomes.values())
    assert members(branch, group) == set()


def test_no_account_is_an_error_of_the_grant_and_success_of_the_rest(corp, branch, role):
    person = make_person("ghost")
    assert not corp.read(person, role)
    assert corp.revoke(person, role, key="k") is Progress.DONE
    error = said(corp.grant, person, role, key="k")
    assert str(error) == (
        f"ghost has no account in Corp: create one with uid=ghost below {branch.people}, or let the connector create "
        "accounts."
    )
    assert not error.is_outage


def test_renaming_and_moving_account_and_group_breaks_nothing(corp, branch, group, role, ada):
    corp.grant(ada, role, key="k")
    [dn] = branch.find_uid("ada")
    dn = branch.rename(dn, "cn=Ada King")
    branch.raw.modify(dn, {"uid": [(ldap3.MODIFY_REPLACE, ["ada.king"])]})
    eventually(lambda: dn in branch.values(group, "member"))
    group = branch.rename(group, "cn=Sales EMEA")
    corp.close()
    assert corp.read(ada, role)
    corp.revoke(ada, role, key="k")
    assert branch.values(group, "member") == [NOBODY]


def test_an_account_deleted_and_made_anew_is_found_again(corp, branch, group, role, ada):
    corp.grant(ada, role, key="k")
    branch.delete(branch.find_uid("ada")[0])
    assert not corp.read(ada, role)
    assert not Account.objects.exists()
    fresh = branch.add_person("ada")
    corp.grant(ada, role, key="k")
    assert fresh in branch.values(group, "member")
    assert Account.objects.get().external_id == branch.id_of(fresh)


# --- Many -------------------------------------------------------------------------------------------------------------


def test_a_batch_is_one_change_and_one_bad_value_does_not_fail_the_others(corp, branch, group, role):
    people = [make_person(f"p{number}") for number in range(5)]
    dns = [branch.add_person(person.username) for person in people[:4]]
    branch.add(group, "member", dns[1])
    keys = {person.pk: "k" for person in people}
    outcomes = corp.grant_many(people, role, keys=keys)
    assert [outcomes[person.pk] for person in people[:4]] == [Progress.DONE] * 4
    assert "p4 has no account" in str(outcomes[people[4].pk])
    assert members(branch, group) == {"p0", "p1", "p2", "p3"}
    assert corp.read_many(people, role) == {person.pk for person in people[:4]}

    branch.remove(group, "member", dns[2])
    outcomes = corp.revoke_many(people, role, keys=keys)
    assert set(outcomes.values()) == {Progress.DONE}
    assert branch.values(group, "member") == [NOBODY]


def test_a_batch_can_empty_a_group_that_may_not_be_empty(corp, branch):
    people = [make_person(name) for name in ("ada", "grace")]
    group = branch.add_group("both", *(branch.add_person(person.username) for person in people))
    corp.revoke_many(people, role_of(branch, group), keys={person.pk: "k" for person in people})
    assert branch.values(group, "member") == [NOBODY]


def test_fifty_people_cost_a_handful_of_calls(corp, branch, group, role, monkeypatch):
    people = [make_person(f"p{number}") for number in range(50)]
    for person in people:
        branch.add_person(person.username)
    calls, call = [], corp.session._call

    def counted(method, *arguments, **named):
        calls.append(method)
        return call(method, *arguments, **named)

    monkeypatch.setattr(corp.session, "_call", counted)
    corp.grant_many(people, role, keys={person.pk: "k" for person in people})
    assert calls == ["search", "search", "modify"]
    assert len(members(branch, group)) == 50


@pytest.mark.parametrize("memberof", ["", "memberOf"])
def test_a_group_of_five_thousand_is_listed_page_by_page(connect, memberof):
    large = f"ou=large,{SUFFIX}"
    corp = connect(people_base=f"ou=people,{large}", groups_base=f"ou=groups,{large}", memberof_attribute=memberof)
    role = Entitlement(resource_id=LARGE_GROUP, role_id="member", name="Everybody")
    holders = list(corp.holders(role))
    assert len(holders) == len(set(holders)) == LARGE
    assert {holder.name for holder in holders} == {f"p{number}" for number in range(LARGE)}
    assert corp.read(make_person("p4321"), role)


def test_holders_are_known_by_the_ids_of_their_accounts(corp, branch, group, role, ada):
    corp.grant(ada, role, key="k")
    branch.add(group, "member", f"cn=was deleted,{branch.people}")
    assert list(corp.holders(role)) == [Holder(branch.id_of(branch.find_uid("ada")[0]), "ada")]


def test_a_person_outside_the_base_of_the_people_is_not_found(connect, branch, group, role):
    corp = connect(people_base=f"ou=inner,{branch.people}")
    branch.raw.add(f"ou=inner,{branch.people}", "organizationalUnit")
    branch.add(group, "member", branch.add_person("outside"))
    assert not corp.read(make_person("outside"), role)
    assert list(corp.holders(role)) == []


def test_a_look_up_does_not_end_a_list_that_is_still_being_read(connect, branch, group, role, ada):
    for number in range(30):
        branch.add_group(f"g{number}", NOBODY)
    corp = connect(page_size=10)
    found = corp.discover()
    names = {next(found).name}
    corp.grant(ada, role, key="k")
    assert len(names | {resource.name for resource in found}) == 31


def test_discovery_finds_the_groups_with_their_roles(connect, branch, group):
    branch.add_group("unix", kind="posixGroup", gidNumber="7")
    branch.add_group("Größe", NOBODY, description="Nach Maß")
    corp = connect(owner_attribute="owner")
    found = {resource.name: resource for resource in corp.discover()}
    assert set(found) == {"sales", "Größe"}
    assert found["sales"].resource_id == branch.id_of(group)
    assert found["sales"].kind == ResourceKind.GROUP
    assert found["Größe"].description == "Nach Maß"
    assert [role.role_id for role in found["sales"].roles] == ["member", "owner"]


# --- Accounts ---------------------------------------------------------------------------------------------------------

ATTRIBUTES = """objectClass: inetOrgPerson
cn: {name}
sn: {last_name}
uid: {username}
mail: {email}
title: {job_title}
"""


@pytest.mark.parametrize("name", ["ada", 'a,b="c"+<d>;\\e', " #spaced ", "张伟"])
def test_an_account_is_created_as_the_template_says(connect, branch, group, role, name):
    corp = connect(account_dn=f"uid={{username}},{branch.people}", account_attributes=ATTRIBUTES)
    assert Capability.CREATE_ACCOUNT in corp.capabilities
    person = make_person(name, display_name="Ada Lovelace", email="ada@example.com")
    for _ in range(2):
        corp.grant(person, role, key="k")
    [dn] = branch.find("(objectClass=inetOrgPerson)")
    assert branch.values(dn, "uid") == [name]
    assert branch.values(dn, "cn") == branch.values(dn, "sn") == ["Ada Lovelace"]
    assert branch.values(dn, "mail") == ["ada@example.com"]
    assert branch.values(dn, "title") == [], "what is not known is left out"
    assert dn in branch.values(group, "member")
    assert corp.create_account(person) == branch.id_of(dn)


def test_nobody_gets_an_account_for_a_group_that_is_gone(connect, branch, group, role):
    corp = connect(account_dn=f"uid={{username}},{branch.people}", account_attributes=ATTRIBUTES)
    branch.delete(group)
    error = said(corp.grant, make_person("ada"), role, key="k")
    assert str(error).startswith("The group behind Member of Sales is not in Corp any more: nothing below ")
    assert not error.is_outage
    assert branch.find("(objectClass=inetOrgPerson)") == []


def test_an_entry_that_is_in_the_way_of_a_new_account_is_named(connect, branch, role):
    branch.raw.add(f"uid=ada,{branch.people}", ["account"])
    corp = connect(account_dn=f"uid={{username}},{branch.people}", account_attributes=ATTRIBUTES)
    error = said(corp.grant, make_person("ada"), role, key="k")
    assert f"Corp has an entry uid=ada,{branch.people} already" in str(error)


def test_without_a_template_no_accounts_are_created(corp, ada):
    assert Capability.CREATE_ACCOUNT not in corp.capabilities
    assert "has no account in Corp" in str(said(corp.create_account, make_person("ghost")))


def test_an_account_is_locked_by_the_password_policy(connect, branch, ada):
    corp = connect(disable_by="pwdAccountLockedTime")
    for _ in range(2):
        corp.disable_account(ada)
    assert branch.values(branch.find_uid("ada")[0], "pwdAccountLockedTime") == ["000001010000Z"]
    corp.enable_account(ada, before="")
    assert branch.values(branch.find_uid("ada")[0], "pwdAccountLockedTime") == []


def test_what_stood_there_before_is_put_back_unless_somebody_changed_it_meanwhile(connect, branch, ada):
    [dn] = branch.find_uid("ada")
    branch.raw.modify(dn, {"employeeType": [(ldap3.MODIFY_REPLACE, ["staff", "Ünïön"])]})
    corp = connect(disable_by="attribute", disable_attribute="employeeType", disable_value="gone")
    before = corp.read_account(ada).before
    corp.disable_account(ada)
    corp.enable_account(ada, before=before)
    assert sorted(branch.values(dn, "employeeType")) == ["staff", "Ünïön"]
    branch.raw.modify(dn, {"employeeType": [(ldap3.MODIFY_REPLACE, ["guard"])]})
    corp.enable_account(ada, before=before)
    assert branch.values(dn, "employeeType") == ["guard"]


def test_an_account_is_disabled_by_an_attribute_of_ones_own(connect, branch, ada):
    corp = connect(disable_by="attribute", disable_attribute="employeeType", disable_value="gone")
    corp.disable_account(ada)
    corp.disable_account(make_person("ghost"))
    assert branch.values(branch.find_uid("ada")[0], "employeeType") == ["gone"]


def test_who_has_no_name_to_look_for_is_not_taken_for_somebody_without_an_account(connect):
    corp = connect(disable_by="pwdAccountLockedTime", person_field="employee_number")
    numbered, nameless = make_person("numbered", employee_number="4711"), make_person("nameless")
    assert corp.read_account(numbered) is None
    for error in (said(corp.read_account, nameless), said(corp.disable_account, nameless)):
        assert str(error).endswith("by which to find an account in Corp: enter it.")


def test_accounts_are_only_disabled_where_the_options_say_how(corp, ada):
    assert Capability.DISABLE_ACCOUNT not in corp.capabilities
    assert said(corp.disable_account, ada).is_final
    assert said(corp.read_account, ada).is_final
    assert said(corp.enable_account, ada, before="").is_final
