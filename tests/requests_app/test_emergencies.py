"""Emergency access: at once and short, for those who are named; alarmed, and always reviewed by somebody else."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from rest_framework.test import APIClient

from audit.models import Event
from catalog.actions import add_roles, save_policy
from catalog.choices import DelegatedRole, DurationKind, RequestorScope
from catalog.models import Incompatibility, Policy, Resource
from directory import actions as directory
from directory.models import Group, User
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.extensions import offer_for
from requests_app.lifecycle import EMERGENCY_MOVES, AssignmentStatus, EmergencyStatus, IllegalMove, RequestStatus
from requests_app.models import AccessRequest, Assignment, EmergencyReview
from requests_app.periods import Period
from tests.cast import NOW, appoint


@pytest.fixture
def package(cast):
    """Needs the manager's approval, except in an emergency, for Rita."""
    package = cast.package("Finance: Paying Invoices", cast.role("Payers")[1])
    cast.policy(package)
    policy = cast.policy(
        package,
        approver=None,
        name="Night shift",
        scope=RequestorScope.EMERGENCY,
        duration_kind=DurationKind.HOURS,
        duration_amount=8,
    )
    policy.people.add(cast.rita)
    return package


def take(person, package, *, now=NOW, **changed):
    given = {"justification": "The bank closes in an hour", **changed}
    return actions.take_in_emergency(package=package, actor=person, now=now, **given)


def judge(review, actor, *, is_justified=True, findings="Looked at the log", now=NOW):
    given = {"is_justified": is_justified, "findings": findings, "now": now}
    return actions.judge_emergency(review=review, actor=actor, **given)


def test_it_is_given_at_once_without_approval_and_with_an_end(cast, package):
    taken = take(cast.rita, package, hours=2)
    assert taken.is_emergency
    assert taken.status == RequestStatus.DELIVERING
    assert not taken.approvals.exists()
    held = Assignment.objects.get()
    assert held.is_emergency
    assert held.ends_at == NOW + timedelta(hours=2)


def test_the_end_does_not_move_when_it_is_delivered_late(cast, package):
    take(cast.rita, package)
    held = Assignment.objects.get()
    held.move_to("delivered", at=NOW + timedelta(hours=3))
    held.refresh_from_db()
    assert held.ends_at == NOW + timedelta(hours=8)


def test_only_those_whom_the_policy_names_take_it_also_through_nested_groups(cast, package):
    for person in (cast.charlie, cast.olga, cast.ada):
        with pytest.raises(PermissionDenied):
            take(person, package)
    outer, inner = Group.objects.create(name="On call"), Group.objects.create(name="Night")
    directory.nest_group(parent=outer, child=inner, actor=None, now=NOW)
    directory.add_member(group=inner, person=cast.charlie, actor=None, now=NOW)
    package.policies.get(name="Night shift").groups.add(outer)
    assert take(cast.charlie, package).is_emergency


@pytest.mark.parametrize(
    ("changed", "field"), [({"justification": " "}, "justification"), ({"hours": 9}, "hours"), ({"hours": 0}, "hours")]
)
def test_a_reason_is_compulsory_and_the_hours_are_limited(cast, package, changed, field):
    with pytest.raises(ValidationError) as caught:
        take(cast.rita, package, **changed)
    assert list(caught.value.message_dict) == [field]
    assert not AccessRequest.objects.exists()


def test_a_disabled_package_or_policy_gives_nothing(cast, package):
    package.policies.filter(name="Night shift").update(is_enabled=False)
    with pytest.raises(PermissionDenied):
        take(cast.rita, package)
    package.policies.update(is_enabled=True)
    type(package).objects.update(is_enabled=False)
    with pytest.raises(PermissionDenied):
        take(cast.rita, package)


def test_a_second_click_takes_nothing_more(cast, package):
    take(cast.rita, package)
    with pytest.raises(ValidationError) as caught:
        take(cast.rita, package)
    assert caught.value.code == "has_it"
    assert EmergencyReview.objects.count() == 1


def test_an_open_request_for_the_same_gives_way(cast, package):
    asked = actions.submit(package=package, actor=cast.rita, justification="Needed", now=NOW)
    take(cast.rita, package)
    asked.refresh_from_db()
    assert asked.status == RequestStatus.CANCELED


@pytest.fixture
def scheduled(cast, package):
    """What Marco approved for Rita from tomorrow on."""
    package.policies.filter(name="Everybody").update(is_period_chosen=True)
    period = Period(starts_at=NOW + timedelta(days=1))
    asked = actions.submit(package=package, actor=cast.rita, justification="Needed", period=period, now=NOW)
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=NOW)
    return asked


