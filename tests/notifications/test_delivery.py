"""From the row to the mail server: what is sent, what is tried again, what is given up, and what a crash leaves."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.core.exceptions import PermissionDenied
from django.test import Client

from accessgov import outbox
from audit.models import Event
from notifications import actions, delivery, letters, tasks
from notifications.models import Message
from tests.cast import NOW

from .conftest import post


@pytest.fixture
def row(ask) -> Message:
    """The message that asks Marco to decide."""
    ask()
    return Message.objects.get()


def later(hours: int = 2):
    return NOW + timedelta(hours=hours)


# --- Over SMTP ------------------------------------------------------------------------------------------------------


def test_a_real_server_gets_both_forms_and_headers_that_keep_robots_quiet(row, inbox):
    post()
    (mail,) = inbox.mails
    assert mail["To"] == "marco@example.com"
    assert mail["From"] == "AccessGov <access@corp.example>"
    assert mail["Subject"] == "Rita asks for Sales Analytics: please decide by 16 Mar 2026"
    assert mail["Message-ID"] == f"<{row.pk}.message@corp.example>"
    assert mail["References"] == f"<{row.correlation_id}.story@corp.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    row.refresh_from_db()
    assert plain.get_content().replace("\r\n", "\n") == row.text
    assert "Decide on this request" in html.get_content()


def test_a_server_that_refuses_for_now_is_asked_again_and_the_mail_goes_once(row, inbox):
    inbox.answers["RCPT"] = "451 4.7.1 Greylisted"
    post()
    row.refresh_from_db()
    assert (row.status, row.attempts, row.last_error) == ("pending", 1, "451 4.7.1 Greylisted")
    assert row.due_at > NOW
    assert row.text == ""
    inbox.answers["RCPT"] = "250 OK"
    post(later())
    row.refresh_from_db()
    assert (row.status, len(inbox.mails)) == ("done", 1)


@pytest.mark.parametrize("when", ["RCPT", "DATA"])
def test_a_server_that_refuses_for_good_is_not_asked_again(row, inbox, when):
    inbox.answers[when] = "550 5.1.1 No such user"
    post()
    row.refresh_from_db()
    assert (row.status, row.last_error) == ("stuck", "550 5.1.1 No such user")
    post(later())
    assert inbox.mails == []
    assert Event.objects.get(verb="message.stuck").sentence == (
        "A mail to Marco was given up after 1 attempts: 550 5.1.1 No such user"
    )


def test_a_server_that_is_away_costs_only_time(row, inbox, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    post()
    row.refresh_from_db()
    assert row.status == "pending"
    assert "ConnectionRefusedError" in row.last_error
    settings.EMAIL_PORT = port
    post(later())
    assert len(inbox.mails) == 1


def test_what_fails_for_a_day_gets_stuck_where_administrators_see_it(row, inbox, settings, clock, caplog):
    caplog.set_level("ERROR")
    settings.EMAIL_PORT = 1
    for _attempt in range(Message.MAX_ATTEMPTS):
        assert row.status == "pending"
        clock.move_to(row.due_at)
        post(row.due_at)
        row.refresh_from_db()
    assert (row.status, row.attempts) == ("stuck", Message.MAX_ATTEMPTS)
    assert row.due_at - NOW > timedelta(days=1)


def test_a_fault_of_our_own_is_not_lost_in_a_log(row, monkeypatch):
    monkeypatch.setattr(letters, "write", lambda *args, **kwargs: 1 / 0)
    post()
    row.refresh_from_db()
    assert (row.status, row.last_error) == ("pending", "ZeroDivisionError: division by zero")


# --- Addresses ------------------------------------------------------------------------------------------------------


def test_a_person_without_an_address_is_not_written_to_and_the_row_says_so(cast, row):
    cast.marco.email = ""
    cast.marco.save()
    assert post() == []
    row.refresh_from_db()
    assert (row.status, row.withheld_because) == ("superseded", "Marco has no e-mail address.")


@pytest.mark.parametrize("address", ["not an address", "a@b.example\nBcc: c@d.example"])
def test_an_address_that_is_none_waits_for_somebody_to_mend_it(cast, row, address):
    cast.marco.email = address
    cast.marco.save()
    assert post() == []
    row.refresh_from_db()
    assert (row.status, row.last_error) == ("stuck", "Enter a valid email address.")


# --- Workers --------------------------------------------------------------------------------------------------------


def test_a_worker_that_died_between_claim_and_sending_leaves_the_mail_to_the_next_once(row, inbox):
    assert outbox.claim(Message.objects.all(), now=NOW)  # and nothing else: the worker is gone
    post(NOW + outbox.LEASE / 2)
    assert inbox.mails == []
    post(NOW + outbox.LEASE)
    post(NOW + outbox.LEASE * 3)
    assert len(inbox.mails) == 1
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("done", 2)


def test_a_worker_that_wakes_up_after_its_lease_sends_nothing(row, clock, mailoutbox):
    (slow,) = outbox.claim(Message.objects.with_recipients(), now=NOW)
    clock.move_to(NOW + outbox.LEASE)
    (quick,) = outbox.claim(Message.objects.with_recipients(), now=NOW + outbox.LEASE)
    delivery.perform(slow)
    assert mailoutbox == []
    delivery.perform(quick)
    assert len(mailoutbox) == 1


def test_a_worker_that_loses_its_lease_while_it_sends_leaves_the_row_to_the_other(row, clock, mailoutbox):
    (slow,) = outbox.claim(Message.objects.with_recipients(), now=NOW)
    (quick,) = outbox.claim(Message.objects.with_recipients(), now=NOW + outbox.LEASE)
    clock.move_to(NOW + outbox.LEASE)
    delivery.perform(quick)
    settled = Message.objects.values().get()
    clock.move_to(NOW + outbox.LEASE / 2)
    delivery.perform(slow)
    assert Message.objects.values().get() == settled
    assert Event.objects.filter(verb="message.sent").count() == 1
    first, second = (mail.message()["Message-ID"] for mail in mailoutbox)
    assert first == second, "mail programs show the second as the first"


def test_the_commit_hints_at_the_worker_and_the_hint_sends(
    ask, django_capture_on_commit_callbacks, monkeypatch, mailoutbox
):
    monkeypatch.setattr(tasks.deliver, "delay", tasks.deliver)
    with django_capture_on_commit_callbacks(execute=True):
        ask()
    assert [mail.to for mail in mailoutbox] == [["marco@example.com"]]
    tasks.deliver(str(Message.objects.get().pk))
    assert len(mailoutbox) == 1


def test_the_sweep_makes_good_for_a_lost_hint(row, monkeypatch, mailoutbox):
    monkeypatch.setattr(tasks.deliver, "delay", tasks.deliver)
    assert tasks.sweep() == 1
    assert len(mailoutbox) == 1
    assert tasks.sweep() == 0


def test_beat_runs_the_sweep_and_the_reminders():
    from accessgov.celery import app

    app.loader.import_default_modules()
    scheduled = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    assert scheduled["notifications.tasks.sweep"] <= 60
    assert scheduled["notifications.tasks.remind"] <= 3600
    assert {"notifications.tasks.sweep", "notifications.tasks.remind"} <= set(app.tasks)


# --- Putting back to work -------------------------------------------------------------------------------------------


@pytest.fixture
def stuck(row, inbox) -> Message:
    inbox.answers["RCPT"] = "550 5.7.1 Go away"
    post()
    row.refresh_from_db()
    inbox.answers["RCPT"] = "250 OK"
    return row


def test_an_administrator_puts_stuck_mail_back_to_work_and_it_goes(cast, stuck, inbox):
    assert actions.retry_stuck(messages=[stuck], actor=cast.ada, now=later()) == 1
    post(later())
    assert len(inbox.mails) == 1
    assert actions.retry_stuck(messages=[stuck], actor=cast.ada, now=later()) == 0
    assert Event.objects.get(verb="message.retried").sentence == "Ada put a mail to Marco back to work"


def test_nobody_else_does(cast, stuck):
    for outsider in (cast.charlie, cast.marco, cast.olga):
        with pytest.raises(PermissionDenied):
            actions.retry_stuck(messages=[stuck], actor=outsider, now=NOW)
    stuck.refresh_from_db()
    assert stuck.status == "stuck"


def test_the_administration_lists_mail_and_puts_it_back(cast, stuck, client: Client):
    client.force_login(cast.ada)
    listing = client.get("/admin/notifications/message/", {"status__exact": "stuck"})
    assert listing.status_code == 200
    assert "550 5.7.1 Go away" in listing.content.decode()
    assert client.get(f"/admin/notifications/message/{stuck.pk}/change/").status_code == 200
    answer = client.post("/admin/notifications/message/", {"action": "retry", "_selected_action": [str(stuck.pk)]})
    assert answer.status_code == 302
    stuck.refresh_from_db()
    assert stuck.status == "pending"


def test_the_administration_shows_mail_to_administrators_only_and_changes_nothing(cast, stuck, client: Client):
    admin = site._registry[Message]
    for person, may in ((cast.ada, True), (cast.marco, False)):
        request: Any = SimpleNamespace(user=person)
        assert admin.has_view_permission(request) is may
        assert admin.has_module_permission(request) is may
        assert not admin.has_add_permission(request)
        assert not admin.has_change_permission(request, stuck)
        assert not admin.has_delete_permission(request, stuck)
    cast.marco.is_staff = True
    cast.marco.save()
    client.force_login(cast.marco)
    assert client.get("/admin/notifications/message/").status_code == 403


def test_one_mail_costs_a_fixed_number_of_statements(row, django_assert_max_num_queries):
    with django_assert_max_num_queries(22):
        post()
