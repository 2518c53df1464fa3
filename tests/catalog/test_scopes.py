"""Who may ask, see and be assigned what: every scope for members and guests, precedence, and what is refused."""

from itertools import combinations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import actions
from catalog.choices import ApproverKind, RequestorScope
from catalog.models import AccessPackage, ApprovalStage, Policy, StageApprover
from catalog.models.policies import TIERS
from catalog.wording import policy_in_words
from directory import actions as directory
from directory.models import ConnectedOrganisation, Group, OrganisationState, PersonKind, User
from requests_app import actions as requests
from tests.cast import NOW

Scope = RequestorScope


@pytest.fixture
def package(cast):
    return cast.package("Sales: Partner Access", cast.role("Partners")[1])


@pytest.fixture
def northwind(db):
    return connected("Northwind", "northwind.example")


@pytest.fixture
def contoso(db):
    return connected("Contoso", "contoso.example", state=OrganisationState.PROPOSED)


def connected(name, domain, **fields):
    organisation = ConnectedOrganisation(name=name, **fields)
    return directory.save_organisation(organisation=organisation, domains=[domain], actor=None, now=NOW)


def guest(name, domain):
    person = User(username=name, display_name=name.title(), email=f"{name}@{domain}", kind=PersonKind.GUEST)
    return directory.save_person(person=person, actor=None, now=NOW)


@pytest.fixture
def people(cast, northwind, contoso):
    return {
        "member": cast.rita,
        "configured": guest("gus", "northwind.example"),
        "proposed": guest("mia", "contoso.example"),
        "unknown": guest("ida", "elsewhere.example"),
    }


def taken_in(people, policy):
    return {name for name, person in people.items() if Policy.objects.matching(person).filter(pk=policy.pk).exists()}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope.ALL_MEMBERS, {"member"}),
        (Scope.EVERYONE, {"member", "configured", "proposed", "unknown"}),
        (Scope.ALL_CONFIGURED, {"configured"}),
        (Scope.ALL_EXTERNAL, {"configured", "proposed", "unknown"}),
        (Scope.NOBODY, set()),
    ],
)
def test_each_scope_takes_in_those_whom_it_says(cast, package, people, scope, expected):
    """Corner 37: a proposed organisation is not among all configured ones."""
    assert taken_in(people, cast.policy(package, scope=scope)) == expected


def test_a_proposed_organisation_counts_where_it_is_named(cast, package, people, contoso):
    """Corner 37, its other half."""
    policy = cast.policy(package, scope=Scope.ORGANISATIONS)
    assert taken_in(people, policy) == set()
    policy.organisations.add(contoso)
    assert taken_in(people, policy) == {"proposed"}


def test_named_people_and_groups_may_be_guests(cast, package, people):
    policy = cast.policy(package, scope=Scope.SPECIFIC)
    policy.people.add(people["unknown"])
    outer, inner = Group.objects.create(name="Outer"), Group.objects.create(name="Inner")
    directory.nest_group(parent=outer, child=inner, actor=None, now=NOW)
    directory.add_member(group=inner, person=people["configured"], actor=None, now=NOW)
    policy.groups.add(outer)
    assert taken_in(people, policy) == {"unknown", "configured"}


def test_a_configured_organisation_that_is_taken_back_is_out_at_once(cast, package, people, northwind):
    policy = cast.policy(package, scope=Scope.ALL_CONFIGURED)
    northwind.state = OrganisationState.PROPOSED
    directory.save_organisation(organisation=northwind, actor=None, now=NOW)
    assert taken_in(people, policy) == set()


FROM_NARROW_TO_WIDE = [
    {Scope.SPECIFIC, Scope.ORGANISATIONS}, {Scope.ALL_MEMBERS}, {Scope.EVERYONE}, {Scope.ALL_CONFIGURED},
    {Scope.ALL_EXTERNAL},
]  # fmt: skip


def test_the_tiers_are_as_decided():
    """Corner 9: precedence is by how specific the scope is."""
    found = [{scope for scope, tier in TIERS.items() if tier == number} for number in sorted(set(TIERS.values()))]
    assert found[: len(FROM_NARROW_TO_WIDE)] == FROM_NARROW_TO_WIDE


