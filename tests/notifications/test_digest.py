"""The daily digest: what waits for it, what does not, that everything goes once, and only what is still true."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from directory.models import User
from notifications import actions as mail_actions
from notifications.actions import queue_digests
from notifications.letters import digest as digest_letter
from notifications.models import MailSettings, Message, Occasion
from notifications.topics import Topic
from requests_app import actions
from tests.cast import NOW

from .conftest import carry_out, post, told

DONE, PENDING, WITHHELD = "done", "pending", "superseded"
SEVEN = NOW.replace(hour=7) + timedelta(days=1)
"""When the digest of the next morning is due."""


def choose(person, now=NOW, hour=7, **deliveries):
    """This person's choice, by topic."""
    mail_actions.choose(actor=person, language="en", digest_hour=hour, deliveries=deliveries, now=now)


def asked_for(cast, *names, now=NOW, **fields):
    """Rita asks for packages of these names, on which Marco decides."""
    requests = []
    for name in names:
        package = cast.package(name, cast.role(name)[1])
        cast.policy(package, **fields)
        requests.append(actions.submit(package=package, actor=cast.rita, justification="March", now=now))
    return requests


def deliver_digests(now: datetime):
    queue_digests(now=now)
    return post(now)


def test_one_mail_in_the_morning_tells_everything_that_is_still_true(cast):
    choose(cast.marco, decisions="digest")
    alpha, beta, gamma = asked_for(cast, "Alpha", "Beta", "Gamma")
    assert post() == []
    actions.cancel(access_request=beta, actor=cast.rita, now=NOW)
    assert deliver_digests(SEVEN - timedelta(seconds=1)) == []
    (letter,) = deliver_digests(SEVEN)
    assert letter.to == ["marco@example.com"]
    assert letter.subject == "AccessGov: 2 messages for you today"
    assert "Requests that wait for your decision:\n" in letter.body
    for access_request, name in ((alpha, "Alpha"), (gamma, "Gamma")):
        assert (
            f"- Rita asks for {name}: please decide by 16 Mar 2026\n  March\n  Decide on this request: " in letter.body
        )
        assert f"/approvals/{access_request.approvals.get().pk}/" in letter.body
        assert f"/approvals/{access_request.approvals.get().pk}/" in letter.alternatives[0].content
    assert "Beta" not in letter.body
    assert told(cast.marco) == [
        (Occasion.APPROVER_ASKED, DONE),
        (Occasion.APPROVER_ASKED, WITHHELD),
        (Occasion.APPROVER_ASKED, DONE),
        (Occasion.DIGEST, DONE),
    ]
    assert Message.objects.get(status=WITHHELD).withheld_because == "This approval is no longer needed."


def test_every_message_goes_once_however_often_the_sweep_runs(cast):
    choose(cast.marco, decisions="digest")
    asked_for(cast, "Alpha")
    post()
    assert queue_digests(now=SEVEN) == 1
    assert queue_digests(now=SEVEN) == 0
    assert len(post(SEVEN)) == 1
    assert deliver_digests(SEVEN + timedelta(days=1)) == []


def test_a_second_sweep_at_the_same_moment_leaves_an_empty_digest_that_nobody_gets(cast):
    choose(cast.marco, decisions="digest")
    asked_for(cast, "Alpha")
    post()
    queue_digests(now=SEVEN)
    mail_actions.queue(
        [
            mail_actions.Notice(
                cast.marco.pk, Occasion.DIGEST, reference=cast.marco.pk, correlation_id=cast.marco.pk, once_per="again"
            )
        ],
        now=SEVEN,
    )
    assert len(post(SEVEN)) == 1
    assert Message.objects.get(status=WITHHELD).withheld_because == "Nothing of it has to be told any more."


def test_a_worker_that_dies_with_the_digest_leaves_it_whole_and_it_goes_once(cast, monkeypatch):
    """The lease of the dead worker runs out; everything is still in the same digest, under the same Message-ID."""
    from accessgov import outbox

    choose(cast.marco, decisions="digest")
    asked_for(cast, "Alpha", "Beta")
    post()
    queue_digests(now=SEVEN)
    (row,) = outbox.claim(Message.objects.with_recipients(), now=SEVEN)
    assert row.occasion == Occasion.DIGEST
    assert queue_digests(now=SEVEN) == 0
    assert post(SEVEN) == []
    (letter,) = post(SEVEN + outbox.LEASE)
    assert letter.extra_headers["Message-ID"] == row.message_id
    assert letter.body.count("please decide by") == 2
    assert post(SEVEN + timedelta(hours=1)) == []


def test_what_has_to_be_decided_soon_after_the_digest_comes_at_once(cast):
    choose(cast.marco, decisions="digest")
    (urgent,) = asked_for(cast, "Alpha")
    approval = urgent.approvals.get()
    approval.due_at = SEVEN + timedelta(hours=24)
    approval.save()
    (letter,) = post()
    assert letter.subject.startswith("Rita asks for Alpha")


def test_a_decision_that_can_wait_longer_waits(cast):
    choose(cast.marco, decisions="digest")
    (patient,) = asked_for(cast, "Alpha")
    patient.approvals.update(due_at=SEVEN + timedelta(hours=24, seconds=1))
    assert post() == []
    assert Message.objects.get(recipient=cast.marco).digest_at == SEVEN


def test_what_somebody_wants_not_at_all_is_withheld_and_says_so(cast, ask):
    choose(cast.rita, requests="off")
    actions.deny(approval=ask().approvals.get(), actor=cast.marco, justification="No", now=NOW)
    assert "rita@example.com" not in [letter.to[0] for letter in post()]
    assert Message.objects.get(recipient=cast.rita).withheld_because == "Rita wants no mails about this."


