"""Letters in the words of administrators, in the reader's language, and in the looks of the organisation."""

import gettext
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

import notifications
from audit.models import Event
from notifications import actions as mail_actions
from notifications.colours import contrast
from notifications.letters import TEMPLATES
from notifications.letters.markup import names_in
from notifications.letters.samples import sample
from notifications.letters.writing import original_words
from notifications.models import Branding, MailSettings, Occasion, Wording
from requests_app import actions
from tests.cast import NOW

from .conftest import post

GRANTED, DENIED, ASKED = (TEMPLATES[name] for name in (Occasion.GRANTED, Occasion.DENIED, Occasion.APPROVER_ASKED))


def word(cast, template=DENIED, *, language="en", subject="No {wish}", body="Sorry, {recipient}.\n\n{facts}"):
    return mail_actions.save_wording(
        template=template, language=language, subject=subject, body=body, actor=cast.ada, now=NOW
    )


def deny(cast, ask):
    """The mail that Rita gets."""
    actions.deny(approval=ask().approvals.get(), actor=cast.marco, justification="No", now=NOW)
    return next(letter for letter in post() if letter.to == ["rita@example.com"])


# --- Words ----------------------------------------------------------------------------------------------------------


def test_a_letter_says_what_administrators_word_in_both_forms(cast, ask):
    word(cast, subject="No {wish} for you", body="Dear **{recipient}**,\n\n## Facts\n\n{facts}\n\n[Help]({link})")
    letter = deny(cast, ask)
    html = letter.alternatives[0].content
    assert letter.subject == "No Sales Analytics for you"
    assert "Dear Rita,\n\nFacts:\n\nDenied by: Marco" in letter.body
    assert "Help (http://127.0.0.1:8000/requests/" in letter.body
    assert "Dear <strong>Rita</strong>," in html
    assert ">Help</a>" in html
    assert 'class="button"' not in html


def test_without_a_wording_the_original_stands_and_reset_brings_it_back(cast, ask):
    word(cast)
    assert mail_actions.reset_wording(template=DENIED, language="en", actor=cast.ada, now=NOW)
    assert not mail_actions.reset_wording(template=DENIED, language="en", actor=cast.ada, now=NOW)
    assert deny(cast, ask).subject == "Denied: Sales Analytics for Rita"


def test_saving_the_original_is_a_reset(cast):
    word(cast)
    subject, body = original_words(DENIED, language="en")
    assert word(cast, subject=subject, body=body) is None
    assert not Wording.objects.exists()


def test_each_version_is_in_the_journal_with_who_changed_what(cast):
    word(cast, body="Sorry.\n\n{facts}")
    word(cast, body="Very sorry.\n\n{facts}")
    word(cast, body="Very sorry.\n\n{facts}")
    first, second = Event.objects.filter(verb="mail_wording.changed").order_by("id")
    assert second.sentence == "Ada changed the wording of “request denied” (English): text"
    assert second.details["text"] == ["@@ -1,2 +1,2 @@", "-Sorry.", "+Very sorry.", " "]
    assert first.details["subject"] == ["Denied: {wish} for {person}", "No {wish}"]
    mail_actions.reset_wording(template=DENIED, language="en", actor=cast.ada, now=NOW)
    assert Event.objects.get(verb="mail_wording.reset").actor == cast.ada


def test_only_administrators_decide_what_mails_say(cast):
    given = {"template": DENIED, "language": "en", "actor": cast.olga, "now": NOW}
    with pytest.raises(PermissionDenied):
        mail_actions.save_wording(subject="A", body="B", **given)
    with pytest.raises(PermissionDenied):
        mail_actions.reset_wording(**given)
    with pytest.raises(PermissionDenied):
        mail_actions.send_test(**given)
    with pytest.raises(PermissionDenied):
        mail_actions.save_branding(branding=Branding(), actor=cast.olga, now=NOW)


def test_a_fault_saves_nothing(cast):
    with pytest.raises(ValidationError):
        word(cast, body="{nonsense}")
    assert not Wording.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<style>p</style>"])
def test_what_administrators_and_people_type_is_inert(cast, package, ask, hostile):
    word(
        cast,
        subject=f"{{wish}} {hostile}",
        body=f"**{hostile}** [{hostile}](https://x.example/) {{outcome}}",
    )
    package.name = hostile
    package.save()
    letter = deny(cast, ask)
    html = letter.alternatives[0].content
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("<style") == 1