@pytest.mark.parametrize("who", ["member", "configured"])
def test_of_two_policies_that_match_only_the_more_specific_applies(cast, package, people, northwind, who):
    """Corners 9 and 10: a tie is the requester's choice, and only a tie."""
    person = people[who]
    policies = {scope: cast.policy(package, scope=scope, name=str(scope)) for scope in TIERS}
    policies[Scope.SPECIFIC].people.add(person)
    policies[Scope.ORGANISATIONS].organisations.add(northwind)
    for one, other in combinations(TIERS, 2):
        Policy.objects.update(is_enabled=False)
        Policy.objects.filter(scope__in=(one, other)).update(is_enabled=True)
        matching = set(Policy.objects.matching(person).values_list("scope", flat=True))
        best = min((TIERS[scope] for scope in map(Scope, matching)), default=None)
        applying = set(Policy.objects.applicable(person).values_list("scope", flat=True))
        assert applying == {scope for scope in matching if TIERS[Scope(scope)] == best}, (one, other)


def test_what_is_asked_is_one_statement_for_guests_too(cast, package, people, northwind):
    cast.policy(package, scope=Scope.ORGANISATIONS).organisations.add(northwind)
    for person in people.values():
        with CaptureQueriesContext(connection) as captured:
            list(AccessPackage.objects.requestable_by(person))
        assert len(captured) == 1


def test_guests_see_what_they_may_ask_for_and_members_nothing_that_is_for_guests_alone(cast, package, people):
    cast.policy(package, scope=Scope.ALL_CONFIGURED)
    seen = {name: AccessPackage.objects.visible_to(person).exists() for name, person in people.items()}
    assert seen == {"member": False, "configured": True, "proposed": False, "unknown": False}


def test_guests_see_nothing_of_a_catalog_that_is_not_enabled_for_them(cast, package, people):
    cast.policy(package, scope=Scope.ALL_EXTERNAL)
    cast.catalog.is_externally_visible = False
    cast.catalog.save()
    for person in (people["configured"], people["unknown"]):
        assert not AccessPackage.objects.visible_to(person).exists()
        assert not AccessPackage.objects.requestable_by(person).exists()
        with pytest.raises(PermissionDenied):
            requests.submit(package=package, actor=person, justification="Please", now=NOW)


def test_a_catalog_is_enabled_for_guests_unless_it_is_said_otherwise(cast):
    assert type(cast.catalog)(name="New").is_externally_visible


def test_what_is_for_named_people_is_visible_to_all_members_and_requestable_by_those_named(cast, package, people):
    """Corner 11: visible and requestable are two questions."""
    cast.policy(package, scope=Scope.SPECIFIC).people.add(cast.charlie)
    assert AccessPackage.objects.visible_to(cast.rita).get() == package
    assert not AccessPackage.objects.requestable_by(cast.rita).exists()
    assert AccessPackage.objects.requestable_by(cast.charlie).get() == package
    for name in ("configured", "proposed", "unknown"):
        assert not AccessPackage.objects.visible_to(people[name]).exists()


def test_a_hidden_package_is_asked_for_by_its_link(cast, package):
    """Corner 12."""
    cast.policy(package)
    AccessPackage.objects.update(is_hidden=True)
    assert not AccessPackage.objects.browsable_by(cast.rita).exists()
    assert AccessPackage.objects.visible_to(cast.rita).get() == package
    assert requests.submit(package=package, actor=cast.rita, justification="I have the link", now=NOW).is_open


@pytest.mark.parametrize("disabled", ["catalog", "package", "policy"])
def test_what_is_disabled_takes_no_requests_and_leaves_what_people_have(cast, package, disabled):
    """Corner 13: a disabled catalog stops requests and not existing access; so do a package and a policy."""
    policy = cast.policy(package, approver=None)
    requests.submit(package=package, actor=cast.rita, justification="In time", now=NOW)
    thing = {"catalog": cast.catalog, "package": package, "policy": policy}[disabled]
    thing.is_enabled = False
    thing.save()
    with pytest.raises(PermissionDenied):
        requests.submit(package=package, actor=cast.charlie, justification="Too late", now=NOW)
    assert cast.rita.assignments.live().exists()


def test_a_disabled_policy_for_direct_assignment_stops_administrators_too(cast, package):
    """Corner 16."""
    policy = cast.policy(package, approver=None, scope=Scope.NOBODY, is_enabled=False)
    with pytest.raises(ValidationError, match="does not take Rita in"):
        requests.assign_directly(policy=policy, person=cast.rita, actor=cast.ada, now=NOW)


def test_direct_assignment_asks_for_the_scope_of_guests_too(cast, package, people):
    """Corner 14."""
    policy = cast.policy(package, approver=None, scope=Scope.ALL_CONFIGURED)
    for name in ("member", "proposed"):
        with pytest.raises(ValidationError, match="does not take"):
            requests.assign_directly(policy=policy, person=people[name], actor=cast.ada, now=NOW)
    requests.assign_directly(policy=policy, person=people["configured"], actor=cast.ada, now=NOW)
    assert people["configured"].assignments.live().exists()


