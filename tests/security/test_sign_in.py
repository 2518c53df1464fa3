"""Signing in, and being shut out: guesses, sessions, tokens, and mails about passwords."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from audit.models import Event
from directory.actions import disable_person, enable_person, set_password
from portal.actions import create_token, revoke_token
from tests.cast import make_cast

PASSWORD = "correct horse battery"


@pytest.fixture
def cast(db):
    cache.clear()
    cast = make_cast()
    set_password(person=cast.rita, password=PASSWORD, actor=None, now=timezone.now())
    return cast


def sign_in(browser, *, password=PASSWORD, name="rita"):
    return browser.post("/accounts/login/", {"login": name, "password": password})


def me(token):
    return Client().get("/api/v1/me/", headers={"authorization": f"Bearer {token}"}).status_code


def test_the_session_gets_a_new_id_when_somebody_signs_in(cast):
    browser = Client()
    browser.force_login(cast.charlie)
    planted = browser.cookies["sessionid"].value
    browser.post("/accounts/logout/")
    browser.cookies["sessionid"] = planted
    assert sign_in(browser).status_code == 302
    assert browser.cookies["sessionid"].value != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_session_of_somebody_who_signed_out_is_worth_nothing(cast):
    browser, thief = Client(), Client()
    sign_in(browser)
    thief.cookies["sessionid"] = browser.cookies["sessionid"].value
    assert thief.get("/").status_code == 200
    browser.post("/accounts/logout/")
    assert thief.get("/").status_code == 302


def test_whoever_is_disabled_is_out_at_once_with_sessions_and_tokens(cast):
    browser = Client()
    sign_in(browser)
    token = create_token(actor=cast.rita, now=timezone.now())
    assert (browser.get("/").status_code, me(token)) == (200, 200)
    disable_person(person=cast.rita, actor=cast.ada, now=timezone.now())
    assert (browser.get("/").status_code, me(token)) == (302, 401)
    assert browser.get("/api/v1/me/").status_code == 401
    refused = sign_in(Client())
    assert refused.status_code == 200 or "/inactive/" in refused["Location"]


def test_whoever_is_enabled_again_signs_in_anew_and_no_old_session_comes_back(cast):
    browser, by = Client(), {"actor": cast.ada, "now": timezone.now()}
    sign_in(browser)
    disable_person(person=cast.rita, **by)
    enable_person(person=cast.rita, **by)
    assert browser.get("/").status_code == 302
    assert sign_in(browser).status_code == 302
    assert browser.get("/").status_code == 200


def test_a_password_that_somebody_changes_themselves_is_in_the_journal_and_ends_their_other_sessions(cast):
    browser, other = Client(), Client()
    sign_in(browser)
    sign_in(other)
    sent = {"oldpassword": PASSWORD, "password1": "another " + PASSWORD, "password2": "another " + PASSWORD}
    browser.post("/accounts/password/change/", sent)
    told = Event.objects.get(verb="person.password_changed")
    assert (told.sentence, told.actor_id) == ("Rita changed their own password", cast.rita.pk)
    assert (browser.get("/").status_code, other.get("/").status_code) == (200, 302)


def test_a_new_password_ends_every_session(cast):
    browser = Client()
    sign_in(browser)
    set_password(person=cast.rita, password="another " + PASSWORD, actor=cast.ada, now=timezone.now())
    assert browser.get("/").status_code == 302


def test_a_revoked_token_is_refused_at_once_and_only_ones_own_can_be_revoked(cast):
    token = create_token(actor=cast.rita, now=timezone.now())
    browser = Client()
    browser.force_login(cast.charlie)
    browser.post("/tokens/revoke/", {"key": token[:15]})
    assert me(token) == 200
    from knox.models import AuthToken

    revoke_token(key=AuthToken.objects.get().token_key, actor=cast.rita, now=timezone.now())
    assert me(token) == 401


def test_guesses_are_limited_and_so_is_the_right_password_after_them(cast):
    browser = Client()
    for _attempt in range(5):
        assert sign_in(browser, password="wrong").status_code == 200
    answer = sign_in(browser)
    assert "_auth_user_id" not in browser.session
    assert answer.status_code in (200, 429)
    assert "Too many" in answer.content.decode()


def test_the_limit_is_kept_by_the_visitors_address_behind_a_proxy(cast, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    guesser = Client(headers={"x-forwarded-for": "203.0.113.7"})
    for attempt in range(12):
        answer = sign_in(guesser, name=f"nobody{attempt}")
    assert "Too many" in answer.content.decode()
    assert sign_in(Client(headers={"x-forwarded-for": "203.0.113.8"})).status_code == 302


def test_asking_for_a_new_password_tells_nobody_who_is_there(cast):
    def ask(address):
        answer = Client().post("/accounts/password/reset/", {"email": address})
        return answer.status_code, answer.get("Location"), answer.content

    assert ask("rita@example.com") == ask("x@example.com") == (302, "/accounts/password/reset/done/", b"")


def test_the_link_to_a_new_password_leads_to_this_installation(cast, settings):
    settings.BASE_URL = "https://access.example.com"
    settings.ALLOWED_HOSTS = ["*"]
    Client().post("/accounts/password/reset/", {"email": "rita@example.com"}, headers={"host": "evil.example"})
    (letter,) = mail.outbox
    assert "evil.example" not in f"{letter.subject} {letter.body}"
    (link,) = re.findall(r"https?://\S+", str(letter.body))
    assert link.startswith("https://access.example.com/accounts/password/reset/key/")
    browser = Client()
    form = browser.get(link.removeprefix("https://access.example.com"), follow=True)
    browser.post(form.request["PATH_INFO"], {"password1": "new " + PASSWORD, "password2": "new " + PASSWORD})
    assert sign_in(Client(), password="new " + PASSWORD).status_code == 302
    assert Event.objects.filter(verb="person.password_changed").count() == 1


def test_people_change_neither_their_address_nor_that_of_others(cast):
    browser = Client()
    browser.force_login(cast.charlie)
    answer = browser.post("/accounts/email/", {"email": "rita@example.com", "action_add": ""})
    assert answer.status_code == 404
    cast.charlie.refresh_from_db()
    assert cast.charlie.email == "charlie@example.com"
