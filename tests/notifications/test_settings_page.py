"""My mail: which I get and when, chosen on a page without a script."""

import pytest
from django.test import Client

from audit.models import Event
from notifications.models import MailSettings
from notifications.topics import CHOOSABLE, Topic

ADDRESS = "/settings/notifications/"


@pytest.fixture
def browser(cast, client: Client) -> Client:
    client.force_login(cast.rita)
    return client


def typed(**changes):
    """What the form sends, with changes."""
    return {"language": "en", "digest_hour": "7", **{topic.value: "immediate" for topic in CHOOSABLE}, **changes}


def test_the_page_offers_each_topic_as_it_may_be_had(browser):
    body = browser.get(ADDRESS).content.decode()
    for topic in CHOOSABLE:
        assert f'name="{topic.value}" value="immediate"' in body
        assert f'name="{topic.value}" value="digest"' in body
    assert f'name="{Topic.REQUESTS.value}" value="off"' in body
    assert f'name="{Topic.DECISIONS.value}" value="off"' not in body
    assert Topic.ALARMS.value not in body


def test_a_choice_is_saved_shown_and_written_in_the_journal_once(browser, cast):
    for _time in (1, 2):
        answer = browser.post(ADDRESS, typed(requests="off", decisions="digest", digest_hour="17", language="de"))
        assert answer.status_code == 302
    row = MailSettings.objects.get()
    assert (row.person, row.language, row.digest_hour) == (cast.rita, "de", 17)
    assert row.deliveries == {"requests": "off", "decisions": "digest"}
    event = Event.objects.get(verb="mail_choices.changed")
    assert event.details["fields"]["requests"] == ["At once", "Not at all"]
    assert event.details["fields"]["digest_hour"] == ["07:00 UTC", "17:00 UTC"]
    body = browser.get(ADDRESS).content.decode()
    assert 'value="off" id="id_requests_2" checked' in " ".join(body.split()) or "checked" in body


@pytest.mark.parametrize(
    "changes",
    [{"decisions": "off"}, {"digest_hour": "24"}, {"language": "xx"}, {"requests": "never"}, {"requests": ""}],
)
def test_what_cannot_be_chosen_is_refused_and_what_was_typed_stays(browser, changes):
    answer = browser.post(ADDRESS, typed(access="off", **changes))
    assert answer.status_code == 422
    assert not MailSettings.objects.exists()
    assert answer.context["form"]["access"].value() == "off"


def test_the_way_there_is_in_everybodys_menu(browser):
    assert f'href="{ADDRESS}"' in browser.get("/").content.decode()
