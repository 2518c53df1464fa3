"""API tokens: shown once, journalled without their secret, ended by their owner alone."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from audit.models import Event
from directory.actions import disable_person, enable_person
from portal import actions
from portal.events import TOKEN_CREATED, TOKEN_REVOKED
from tests.cast import Cast

from .conftest import Browser

SECRET = re.compile(r"\b[0-9a-f]{64}\b")


def create(client: Client) -> str:
    response = client.post("/tokens/")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    secret = SECRET.search(response.content.decode())
    assert secret is not None
    return secret[0]


def api(secret: str) -> int:
    return Client().get("/api/v1/events/", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code


def test_a_new_token_is_shown_once_and_opens_the_api(cast: Cast, browser_of: Browser) -> None:
    ada = browser_of(cast.ada)
    secret = create(ada)
    assert api(secret) == 200
    later = ada.get("/tokens/").content.decode()
    assert secret not in later
    assert f"{secret[:8]}…" in later
    assert secret[:8] not in browser_of(cast.rita).get("/tokens/").content.decode()


def test_a_revoked_token_opens_nothing(cast: Cast, browser_of: Browser) -> None:
    ada = browser_of(cast.ada)
    secret = create(ada)
    key = AuthToken.objects.get().token_key
    response = ada.post("/tokens/revoke/", {"key": key}, follow=True)
    assert "The API token is revoked." in response.content.decode()
    assert api(secret) == 401
    again = ada.post("/tokens/revoke/", {"key": key}, follow=True)
    assert "This API token is revoked already." in again.content.decode()


def test_nobody_revokes_the_token_of_somebody_else(cast: Cast, browser_of: Browser) -> None:
    secret = create(browser_of(cast.ada))
    key = AuthToken.objects.get().token_key
    for outsider in (cast.rita, cast.olga):
        browser_of(outsider).post("/tokens/revoke/", {"key": key})
        with pytest.raises(ObjectDoesNotExist):
            actions.revoke_token(key=key, actor=outsider, now=timezone.now())
    assert api(secret) == 200
    for key in ("", "0" * 5000, "\0"):
        assert browser_of(cast.ada).post("/tokens/revoke/", {"key": key}).status_code == 302


def test_both_are_journalled_without_the_secret(cast: Cast) -> None:
    secret = actions.create_token(actor=cast.rita, now=timezone.now())
    token = AuthToken.objects.get()
    actions.revoke_token(key=token.token_key, actor=cast.rita, now=timezone.now())
    created, revoked = Event.objects.order_by("id")
    assert (created.verb, revoked.verb) == (TOKEN_CREATED, TOKEN_REVOKED)
    assert created.sentence == f"Rita created the API token {secret[:8]}…"
    assert revoked.sentence == f"Rita revoked the API token {secret[:8]}…"
    for event in (created, revoked):
        written = " ".join(str(value) for value in vars(event).values())
        assert secret[:9] not in written
        assert token.digest not in written


def test_the_twenty_first_token_is_refused_in_words(cast: Cast, browser_of: Browser) -> None:
    for _number in range(20):
        actions.create_token(actor=cast.rita, now=timezone.now())
    response = browser_of(cast.rita).post("/tokens/")
    assert response.status_code == 409
    assert "You have 20 API tokens already: revoke one first." in response.content.decode()
    assert AuthToken.objects.count() == 20
    AuthToken.objects.filter(pk=AuthToken.objects.values_list("pk", flat=True)[0]).update(expiry=timezone.now())
    assert actions.create_token(actor=cast.rita, now=timezone.now()), "one that is over does not count"


def test_somebody_disabled_gets_none(cast: Cast) -> None:
    type(cast.rita).objects.filter(pk=cast.rita.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        actions.create_token(actor=cast.rita, now=timezone.now())


def test_a_token_that_is_over_is_not_listed(cast: Cast, browser_of: Browser) -> None:
    secret = actions.create_token(actor=cast.rita, now=timezone.now())
    assert secret[:8] in browser_of(cast.rita).get("/tokens/").content.decode()
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    text = browser_of(cast.rita).get("/tokens/").content.decode()
    assert secret[:8] not in text
    assert "You have no API token" in text


def test_whoever_is_not_signed_in_is_asked_to(db, client) -> None:
    for answer in (client.get("/tokens/"), client.post("/tokens/"), client.post("/tokens/revoke/", {"key": "x"})):
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_a_form_of_another_site_makes_and_ends_nothing(cast: Cast) -> None:
    stranger = Client(enforce_csrf_checks=True)
    stranger.force_login(cast.rita)
    assert stranger.post("/tokens/").status_code == 403
    assert stranger.get("/tokens/revoke/").status_code == 405
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', stranger.get("/tokens/").content.decode())
    assert token is not None
    assert stranger.post("/tokens/", {"csrfmiddlewaretoken": token[1]}).status_code == 200, "the page's own form works"


def test_the_limit_is_the_one_that_is_refused(cast: Cast, settings) -> None:
    settings.REST_KNOX = {**settings.REST_KNOX, "TOKEN_LIMIT_PER_USER": 1}
    actions.create_token(actor=cast.rita, now=timezone.now())
    with pytest.raises(ValidationError, match=r"You have 1 API token already: revoke it first\."):
        actions.create_token(actor=cast.rita, now=timezone.now())


def test_disabling_ends_them_for_good(cast: Cast) -> None:
    now = timezone.now()
    actions.create_token(actor=cast.rita, now=now)
    kept = actions.create_token(actor=cast.marco, now=now)
    disable_person(person=cast.rita, actor=cast.ada, now=now)
    enable_person(person=cast.rita, actor=cast.ada, now=now)
    assert [token.user for token in AuthToken.objects.select_related("user")] == [cast.marco]
    assert kept
    assert Event.objects.get(verb=TOKEN_REVOKED).person_id == cast.rita.pk
