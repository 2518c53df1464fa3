"""Paused connectors: those who look after one hear that its system is away, and then that it is back."""

from datetime import timedelta

import pytest

from notifications.models import Message, Occasion
from provisioning import actions
from provisioning.models import Connector
from tests.cast import NOW

from .conftest import post, told

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def connector(cast):
    return cast.system.connector


def fails(connector, times=5, now=NOW):
    for _turn in range(times):
        actions.note_outage(
            connector_id=connector.pk, error="The directory is away.", delay=timedelta(minutes=9), now=now
        )


def answers(connector, now=LATER):
    actions.note_answer(connector=Connector.objects.get(pk=connector.pk), now=now)


def test_owners_are_told_that_a_system_is_away_and_that_it_is_back(cast, connector):
    connector.owners.add(cast.olga)
    fails(connector, times=4)
    assert not post(), "a few failures are no news"
    fails(connector, times=3)
    [letter] = post()
    assert letter.to == ["olga@example.com"]
    assert letter.subject == "Directory does not answer: its connector is paused"
    for words in ("The directory is away.", "(0 changes)", "Paused since", "Next try"):
        assert words in letter.body
    assert "/admin/" not in letter.body, "Olga does not administer"
    answers(connector)
    [letter] = post(LATER)
    assert (letter.to, letter.subject) == (["olga@example.com"], "Directory answers again")


def test_where_nobody_owns_it_administrators_are_told_and_led_to_the_connector(cast, connector):
    fails(connector)
    [letter] = post()
    assert letter.to == ["ada@example.com"]
    assert f"/admin/provisioning/connector/{connector.pk}/change/" in letter.body


def test_owners_who_are_gone_are_none(cast, connector):
    cast.olga.is_active = False
    cast.olga.save()
    connector.owners.add(cast.olga)
    fails(connector)
    assert [letter.to for letter in post()] == [["ada@example.com"]]


def test_what_is_over_before_the_first_letter_goes_is_told_by_neither(cast, connector):
    fails(connector)
    answers(connector)
    assert not post(LATER)
    withheld = dict(Message.objects.values_list("occasion", "withheld_because"))
    assert "answers again" in withheld[Occasion.CONNECTOR_PAUSED]
    assert "not told" in withheld[Occasion.CONNECTOR_RESUMED]


def test_each_outage_is_told_anew(cast, connector):
    for now in (NOW, LATER):
        fails(connector, now=now)
        assert len(post(now)) == 1
        answers(connector, now=now)
        assert len(post(now)) == 1
    assert len(told(cast.ada)) == 4
