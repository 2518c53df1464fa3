"""The page on which one signs in as anybody: in the demo, at this machine, and nowhere else."""

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse

from demo.organisation import REQUESTER
from demo.views import MOST_PEOPLE
from directory.models import User
from tests.cast import make_cast

PAGE, SIGN_IN = reverse("demo:people"), reverse("demo:sign_in")


@pytest.fixture
def cast(db):
    return make_cast()


def test_everybody_enabled_can_be_found_and_chosen(client, cast):
    User.objects.filter(pk=cast.charlie.pk).update(is_active=False)
    page = client.get(PAGE).content.decode()
    assert "Rita" in page
    assert "Charlie" not in page
    assert "Marco" not in client.get(PAGE, {"q": "rit"}).content.decode()
    assert "Nobody is called so" in client.get(PAGE, {"q": "zzz"}).content.decode()


def test_personas_come_first_and_say_what_to_try(client, cast):
    cast.charlie.username, cast.charlie.display_name = REQUESTER, "Nadia Okonjo"
    cast.charlie.save()
    page = client.get(PAGE).content.decode()
    assert page.index("Nadia Okonjo") < page.index("Rita")
    assert "Sales Representative: Starter Kit" in page


def test_one_click_signs_in_and_another_changes_the_person(client, cast):
    answer = client.post(SIGN_IN, {"person": "rita"})
    assert answer.url == reverse("home")
    assert get_user(client) == cast.rita
    first = client.session.session_key
    client.post(SIGN_IN, {"person": "marco"})
    assert get_user(client) == cast.marco
    assert client.session.session_key != first


def test_one_comes_to_the_page_that_one_wanted_but_never_to_another_site(client, cast):
    wanted = reverse("requests:mine")
    assert wanted in client.get(PAGE, {"next": wanted}).content.decode()
    assert client.post(SIGN_IN, {"person": "rita", "next": wanted}).url == wanted
    assert client.post(SIGN_IN, {"person": "rita", "next": "https://evil.example/"}).url == reverse("home")


def test_nobody_disabled_or_unknown_is_signed_in(client, cast):
    User.objects.filter(pk=cast.rita.pk).update(is_active=False)
    for name in ("rita", "nobody", ""):
        assert client.post(SIGN_IN, {"person": name}).status_code == 404
    assert not get_user(client).is_authenticated


def test_it_takes_a_post_with_a_token(cast):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(SIGN_IN, {"person": "rita"}).status_code == 403
    assert strict.get(SIGN_IN).status_code == 405


@pytest.mark.parametrize("path", [PAGE, SIGN_IN])
@pytest.mark.parametrize(
    "elsewhere",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "::1", "HTTP_FORWARDED": "for=192.0.2.7"},
    ],
)
def test_whoever_is_elsewhere_finds_no_such_page(client, cast, path, elsewhere):
    assert client.get(path, **elsewhere).status_code == 404
    assert client.post(path, {"person": "rita"}, **elsewhere).status_code == 404
    assert not get_user(client).is_authenticated


def test_another_sites_name_that_leads_here_is_refused(client, cast):
    assert client.get(PAGE, headers={"host": "rebound.example"}).status_code == 400


@pytest.mark.parametrize("mode", ["production", "development"])
def test_outside_the_demo_there_is_no_such_page(client, cast, settings, mode):
    settings.MODE = mode
    assert client.get(PAGE).status_code == 404
    assert client.post(SIGN_IN, {"person": "rita"}).status_code == 404


def test_the_sign_in_page_leads_here_in_the_demo_only(client, cast, settings):
    assert PAGE not in client.get(reverse("account_login")).content.decode()
    settings.DEMO = True
    page = client.get(reverse("account_login"), {"next": "/requests/"}).content.decode()
    assert f"{PAGE}?next=/requests/" in page


def test_the_page_takes_the_same_few_statements_however_many_there_are(client, cast, django_assert_max_num_queries):
    User.objects.bulk_create(User(username=f"u{number}", display_name=f"Una {number}") for number in range(100))
    with django_assert_max_num_queries(4):
        page = client.get(PAGE).content.decode()
    assert page.count('name="person"') == MOST_PEOPLE
    assert "There are more" in page
