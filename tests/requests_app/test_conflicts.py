"""Separation of duties: refused when asked, when decided, when assigned and when delivered; never granted silently."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from audit.models import Event
from catalog.models import Incompatibility
from directory import actions as directory
from directory.models import Group
from requests_app import actions, conflicts
from requests_app.actions.delivering import begin
from requests_app.extensions import offer_for
from requests_app.lifecycle import RequestStatus
from requests_app.models import AccessRequest, Approval, Assignment
from tests.cast import NOW


@pytest.fixture
def paying(cast):
    """Needs the manager's approval."""
    package = cast.package("Finance: Paying Invoices", cast.role("Payers")[1])
    cast.policy(package)
    return package


@pytest.fixture
def entering(cast):
    """Is given at once."""
    package = cast.package("Finance: Entering Invoices", cast.role("Enterers")[1])
    cast.policy(package, approver=None)
    return package


@pytest.fixture
def rule(paying, entering):
    """Whoever enters invoices does not pay them."""
    return Incompatibility.objects.create(package=paying, other_package=entering)


def ask(person, package):
    return actions.submit(package=package, actor=person, justification="Needed", now=NOW)


def approve(access_request, actor):
    approval = Approval.objects.select_related("access_request").get(access_request=access_request)
    return actions.approve(approval=approval, actor=actor, now=NOW)