# --- What is refused ------------------------------------------------------------------------------------------------


def save(package, cast, scope, **hanging):
    policy = Policy(package=package, name="Partners", scope=scope)
    return actions.save_policy(policy=policy, actor=cast.ada, now=NOW, **hanging)


def test_a_policy_for_organisations_names_some(cast, package, northwind):
    with pytest.raises(ValidationError, match="Name the connected organisations"):
        save(package, cast, Scope.ORGANISATIONS)
    assert save(package, cast, Scope.ORGANISATIONS, organisations=[northwind])


def test_one_policy_does_not_mix_ours_and_theirs(cast, package, northwind):
    with pytest.raises(ValidationError, match="name people and groups in another policy"):
        save(package, cast, Scope.ORGANISATIONS, organisations=[northwind], people=[cast.rita])
    for scope in (Scope.SPECIFIC, Scope.ALL_MEMBERS, Scope.ALL_CONFIGURED):
        people = [cast.rita] if scope == Scope.SPECIFIC else []
        with pytest.raises(ValidationError, match="name connected organisations in another policy"):
            save(package, cast, scope, people=people, organisations=[northwind])
    assert not Policy.objects.exists()


@pytest.mark.parametrize("kind", [ApproverKind.INTERNAL_SPONSORS, ApproverKind.EXTERNAL_SPONSORS])
def test_sponsors_of_an_organisation_do_not_decide_on_members(cast, package, kind):
    stages = [actions.Stage(ApprovalStage(), [StageApprover(kind=kind)])]
    with pytest.raises(ValidationError, match="belong to no connected organisation"):
        save(package, cast, Scope.ALL_MEMBERS, stages=stages)
    assert save(package, cast, Scope.ALL_EXTERNAL, stages=stages)


def test_an_organisation_that_a_policy_names_is_not_deleted(cast, package, northwind):
    save(package, cast, Scope.ORGANISATIONS, organisations=[northwind])
    with pytest.raises(ValidationError, match=r"cannot be deleted: policies \(Partners\) refer to it"):
        directory.delete_organisation(organisation=northwind, actor=None, now=NOW)


def test_the_policy_says_whom_it_takes_in(cast, package, northwind, contoso):
    sentences = {}
    for scope, named in (
        (Scope.ORGANISATIONS, [northwind, contoso]),
        (Scope.ALL_CONFIGURED, []),
        (Scope.ALL_EXTERNAL, []),
    ):
        policy = cast.policy(package, approver=None, scope=scope, name=str(scope), is_on_behalf_allowed=not named)
        policy.organisations.set(named)
        sentences[scope] = policy_in_words(policy).split(";")[0]
    assert sentences == {
        Scope.ORGANISATIONS: "People of Contoso and Northwind may ask",
        Scope.ALL_CONFIGURED: "People of all configured organisations may ask, their managers for them too",
        Scope.ALL_EXTERNAL: "Anybody from outside may ask, their managers for them too",
    }


# --- Sponsors decide ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "decider"),
    [
        (ApproverKind.SPONSORS, "charlie"),
        (ApproverKind.INTERNAL_SPONSORS, "marco"),
        (ApproverKind.EXTERNAL_SPONSORS, "ines"),
    ],
)
def test_sponsors_are_asked_to_decide(cast, package, people, northwind, kind, decider):
    gus, ines = people["configured"], guest("ines", "northwind.example")
    directory.save_organisation(
        organisation=northwind, internal_sponsors=[cast.marco], external_sponsors=[ines, gus], actor=None, now=NOW
    )
    directory.save_person(person=gus, sponsors=[cast.charlie], actor=None, now=NOW)
    cast.policy(package, approver=kind, scope=Scope.ALL_EXTERNAL)
    access_request = requests.submit(package=package, actor=gus, justification="Please", now=NOW)
    assert [one.person.username for one in access_request.approvals.get().assignees.all()] == [decider]


@pytest.mark.parametrize(
    "kind", [ApproverKind.SPONSORS, ApproverKind.INTERNAL_SPONSORS, ApproverKind.EXTERNAL_SPONSORS]
)
def test_where_nobody_sponsors_somebody_else_is_asked(cast, package, people, kind):
    """Corner 8: who asks for a sponsor needs somebody else, and there always is."""
    cast.policy(package, approver=kind, scope=Scope.ALL_EXTERNAL)
    access_request = requests.submit(package=package, actor=people["unknown"], justification="Please", now=NOW)
    assert [one.person for one in access_request.approvals.get().assignees.all()] == [cast.olga]
