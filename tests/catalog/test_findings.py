"""Findings: each check finds what is wrong and nothing else, in the catalogs that one looks after, at one price."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.pagination import BadCursor
from catalog import actions, findings
from catalog.choices import ApproverKind, DelegatedRole, DurationKind
from catalog.models import AccessPackage, Catalog, Incompatibility, Resource
from catalog.naming import objection_to
from directory.actions import nest_group
from directory.models import Group, Membership, User
from tests.cast import NOW, appoint


@pytest.fixture
def cast(cast):
    """The cast, with a catalog about which there is nothing to say."""
    appoint(cast.catalog, cast.olga)
    return cast


@pytest.fixture
def sound(cast):
    """A package about which there is nothing to say."""
    role = cast.role("Sales EMEA")[1]
    role.resource.owners.add(cast.olga)
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package)
    return package


def disabled(name):
    return User.objects.create(username=name.lower(), display_name=name, is_active=False)


def group_of(*people, name="Deciders"):
    group = Group.objects.create(name=name)
    for person in people:
        Membership.objects.create(group=group, person=person, added_at=NOW)
    return group


def found(user, **wanted):
    return {finding.kind: finding.sentence for finding in findings.findings(user, **wanted)}


def test_there_is_nothing_to_say_about_what_is_in_order(cast, sound):
    assert found(cast.ada) == {}
    assert findings.findings_of(sound) == []


def owner_left(cast, package):
    package.owner = disabled("Otto")
    package.save()


def nobody_decides(cast, package):
    stage = package.policies.get().stages.get()
    stage.approvers.all().delete()
    stage.approvers.create(kind=ApproverKind.GROUP, group=group_of(disabled("Otto")))


def makes_its_own_conflict(cast, package):
    group = Group.objects.get(name="Sales EMEA")
    Incompatibility.objects.create(package=package, group=group)


def no_owner_of_the_catalog(cast, package):
    cast.catalog.role_assignments.all().delete()


def role_vanished(cast, package):
    package.roles.update(missing_since=NOW)


def permanent(cast, package):
    package.policies.update(duration_kind=DurationKind.PERMANENT, duration_amount=None)


def takes_in_nobody(cast, package):
    policy = package.policies.get()
    policy.scope = "specificDirectoryUsers"
    policy.save()
    policy.people.add(disabled("Otto"))
    policy.groups.add(Group.objects.create(name="Nobody's"))


def no_policy(cast, package):
    package.policies.update(is_enabled=False)


def gives_nothing(cast, package):
    package.package_roles.all().delete()


def gives_what_it_rules_out(cast, package):
    other = cast.package("Sales: Everything Else", package.roles.get())
    cast.policy(other)
    Incompatibility.objects.create(package=package, other_package=other)


def approver_left(cast, package):
    stage = package.policies.get().stages.get()
    stage.approvers.create(kind=ApproverKind.PERSON, person=disabled("Otto"))


def empty_role(cast, package):
    appoint(cast.catalog, Group.objects.create(name="Nobody's"), role=DelegatedRole.CATALOG_READER)


def nobody_owns_the_resource(cast, package):
    package.roles.get().resource.owners.clear()


def says_nothing(cast, package):
    AccessPackage.objects.update(name="New Package 7")


def unused(cast, package):
    role = cast.role("Sales Wiki")[1]
    role.resource.owners.add(cast.olga)


WRONG = {
    "package_without_owner": (owner_left, "“Sales: Standard Access” belongs to Otto, who is disabled"),
    "stage_without_approver": (nobody_decides, "“Everybody” of “Sales: Standard Access”: in stage 1, none of those"),
    "conflict_with_itself": (makes_its_own_conflict, "makes people members of Sales EMEA, whose members cannot"),
    "catalog_without_owner": (no_owner_of_the_catalog, "Nobody owns the catalog “Sales”"),
    "package_with_missing_role": (role_vanished, "gives Member of Sales EMEA, which Directory does not have any more"),
    "permanent_without_review": (permanent, "gives access without an end, and nobody reviews it"),
    "policy_for_nobody": (takes_in_nobody, "names people and groups of whom nobody is enabled"),
    "package_without_policy": (no_policy, "has no enabled policy"),
    "package_without_roles": (gives_nothing, "whoever has it has nothing"),
    "incompatible_but_alike": (gives_what_it_rules_out, "“Sales: Everything Else” cannot be held together, but give"),
    "approver_who_left": (approver_left, "asks Otto, who is disabled"),
    "role_of_nobody": (empty_role, "in the catalog “Sales” reaches nobody"),
    "resource_without_owner": (nobody_owns_the_resource, "Nobody owns the resource “Sales EMEA”"),
    "name_that_says_nothing": (says_nothing, "“New Package 7” does not say"),
    "unused_role": (unused, "Member of Sales Wiki is in a catalog, but no package gives it"),
}
FOLLOWS = {"package_without_roles": {"unused_role"}}
"""What else is found because of it."""
OF_REVIEWS = {"review_without_reviewers", "campaign_stuck", "cue_stuck", "permanent_and_no_longer_reviewed"}
"""Tried in tests/reviews/test_findings.py."""


def test_every_check_is_tried():
    assert WRONG.keys() == findings.CHECKS.keys() - OF_REVIEWS


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_found_and_nothing_else(cast, sound, kind):
    spoil, said = WRONG[kind]
    spoil(cast, sound)
    told = found(cast.ada)
    assert told.keys() == {kind} | FOLLOWS.get(kind, set())
    assert said in told[kind]
    assert found(cast.olga) == (told if cast.catalog.owners.exists() else {})
    assert found(cast.charlie) == {}
    finding = next(findings.findings(cast.ada, kinds=[kind]))
    assert finding.catalog in (cast.catalog, None)
    about_packages = findings.CHECKS[kind].to_package
    assert (kind in {one.kind for one in findings.findings_of(sound)}) == bool(about_packages)


def test_a_role_is_missing_where_its_resource_is(cast, sound):
    Resource.objects.update(missing_since=NOW)
    assert found(cast.ada).keys() == {"package_with_missing_role"}


def test_whoever_belongs_to_a_nested_group_can_decide_and_ask(cast, sound):
    outer = Group.objects.create(name="Outer")
    nest_group(parent=outer, child=group_of(cast.marco, name="Inner"), actor=cast.ada, now=NOW)
    nobody_decides(cast, sound)
    sound.policies.get().stages.get().approvers.create(kind=ApproverKind.GROUP, group=outer)
    policy = sound.policies.get()
    policy.scope = "specificDirectoryUsers"
    policy.save()
    policy.groups.add(outer)
    assert found(cast.ada) == {}


def test_the_database_judges_names_as_the_form_does(cast):
    names = (
        "AccPkg2", "test", "Package 7", "Sales: Standard Access", "New Package 7", "Temp access package", "Team_Wiki",
        "Sales 2024", "2024 — 2025", "access_package", "Büro München", "a b c d e f g", "Zugang zum Lager", "Sales   ",
        "IT Support", "misc: Other", "Доступ к складу", "general-default!",
    )  # fmt: skip
    for name in names:
        AccessPackage.objects.create(catalog=cast.catalog, name=name, description="-", owner=cast.olga)
    told = {str(one.row) for one in findings.findings(cast.ada, kinds=["name_that_says_nothing"])}
    assert told == {name for name in names if objection_to(name)}


def many(cast, number):
    for count in range(number):
        package = cast.package(f"Sales: Something {number} {count}")
        cast.policy(package, duration_kind=DurationKind.PERMANENT, duration_amount=None)


def test_pages_go_through_everything_once_and_the_worst_comes_first(cast, sound):
    for spoil in (owner_left, permanent, unused):
        spoil(cast, sound)
    many(cast, 5)
    told, cursor = [], None
    while True:
        page = findings.page(cast.ada, cursor=cursor, size=3)
        assert len(page.rows) <= 3
        told += [(one.kind, one.about_id) for one in page.rows]
        if (cursor := page.next) is None:
            break
    assert len(told) == len(set(told)) == 1 + 6 + 5 + 1
    assert [kind for kind, _pk in told] == sorted((kind for kind, _pk in told), key=list(findings.CHECKS).index)
    assert told == [(one.kind, one.about_id) for one in findings.findings(cast.ada)]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJ4IiwgInkiXQ", "ü", "A" * 4000])
def test_a_damaged_cursor_is_refused(cast, cursor):
    with pytest.raises(BadCursor):
        findings.page(cast.ada, cursor=cursor)


def test_a_list_costs_the_same_whatever_the_number_of_packages(cast, sound):
    costs, signed_in = [], User.objects.with_group_rights()
    for number in (2, 8):
        many(cast, number)
        for user in (signed_in.get(pk=cast.ada.pk), signed_in.get(pk=cast.olga.pk)):
            with CaptureQueriesContext(connection) as asked:
                assert [finding.sentence for finding in findings.page(user).rows]
                assert [finding.catalog for finding in findings.page(user).rows]
            costs.append(len(asked))
    assert len(set(costs)) == 1
    assert costs[0] <= 2 * len(findings.CHECKS)


# --- The page, the API and the administration ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "may_mend"), [(DelegatedRole.CATALOG_OWNER, True), (DelegatedRole.PACKAGE_MANAGER, False)]
)
def test_only_who_may_mend_it_is_led_to_where_it_is_mended(cast, sound, client, role, may_mend):
    """Package managers see what is wrong with the catalog itself; auditors with a role elsewhere see all of it."""
    empty = Group.objects.create(name="Nobody")
    appoint(cast.catalog, empty, role=DelegatedRole.CATALOG_READER)
    User.objects.filter(pk__in=[cast.charlie.pk, cast.marco.pk]).update(is_auditor=True)
    appoint(cast.catalog, cast.marco, role=role)
    appoint(Catalog.objects.create(name="HR", description="HR"), cast.charlie)
    mended_at = reverse("admin:catalog_catalog_change", args=[cast.catalog.pk])
    for person, is_led in ((cast.marco, may_mend), (cast.charlie, False)):
        client.force_login(person)
        page = client.get(reverse("catalog:findings")).content.decode()
        assert "reaches nobody" in page
        assert (mended_at in page) is is_led, person


def test_the_page_shows_managers_their_own_and_auditors_everything(cast, sound, client):
    owner_left(cast, sound)
    elsewhere = Catalog.objects.create(name="HR", description="HR")
    appoint(elsewhere, cast.marco, role=DelegatedRole.PACKAGE_MANAGER)
    User.objects.filter(pk=cast.charlie.pk).update(is_auditor=True)
    address, said = reverse("catalog:findings"), "belongs to Otto"
    mended_at = reverse("admin:catalog_accesspackage_change", args=[sound.pk])
    for person, is_shown, may_mend in (
        (cast.olga, True, True),
        (cast.ada, True, True),
        (cast.charlie, True, False),
        (cast.marco, False, False),
    ):
        client.force_login(person)
        page = client.get(address).content.decode()
        assert (said in page) is is_shown, person
        assert (mended_at in page) is may_mend, person
        assert (sound.name in client.get("/api/v1/findings/").content.decode()) is is_shown, person
    client.force_login(cast.rita)
    assert client.get(address).status_code == 403
    assert client.get("/api/v1/findings/").json() == {"next": None, "results": []}


def test_the_list_is_narrowed_down_by_kind_and_by_how_bad_it_is(cast, sound, client):
    owner_left(cast, sound)
    permanent(cast, sound)
    client.force_login(cast.ada)
    address = reverse("catalog:findings")
    for wanted, kind in (
        ({"severity": "problem"}, "package_without_owner"),
        ({"kind": "permanent_without_review"}, "permanent_without_review"),
    ):
        assert [row["finding"].kind for row in client.get(address, wanted).context["rows"]] == [kind]
    assert client.get(address, {"kind": "nonsense"}).status_code == 400
    results = client.get("/api/v1/findings/", {"kind": ["package_without_owner"]}).json()["results"]
    assert [(one["kind"], one["severity"], one["package"]["name"]) for one in results] == [
        ("package_without_owner", "problem", "Sales: Standard Access")
    ]
    assert client.get("/api/v1/findings/", {"severity": "nonsense"}).status_code == 400
    assert client.get("/api/v1/findings/", {"cursor": "nonsense"}).status_code == 400


def test_the_file_holds_what_the_list_shows(cast, sound, client):
    owner_left(cast, sound)
    many(cast, 3)
    client.force_login(cast.olga)
    answer = client.get(reverse("catalog:findings"), {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["kind"], row["package"]) for row in rows] == [
        (one.kind, str(one.package or "")) for one in findings.findings(cast.olga)
    ]
    assert rows[0]["finding"] == "“Sales: Standard Access” belongs to Otto, who is disabled: nobody answers for it."


def test_whoever_edits_a_package_or_a_policy_sees_what_is_wrong_with_it(cast, sound, client):
    permanent(cast, sound)
    client.force_login(cast.olga)
    for row in (sound, sound.policies.get()):
        address = reverse(f"admin:catalog_{row._meta.model_name}_change", args=[row.pk])
        assert "gives access without an end, and nobody reviews it" in client.get(address).content.decode()


def test_permanent_access_without_review_is_saved_and_warned_about(cast, sound):
    policy = sound.policies.get()
    policy.duration_kind, policy.duration_amount = DurationKind.PERMANENT, None
    actions.save_policy(policy=policy, actor=cast.olga, now=NOW)
    assert [one.kind for one in findings.findings_of(sound)] == ["permanent_without_review"]
