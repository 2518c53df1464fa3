"""Scripts, HTML, formulas, line breaks and writing directions in everything that people and administrators type."""

import csv
import io
from email import message_from_bytes, policy

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from audit.models import Event
from notifications.delivery import perform_all_due
from tests.doorkeeping import ROLES, World, body_of, doors

TRICK = (
    "=1+1<img src=x onerror=alert(1)>\"'</title><script>alert(1)</script>{{7*7}}\u202e\r\nBcc: evil@example.com\r\n\r\n"
)


ON_SQLITE = pytest.mark.one_database("templates write the same HTML on both databases")


@pytest.fixture(scope="module")
def made(module_db):
    return World(TRICK)


@pytest.fixture
def world(made, db):
    cache.clear()
    return made


@ON_SQLITE
@pytest.mark.parametrize("role", ROLES)
def test_no_page_takes_a_text_for_its_own_html(world, role):
    for door in doors():
        answer = world.answer(role, "get", door)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            body = body_of(answer)
            assert "<img src=x" not in body, door.pattern
            assert "<script>alert" not in body, door.pattern


@ON_SQLITE
def test_what_is_sent_back_with_a_faulty_form_is_text(world):
    for door in doors():
        for role in ("owner", "approver", "requester", "administrator"):
            answer = world.answer(role, "post", door)
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                assert "<img src=x" not in body_of(answer), door.pattern


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
