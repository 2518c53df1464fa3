"""Scripts, HTML, formulas and line breaks in what people type, in mails and exports; tests.test_doors has the pages."""

import csv
import io
from email import message_from_bytes, policy

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from audit.models import Event
from notifications.delivery import perform_all_due
from tests.doorkeeping import TRICK, World, body_of


@pytest.fixture(scope="module")
def made(module_db):
    return World(TRICK)


@pytest.fixture
def world(made, db):
    cache.clear()
    return made


def test_mails_stay_one_mail_with_their_own_headers(world):
    assert perform_all_due(now=timezone.now()) > 0
    assert mail.outbox
    for letter in mail.outbox:
        parsed = message_from_bytes(letter.message().as_bytes(), policy=policy.default)
        assert parsed["Bcc"] is None
        assert "\n" not in str(parsed["Subject"])
        html = parsed.get_body(["html"])
        assert html is not None
        assert "<img src=x" not in html.get_content()
        assert "49" not in parsed["Subject"]


def test_an_export_has_one_record_for_one_event_and_no_formula(world):
    events = Event.objects.count()
    told = body_of(world.knock("auditor", "get", "/journal/export.csv"))
    rows = list(csv.reader(io.StringIO(told)))
    assert len(rows) == events + 1, "and the heading"
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    lines = body_of(world.knock("auditor", "get", "/journal/export.jsonl")).splitlines()
    assert len(lines) == events
