"""Exceptions to separation of duties: who decides, who asked and whom they concern are told, each once."""

from datetime import timedelta

import pytest

from catalog.models import Incompatibility
from directory.models import User
from notifications.actions import queue_exception_reminders
from notifications.models import Message, Occasion
from requests_app import actions
from tests.cast import NOW, appoint

from .conftest import post, told

DAY = timedelta(days=1)
END = NOW + 60 * DAY


@pytest.fixture
def cora(cast):
    cora = User.objects.create(username="cora", display_name="Cora", email="cora@example.com")
    appoint(cast.catalog, cora)
    return cora


@pytest.fixture
def exception(cast, cora, package):
    """Rita asks to hold the package together with another one for 60 days."""
    rule = Incompatibility.objects.create(package=package, other_package=cast.package("Sales Corrections"))
    return actions.ask_for_exception(
        rule=rule, person=cast.rita, actor=cast.rita, ends_at=END, reason="Month's end", control="Olga looks", now=NOW
    )


def allow(exception, actor):
    return actions.approve_exception(exception=exception, actor=actor, decision="Checked", now=NOW)


def occasions(person):
    return [occasion for occasion, _status in told(person)]


def test_whoever_decides_is_told_the_reason_and_the_control(cast, cora, exception):
    [letter] = post()
    assert letter.to == ["cora@example.com"]
    assert letter.subject == "Please decide: may Rita hold Sales Analytics together with Sales Corrections?"
    assert "Month's end" in letter.body
    assert "Olga looks" in letter.body
    assert f"/exceptions/{exception.pk}/" in letter.body


def test_whoever_asked_is_told_how_it_was_decided(cast, cora, exception):
    post()
    allow(exception, cora)
    [letter] = post()
    assert letter.to == ["rita@example.com"]
    assert letter.subject == "Rita may hold Sales Analytics together with Sales Corrections until 1 May 2026."
    assert "Cora: Checked" in letter.body


def test_nobody_is_asked_any_more_about_what_is_decided(cast, cora, exception):
    actions.deny_exception(exception=exception, actor=cast.ada, decision="No", now=NOW)
    assert [letter.to for letter in post()] == [["rita@example.com"]]
    assert Message.objects.get(occasion=Occasion.EXCEPTION_ASKED).withheld_because == "It is decided already."


def test_owners_the_decider_and_the_person_are_told_two_weeks_before_its_end_once(cast, cora, exception):
    allow(exception, cora)
    post()
    assert queue_exception_reminders(now=END - 15 * DAY) == 0
    assert queue_exception_reminders(now=END - 14 * DAY) == 3
    assert queue_exception_reminders(now=END - 13 * DAY) == 0
    letters = post(END - 13 * DAY)
    assert sorted(letter.to[0] for letter in letters) == ["cora@example.com", "olga@example.com", "rita@example.com"]
    assert "neither of the two can be extended" in letters[0].body


def test_a_short_exception_is_not_announced_to_end(cast, cora, exception):
    allow(exception, cora)
    type(exception).objects.update(ends_at=NOW + 10 * DAY)
    assert queue_exception_reminders(now=NOW + DAY) == 0


def test_its_end_is_told_once_to_those_whom_it_concerns(cast, cora, exception):
    allow(exception, cora)
    post()
    actions.expire_exceptions(now=END)
    actions.expire_exceptions(now=END)
    letters = post(END)
    assert len(letters) == 3
    assert letters[0].subject == "The exception is over: Rita, Sales Analytics and Sales Corrections"
    for person in (cast.olga, cora, cast.rita):
        assert occasions(person).count(Occasion.EXCEPTION_OVER) == 1
