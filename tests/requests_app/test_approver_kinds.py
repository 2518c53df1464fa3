"""Kinds of approver: managers of any level and owners, found when the stage begins."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.choices import ApproverKind, ApproverUse
from catalog.models import StageApprover
from catalog.models.stages import NAMED_BY
from catalog.wording import stage_in_words
from directory.models import Group, Membership, User
from requests_app import actions
from requests_app.approvers import FINDERS
from requests_app.lifecycle import RequestStatus
from requests_app.prospects import look_ahead
from tests.cast import NOW, appoint


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast, package):
    return cast.policy(package, approver=None)


@pytest.fixture
def paula(cast):
    """Marco's manager."""
    paula = person("Paula")
    cast.marco.manager = paula
    cast.marco.save()
    return paula


def person(name, **fields):
    return User.objects.create(username=name.lower(), display_name=name, **fields)


def stage(policy, kind, **fields):
    made = policy.stages.get_or_create(position=1)[0]
    made.approvers.create(kind=kind, **fields)
    return made


def asked(cast, package):
    """Who is asked when Rita asks; what she saw before she did is the same."""
    seen = {one.display_name for one in look_ahead_of(cast, package).found.people}
    access_request = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW)
    people = {one.person.display_name for one in access_request.approvals.get().assignees.all()}
    assert people == seen, "the preview tells who decides"
    return people


def look_ahead_of(cast, package):
    policies = list(package.policies.complete())
    (prospect,) = look_ahead(policies, person=cast.rita, now=NOW)[policies[0].pk]
    return prospect


def test_every_kind_of_approver_can_be_found_and_said(policy):
    assert set(FINDERS) == set(ApproverKind) - {ApproverKind.EXTENSION}, "an extension answers itself"
    stage_of = policy.stages.create(position=1)
    for kind in set(ApproverKind) - set(NAMED_BY):
        stage_of.approvers.all().delete()
        stage_of.approvers.create(kind=kind)
        assert "decides within 14 days" in stage_in_words(stage_of), kind


@pytest.mark.parametrize(("level", "who"), [(1, "Marco"), (2, "Paula")])
def test_a_manager_of_the_level_that_the_policy_names_is_asked(cast, package, policy, paula, level, who):
    stage(policy, ApproverKind.MANAGER, level=level)
    assert asked(cast, package) == {who}


def test_managers_of_several_levels_are_asked_together(cast, package, policy, paula):
    stage(policy, ApproverKind.MANAGER)
    stage(policy, ApproverKind.MANAGER, level=2)
    assert asked(cast, package) == {"Marco", "Paula"}


def test_where_there_is_no_manager_so_high_up_the_fallback_is_asked(cast, package, policy, paula):
    stage(policy, ApproverKind.MANAGER, level=3)
    stage(policy, ApproverKind.PERSON, use=ApproverUse.FALLBACK, person=cast.charlie)
    assert asked(cast, package) == {"Charlie"}


def test_the_owner_of_the_package_is_asked(cast, package, policy):
    stage(policy, ApproverKind.PACKAGE_OWNERS)
    assert asked(cast, package) == {"Olga"}


def test_the_owners_of_the_catalog_are_asked(cast, package, policy):
    appoint(cast.catalog, cast.charlie, cast.ada)
    stage(policy, ApproverKind.CATALOG_OWNERS)
    assert asked(cast, package) == {"Charlie", "Ada"}


def test_owners_of_the_resources_that_it_gives_are_asked_also_through_a_group(cast, package, policy):
    resource = package.roles.get().resource
    resource.owners.add(cast.charlie)
    group = Group.objects.create(name="Wiki Owners")
    Membership.objects.create(group=group, person=cast.ada, added_at=NOW)
    resource.owner_groups.add(group)
    cast.role("Elsewhere")[1].resource.owners.add(cast.marco)
    stage(policy, ApproverKind.RESOURCE_OWNERS)
    assert asked(cast, package) == {"Charlie", "Ada"}


def test_an_owner_who_asks_is_left_out_and_the_next_in_line_is_asked(cast, package, policy):
    package.roles.get().resource.owners.add(cast.rita)
    stage(policy, ApproverKind.RESOURCE_OWNERS)
    assert asked(cast, package) == {"Olga"}


def test_a_request_of_before_levels_were_kept_asks_the_manager(cast, package, policy):
    stage(policy, ApproverKind.MANAGER)
    access_request = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW)
    approval = access_request.approvals.get()
    approval.approver_rules = [{"use": "primary", "kind": "manager", "id": ""}]
    approval.save()
    approval.assignees.all().delete()
    actions.replace_absent_approvers(approval=approval, now=NOW)
    assert approval.assignees.get().person == cast.marco


def test_each_kind_of_owner_and_each_level_costs_a_statement_and_the_own_manager_none(cast, package, policy, paula):
    def cost(kind, **fields):
        policy.stages.all().delete()
        made = policy.stages.create(position=1)
        made.approvers.create(kind=kind, **fields)
        with CaptureQueriesContext(connection) as statements:
            access_request = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW)
        actions.cancel(access_request=access_request, actor=cast.rita, now=NOW)
        return len([one for one in statements if "SAVEPOINT" not in one["sql"]])

    appoint(cast.catalog, cast.ada)
    package.roles.get().resource.owners.add(cast.ada)
    plain = cost(ApproverKind.MANAGER)
    assert plain <= 12
    assert cost(ApproverKind.PACKAGE_OWNERS) == plain
    for kind in (ApproverKind.CATALOG_OWNERS, ApproverKind.RESOURCE_OWNERS):
        assert cost(kind) <= plain + 1, kind
    assert cost(ApproverKind.MANAGER, level=2) <= plain + 1


@pytest.mark.parametrize("kind", [ApproverKind.CATALOG_OWNERS, ApproverKind.RESOURCE_OWNERS])
def test_a_stage_of_owners_where_there_are_none_is_no_dead_end(cast, package, policy, kind):
    stage(policy, kind)
    assert asked(cast, package) == {"Olga"}


def test_a_level_belongs_to_managers_only(policy):
    from django.db import IntegrityError, transaction

    made = policy.stages.create(position=1)
    for kind in (ApproverKind.PACKAGE_OWNERS, ApproverKind.CATALOG_OWNERS):
        with pytest.raises(IntegrityError), transaction.atomic():
            StageApprover.objects.create(stage=made, kind=kind, level=2)


def test_whoever_is_found_decides(cast, package, policy):
    stage(policy, ApproverKind.PACKAGE_OWNERS)
    access_request = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW)
    approved = actions.approve(approval=access_request.approvals.get(), actor=cast.olga, now=NOW)
    assert approved.status == RequestStatus.DELIVERING