def begin(asked, *, now):
    begun = actions.begin_scheduled(access_request=asked, now=now)
    asked.refresh_from_db()
    return begun


def test_what_is_approved_for_later_lives_on_and_begins_after_the_emergency(cast, package, scheduled):
    assert take(cast.rita, package).is_emergency
    scheduled.refresh_from_db()
    assert scheduled.status == RequestStatus.SCHEDULED
    actions.expire_due(now=NOW + timedelta(hours=8))
    assert begin(scheduled, now=NOW + timedelta(days=1))
    assert not Assignment.objects.live().get().is_emergency


def test_what_is_approved_takes_the_place_of_an_emergency_that_lasts_beyond_its_start(cast, package, scheduled):
    morning = NOW + timedelta(days=1)
    taken = take(cast.rita, package, now=morning - timedelta(hours=1))
    perform_all_due(now=morning - timedelta(hours=1))
    assert begin(scheduled, now=morning)
    perform_all_due(now=morning)
    approved = Assignment.objects.live().get()
    assert not approved.is_emergency
    assert approved.status == AssignmentStatus.DELIVERED
    assert approved.ends_at == morning + timedelta(days=30)
    assert cast.rita.memberships.filter(group__name="Payers").exists()
    emergency = Assignment.objects.get(is_emergency=True)
    assert emergency.status == AssignmentStatus.ENDED
    ended = Event.objects.get(verb="assignment.ended", target_id=str(emergency.pk))
    assert ended.details["why"] == "the access that was approved has begun"
    assert taken.emergency_review.status == EmergencyStatus.OPEN, "it is reviewed all the same"


def test_what_cannot_begin_leaves_the_emergency_alone(cast, package, scheduled):
    morning = NOW + timedelta(days=1)
    take(cast.rita, package, now=morning - timedelta(hours=1))
    other = cast.package("Finance: Entering Invoices", cast.role("Enterers")[1])
    cast.policy(other, approver=None)
    actions.submit(package=other, actor=cast.rita, justification="Needed", now=NOW)
    Incompatibility.objects.create(package=package, other_package=other)
    assert not begin(scheduled, now=morning)
    assert scheduled.status == RequestStatus.CANCELED
    assert Assignment.objects.live().get(package=package).is_emergency


def test_what_is_there_already_in_another_way_is_not_given_again(cast, package, scheduled):
    held = Assignment.objects.create(
        person=cast.rita, package=package, policy=package.policies.get(name="Everybody"), starts_at=NOW
    )
    assert not begin(scheduled, now=NOW + timedelta(days=1))
    assert scheduled.status == RequestStatus.CANCELED
    assert Event.objects.get(verb="request.lapsed").details["why"] == "they have it already"
    assert list(Assignment.objects.live()) == [held]


def test_what_is_incompatible_is_no_obstacle_and_is_in_the_alarm(cast, package):
    other = cast.package("Finance: Entering Invoices", cast.role("Enterers")[1])
    cast.policy(other, approver=None)
    Incompatibility.objects.create(package=package, other_package=other)
    actions.submit(package=other, actor=cast.rita, justification="Needed", now=NOW)
    taken = take(cast.rita, package)
    assert taken.assignment is not None
    assert "Rita has Finance: Entering Invoices" in taken.emergency_review.conflicts
    assert "Rita has Finance: Entering Invoices" in Event.objects.get(verb="emergency.taken").details["conflicts"]


def test_nobody_asks_or_is_assigned_under_it(cast, package):
    policy = package.policies.get(name="Night shift")
    with pytest.raises(PermissionDenied):
        actions.submit(package=package, policy=policy, actor=cast.rita, justification="Needed", now=NOW)
    with pytest.raises(ValidationError):
        actions.assign_directly(policy=policy, person=cast.rita, actor=cast.olga, justification="So", now=NOW)


def test_it_is_neither_extended_nor_made_to_end_later(cast, package):
    take(cast.rita, package)
    held = Assignment.objects.select_related("person", "package").get()
    assert not offer_for(held, now=NOW + timedelta(hours=7)).is_possible
    later = NOW + timedelta(hours=20)
    with pytest.raises(ValidationError, match="never lasts longer"):
        actions.change_end(assignment=held, actor=cast.olga, ends_at=later, why="Still on", now=NOW)
    sooner = NOW + timedelta(hours=1)
    assert actions.change_end(assignment=held, actor=cast.olga, ends_at=sooner, why="Done", now=NOW).ends_at == sooner