def test_line_breaks_in_values_do_not_reach_the_header(cast, package, ask):
    word(cast, subject="{package}")
    package.name = "Sales\r\nBcc: everybody@example.com"
    package.save()
    letter = deny(cast, ask)
    assert letter.subject == "Sales Bcc: everybody@example.com"
    assert letter.message()["Bcc"] is None


# --- Languages ------------------------------------------------------------------------------------------------------


def test_a_letter_is_written_in_its_readers_language(cast, ask):
    MailSettings.objects.create(person=cast.rita, language="de")
    word(cast, language="de", subject="Abgelehnt: {wish}", body="Leider nein.\n\n{facts}")
    word(cast, subject="No: {wish}")
    letter = deny(cast, ask)
    assert letter.subject == "Abgelehnt: Sales Analytics"
    assert '<html lang="de">' in letter.alternatives[0].content


def test_others_have_it_in_the_language_of_the_installation(cast, ask):
    word(cast, language="de", subject="Abgelehnt: {wish}")
    word(cast, subject="No: {wish}")
    assert deny(cast, ask).subject == "No: Sales Analytics"


def test_a_translation_of_ours_is_taken_where_administrators_wrote_none_in_that_language(cast, ask):
    MailSettings.objects.create(person=cast.rita, language="de")
    word(cast, subject="No: {wish}")
    assert deny(cast, ask).subject == "Abgelehnt: Sales Analytics für Rita"


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("language", [code for code, _name in settings.MAIL_LANGUAGES if code != "en"])
def test_every_letter_is_translated_and_keeps_its_placeholders(template, language):
    """A letter that is new fails here until notifications/locale has it: see docs/mails.md."""
    for original, translated in zip(
        original_words(template, language="en"), original_words(template, language=language), strict=True
    ):
        has_words = re.sub(r"\{\w+\}", "", original).strip()
        assert translated != original or not has_words
        assert names_in(translated) == names_in(original)


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="no msgfmt here: install gettext")
def test_what_is_compiled_is_what_was_translated(tmp_path):
    """The compiled translation is in the repository, so that nothing has to be installed to have it."""
    folder = Path(notifications.__file__).parent / "locale"
    for source in folder.glob("*/LC_MESSAGES/django.po"):
        run = subprocess.run(["msgfmt", "--check", "-o", tmp_path / "django.mo", source], check=False)
        assert run.returncode == 0
        assert _catalog(tmp_path / "django.mo") == _catalog(source.with_suffix(".mo")), f"compile {source}"


def _catalog(path: Path) -> dict[object, str]:
    with path.open("rb") as compiled:
        return vars(gettext.GNUTranslations(compiled))["_catalog"]


# --- Looks ----------------------------------------------------------------------------------------------------------


def brand(cast, **fields):
    return mail_actions.save_branding(branding=Branding(**fields), actor=cast.ada, now=NOW)


def test_mails_bear_the_name_the_mark_the_colour_and_the_last_lines(cast, ask):
    brand(
        cast, name="Access at Marlow", logo_text="MB", accent="#7a1f5c", footer="Ask it@marlow.example\n<b>Room 3</b>"
    )
    letter = deny(cast, ask)
    html = letter.alternatives[0].content
    assert letter.from_email == "Access at Marlow <accessgov@localhost>"
    assert "Access at Marlow</p>" in html
    assert ">MB</span>" in html
    assert "background:#7a1f5c" in html
    assert "Ask it@marlow.example<br>&lt;b&gt;Room 3&lt;/b&gt;" in html
    assert letter.body.rstrip().endswith("Ask it@marlow.example\n<b>Room 3</b>")
    assert Event.objects.get(verb="mail_branding.changed").details["fields"]["accent"] == ["#0a5a66", "#7a1f5c"]


def test_there_is_one_look_however_often_it_is_saved(cast):
    for name in ("One", "Two"):
        brand(cast, name=name)
    assert Branding.objects.get().name == "Two"
    assert Event.objects.filter(verb="mail_branding.changed").latest("id").details["fields"]["name"] == ["One", "Two"]


@pytest.mark.parametrize("accent", ["#ffff00", "#8ab4f8", "red", "#12345", "#0a5a66;color:red", "#0a5a6g"])
def test_a_colour_that_cannot_be_read_or_is_none_is_refused(cast, accent):
    with pytest.raises(ValidationError) as caught:
        brand(cast, accent=accent)
    assert "accent" in caught.value.message_dict


