"""What answers to faulty requests carry as well: a policy for scripts, no frames, careful cookies; nobody is sent away.

What the answers of all pages carry is looked at where they are all asked for (tests.test_doors).
"""

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import path

from accessgov.urls import urlpatterns as wired
from tests.cast import make_cast
from tests.doorkeeping import World


def breaks(request):
    raise RuntimeError("planted")


urlpatterns = [*wired, path("breaks/", breaks)]


@pytest.fixture
def world(db):
    cache.clear()
    return World()


@override_settings(ROOT_URLCONF=__name__)
def test_error_pages_carry_it_too(world):
    browser = Client(raise_request_exception=False)
    browser.force_login(world.people["stranger"])
    answers = {
        500: browser.get("/breaks/"),
        404: browser.get("/nowhere/"),
        400: browser.get("/requests/", {"cursor": "nonsense", "tab": "done"}),
        403: Client(enforce_csrf_checks=True).post("/accounts/login/"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "no-store" in answer.headers["Cache-Control"]
        assert b"planted" not in answer.content
        assert b"Traceback" not in answer.content


def test_a_wrong_host_is_refused_with_a_policy(client):
    answer = client.get("/accounts/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_cookies_are_for_this_site_and_the_session_for_no_script(db, client, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    cast = make_cast()
    cast.rita.set_password("correct horse battery")
    cast.rita.save()
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "rita", "password": "correct horse battery"})
    session, csrf = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert session["httponly"]
    assert session["secure"]
    assert csrf["secure"]
    assert session["samesite"] == csrf["samesite"] == "Lax"
    assert not session["domain"]
    assert not csrf["domain"]


ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "/\t/evil.example/",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("way", ["login", "demo", "logout", "reauthenticate"])
def test_nobody_is_sent_to_another_site(db, client, target, way):
    cache.clear()
    cast = make_cast()
    cast.ada.set_password("correct horse battery")
    cast.ada.save()
    typed = {"login": "ada", "password": "correct horse battery", "next": target}
    if way in ("logout", "reauthenticate"):
        client.post("/accounts/login/", typed | {"next": ""})
    address = "/demo/sign-in/" if way == "demo" else f"/accounts/{way}/"
    answer = client.post(address, typed | {"person": "ada"})
    assert answer.status_code == 302
    assert answer["Location"] in ("/", "/accounts/login/")