def test_it_ends_by_itself(cast, package):
    take(cast.rita, package)
    assert actions.expire_due(now=NOW + timedelta(hours=8)) == 1
    assert not Assignment.objects.live().exists()


def test_its_owners_review_it_never_the_person_and_else_administrators(cast, package):
    cora = User.objects.create(username="cora", display_name="Cora")
    appoint(cast.catalog, cora, cast.rita)
    assert set(take(cast.rita, package).emergency_review.reviewers.all()) == {cast.olga, cora}
    actions.expire_due(now=NOW + timedelta(hours=8))
    cast.catalog.role_assignments.all().delete()
    package.owner = cast.rita
    package.save()
    again = take(cast.rita, package, now=NOW + timedelta(days=1))
    assert list(again.emergency_review.reviewers.all()) == [cast.ada]


def test_repeated_use_is_counted_within_ninety_days(cast, package):
    for days, uses in ((0, 1), (30, 2), (89, 3), (95, 3)):
        now = NOW + timedelta(days=days)
        assert take(cast.rita, package, now=now).emergency_review.uses == uses
        actions.expire_due(now=now + timedelta(hours=8))
        Assignment.objects.update(status="ended")


def test_whoever_reviews_says_what_they_found_and_once_only(cast, package):
    review = take(cast.rita, package).emergency_review
    for stranger in (cast.rita, cast.charlie, cast.marco):
        with pytest.raises(PermissionDenied):
            judge(review, stranger)
    with pytest.raises(ValidationError) as caught:
        judge(review, cast.olga, findings=" ")
    assert list(caught.value.message_dict) == ["findings"]
    assert judge(review, cast.olga).status == EmergencyStatus.JUSTIFIED
    assert Assignment.objects.live().exists(), "what was justified runs to its end"
    with pytest.raises(IllegalMove, match="Olga reviewed this already: justified"):
        judge(review, cast.ada)


def test_what_was_not_justified_ends_at_once(cast, package):
    review = take(cast.rita, package).emergency_review
    judge(review, cast.olga, is_justified=False)
    assert not Assignment.objects.live().exists()
    ended = Event.objects.get(verb="assignment.ended")
    assert ended.details["why"] == "the emergency was not justified"


def test_what_was_not_justified_is_not_taken_again_for_a_while(cast, package):
    judge(take(cast.rita, package).emergency_review, cast.olga, is_justified=False)
    with pytest.raises(PermissionDenied, match="not to be justified"):
        take(cast.rita, package, now=NOW + timedelta(days=80))
    assert take(cast.rita, package, now=NOW + timedelta(days=91)).is_emergency


def test_only_owners_of_the_catalog_open_a_package_for_emergencies_or_fill_it_then(cast, package):
    appoint(cast.catalog, cast.marco, role=DelegatedRole.PACKAGE_MANAGER)
    policy = Policy.objects.get(scope=RequestorScope.EMERGENCY)
    _group, role = cast.role("Bank portal")
    with pytest.raises(PermissionDenied):
        save_policy(policy=policy, people=[cast.marco], actor=cast.marco, now=NOW)
    with pytest.raises(PermissionDenied):
        add_roles(package=package, roles=[role], actor=cast.marco, now=NOW)
    appoint(cast.catalog, cast.charlie)
    save_policy(policy=policy, people=[cast.marco], actor=cast.charlie, now=NOW)
    assert add_roles(package=package, roles=[role], actor=cast.charlie, now=NOW) == [role]


def test_every_step_is_journalled(cast, package):
    review = take(cast.rita, package).emergency_review
    judge(review, cast.olga)
    told = {event.verb: event.sentence for event in Event.objects.story(review.access_request_id)}
    assert told["emergency.taken"] == (
        "Rita took Finance: Paying Invoices in an emergency until 2026-03-02 17:00 UTC, 1 time in 90 days: "
        "The bank closes in an hour"
    )
    assert told["emergency.justified"] == (
        "Olga found that Rita was right to take Finance: Paying Invoices in an emergency: Looked at the log"
    )


