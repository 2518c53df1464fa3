"""Who is told what on which occasion, and in which words: from real actions to mail."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import journal
from audit.models import Event
from catalog.choices import ApproverKind
from catalog.models import Incompatibility
from directory import actions as directory_actions
from directory.models import User
from notifications.models import Message, Occasion
from provisioning.actions import Failure, fail_accounts, settle_failed
from provisioning.claiming import claim_accounts
from provisioning.models import AccountChange, Connector, Grant, Operation
from requests_app import actions
from requests_app.models import Assignment
from requests_app.periods import Period
from tests.cast import NOW

from .conftest import carry_out, post, told

DONE, PENDING, WITHHELD = "done", "pending", "superseded"
BASE = "http://127.0.0.1:8000"


# --- Asked to decide ------------------------------------------------------------------------------------------------


def test_the_approver_is_told_everything_that_the_decision_needs(cast, package, ask):
    question = package.policies.get().questions.create(text="Which region?")
    approval = ask(answers={str(question.pk): "EMEA"}).approvals.get()
    (letter,) = post()
    assert letter.to == ["marco@example.com"]
    assert letter.subject == "Rita asks for Sales Analytics: please decide by 16 Mar 2026"
    for words in (
        "For: Rita (Sales Representative, Sales EMEA)",
        "Manager: Marco",
        "Package: Sales Analytics (Sales)",
        "For how long: 30 days",
        "Why: I report on March",
        "Which region? EMEA",
        "Please decide by: 16 Mar 2026, 09:00 UTC",
        "The dashboards of the sales department.",
        "Member of Sales Dashboards",
        f"{BASE}/approvals/{approval.pk}/",
    ):
        assert words in letter.body
    assert told(cast.rita) == []


def test_everybody_who_is_asked_learns_who_else_is(cast, package, ask):
    package.policies.get().stages.get().approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    ask()
    letters = {letter.to[0]: letter.body for letter in post()}
    assert set(letters) == {"marco@example.com", "ada@example.com"}
    assert "Asked as well: Ada" in letters["marco@example.com"]
    assert "1 approval is enough; one denial ends the request." in letters["ada@example.com"]


def test_the_second_stage_is_told_what_the_first_decided(cast, package, ask):
    stage = package.policies.get().stages.create(position=2)
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    access_request = ask()
    post()
    first = access_request.approvals.get(position=1)
    actions.approve(approval=first, actor=cast.marco, justification="She needs it", now=NOW)
    (letter,) = post()
    assert letter.to == ["ada@example.com"]
    assert "Approved by: Marco: “She needs it”" in letter.body


def test_whoever_is_no_longer_needed_is_not_written_to(cast, package, ask):
    package.policies.get().stages.get().approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    access_request = ask()
    actions.deny(approval=access_request.approvals.get(), actor=cast.marco, justification="No", now=NOW)
    assert [letter.to for letter in post()] == [["rita@example.com"]]
    assert told(cast.ada) == [(Occasion.APPROVER_ASKED, WITHHELD)]
    assert Message.objects.get(recipient=cast.ada).withheld_because == "This approval is denied."


def test_a_canceled_request_asks_nobody(cast, ask):
    actions.cancel(access_request=ask(), actor=cast.rita, now=NOW)
    assert post() == []
    assert Message.objects.get().withheld_because == "This approval is no longer needed."


def test_an_approver_who_was_taken_out_is_not_written_to(cast, ask):
    ask().approvals.get().assignees.get().delete()
    assert post() == []
    assert Message.objects.get().withheld_because == "Marco is no longer asked."


def test_whoever_steps_in_for_an_approver_who_left_is_told_and_the_others_not_again(cast, package, ask):
    stage = package.policies.get().stages.get()
    for person in (cast.olga, cast.charlie):
        stage.approvers.create(kind=ApproverKind.PERSON, person=person)
    stage.approvers.filter(person=cast.charlie).update(use="fallback")
    approval = ask().approvals.get()
    post()
    for person in (cast.olga, cast.marco):
        directory_actions.disable_person(person=person, actor=None, now=NOW)
    assert actions.replace_absent_approvers(approval=approval, now=NOW)
    assert [letter.to for letter in post()] == [["charlie@example.com"]]
    assert told(cast.olga) == told(cast.marco) == told(cast.charlie) == [(Occasion.APPROVER_ASKED, DONE)]


# --- Decided --------------------------------------------------------------------------------------------------------


def test_a_denial_says_who_and_why(cast, ask):
    access_request = ask()
    actions.deny(approval=access_request.approvals.get(), actor=cast.marco, justification="Ask Olga", now=NOW)
    (letter,) = post()
    assert letter.to == ["rita@example.com"]
    assert letter.subject == "Denied: Sales Analytics for Rita"
    assert "Denied by: Marco: “Ask Olga”" in letter.body
    assert "It may be asked for again" in letter.body
    assert f"{BASE}/requests/{access_request.pk}/" in letter.body


def test_an_approval_says_that_the_access_is_on_its_way_and_then_that_it_is_there(cast, ask):
    actions.approve(approval=ask().approvals.get(), actor=cast.marco, now=NOW)
    (approved,) = post()
    assert approved.subject == "Approved: Sales Analytics for Rita"
    assert "Approved by: Marco" in approved.body
    assert "another mail follows when it is there" in approved.body
    carry_out()
    (granted,) = post()
    assert granted.subject == "You have Sales Analytics"
    assert told(cast.rita) == [(Occasion.APPROVED, DONE), (Occasion.GRANTED, DONE)]


def test_nobody_deciding_is_told_as_such_and_not_as_a_denial(cast, ask):
    approval = ask().approvals.get()
    actions.expire_overdue(approval=approval, now=NOW + timedelta(days=14))
    (letter,) = post(NOW + timedelta(days=14))
    assert letter.to == ["rita@example.com"]
    assert letter.subject == "Nobody decided in time: Sales Analytics for Rita"
    assert "Was asked: Marco" in letter.body
    assert "Nobody denied it." in letter.body
    assert told(cast.marco) == [(Occasion.APPROVER_ASKED, WITHHELD)]


def test_whoever_asked_for_somebody_else_is_told_as_well(cast, package):
    policy = package.policies.get()
    access_request = actions.assign_directly(policy=policy, person=cast.rita, actor=cast.olga, now=NOW)
    (asked,) = post()
    assert "Asked by: Olga" in asked.body
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=NOW)
    letters = {letter.to[0]: letter.body for letter in post()}
    assert "Your request for Sales Analytics is approved." in letters["rita@example.com"]
    assert "The request for Sales Analytics for Rita is approved." in letters["olga@example.com"]


def test_what_the_policy_approves_by_itself_is_told_once_when_it_is_there(cast):
    package = cast.package("Sales Campaigns", cast.role("Campaigns")[1])
    cast.policy(package, approver=None)
    actions.submit(package=package, actor=cast.rita, justification="March", now=NOW)
    assert post() == []
    carry_out()
    post()
    assert told(cast.rita) == [(Occasion.GRANTED, DONE)]


# --- Granted and ended ----------------------------------------------------------------------------------------------


def test_the_grant_says_what_in_which_system_by_whom_and_until_when(cast, package, ask):
    package.package_roles.create(resource_role=cast.role("Sales Team Site")[1])
    cast.system.launch_url = "https://directory.example.com/"
    cast.system.save()
    actions.approve(approval=ask().approvals.get(), actor=cast.marco, now=NOW)
    carry_out()
    letter = post()[-1]
    assignment = Assignment.objects.get()
    for words in (
        "Directory (https://directory.example.com/)\n  - Member of Sales Dashboards\n  - Member of Sales Team Site\n",
        "Approved by: Marco",
        "Ends: 1 Apr 2026, 09:00 UTC",
        f"{BASE}/access/{assignment.pk}/",
    ):
        assert words in letter.body


def test_a_direct_assignment_says_who_assigned_it(cast):
    package = cast.package("Month-end Closing", cast.role("Closing")[1])
    policy = cast.policy(package, approver=None, scope="notSpecified", duration_kind="noExpiration")
    actions.assign_directly(policy=policy, person=cast.rita, actor=cast.olga, now=NOW)
    carry_out()
    (letter,) = post()
    assert letter.to == ["rita@example.com"]
    assert "Assigned by: Olga" in letter.body
    assert "Ends: it has no end" in letter.body


def test_access_that_ended_before_it_could_be_told_is_not_told_as_granted(cast, ask):
    actions.approve(approval=ask().approvals.get(), actor=cast.marco, now=NOW)
    carry_out()
    actions.give_back(assignment=Assignment.objects.get(), actor=cast.rita, now=NOW)
    carry_out()
    post()
    assert told(cast.rita) == [(Occasion.APPROVED, DONE), (Occasion.GRANTED, WITHHELD), (Occasion.ENDED, DONE)]


def test_the_end_says_why_and_what_became_of_each_role(cast, granted):
    actions.revoke(assignment=granted, actor=cast.olga, why="the project is over", now=NOW)
    (letter,) = post()
    assert letter.subject == "Sales Analytics has ended"
    assert "Why: the project is over (Olga)" in letter.body
    assert "Member of Sales Dashboards (being removed)" in letter.body
    assert f"Ask for it again:\n{BASE}/packages/{granted.package_id}/" in letter.body


def test_the_end_tells_what_stays_for_another_reason(cast, package, granted):
    other = cast.package("Sales Campaigns", package.roles.get())
    cast.policy(other, approver=None)
    actions.submit(package=other, actor=cast.rita, justification="March", now=NOW)
    actions.give_back(assignment=granted, actor=cast.rita, now=NOW)
    carry_out()
    ended = post()[-1]
    assert "Why: given back" in ended.body
    assert "Member of Sales Dashboards (stays: you have it for another reason)" in ended.body


def test_an_end_by_the_clock_is_told_after_the_removal_as_such(cast, granted):
    assert actions.expire_due(now=granted.ends_at) == 1
    carry_out(granted.ends_at)
    (letter,) = post(granted.ends_at)
    assert "Why: its time was over" in letter.body
    assert "Member of Sales Dashboards (removed)" in letter.body


def test_where_it_cannot_be_asked_for_any_more_the_mail_does_not_invite_to(cast, package, granted):
    package.policies.update(is_enabled=False)
    actions.give_back(assignment=granted, actor=cast.rita, now=NOW)
    (letter,) = post()
    assert "Ask for it again" not in letter.body
    assert f"{BASE}/access/{granted.pk}/" in letter.body


def test_a_leaver_is_told_nothing(cast, granted):
    directory_actions.disable_person(person=cast.rita, actor=cast.ada, now=NOW)
    assert Message.objects.filter(status=PENDING).count() == 0
    assert post() == []


def test_an_approver_who_leaves_before_the_mail_goes_is_told_nothing(cast, ask):
    ask()
    cast.marco.is_active = False
    cast.marco.save()
    assert post() == []
    assert Message.objects.get(recipient=cast.marco).withheld_because == "Marco is disabled."


# --- Work that is stuck ---------------------------------------------------------------------------------------------


def stuck_operations(cast, names):
    """As many roles in as many packages as names, none of which the target would give, tried for the last time."""
    for name in names:
        package = cast.package(name, cast.role(name)[1])
        cast.policy(package, approver=None)
        actions.submit(package=package, actor=cast.rita, justification="March", now=NOW)
    Operation.objects.update(attempts=Operation.MAX_ATTEMPTS, lease="00000000-0000-0000-0000-000000000001")
    settle_failed(dict.fromkeys(Operation.objects.with_grants(), Failure("It is down.")), now=NOW)


def test_a_storm_of_stuck_work_is_told_once_and_later_work_again(cast):
    stuck_operations(cast, ["Sales Alpha", "Sales Beta"])
    assert told(cast.ada) == [(Occasion.WORK_STUCK, PENDING)]
    assert post() == []
    (letter,) = post(NOW + timedelta(minutes=15))
    assert letter.to == ["ada@example.com"]
    assert letter.subject == "Given up: 2 changes to Directory"
    assert "grant: Member of Sales Alpha, Rita: It is down." in letter.body
    assert f"{BASE}/admin/provisioning/operation/" in letter.body


def test_an_account_that_could_not_be_disabled_is_told_as_stuck_work_is(cast):
    Connector.objects.update(disables_accounts=True)
    User.objects.filter(pk=cast.rita.pk).update(is_active=False)
    AccountChange.objects.create(
        system=cast.system, person=cast.rita, kind="disable", created_at=NOW, due_at=NOW, idempotency_key="1"
    )
    (change,) = claim_accounts(cast.system.pk, now=NOW)
    fail_accounts({change: Failure("We may not.", is_final=True)}, now=NOW)
    (letter,) = post(NOW + timedelta(minutes=15))
    assert letter.subject == "Given up: 1 change to Directory"
    assert "disable the account in Directory, Rita: We may not." in letter.body
    assert f"{BASE}/admin/provisioning/accountchange/" in letter.body


def test_stuck_work_that_was_mended_meanwhile_alarms_nobody(cast):
    stuck_operations(cast, ["Sales Alpha"])
    Operation.objects.update(status=PENDING, attempts=0)
    assert post(NOW + timedelta(minutes=15)) == []
    assert Message.objects.get().withheld_because == "Nothing is stuck in Directory any more."


# --- The rows -------------------------------------------------------------------------------------------------------


def test_one_event_tells_one_person_once(cast, ask):
    approval = ask().approvals.get()
    event = Event.objects.get(verb="approval.started")
    event.subject = approval.access_request
    for listener in journal._listeners["approval.started"]:
        listener([event])
    assert Message.objects.count() == 1


def test_a_batch_is_told_by_one_statement(cast, package, granted):
    people = User.objects.bulk_create(User(username=f"p{n}", email=f"p{n}@example.com") for n in range(40))
    Assignment.objects.bulk_create(
        Assignment(person=person, package=package, policy=granted.policy, starts_at=NOW, ends_at=granted.ends_at)
        for person in people
    )
    with CaptureQueriesContext(connection) as captured:
        assert actions.expire_due(now=granted.ends_at) == 41
    about_messages = [query["sql"] for query in captured if "notifications_message" in query["sql"]]
    assert [statement.split()[0] for statement in about_messages] == ["INSERT"]
    assert Message.objects.filter(occasion=Occasion.ENDED).count() == 41


def test_each_action_tells_by_one_statement(cast, package, ask):
    with CaptureQueriesContext(connection) as asking:
        access_request = ask()
    with CaptureQueriesContext(connection) as deciding:
        actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=NOW)
    for captured in (asking, deciding):
        assert sum("notifications_message" in query["sql"] for query in captured) == 1


def test_a_message_holds_no_words_until_it_is_sent_and_then_those_that_were_sent(cast, ask):
    ask()
    row = Message.objects.get()
    assert (row.subject, row.text, row.html, row.sent_to) == ("", "", "", "")
    (letter,) = post()
    row.refresh_from_db()
    assert (row.status, row.sent_to, row.subject, row.text) == (DONE, "marco@example.com", letter.subject, letter.body)
    assert row.html == letter.alternatives[0].content
    sent = Event.objects.get(verb="message.sent")
    assert sent.sentence == f"Marco was told by mail: {letter.subject}"
    assert (sent.correlation_id, sent.source) == (row.correlation_id, "worker")


def test_a_mail_is_rendered_from_what_is_true_when_it_is_sent(cast, package, ask):
    ask()
    package.name = "Sales Analytics and Forecasts"
    package.save()
    (letter,) = post()
    assert "Sales Analytics and Forecasts" in letter.subject


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}"])
def test_what_people_type_is_inert(cast, package, hostile):
    cast.rita.display_name = package.name = hostile
    cast.rita.save()
    package.save()
    actions.submit(package=package, actor=cast.rita, justification=hostile, now=NOW)
    (letter,) = post()
    html = letter.alternatives[0].content
    assert hostile in letter.body
    assert "<script" not in html
    assert "<img" not in html
    assert "14" not in letter.subject.replace("16 Mar 2026", "")


def test_line_breaks_in_names_do_not_reach_the_header(cast, package, ask):
    package.name = "Sales\r\nBcc: everybody@example.com"
    package.save()
    ask()
    (letter,) = post()
    assert letter.subject == "Rita asks for Sales Bcc: everybody@example.com: please decide by 16 Mar 2026"
    assert letter.message()["Bcc"] is None


def test_nothing_in_a_mail_is_loaded_from_anywhere(cast, granted):
    actions.give_back(assignment=granted, actor=cast.rita, now=NOW)
    post()
    for row in Message.objects.exclude(html=""):
        assert "src=" not in row.html
        assert "url(" not in row.html
        assert row.html.count('class="button"') == 1
    assert Grant.objects.count() == 1
    assert mail.outbox


# --- Beyond the twenty ----------------------------------------------------------------------------------------------


def test_a_direct_assignment_sends_no_request_mails(cast):
    """Behaviour 15: nothing of asking and deciding; only that the access is there."""
    package = cast.package("Month-end Closing", cast.role("Closing")[1])
    policy = cast.policy(package, approver=None, scope="notSpecified")
    actions.assign_directly(policy=policy, person=cast.rita, actor=cast.olga, now=NOW)
    carry_out()
    post()
    assert set(Message.objects.values_list("recipient", "occasion")) == {(cast.rita.pk, Occasion.GRANTED)}


def test_a_request_that_somebody_else_cancels_is_told_to_whoever_asked(cast, ask):
    access_request = ask()
    post()
    actions.cancel(access_request=access_request, actor=cast.ada, now=NOW)
    (letter,) = post()
    assert (letter.to, letter.subject) == (["rita@example.com"], "Canceled: Sales Analytics for Rita")
    assert "Canceled by: Ada" in letter.body


def test_whoever_cancels_their_own_request_knows(cast, ask):
    actions.cancel(access_request=ask(), actor=cast.rita, now=NOW)
    assert told(cast.rita) == []


def test_a_decision_that_was_handed_over_says_by_whom_and_why(cast, ask):
    approval = ask().approvals.get()
    post()
    actions.hand_over(approval=approval, actor=cast.marco, person=cast.olga, why="On leave", now=NOW)
    (letter,) = post()
    assert letter.to == ["olga@example.com"]
    assert letter.subject == "Handed over to you: Rita asks for Sales Analytics, please decide by 16 Mar 2026"
    assert "Handed over: by Marco: “On leave”" in letter.body


def test_what_was_approved_and_is_not_given_is_told_with_the_reason(cast, package):
    package.policies.update(is_period_chosen=True)
    start = NOW + timedelta(days=5)
    asked = actions.submit(package=package, actor=cast.rita, justification="March", period=Period(start, None), now=NOW)
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=NOW)
    approved = next(letter for letter in post() if letter.to == ["rita@example.com"])
    assert "The access begins on 7 Mar 2026, 09:00 UTC." in approved.body
    other = cast.package("Sales Campaigns", cast.role("Campaigns")[1])
    cast.policy(other, approver=None)
    actions.submit(package=other, actor=cast.rita, justification="March", now=NOW)
    Incompatibility.objects.create(package=package, other_package=other)
    actions.begin_scheduled(access_request=asked, now=start)
    letter = next(letter for letter in post(start) if letter.subject.startswith("Not given"))
    assert (letter.to, letter.subject) == (["rita@example.com"], "Not given: Sales Analytics for Rita")
    assert "Why it was not given: " in letter.body
    assert "Sales Campaigns" in letter.body
