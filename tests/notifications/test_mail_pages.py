"""The demo's mail, as it is read in a browser: everything is there, and only on the loopback interface."""

from uuid import uuid4

import pytest
from django.test import Client

from demo.mail import MAIL
from notifications.models import Message, Occasion
from tests.cast import NOW

from .conftest import post


@pytest.fixture
def sent(ask) -> Message:
    ask()
    post()
    return Message.objects.get()


def test_the_list_has_what_was_sent_and_what_waits(client: Client, sent):
    Message.objects.filter(pk=sent.pk).update(subject="A <b>bold</b> subject")
    body = client.get("/demo/mail/").content.decode()
    assert "A &lt;b&gt;bold&lt;/b&gt; subject" in body
    assert "to Marco</span><span>marco@example.com</span>" in body
    assert f"/demo/mail/{sent.pk}/" in body


def test_a_mail_is_found_by_its_person_and_by_its_subject(client: Client, sent):
    for words, count in (("marco", 1), ("analytics", 1), ("charlie", 0)):
        assert len(client.get("/demo/mail/", {"q": words}).context["rows"]) == count


def test_the_list_is_paged_at_a_fixed_number_of_statements(client: Client, cast, django_assert_num_queries):
    Message.objects.bulk_create(
        Message(
            recipient=cast.rita, occasion=Occasion.GRANTED, reference=uuid4(), idempotency_key=str(number),
            created_at=NOW, due_at=NOW,
        )
        for number in range(MAIL.size * 2)
    )  # fmt: skip
    with django_assert_num_queries(1):
        first = client.get("/demo/mail/")
    with django_assert_num_queries(1):
        second = client.get("/demo/mail/" + first.context["older_url"])
    shown = [row["message"].pk for page in (first, second) for row in page.context["rows"]]
    assert len(set(shown)) == MAIL.size * 2
    assert client.get("/demo/mail/", {"cursor": "broken"}).status_code == 400


def test_a_message_shows_its_words_and_its_html_in_a_frame_of_its_own(client: Client, sent):
    page = client.get(f"/demo/mail/{sent.pk}/")
    body = page.content.decode()
    assert "Please decide by: 16 Mar 2026, 09:00 UTC" in body
    assert f'src="/demo/mail/{sent.pk}/html"' in body
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in body
    assert "style=" not in body
    assert "unsafe-inline" not in page["Content-Security-Policy"]

    frame = client.get(f"/demo/mail/{sent.pk}/html")
    assert frame.content.decode() == sent.html
    rules = dict(rule.strip().split(" ", 1) for rule in frame["Content-Security-Policy"].split(";"))
    for directive in ("default-src", "script-src", "img-src", "form-action", "base-uri"):
        assert rules[directive] == "'none'"
    assert rules["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    assert rules["frame-ancestors"] == "'self'"
    assert rules["style-src"] == "'unsafe-inline'"
    assert frame["X-Frame-Options"] == "SAMEORIGIN"


def test_a_message_that_was_not_sent_says_why_and_has_no_frame(client: Client, cast, ask):
    cast.marco.email = ""
    cast.marco.save()
    ask()
    post()
    message = Message.objects.get()
    body = client.get(f"/demo/mail/{message.pk}/").content.decode()
    assert "Marco has no e-mail address." in body
    assert "<iframe" not in body
    assert client.get(f"/demo/mail/{message.pk}/html").status_code == 404


def test_from_elsewhere_and_outside_the_demo_there_is_no_such_page(client: Client, sent, settings):
    addresses = ["/demo/mail/", f"/demo/mail/{sent.pk}/", f"/demo/mail/{sent.pk}/html"]
    for address in addresses:
        assert client.get(address).status_code == 200
        assert client.get(address, REMOTE_ADDR="203.0.113.7").status_code == 404
        assert client.get(address, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 404
        assert client.post(address).status_code == 405
    settings.MODE = "production"
    for address in addresses:
        assert client.get(address).status_code == 404
