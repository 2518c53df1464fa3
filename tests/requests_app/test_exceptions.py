"""Exceptions to separation of duties: asked for, decided by somebody else, in force until their end, always told."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from audit.models import Event
from catalog.choices import ApproverKind
from catalog.models import Incompatibility
from directory import actions as directory
from directory.models import Group, User
from requests_app import actions, conflicts, overlaps
from requests_app.extensions import offer_for
from requests_app.lifecycle import EXCEPTION_MOVES, ExceptionStatus, IllegalMove, RequestStatus
from requests_app.models import Approval, Assignment, SeparationException
from tests.cast import NOW, appoint

LATER = NOW + timedelta(days=60)


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
def cora(cast):
    """Owns the catalog of both packages."""
    cora = User.objects.create(username="cora", display_name="Cora", email="cora@example.com")
    appoint(cast.catalog, cora)
    return cora


@pytest.fixture
def rule(paying, entering):
    """Whoever enters invoices does not pay them."""
    return Incompatibility.objects.create(package=paying, other_package=entering)


def ask(person, package):
    return actions.submit(package=package, actor=person, justification="Needed", now=NOW)


def ask_exception(rule, person, *, actor=None, **changed):
    given = {"reason": "Month's end", "control": "Olga checks weekly", "ends_at": LATER, "now": NOW, **changed}
    return actions.ask_for_exception(rule=rule, person=person, actor=actor or person, **given)


def allow(exception, actor, *, now=NOW):
    return actions.approve_exception(exception=exception, actor=actor, decision="Checked", now=now)


def approve(access_request, actor):
    approval = Approval.objects.select_related("access_request").get(access_request=access_request)
    return actions.approve(approval=approval, actor=actor, now=NOW)


def test_while_it_is_in_force_the_pair_can_be_asked_for_approved_and_delivered(cast, cora, paying, entering, rule):
    ask(cast.rita, entering)
    exception = ask_exception(rule, cast.rita)
    assert exception.status == ExceptionStatus.PENDING
    with pytest.raises(ValidationError):
        ask(cast.rita, paying)
    assert allow(exception, cora).status == ExceptionStatus.APPROVED
    asked = ask(cast.rita, paying)
    assert approve(asked, cast.marco).status == RequestStatus.DELIVERING
    assert Assignment.objects.live().filter(person=cast.rita).count() == 2


def test_it_is_for_one_person_and_one_pair_only(cast, cora, paying, entering, rule):
    other = cast.package("Finance: Auditing", cast.role("Auditors")[1])
    cast.policy(other, approver=None)
    Incompatibility.objects.create(package=paying, other_package=other)
    allow(ask_exception(rule, cast.rita), cora)
    for person in (cast.rita, cast.charlie):
        ask(person, entering)
    ask(cast.rita, other)
    with pytest.raises(ValidationError, match="You have Finance: Entering Invoices"):
        ask(cast.charlie, paying)
    with pytest.raises(ValidationError, match="You have Finance: Auditing"):
        ask(cast.rita, paying)


def test_members_of_an_incompatible_group_are_excepted_too(cast, cora, paying):
    group = Group.objects.create(name="Externals")
    directory.add_member(group=group, person=cast.rita, actor=None, now=NOW)
    rule = Incompatibility.objects.create(package=paying, group=group)
    with pytest.raises(ValidationError):
        ask(cast.rita, paying)
    allow(ask_exception(rule, cast.rita), cora)
    assert ask(cast.rita, paying).is_open


def test_it_holds_for_both_directions_of_the_pair(cast, cora, paying, entering, rule):
    reverse = Incompatibility.objects.create(package=entering, other_package=paying)
    approve(ask(cast.rita, paying), cast.marco)
    allow(ask_exception(rule, cast.rita), cora)
    assert ask(cast.rita, entering).assignment is not None
    with pytest.raises(ValidationError, match="already"):
        ask_exception(reverse, cast.rita)


def test_who_decides_is_named_by_the_rule_else_owns_both_catalogs_else_administers(cast, cora, paying, entering, rule):
    assert list(ask_exception(rule, cast.rita).approvers.all()) == [cora]
    group = Group.objects.create(name="Risk")
    directory.add_member(group=group, person=cast.olga, actor=None, now=NOW)
    rule.exception_groups.add(group)
    assert list(ask_exception(rule, cast.charlie).approvers.all()) == [cast.olga]
    rule.exception_groups.clear()
    cast.catalog.role_assignments.all().delete()
    assert list(ask_exception(rule, cast.marco).approvers.all()) == [cast.ada]


def test_nobody_decides_for_themselves_or_on_what_they_asked_for(cast, cora, rule):
    rule.exception_people.set([cora, cast.rita])
    mine = ask_exception(rule, cast.rita)
    assert list(mine.approvers.all()) == [cora]
    submitted = ask_exception(rule, cast.charlie, actor=cast.ada)
    for actor, exception in ((cast.rita, mine), (cast.charlie, submitted), (cast.ada, submitted), (cast.marco, mine)):
        with pytest.raises(PermissionDenied):
            allow(exception, actor)
    assert allow(mine, cast.ada).decided_by == cast.ada, "an administrator who is no party may always decide"


def test_outsiders_do_not_ask_for_others(cast, cora, rule):
    with pytest.raises(PermissionDenied):
        ask_exception(rule, cast.rita, actor=cast.charlie)
    assert ask_exception(rule, cast.rita, actor=cast.olga).asked_by == cast.olga


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"control": ""}, "control"),
        ({"ends_at": NOW}, "ends_at"),
        ({"ends_at": NOW + timedelta(days=400)}, "ends_at"),
    ],
)
def test_a_reason_a_control_and_an_end_within_the_limit_are_compulsory(cast, cora, rule, changed, field):
    with pytest.raises(ValidationError) as caught:
        ask_exception(rule, cast.rita, **changed)
    assert list(caught.value.message_dict) == [field]
    assert not SeparationException.objects.exists()


def test_a_second_decision_is_told_who_decided(cast, cora, rule):
    exception = ask_exception(rule, cast.rita)
    actions.deny_exception(exception=exception, actor=cora, decision="No", now=NOW)
    with pytest.raises(IllegalMove, match="Cora decided on this exception already: denied"):
        allow(exception, cast.ada)


def test_when_it_ends_nothing_is_taken_away_but_neither_side_is_extended(cast, cora, paying, entering, rule):
    ask(cast.rita, entering)
    allow(ask_exception(rule, cast.rita, ends_at=NOW + timedelta(days=20)), cora)
    approve(ask(cast.rita, paying), cast.marco)
    soon = NOW + timedelta(days=25)
    held = {one.package: one for one in Assignment.objects.live().select_related("person", "package", "policy")}
    assert all(offer_for(one, now=soon).is_possible for one in held.values()), "the exception is in force"
    assert actions.expire_exceptions(now=soon) == 1
    assert Assignment.objects.live().count() == 2
    assert "Rita has Finance: Entering Invoices" in offer_for(held[paying], now=soon).obstacle
    assert "Rita has Finance: Paying Invoices" in offer_for(held[entering], now=soon).obstacle
    assert actions.expire_exceptions(now=soon) == 0
    [row] = overlaps.page(cast.ada, cursor=None).rows
    ended = row.others[0].exception
    assert ended is not None
    assert ended.status == ExceptionStatus.ENDED


def test_an_extension_that_was_asked_for_under_an_exception_is_not_approved_after_it(
    cast, cora, paying, entering, rule
):
    entering.policies.get().stages.create(position=1).approvers.create(kind=ApproverKind.MANAGER)
    approve(ask(cast.rita, entering), cast.marco)
    allow(ask_exception(rule, cast.rita, ends_at=NOW + timedelta(days=20)), cora)
    approve(ask(cast.rita, paying), cast.marco)
    held = Assignment.objects.get(package=entering)
    asked = actions.extend(
        assignment=held, actor=cast.rita, justification="The year ends", now=NOW + timedelta(days=18)
    )
    late = NOW + timedelta(days=21)
    assert actions.expire_exceptions(now=late) == 1
    with pytest.raises(ValidationError, match="Rita has Finance: Paying Invoices"):
        actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=late)


def test_the_report_says_by_which_exception_and_costs_no_statement_more_for_more_rows(
    cast, client, cora, paying, entering, rule
):
    ask(cast.rita, entering)
    exception = ask_exception(rule, cast.rita)
    allow(exception, cora)
    approve(ask(cast.rita, paying), cast.marco)
    client.force_login(cast.ada)
    page = client.get("/conflicts/").content.decode()
    assert "by exception" in page
    assert "Olga checks weekly" in page
    file = b"".join(client.get("/conflicts/?format=csv")).decode()
    assert f"approved,{LATER.isoformat()},Olga checks weekly" in file
    actions.revoke_exception(exception=exception, actor=cora, why="Misused", now=NOW)
    assert "exception ended" in client.get("/conflicts/").content.decode()


def test_whoever_assigns_is_let_by_it_and_moves_no_end_to_a_later_day_once_it_is_over(
    cast, cora, paying, entering, rule
):
    ask(cast.rita, entering)
    cast.policy(paying, name="Direct", scope="notSpecified", approver=None)
    given = {"policy": paying.policies.get(name="Direct"), "person": cast.rita, "actor": cast.olga, "now": NOW}
    with pytest.raises(ValidationError):
        actions.assign_directly(**given)
    exception = allow(ask_exception(rule, cast.rita), cora)
    assert actions.assign_directly(**given).assignment is not None
    held = Assignment.objects.get(package=entering)
    later = {"actor": cast.olga, "why": "Still needed", "now": NOW}
    actions.change_end(assignment=held, ends_at=NOW + timedelta(days=40), **later)
    actions.revoke_exception(exception=exception, actor=cora, why="Misused", now=NOW)
    with pytest.raises(ValidationError, match="Rita has Finance: Paying Invoices"):
        actions.change_end(assignment=held, ends_at=NOW + timedelta(days=50), **later)


def test_undecided_exceptions_run_out_after_two_weeks(cast, cora, rule):
    exception = ask_exception(rule, cast.rita)
    assert actions.expire_exceptions(now=NOW + timedelta(days=13)) == 0
    assert actions.expire_exceptions(now=NOW + timedelta(days=14)) == 1
    exception.refresh_from_db()
    assert exception.status == ExceptionStatus.EXPIRED


def test_it_is_withdrawn_by_those_who_asked_only(cast, cora, rule):
    exception = ask_exception(rule, cast.rita)
    with pytest.raises(PermissionDenied):
        actions.withdraw_exception(exception=exception, actor=cora, now=NOW)
    assert actions.withdraw_exception(exception=exception, actor=cast.rita, now=NOW).status == ExceptionStatus.WITHDRAWN
    with pytest.raises(IllegalMove):
        actions.withdraw_exception(exception=exception, actor=cast.rita, now=NOW)


def test_every_step_is_journalled(cast, cora, rule):
    exception = ask_exception(rule, cast.rita)
    allow(exception, cora)
    actions.expire_exceptions(now=LATER)
    told = [event.sentence for event in Event.objects.story(exception.pk)]
    pair, until = "Finance: Paying Invoices together with Finance: Entering Invoices", "2026-05-01 09:00 UTC"
    assert told == [
        f"Rita asked that Rita may hold {pair} until {until}: Month's end",
        f"Cora allowed Rita to hold {pair} until {until}: Checked",
        f"The time is over in which Rita might hold {pair}",
    ]


@pytest.mark.parametrize("old", ExceptionStatus)
@pytest.mark.parametrize("new", ExceptionStatus)
def test_only_the_moves_of_the_table_are_made(cast, cora, rule, old, new):
    exception = ask_exception(rule, cast.rita)
    exception.status = old
    if new in EXCEPTION_MOVES[old]:
        exception.move_to(new, at=NOW)
        assert exception.status == new
    else:
        with pytest.raises(IllegalMove):
            exception.move_to(new, at=NOW)


def test_asking_costs_no_statement_more_where_exceptions_are(cast, cora, paying, entering, rule):
    with CaptureQueriesContext(connection) as captured:
        conflicts.of(cast.rita, packages=[paying.pk, entering.pk], with_requests=True)
    assert len(captured) == 1


def test_the_refusal_leads_to_asking_deciding_and_then_to_the_form(cast, client, cora, paying, entering, rule):
    ask(cast.rita, entering)
    client.force_login(cast.rita)
    address = f"/exceptions/ask/{rule.pk}/"
    for page in (f"/packages/{paying.pk}/request/", f"/packages/{paying.pk}/"):
        assert address in client.get(page).content.decode()
    assert "Finance: Entering Invoices" in client.get(address).content.decode()
    empty = client.post(address, {"reason": "Month's end"})
    assert empty.status_code == 422
    assert "Month&#x27;s end" in empty.content.decode(), "what was typed stays"
    day = (NOW + timedelta(days=400)).date().isoformat()
    given = {"reason": "Month's end", "control": "Olga checks weekly", "ends_at": day}
    answer = client.post(address, given)
    exception = SeparationException.objects.get()
    assert answer.url == f"/exceptions/{exception.pk}/"
    assert client.post(address, given).status_code == 422, "a second click makes no second exception"
    assert client.post(answer.url, {"decision_kind": "approve", "decision": "Mine"}).status_code == 403
    client.force_login(cora)
    assert exception.reason.split("'")[0] in client.get("/exceptions/").content.decode()
    assert client.post(answer.url, {"decision_kind": "approve"}).status_code == 422
    assert client.post(answer.url, {"decision_kind": "approve", "decision": "Checked"}).status_code == 302
    assert client.post(answer.url, {"decision_kind": "deny", "decision": "Late"}).status_code == 409
    client.force_login(cast.rita)
    assert 'name="justification"' in client.get(f"/packages/{paying.pk}/request/").content.decode()
    waiting = ask(cast.rita, paying)
    client.force_login(cast.marco)
    page = client.get(f"/approvals/{waiting.approvals.get().pk}/").content.decode()
    assert "By exception until" in page
    assert "Control: Olga checks weekly" in page


def test_those_whom_it_does_not_concern_find_nothing(cast, client, cora, paying, entering, rule):
    exception = ask_exception(rule, cast.rita)
    client.force_login(cast.charlie)
    assert client.get(f"/exceptions/{exception.pk}/").status_code == 404
    assert client.get(f"/exceptions/ask/{rule.pk}/").status_code == 404
    assert client.get(f"/exceptions/ask/{rule.pk}/?person={cast.rita.pk}").status_code == 404
    assert "Rita" not in client.get("/exceptions/").content.decode()
    assert "Rita" not in b"".join(client.get("/exceptions/?format=csv")).decode()
    client.force_login(cast.olga)
    assert "Rita" in b"".join(client.get("/exceptions/?format=csv")).decode()
    assert client.get(f"/exceptions/ask/{rule.pk}/?person={cast.rita.pk}").status_code == 200


def test_the_api_asks_decides_and_lists(cast, cora, paying, entering, rule):
    client = APIClient()
    client.default_format = "json"
    client.force_login(cast.rita)
    given = {
        "incompatibility": str(rule.pk),
        "reason": "Month's end",
        "control": "Weekly",
        "ends_at": "2099-01-01T00:00Z",
    }
    assert client.post("/api/v1/exceptions/", given).status_code == 422, "nothing stands against Rita"
    ask(cast.rita, entering)
    refused = client.post("/api/v1/exceptions/", given)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/ends_at"]
    assert client.post("/api/v1/exceptions/", {**given, "person": "charlie"}).status_code == 403
    soon = (timezone.now() + timedelta(days=30)).isoformat()
    made = client.post("/api/v1/exceptions/", {**given, "ends_at": soon})
    assert made.status_code == 201
    address = made["Location"]
    assert client.post(f"{address}approve/", {"decision": "Mine"}).status_code == 403
    client.force_login(cora)
    assert [row["id"] for row in client.get("/api/v1/exceptions/?status=pendingApproval").json()["results"]] == [
        made.json()["id"]
    ]
    approved = client.post(f"{address}approve/", {"decision": "Checked"})
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    assert client.post(f"{address}deny/", {"decision": "Late"}).status_code == 409
    assert client.post(f"{address}revoke/", {"decision": "Misused"}).json()["status"] == "revoked"
    client.force_login(cast.charlie)
    assert client.get(address).status_code == 404