@pytest.mark.parametrize("accent", ["#000000", "#0a5a66", "#7a1f5c", "#0000ff", "#c00000"])
def test_every_colour_that_is_taken_can_be_read_in_light_and_in_dark(accent):
    assert contrast(accent, "#ffffff") >= 4.5
    assert contrast(Branding(accent=accent).accent_in_the_dark, "#171f20") >= 4.5


def test_a_name_with_a_line_break_does_not_reach_the_header(cast, ask):
    brand(cast, name="Access\r\nBcc: all@example.com")
    letter = deny(cast, ask)
    assert letter.message()["Bcc"] is None
    assert "\n" not in letter.from_email


# --- Previews and tests ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_letter_has_a_sample_without_a_gap(cast, template, language):
    letter = sample(template, recipient=cast.ada, language=language)
    for form in (letter.subject, letter.text, letter.html.partition("<body")[2]):
        assert "{" not in form
        assert form.strip()


def test_the_test_of_a_letter_comes_as_it_is_saved_and_says_what_it_is(cast):
    word(cast, subject="No {wish}")
    mail_actions.choose(actor=cast.ada, language="en", digest_hour=7, deliveries={"requests": "off"}, now=NOW)
    mail_actions.send_test(template=DENIED, language="en", actor=cast.ada, now=NOW)
    mail_actions.send_test(template=DENIED, language="en", actor=cast.ada, now=NOW)
    first, second = post()
    assert first.to == second.to == ["ada@example.com"]
    assert first.subject == "Test: No Sales Analytics"


@pytest.fixture
def browser(cast, client: Client) -> Client:
    client.force_login(cast.ada)
    return client


def test_the_page_saves_shows_the_fault_at_its_line_and_keeps_what_was_typed(browser, cast):
    page = browser.get("/letters/denied/en/")
    assert "Denied: {wish} for {person}" in page.content.decode()
    answer = browser.post("/letters/denied/en/", {"subject": "No", "body": "One\n{pakage} <b>"})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 2: {pakage} is no placeholder of this letter." in body
    assert "{pakage} &lt;b&gt;" in body
    answer = browser.post("/letters/denied/en/", {"subject": "No", "body": "One"}, follow=True)
    assert "worded anew" in answer.content.decode()
    assert "worded anew: English" in browser.get("/letters/").content.decode()
    browser.post("/letters/denied/en/", {"do": "reset"})
    assert not Wording.objects.exists()


def test_the_preview_shows_what_is_typed_runs_nothing_and_saves_nothing(browser):
    typed = {"subject": "Hi <script>", "body": "Dear {recipient}\n\n{facts}"}
    frame = browser.post("/letters/denied/en/preview/", typed)
    assert "Dear Ada" in frame.content.decode()
    assert "<script" not in frame.content.decode()
    rules = dict(rule.strip().split(" ", 1) for rule in frame["Content-Security-Policy"].split(";"))
    assert (rules["default-src"], rules["script-src"], rules["frame-ancestors"]) == ("'none'", "'none'", "'self'")
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    plain = browser.post("/letters/denied/en/preview/", {**typed, "as": "text"})
    assert plain["Content-Type"] == "text/plain; charset=utf-8"
    assert plain.content.decode().startswith("Hi <script>")
    refused = browser.post("/letters/denied/en/preview/", {**typed, "body": "{nonsense} <i>"})
    assert refused.status_code == 422
    assert "{nonsense} is no placeholder" in refused.content.decode()
    assert not Wording.objects.exists()


def test_the_looks_are_previewed_and_saved_on_their_page(browser):
    typed = {"name": "Access at Marlow", "logo_text": "MB", "accent": "#7a1f5c", "footer": ""}
    assert "#7a1f5c" in browser.post("/letters/branding/preview/", typed).content.decode()
    assert not Branding.objects.exists()
    assert browser.post("/letters/branding/", {**typed, "accent": "#ffff00"}).status_code == 422
    assert browser.post("/letters/branding/", typed).status_code == 302
    assert Branding.current().name == "Access at Marlow"


def test_there_are_no_letters_but_those_that_there_are(browser):
    for address in ("/letters/nothing/en/", "/letters/denied/xx/", "/letters/test/en/", "/letters/denied/fr/preview/"):
        assert browser.get(address).status_code == 404