@pytest.mark.parametrize("old", EmergencyStatus)
@pytest.mark.parametrize("new", EmergencyStatus)
def test_only_the_moves_of_the_table_are_made(cast, package, old, new):
    review = take(cast.rita, package).emergency_review
    review.status = old
    if new in EMERGENCY_MOVES[old]:
        review.move_to(new, by=cast.olga, findings="So", at=NOW)
        assert review.status == new
    else:
        with pytest.raises(IllegalMove):
            review.move_to(new, by=cast.olga, findings="So", at=NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"duration_kind": DurationKind.DAYS},
        {"duration_amount": 73},
        {"requires_justification": False},
        {"is_on_behalf_allowed": True},
    ],
)
def test_a_policy_for_emergencies_is_short_and_without_conditions(cast, package, changed):
    policy = Policy(
        package=package,
        name="Impossible",
        scope=RequestorScope.EMERGENCY,
        **{"duration_kind": DurationKind.HOURS, "duration_amount": 8, **changed},
    )
    with pytest.raises(ValidationError) as caught:
        save_policy(policy=policy, actor=cast.ada, people=[cast.rita], stages=[], now=NOW)
    assert caught.value.code == "emergency"


def test_it_may_give_a_privileged_resource_for_hours(cast, package):
    Resource.objects.update(is_privileged=True)
    policy = package.policies.get(name="Night shift")
    assert save_policy(policy=policy, actor=cast.ada, now=NOW) == policy
    with pytest.raises(ValidationError, match="Name the people or groups"):
        save_policy(policy=policy, actor=cast.ada, people=[], now=NOW)


def test_the_package_shows_the_button_to_those_in_scope_only(cast, client, package):
    address = f"/packages/{package.pk}/emergency/"
    for person, is_shown in ((cast.rita, True), (cast.charlie, False)):
        client.force_login(person)
        assert (address in client.get(f"/packages/{package.pk}/").content.decode()) is is_shown
        assert client.get(address).status_code == (200 if is_shown else 403)


def test_a_hidden_package_for_emergencies_alone_is_seen_by_those_in_scope(cast, client, package):
    package.policies.exclude(name="Night shift").delete()
    for person, status in ((cast.rita, 200), (cast.charlie, 404)):
        client.force_login(person)
        assert client.get(f"/packages/{package.pk}/").status_code == status


def test_the_pages_take_show_and_review_it(cast, client, package):
    client.force_login(cast.rita)
    address = f"/packages/{package.pk}/emergency/"
    assert "alarmed at once" in client.get(address).content.decode()
    assert client.post(address, {"hours": "4"}).status_code == 422
    given = {"justification": "The bank closes in an hour", "hours": "4"}
    answer = client.post(address, given)
    assert answer.status_code == 302
    again = client.post(address, given)
    assert again.url == f"/access/{Assignment.objects.get().pk}/"
    assert AccessRequest.objects.count() == 1
    assert "Emergency, ends" in client.get("/access/").content.decode()
    assert "Emergency access: it ends" in client.get(again.url).content.decode()
    review = EmergencyReview.objects.get()
    page = f"/emergencies/{review.pk}/"
    story = client.get(answer.url).content.decode()
    assert page in story
    assert "Taken in an emergency" in story
    assert client.get(page).status_code == 200
    assert client.post(page, {"verdict": "justified", "findings": "Mine"}).status_code == 403
    client.force_login(cast.olga)
    assert "The bank closes" in client.get("/emergencies/").content.decode()
    assert page in client.get("/").content.decode(), "it waits on the owner's home"
    assert client.post(page, {"verdict": "justified"}).status_code == 422
    assert client.post(page, {"findings": "Fine"}).status_code == 422
    assert client.post(page, {"verdict": "justified", "findings": "Fine"}).status_code == 302
    assert client.post(page, {"verdict": "not_justified", "findings": "Fine"}).status_code == 409
    assert page not in client.get("/").content.decode()
    client.force_login(cast.charlie)
    assert client.get(page).status_code == 404


def test_the_api_takes_lists_and_judges(cast, package):
    client = APIClient()
    client.default_format = "json"
    client.force_login(cast.charlie)
    given = {"package": str(package.pk), "justification": "The bank closes", "hours": 2}
    assert client.post("/api/v1/emergencies/", given).status_code == 403
    client.force_login(cast.rita)
    assert client.post("/api/v1/emergencies/", {**given, "hours": 9}).status_code == 422
    made = client.post("/api/v1/emergencies/", given)
    assert made.status_code == 201
    assert made.json()["request"]["is_emergency"] is True
    address = made["Location"]
    assert client.post(f"{address}judge/", {"is_justified": True, "findings": "Mine"}).status_code == 403
    client.force_login(cast.olga)
    listed = client.get("/api/v1/emergencies/?status=open").json()["results"]
    assert [row["id"] for row in listed] == [made.json()["id"]]
    judged = client.post(f"{address}judge/", {"is_justified": False, "findings": "Not needed"})
    assert (judged.status_code, judged.json()["status"]) == (200, "notJustified")
    assert client.post(f"{address}judge/", {"is_justified": True, "findings": "Late"}).status_code == 409