def test_a_new_choice_sends_what_waited(cast):
    choose(cast.marco, decisions="digest")
    asked_for(cast, "Alpha")
    assert post() == []
    choose(cast.marco, decisions="immediate", now=NOW + timedelta(hours=1))
    (letter,) = post(NOW + timedelta(hours=1))
    assert letter.subject.startswith("Rita asks for Alpha")
    assert deliver_digests(SEVEN) == []


def test_the_digest_orders_by_what_it_is_about_and_tells_the_most_urgent_first(cast, granted):
    choose(cast.rita, access="digest", requests="digest")
    choose(cast.marco, decisions="digest")
    actions.give_back(assignment=granted, actor=cast.rita, now=NOW)
    (denied,) = asked_for(cast, "Alpha")
    actions.deny(approval=denied.approvals.get(), actor=cast.marco, justification="No", now=NOW)
    post()
    (letter,) = [letter for letter in deliver_digests(SEVEN) if letter.to == ["rita@example.com"]]
    order = [
        "What becomes of what you asked for:",
        "- Denied: Alpha",
        "Access that you get",
        "- Sales Analytics has ended",
    ]
    assert sorted(order, key=letter.body.index) == order


def test_nothing_left_to_tell_sends_no_mail(cast):
    choose(cast.marco, decisions="digest")
    (only,) = asked_for(cast, "Alpha")
    post()
    actions.cancel(access_request=only, actor=cast.rita, now=NOW)
    assert deliver_digests(SEVEN) == []
    assert set(Message.objects.filter(recipient=cast.marco).values_list("status", flat=True)) == {WITHHELD}


def test_somebody_who_left_gets_no_digest(cast):
    choose(cast.marco, decisions="digest")
    asked_for(cast, "Alpha")
    post()
    User.objects.filter(pk=cast.marco.pk).update(is_active=False)
    assert deliver_digests(SEVEN) == []
    assert not Message.objects.pending().exists()


def test_more_than_one_digest_holds_goes_with_the_next_one(cast, monkeypatch):
    monkeypatch.setattr(digest_letter, "MOST", 2)
    choose(cast.marco, decisions="digest")
    asked_for(cast, "Alpha", "Beta", "Gamma")
    post()
    (first,) = deliver_digests(SEVEN)
    (second,) = deliver_digests(SEVEN + timedelta(minutes=5))
    assert [first.body.count("- Rita asks"), second.body.count("- Rita asks")] == [2, 1]
    assert not Message.objects.pending().exists()


def test_the_journal_has_each_message_that_a_digest_told(cast):
    choose(cast.marco, decisions="digest")
    asked_for(cast, "Alpha", "Beta")
    post()
    deliver_digests(SEVEN)
    told_of = {event.details["subject"] for event in Event.objects.filter(verb="message.sent", person_id=cast.marco.pk)}
    assert {subject.partition(":")[0] for subject in told_of} == {
        "Rita asks for Alpha",
        "Rita asks for Beta",
        "AccessGov",
    }


def test_a_sweep_costs_the_same_for_one_and_for_many(cast):
    def waiting(count, prefix):
        people = User.objects.bulk_create(User(username=f"{prefix}{n}", email=f"{n}@x.example") for n in range(count))
        Message.objects.bulk_create(
            Message(
                recipient=person, occasion=Occasion.GRANTED, reference=uuid4(), idempotency_key=str(uuid4()),
                created_at=NOW, due_at=SEVEN, digest_at=SEVEN,
            )
            for person in people
            for _message in range(3)
        )  # fmt: skip

    def sweep():
        with CaptureQueriesContext(connection) as captured:
            found = queue_digests(now=SEVEN)
        statements = [query["sql"].split()[0] for query in captured]
        return found, statements.count("SELECT"), statements.count("UPDATE"), statements.count("INSERT")

    waiting(1, "a")
    assert sweep() == (1, 2, 1, 1)
    waiting(200, "b")
    found, selects, updates, inserts = sweep()
    assert (found, selects, updates) == (200, 2, 1)
    assert inserts <= 5, "SQLite takes a thousand values at once"
    assert not Message.objects.uncollected().exists()


# --- What people may choose -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", [Topic.DECISIONS, Topic.QUESTIONS, Topic.ALARMS])
def test_what_asks_for_something_is_not_switched_off_whatever_the_row_says(cast, topic):
    row = MailSettings(person=cast.marco, deliveries={topic: "off"})
    assert row.delivery_of(topic) == "immediate"


def test_the_next_digest_is_at_the_chosen_hour(cast):
    row = MailSettings(person=cast.rita, digest_hour=17)
    assert row.next_digest(NOW) == NOW.replace(hour=17)
    assert row.next_digest(NOW.replace(hour=17)) == NOW.replace(hour=17) + timedelta(days=1)


def test_optional_mails_say_where_they_are_switched_off_and_others_do_not(cast, ask, settings):
    actions.approve(approval=ask().approvals.get(), actor=cast.marco, now=NOW)
    carry_out()
    headers = {letter.subject: letter.extra_headers for letter in post()}
    assert headers["You have Sales Analytics"]["List-Unsubscribe"] == "<http://127.0.0.1:8000/settings/notifications/>"
    ask_again = asked_for(cast, "Alpha")
    assert ask_again
    (asked,) = post()
    assert "List-Unsubscribe" not in asked.extra_headers