def refused(call, *args, **kwargs):
    with pytest.raises(ValidationError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == "incompatible"
    return caught.value.messages[0]


def has(package, person):
    return Assignment.objects.live().filter(package=package, person=person).exists()


def test_whoever_has_the_one_cannot_ask_for_the_other_and_is_told_why(cast, paying, entering, rule):
    ask(cast.rita, entering)
    assert refused(ask, cast.rita, paying) == (
        "You have Finance: Entering Invoices, which is incompatible with Finance: Paying Invoices."
    )
    assert ask(cast.charlie, paying).is_open, "Charlie has nothing that stands against it"
    assert AccessRequest.objects.filter(person=cast.rita).count() == 1


def test_it_is_directed_unless_it_holds_both_ways(cast, paying, entering, rule):
    approve(ask(cast.rita, paying), cast.marco)
    assert ask(cast.rita, entering).is_open, "the rule is about getting Paying, not Entering"
    rule.is_mutual = True
    rule.save()
    cast.charlie.manager = cast.marco
    cast.charlie.save()
    approve(ask(cast.charlie, paying), cast.marco)
    assert "You have Finance: Paying Invoices" in refused(ask, cast.charlie, entering)


def test_an_open_request_stands_against_another_one_until_it_is_canceled(cast, paying, entering, rule):
    rule.is_mutual = True
    rule.save()
    asked = ask(cast.rita, paying)
    assert refused(ask, cast.rita, entering) == (
        "You have asked for Finance: Paying Invoices, which is incompatible with Finance: Entering Invoices."
    )
    actions.cancel(access_request=asked, actor=cast.rita, now=NOW)
    assert ask(cast.rita, entering).is_open


def test_members_of_an_incompatible_group_are_refused_also_by_nesting(cast, paying):
    outer, inner = Group.objects.create(name="Externals"), Group.objects.create(name="Auditors of ours")
    Incompatibility.objects.create(package=paying, group=outer)
    directory.nest_group(parent=outer, child=inner, actor=None, now=NOW)
    directory.add_member(group=inner, person=cast.rita, actor=None, now=NOW)
    assert refused(ask, cast.rita, paying) == (
        "You belong to Externals, whose members cannot get Finance: Paying Invoices."
    )


def test_access_counts_until_nothing_of_it_is_left(cast, paying, entering, rule):
    ask(cast.rita, entering)
    assignment = Assignment.objects.get()
    AccessRequest.objects.update(status="canceled", completed_at=NOW)
    Assignment.objects.update(status="removalPending", ended_at=NOW)
    assert "You have Finance: Entering" in refused(ask, cast.rita, paying)
    Assignment.objects.filter(pk=assignment.pk).update(status="ended")
    assert ask(cast.rita, paying).is_open


def test_approving_is_refused_while_the_conflict_stands_and_denying_is_not(cast, paying, entering, rule):
    first, second = ask(cast.rita, paying), ask(cast.rita, entering)
    assert second.assignment is not None
    assert refused(approve, first, cast.marco) == (
        "Rita has Finance: Entering Invoices, which is incompatible with Finance: Paying Invoices."
    )
    first.refresh_from_db()
    assert first.status == RequestStatus.PENDING_APPROVAL, "it can be approved once the other access is gone"
    Assignment.objects.update(status="ended", ended_at=NOW)
    assert approve(first, cast.marco).status == RequestStatus.DELIVERING


def test_a_request_in_conflict_can_be_denied(cast, paying, entering, rule):
    first = ask(cast.rita, paying)
    ask(cast.rita, entering)
    approval = Approval.objects.select_related("access_request").get(access_request=first)
    assert actions.deny(approval=approval, actor=cast.marco, now=NOW).status == RequestStatus.DENIED


def test_direct_assignment_is_refused_too_by_what_is_held_not_by_what_is_asked(cast, paying, entering, rule):
    cast.policy(paying, name="Direct", scope="notSpecified", approver=None)
    policy = paying.policies.get(name="Direct")
    given = {"policy": policy, "actor": cast.olga, "now": NOW}
    ask(cast.rita, entering)
    assert "Rita has Finance: Entering Invoices" in refused(actions.assign_directly, person=cast.rita, **given)
    entering.policies.get().stages.create(position=1).approvers.create(kind="manager")
    asked = ask(cast.charlie, entering)
    assert asked.status == RequestStatus.PENDING_APPROVAL
    actions.assign_directly(person=cast.charlie, **given)
    assert has(paying, cast.charlie)


def test_what_became_incompatible_before_the_delivery_ends_the_request_and_is_recorded(cast, paying, entering, rule):
    waiting = ask(cast.rita, paying)
    ask(cast.rita, entering)
    assert begin(waiting, now=NOW) is None
    waiting.refresh_from_db()
    assert waiting.status == RequestStatus.CANCELED
    assert not has(paying, cast.rita)
    told = Event.objects.get(verb="request.in_conflict")
    assert told.sentence == (
        "Finance: Paying Invoices was not given to Rita, and the request ended: "
        "Rita has Finance: Entering Invoices, which is incompatible with Finance: Paying Invoices."
    )
    assert told.correlation_id == waiting.pk


def test_a_package_without_roles_is_checked_before_its_delivery_as_well(cast, paying, entering, rule):
    waiting = ask(cast.rita, paying)
    ask(cast.rita, entering)
    paying.package_roles.all().delete()
    assert begin(waiting, now=NOW) is None


def test_what_somebody_held_before_the_rule_stays(cast, paying, entering):
    ask(cast.rita, entering)
    approve(ask(cast.rita, paying), cast.marco)
    Incompatibility.objects.create(package=paying, other_package=entering, is_mutual=True)
    assert has(paying, cast.rita)
    assert has(entering, cast.rita)


def test_conflicts_of_many_packages_are_found_by_one_statement(cast, paying, entering, rule):
    rule.is_mutual = True
    rule.save()
    ask(cast.rita, entering)
    others = [cast.package(f"Sales: Region {number}") for number in range(4)]
    with CaptureQueriesContext(connection) as captured:
        found = conflicts.of(cast.rita, packages=[p.pk for p in (paying, entering, *others)], with_requests=True)
    assert len(captured) == 1
    assert [conflict.other for conflict in found[paying.pk]] == ["Finance: Entering Invoices"]
    assert not any(found[package.pk] for package in (entering, *others))


def test_the_page_to_ask_says_the_conflict_instead_of_the_form(cast, client, paying, entering, rule):
    address = f"/packages/{paying.pk}/request/"
    client.force_login(cast.rita)
    form = client.get(address).content.decode()
    assert 'name="justification"' in form
    ask(cast.rita, entering)
    page = client.get(address).content.decode()
    assert "You have Finance: Entering Invoices, which is incompatible" in page
    assert 'name="justification"' not in page
    answer = client.post(address, {"justification": "Needed"})
    assert answer.status_code == 409
    assert not AccessRequest.objects.filter(package=paying).exists()


def test_the_package_s_page_says_why_one_cannot_ask(cast, client, paying, entering, rule):
    ask(cast.rita, entering)
    client.force_login(cast.rita)
    page = client.get(f"/packages/{paying.pk}/").content.decode()
    assert "You cannot ask for it" in page
    assert "You have Finance: Entering Invoices, which is incompatible" in page
    assert f"/packages/{paying.pk}/request/" not in page


def test_the_approver_sees_the_conflict_and_approving_is_refused_with_it(cast, client, paying, entering, rule):
    waiting = ask(cast.rita, paying)
    ask(cast.rita, entering)
    client.force_login(cast.marco)
    address = f"/approvals/{waiting.approvals.get().pk}/"
    why = "Rita has Finance: Entering Invoices, which is incompatible with Finance: Paying Invoices."
    assert why in client.get(address).content.decode()
    answer = client.post(address, {"decision": "approve", "justification": "Known to me"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert why in page
    assert "Known to me" in page, "what was typed stays"
    assert client.post(address, {"decision": "deny", "justification": "No"}).status_code == 302


def test_the_api_names_the_conflict(cast, paying, entering, rule):
    waiting = ask(cast.rita, paying)
    ask(cast.rita, entering)
    client = APIClient()
    client.default_format = "json"
    client.force_login(cast.marco)
    answer = client.post(f"/api/v1/approvals/{waiting.approvals.get().pk}/approve/", {})
    assert answer.status_code == 409
    assert answer.json()["type"] == "/api/problems/incompatible-access/"
    assert "Rita has Finance: Entering Invoices" in answer.json()["detail"]
    actions.cancel(access_request=waiting, actor=cast.rita, now=NOW)
    client.force_login(cast.rita)
    answer = client.post("/api/v1/requests/", {"package": str(paying.pk), "justification": "Needed"})
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("You have Finance: Entering Invoices")


def test_access_that_has_become_incompatible_is_not_extended(cast, paying, entering):
    ask(cast.rita, entering)
    approve(ask(cast.rita, paying), cast.marco)
    paying.policies.update(is_extension_allowed=True)
    held = Assignment.objects.select_related("person", "package").get(package=paying)
    assert held.ends_at is not None
    soon = held.ends_at - timedelta(days=1)
    assert offer_for(held, now=soon).is_possible
    Incompatibility.objects.create(package=paying, other_package=entering)
    assert "Rita has Finance: Entering Invoices" in offer_for(held, now=soon).obstacle
