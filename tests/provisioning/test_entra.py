"""The connector of Microsoft Entra ID against a local Microsoft Graph: what it gives, takes, reads and says."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest

from catalog.models import TargetSystem
from directory.models import User
from directory.models.people import PersonKind
from provisioning.connectors import entra as entra_module
from provisioning.connectors.base import (
    AccountState,
    Capability,
    ConnectorError,
    Entitlement,
    GoneError,
    PartlyReadError,
    Progress,
)
from provisioning.connectors.entra import EntraTenant
from provisioning.models import Account

from .graph_server import GraphServer
from .graph_tenant import GraphTenant, Json, Reply, error
from .target_entra import save_connector

pytestmark = pytest.mark.django_db

_numbers = count()


@pytest.fixture
def tenant(graph_server: GraphServer) -> GraphTenant:
    return graph_server.tenant()


@pytest.fixture
def system() -> TargetSystem:
    return TargetSystem.objects.create(name="Contoso", slug="contoso", launch_url="https://intranet.example.com/")


@pytest.fixture
def connector(system: TargetSystem, tenant: GraphTenant):
    with EntraTenant(save_connector(system, tenant, invites_guests=True)) as opened:
        yield opened


def make_person(name: str = "", **fields: object) -> User:
    mail = f"{name or 'person'}.{next(_numbers)}@contoso.com"
    return User.objects.create(username=mail, display_name=mail.partition("@")[0], **{"email": mail, **fields})


def make_people(tenant: GraphTenant, number: int) -> list[User]:
    people = [make_person() for _ in range(number)]
    for person in people:
        tenant.user(person.username)
    return people


def member_of(group: str, role: str = "member") -> Entitlement:
    return Entitlement(resource_id=group, role_id=role, name="Sales: Member")


def role(name: str = "Reader", **fields: object) -> Json:
    return {"id": str(uuid4()), "displayName": name, "isEnabled": True, "allowedMemberTypes": ["User"], **fields}


def keys(people: list[User]) -> dict[UUID, str]:
    return {person.pk: str(person.pk) for person in people}


def grant_many(connector, people, entitlement):
    return connector.grant_many(people, entitlement, keys=keys(people))


def throttling(seconds: int, *, status: int = 429) -> Reply:
    return error(status, "TooManyRequests", "Please retry again later.", Retry_After=str(seconds))


# --- Many at once -----------------------------------------------------------------------------------------------------


def test_fifty_members_are_looked_up_added_and_read_in_a_handful_of_calls(connector, tenant):
    people, group = make_people(tenant, 50), tenant.group("Sales")
    outcomes = grant_many(connector, people, member_of(group))
    assert set(outcomes.values()) == {Progress.DONE}
    assert sorted(tenant.names(group)) == sorted(person.username for person in people)
    changes = tenant.sent("PATCH", f"/groups/{group}")
    assert [len(change.body["members@odata.bind"]) for change in changes] == [20, 20, 10]
    assert len(tenant.calls) == 7  # the group, three batches of look-ups, three changes
    tenant.calls.clear()
    assert connector.read_many(people, member_of(group)) == {person.pk for person in people}
    assert len(tenant.calls) == 3


def test_where_one_of_twenty_is_a_member_already_the_others_become_members_all_the_same(connector, tenant):
    people, group = make_people(tenant, 5), tenant.group("Sales")
    connector.grant(people[2], member_of(group), key="k")
    assert set(grant_many(connector, people, member_of(group)).values()) == {Progress.DONE}
    assert sorted(tenant.names(group)) == sorted(person.username for person in people)


def test_somebody_without_an_account_stops_nobody_else(connector, tenant):
    people, group = make_people(tenant, 2), tenant.group("Sales")
    stranger = make_person("stranger")
    outcomes = grant_many(connector, [*people, stranger], member_of(group))
    assert [outcomes[person.pk] for person in people] == [Progress.DONE] * 2
    refusal = outcomes[stranger.pk]
    assert isinstance(refusal, ConnectorError)
    assert not refusal.is_outage
    assert "has no account in Contoso (userPrincipalName " in str(refusal)
    assert len(tenant.users) == 2


def test_one_who_cannot_be_looked_up_concerns_nobody_else(connector, tenant):
    people, group = make_people(tenant, 3), tenant.group("Sales")
    refused = error(400, "Request_UnsupportedQuery", "Unsupported query filter clause.")
    tenant.override = lambda request: refused if people[1].username in request.options.get("$filter", "") else None
    outcomes = grant_many(connector, people, member_of(group))
    assert isinstance(outcomes[people[1].pk], ConnectorError)
    assert sorted(tenant.names(group)) == sorted([people[0].username, people[2].username])
    tenant.settle()
    with pytest.raises(PartlyReadError) as partly:
        connector.read_many(people, member_of(group))
    assert (partly.value.held, set(partly.value.errors)) == ({people[0].pk, people[2].pk}, {people[1].pk})
    outcomes = connector.revoke_many(people, member_of(group), keys=keys(people))
    assert isinstance(outcomes[people[1].pk], ConnectorError)
    assert outcomes[people[0].pk] is Progress.DONE


def test_each_of_many_is_removed_and_whoever_is_not_there_is_success(connector, tenant):
    people, group = make_people(tenant, 23), tenant.group("Sales")
    stranger = make_person("stranger")
    grant_many(connector, people[:-1], member_of(group))
    outcomes = connector.revoke_many([*people, stranger], member_of(group), keys=keys([*people, stranger]))
    assert set(outcomes.values()) == {Progress.DONE}
    assert len(outcomes) == 24
    assert tenant.names(group) == []


def test_what_is_not_done_in_time_is_left_for_another_call(connector, tenant, monkeypatch):
    people, group = make_people(tenant, 3), tenant.group("Sales")
    monkeypatch.setattr(entra_module, "TIME_FOR_ALL", timedelta(seconds=-1))
    assert grant_many(connector, people, member_of(group)) == {}
    assert tenant.names(group) == []


def test_answers_of_a_batch_may_be_lost_and_concern_nobody_else(connector, tenant):
    people, group = make_people(tenant, 2), tenant.group("Sales")
    owner = member_of(group, "owner")
    connector.accounts.find(people)

    def forget_the_first(request):
        if request.path != "/v1.0/$batch":
            return None
        [_one, other] = request.body["requests"]
        tenant.add(group, other["body"]["@odata.id"].rpartition("/")[2], to="owners")
        return Reply(200, {"responses": [{"id": other["id"], "status": 204, "headers": {}, "body": None}]})

    tenant.override = forget_the_first
    outcomes = grant_many(connector, people, owner)
    assert sorted(isinstance(outcome, ConnectorError) for outcome in outcomes.values()) == [False, True]
    assert "unanswered" in str(next(o for o in outcomes.values() if isinstance(o, ConnectorError)))


# --- Owners, and roles of applications --------------------------------------------------------------------------------


def test_an_owner_is_added_read_and_removed_beside_the_members(connector, tenant):
    person, other = make_people(tenant, 2)
    group = tenant.group("Sales")
    for each in (person, other):
        connector.grant(each, member_of(group, "owner"), key="k")
    assert connector.read_many([person, other], member_of(group, "owner")) == {person.pk, other.pk}
    assert not connector.read(person, member_of(group))
    connector.revoke(person, member_of(group, "owner"), key="k")
    assert tenant.names(group, "owners") == [other.username]


def test_the_last_owner_stays_and_somebody_is_asked_to_name_another(connector, tenant):
    [person], group = make_people(tenant, 1), tenant.group("Sales")
    connector.grant(person, member_of(group, "owner"), key="k")
    with pytest.raises(ConnectorError, match="name another one first") as raised:
        connector.revoke(person, member_of(group, "owner"), key="k")
    assert raised.value.is_final


def test_an_application_without_roles_is_assigned_with_the_default_one(connector, tenant):
    [person], application = make_people(tenant, 1), tenant.application("Ledger")
    nothing = Entitlement(application, "00000000-0000-0000-0000-000000000000", "Ledger: Default access")
    connector.grant(person, nothing, key="k")
    assert connector.read(person, nothing)
    connector.revoke(person, nothing, key="k")
    assert tenant.assignments == {}


def test_an_assignment_through_a_group_is_not_taken_for_the_persons_own(connector, tenant):
    [person], reader = make_people(tenant, 1), role()
    application = tenant.application("Ledger", reader)
    account = next(iter(tenant.users))
    through = {"resourceId": application, "appRoleId": reader["id"], "principalType": "Group", "principalId": account}
    tenant.assignments["g"] = {"id": "g", **through}
    entitlement = Entitlement(application, reader["id"], "Ledger: Reader")
    assert not connector.read(person, entitlement)
    connector.revoke(person, entitlement, key="k")
    assert list(tenant.assignments) == ["g"]


@pytest.mark.parametrize("fields", [{"isEnabled": False}, {"allowedMemberTypes": ["Application"]}])
def test_a_role_that_the_application_has_not_for_people_is_refused_for_good_and_can_still_be_taken(
    connector, tenant, fields
):
    [person], gone = make_people(tenant, 1), role(**fields)
    application = tenant.application("Ledger", gone, role("Writer"))
    entitlement = Entitlement(application, gone["id"], "Ledger: Reader")
    with pytest.raises(
        ConnectorError, match="not among those that the application in Contoso has for people"
    ) as raised:
        connector.grant(person, entitlement, key="k")
    assert raised.value.is_final
    held = {"resourceId": application, "appRoleId": gone["id"], "principalType": "User"}
    tenant.assignments["a"] = {"id": "a", "principalId": next(iter(tenant.users)), **held}
    connector.revoke(person, entitlement, key="k")
    assert tenant.assignments == {}


def test_what_is_no_object_id_is_refused_without_a_call(connector, tenant):
    person = make_person()
    for entitlement in (member_of("../users"), Entitlement(str(uuid4()), "admin' or 1 eq 1", "Odd")):
        with pytest.raises(ConnectorError, match="nothing that Entra has") as raised:
            connector.read(person, entitlement)
        assert raised.value.is_final
    assert tenant.calls == []


# --- Groups that are not changed from here ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"groupTypes": ["DynamicMembership"]}, "chooses itself by a rule"),
        ({"onPremisesSyncEnabled": True}, "synchronised into Contoso from an on-premises directory"),
        ({"mailEnabled": True, "securityEnabled": False}, "nobody but Exchange"),
    ],
)
def test_a_group_that_is_filled_elsewhere_is_refused_for_good_and_nobody_is_invited_to_it(
    connector, tenant, fields, reason
):
    guest = make_person("guest", kind=PersonKind.GUEST)
    group = tenant.group("Sales", **fields)
    for change in (connector.grant, connector.revoke):
        with pytest.raises(ConnectorError, match=reason) as raised:
            change(guest, member_of(group), key="k")
        assert raised.value.is_final
        assert not raised.value.is_outage
    assert tenant.users == {}


def test_the_owners_of_a_group_with_a_rule_can_be_changed(connector, tenant):
    [person], group = make_people(tenant, 1), tenant.group("Sales", groupTypes=["DynamicMembership"])
    connector.grant(person, member_of(group, "owner"), key="k")
    assert tenant.names(group, "owners") == [person.username]


def test_a_group_that_can_be_given_roles_asks_for_the_permission_that_it_needs(connector, tenant):
    [person], group = make_people(tenant, 1), tenant.group("Admins", isAssignableToRole=True)
    with pytest.raises(ConnectorError, match=r"RoleManagement\.ReadWrite\.Directory") as raised:
        connector.grant(person, member_of(group), key="k")
    assert not raised.value.is_final
    tenant.permissions.append("RoleManagement.ReadWrite.Directory")
    connector.grant(person, member_of(group), key="k")
    assert tenant.names(group) == [person.username]


def test_a_removal_is_no_success_where_the_group_is_gone(connector, tenant):
    [person], group = make_people(tenant, 1), tenant.group("Sales")
    connector.grant(person, member_of(group), key="k")

    def vanish(request):
        if request.method == "DELETE":
            del tenant.groups[group]

    tenant.override = vanish
    with pytest.raises(GoneError, match="is not in Contoso any more"):
        connector.revoke(person, member_of(group), key="k")


# --- Eventual consistency ---------------------------------------------------------------------------------------------


def test_a_member_who_does_not_show_yet_is_added_again_without_harm(connector, tenant):
    [person], group = make_people(tenant, 1), tenant.group("Sales")
    tenant.shows_late = True
    for _ in range(2):
        connector.grant(person, member_of(group), key="k")
        assert not connector.read(person, member_of(group))
    tenant.settle()
    assert connector.read(person, member_of(group))
    assert tenant.names(group) == [person.username]
    assert connector.settles_within == timedelta(minutes=2)


# --- Whose account ----------------------------------------------------------------------------------------------------


def test_an_account_is_looked_up_once_and_again_where_it_was_replaced(connector, tenant):
    [person], group = make_people(tenant, 1), tenant.group("Sales")
    first = Account.objects.create(connector=connector.row, person=person, external_id=str(uuid4()))
    connector.grant(person, member_of(group), key="k")
    assert Account.objects.get(person=person).external_id == next(iter(tenant.users)) != first.external_id
    tenant.requests.clear()
    connector.read(person, member_of(group))
    assert not tenant.sent("GET", "/users")


@pytest.mark.parametrize(
    ("match_by", "fields", "account"),
    [
        ("mail", {"email": "Ada@Contoso.com"}, {"mail": "ada@contoso.com"}),
        ("employeeId", {"employee_number": "4711"}, {"employeeId": "4711"}),
        (
            "userPrincipalName",
            {"username": "ada.l", "email": "ada@contoso.com"},
            {"userPrincipalName": "Ada@contoso.com"},
        ),
    ],
)
def test_people_are_found_by_what_was_chosen_and_named_by_their_user_names(system, tenant, match_by, fields, account):
    person = make_person()
    User.objects.filter(pk=person.pk).update(**fields)
    person.refresh_from_db()
    tenant.user("somebody.else@contoso.com")
    ada, group = tenant.user("x@contoso.com", **account), tenant.group("Sales")
    with EntraTenant(save_connector(system, tenant, match_by=match_by)) as connector:
        connector.grant(person, member_of(group), key="k")
        assert tenant.held[group, "members"] == [ada]
        assert [(h.account_id, h.name) for h in connector.holders(member_of(group))] == [(ada, person.username)]


def test_two_accounts_with_one_mail_address_are_told_apart_by_nobody(system, tenant):
    person, group = make_person(), tenant.group("Sales")
    second = [tenant.user(f"{n}@contoso.com", mail=person.email) for n in "ab"][1]
    with EntraTenant(save_connector(system, tenant, match_by="mail")) as connector:
        with pytest.raises(ConnectorError, match="2 accounts whose mail is"):
            connector.grant(person, member_of(group), key="k")
        tenant.add(group, second)
        assert connector.read_many([person], member_of(group)) == {person.pk}, "it must not be overlooked"
        with pytest.raises(ConnectorError, match="2 accounts whose mail is"):
            connector.revoke(person, member_of(group), key="k")
    assert tenant.held[group, "members"] == [second]


def test_an_account_never_serves_two_people(system, tenant):
    first, group = make_person(), tenant.group("Sales")
    second = make_person(email=first.email)
    ada = tenant.user("ada@contoso.com", mail=first.email)
    with EntraTenant(save_connector(system, tenant, match_by="mail")) as connector:
        connector.grant(first, member_of(group), key="k")
        assert not connector.read(second, member_of(group))
        with pytest.raises(ConnectorError, match="belongs to somebody else than"):
            connector.grant(second, member_of(group), key="k")
        connector.revoke(second, member_of(group), key="k")
    assert tenant.held[group, "members"] == [ada]
    assert Account.objects.get().person == first


def test_an_account_that_is_found_for_two_people_at_once_is_neithers(system, tenant):
    first, group = make_person(), tenant.group("Sales")
    second = make_person(email=first.email)
    tenant.user("ada@contoso.com", mail=first.email)
    with EntraTenant(save_connector(system, tenant, match_by="mail")) as connector:
        outcomes = grant_many(connector, [first, second], member_of(group))
    assert all("belongs to somebody else" in str(outcome) for outcome in outcomes.values())
    assert not Account.objects.exists()


def test_an_answer_that_ignores_the_filter_makes_nobody_somebody_else(connector, tenant):
    person, group = make_person(), tenant.group("Sales")
    stranger = tenant.user("stranger@contoso.com")
    everybody = Reply(200, {"value": [tenant.users[stranger]]})
    tenant.override = lambda request: everybody if request.path == "/v1.0/users" else None
    with pytest.raises(ConnectorError, match="has no account"):
        connector.grant(person, member_of(group), key="k")


def test_somebody_of_whom_nothing_is_known_to_match_is_told_to_be_completed(system, tenant):
    person, group = make_person(), tenant.group("Sales")
    with (
        EntraTenant(save_connector(system, tenant, match_by="employeeId")) as connector,
        pytest.raises(ConnectorError, match="nothing is entered here that its employeeId can match"),
    ):
        connector.grant(person, member_of(group), key="k")


def test_a_guest_is_invited_once_and_led_to_where_the_system_is_opened(connector, tenant):
    guest, group = make_person("guest", kind=PersonKind.GUEST), tenant.group("Sales")
    for _ in range(2):
        connector.grant(guest, member_of(group), key="k")
    [invitation] = tenant.sent("POST", "/invitations")
    assert invitation.body == {
        "invitedUserEmailAddress": guest.email,
        "invitedUserDisplayName": str(guest),
        "inviteRedirectUrl": "https://intranet.example.com/",
        "sendInvitationMessage": False,
    }
    assert Account.objects.get(person=guest).external_id == tenant.held[group, "members"][0]
    assert [holder.name for holder in connector.holders(member_of(group))] == [guest.username]


def test_without_the_choice_guests_are_not_invited(system, tenant):
    guest, group = make_person("guest", kind=PersonKind.GUEST), tenant.group("Sales")
    with EntraTenant(save_connector(system, tenant)) as connector:
        assert Capability.CREATE_ACCOUNT not in connector.capabilities
        with pytest.raises(ConnectorError, match=r"guest .* has no account in Contoso .*: invite them in Entra"):
            connector.grant(guest, member_of(group), key="k")
    assert tenant.users == {}


def test_a_disabled_account_signs_in_no_more_and_is_signed_out_everywhere(connector, tenant):
    [person] = make_people(tenant, 1)
    [account] = tenant.users.values()
    connector.disable_account(person)
    assert account["accountEnabled"] is False
    assert tenant.revoked_sessions == [account["id"]]
    connector.disable_account(make_person("stranger"))


def test_an_account_is_enabled_again_and_read(connector, tenant):
    [person] = make_people(tenant, 1)
    [account] = tenant.users.values()
    connector.disable_account(person)
    assert connector.read_account(person) == AccountState(is_enabled=False)
    connector.enable_account(person, before="")
    assert account["accountEnabled"] is True
    assert connector.read_account(person) == AccountState(is_enabled=True)
    del tenant.users[account["id"]]
    assert connector.read_account(person) is None, "who was deleted there meanwhile"


def test_who_could_not_be_looked_for_is_not_taken_for_somebody_without_an_account(system, tenant):
    person, nobody = make_people(tenant, 1)[0], make_person(email="")
    with EntraTenant(save_connector(system, tenant, match_by="mail")) as connector:
        refused = error(400, "Request_BadRequest", "No.")
        tenant.override = lambda request: refused if "$filter" in request.options else None
        for call in (connector.read_account, connector.disable_account):
            with pytest.raises(ConnectorError, match="400"):
                call(person)
            with pytest.raises(ConnectorError, match="nothing is entered here that its mail can match"):
                call(nobody)
        with pytest.raises(ConnectorError, match="400"):
            connector.enable_account(person, before="")


def test_an_account_of_somebody_else_s_is_told_to_whoever_was_to_be_disabled(system, tenant):
    first = make_person()
    second = make_person(email=first.email)
    ada = tenant.user("ada@contoso.com", mail=first.email)
    with EntraTenant(save_connector(system, tenant, match_by="mail")) as connector:
        assert connector.read_account(first) == AccountState(is_enabled=True)
        with pytest.raises(ConnectorError, match="belongs to somebody else than"):
            connector.read_account(second)
        with pytest.raises(ConnectorError, match="belongs to somebody else than"):
            connector.disable_account(second)
    assert tenant.users[ada].get("accountEnabled") is not False


# --- Lists ------------------------------------------------------------------------------------------------------------


def test_holders_come_page_by_page_and_only_people_count(connector, tenant):
    group = tenant.group("Sales")
    people = make_people(tenant, 7)
    grant_many(connector, people, member_of(group))
    device = tenant.user("device")
    tenant.add(group, device)
    tenant.page_size = 3
    typed = {"@odata.type": "#microsoft.graph.device"}
    tenant.users[device].update(typed)
    names = [holder.name for holder in connector.holders(member_of(group))]
    assert sorted(names) == sorted(person.username for person in people)
    assert len(tenant.sent("GET", "/members")) >= 3


def test_whoever_comes_twice_because_pages_moved_is_told_once(connector, tenant):
    group = tenant.group("Sales")
    ids = [tenant.user(f"{name}@contoso.com") for name in "abcd"]
    tenant.held[group, "members"] = [ids[0], ids[1], ids[2], ids[1], ids[3]]
    tenant.page_size = 2
    assert [holder.account_id for holder in connector.holders(member_of(group))] == ids


@pytest.mark.parametrize("is_fresh", [False, True])
def test_pages_that_lead_in_a_circle_end_in_an_error(connector, tenant, is_fresh):
    group, numbers = tenant.group("Sales"), count()
    page = [{"id": str(uuid4()), "@odata.type": "#microsoft.graph.user"}]

    def circle(request):
        link = f"{tenant.root}/groups/{group}/members?$skiptoken={next(numbers) if is_fresh else 'x'}"
        return Reply(200, {"value": page, "@odata.nextLink": link}) if request.path.endswith("/members") else None

    tenant.override = circle
    with pytest.raises(ConnectorError, match="can be trusted"):
        list(connector.holders(member_of(group)))
    assert next(numbers) < 5


def test_a_next_page_of_another_host_never_gets_our_token(connector, tenant):
    group = tenant.group("Sales")
    page = Reply(200, {"value": [], "@odata.nextLink": "https://graph.example.net/v1.0/next"})
    tenant.override = lambda request: page if request.path.endswith("/members") else None
    with pytest.raises(ConnectorError, match="did not answer as Microsoft Graph does") as raised:
        list(connector.holders(member_of(group)))
    assert raised.value.is_outage


def test_a_following_page_of_assignments_that_is_refused_is_told_as_it_is(connector, tenant):
    [person], wanted = make_people(tenant, 1), role("Writer")
    application = tenant.application("Ledger", role("Reader"), wanted)
    for number in range(2):
        held = {"resourceId": application, "appRoleId": str(uuid4()), "principalType": "User"}
        tenant.assignments[str(number)] = {"id": str(number), "principalId": next(iter(tenant.users)), **held}
    tenant.page_size = 1
    tenant.override = lambda request: throttling(17) if "skiptoken" in request.url else None
    with pytest.raises(ConnectorError) as raised:
        connector.read(person, Entitlement(application, wanted["id"], "Ledger: Writer"))
    assert raised.value.retry_after == timedelta(seconds=17)


# --- Throttling, and what else goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_asked_for_is_obeyed_exactly_and_holds_the_whole_connector(connector, tenant, status):
    person, group = make_person(), tenant.group("Sales")
    tenant.override = lambda request: throttling(37, status=status)
    with pytest.raises(ConnectorError) as raised:
        connector.read(person, member_of(group))
    assert raised.value.is_outage
    assert raised.value.retry_after == timedelta(seconds=37)


def test_inside_a_batch_the_longest_wait_holds_for_all_and_what_was_done_is_done(connector, tenant):
    people, group = make_people(tenant, 3), tenant.group("Sales")
    waits = iter([throttling(5), None, throttling(61)])
    tenant.override = lambda request: next(waits) if request.path.endswith("/owners/$ref") else None
    outcomes = grant_many(connector, people, member_of(group, "owner"))
    errors = [outcome for outcome in outcomes.values() if isinstance(outcome, ConnectorError)]
    assert [(one.is_outage, one.retry_after) for one in errors] == [(True, timedelta(seconds=61))] * 2
    assert len(tenant.names(group, "owners")) == 1


def test_after_an_outage_those_who_were_done_are_told_and_the_rest_is_left(connector, tenant):
    people, group = make_people(tenant, 45), tenant.group("Sales")
    waits = iter([None, throttling(9)])
    tenant.override = lambda request: next(waits) if request.method == "PATCH" else None
    outcomes = grant_many(connector, people, member_of(group))
    done = [outcome for outcome in outcomes.values() if outcome is Progress.DONE]
    assert (len(done), len(outcomes)) == (20, 40)


@pytest.mark.parametrize(
    ("answered", "words", "is_outage"),
    [
        (error(403, "Authorization_RequestDenied", "Ada may not"), r"permission GroupMember\.Read\.All", False),
        (error(500, "InternalServerError", "Ada broke it"), r"fault of its own \(500 InternalServerError", True),
        (error(400, "Request_BadRequest", "Ada is odd"), r"refused the request \(400 Request_BadRequest", False),
        (error(409, "Conflict", "Ada is being changed"), "is tried again", False),
        (Reply(200, raw=b"<html>Ada</html>"), "did not answer as Microsoft Graph does", True),
        (Reply(200, raw=b"[]"), "did not answer as Microsoft Graph does", True),
        (Reply(302, None, {"Location": "https://elsewhere.example.net/"}), "did not answer as Microsoft", True),
        (
            Reply(400, {"error": {"code": "Ada Lovelace <ada@x>", "message": "Ada"}}),
            r"refused the request \(400\)",
            False,
        ),
    ],
    ids=["denied", "fault", "refused", "conflict", "html", "list", "redirect", "odd code"],
)
def test_errors_say_what_to_do_and_show_nothing_of_what_was_answered(
    connector, tenant, caplog, answered, words, is_outage
):
    person, group = make_person(), tenant.group("Sales")
    tenant.override = lambda request: answered if request.path.startswith("/v1.0/groups") else None
    with caplog.at_level(logging.INFO), pytest.raises(ConnectorError, match=words) as raised:
        connector.grant(person, member_of(group), key="k")
    assert raised.value.is_outage is is_outage
    for secret in ("Ada", tenant.secret, person.email):
        assert secret not in str(raised.value) + caplog.text


def test_a_date_to_wait_for_is_understood_as_well(connector, tenant):
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    connector.graph.clock = lambda: now
    tenant.override = lambda request: error(429, "TooManyRequests", "", Retry_After="Mon, 02 Mar 2026 09:02:00 GMT")
    with pytest.raises(ConnectorError) as raised:
        connector.read(make_person(), member_of(str(uuid4())))
    assert raised.value.retry_after == timedelta(minutes=2)
