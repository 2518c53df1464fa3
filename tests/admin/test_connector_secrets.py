"""Secrets of connectors stay where they were given: nobody has them sent elsewhere without knowing them."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from catalog.models import TargetSystem
from provisioning import actions
from provisioning.models import Connector, ConnectorKind
from tests.admin.test_connector_options import SQL, WEBHOOK
from tests.cast import NOW

OURS, THEIRS = "https://wiki.example/api", "https://elsewhere.example/api"
AGAIN = "Type this again: it would be sent to another place now."
NOT_SENT_BACK = "Type this again: what is secret is not sent back with the page."


@pytest.fixture
def connect(cast):
    """A connector with a secret, its options filled in."""

    def make(kind: str, **more) -> Connector:
        system = TargetSystem.objects.create(name="Wiki", slug="wiki")
        row = Connector(system=system, kind=kind, base_url=more.pop("base_url", ""))
        return actions.configure_connector(connector=row, secret="s3cret", actor=cast.ada, now=NOW, **more)

    return make


def options(typed, **more):
    return {name.removeprefix("option_"): value for name, value in {**typed, **more}.items() if name[:7] == "option_"}


def change(connector, **given):
    return actions.configure_connector(connector=connector, actor=None, now=NOW, **given)


def page_of(connector):
    return reverse("admin:provisioning_connector_change", args=[connector.pk])


def errors_of(answer):
    return answer.context["adminform"].form.errors


def test_a_new_address_asks_for_the_token_again_at_its_field_and_keeps_what_was_typed(ada, fill, connect):
    scim = connect(ConnectorKind.SCIM, base_url=OURS)
    refused = ada.post(page_of(scim), fill(ada.get(page_of(scim)), {"base_url": THEIRS}))
    assert errors_of(refused) == {"secret": [AGAIN]}
    assert THEIRS in refused.text
    scim.refresh_from_db()
    assert (scim.base_url, scim.secret) == (OURS, "s3cret")
    assert ada.post(page_of(scim), fill(refused, {"secret": "another"})).status_code == 302
    scim.refresh_from_db()
    assert (scim.base_url, scim.secret) == (THEIRS, "another")


def test_without_a_secret_or_where_it_is_forgotten_nothing_is_asked_again(ada, fill, connect):
    scim = connect(ConnectorKind.SCIM, base_url=OURS)
    typed = {"base_url": THEIRS, "forgets_secret": "on"}
    assert ada.post(page_of(scim), fill(ada.get(page_of(scim)), typed)).status_code == 302
    scim.refresh_from_db()
    assert (scim.base_url, scim.secret) == (THEIRS, "")
    assert change(Connector.objects.get(pk=scim.pk)).base_url == THEIRS
    scim.base_url = OURS
    assert change(scim).base_url == OURS


def test_each_secret_of_a_webhook_is_asked_again(connect):
    hook = connect(
        ConnectorKind.WEBHOOK, base_url=OURS, options=options(WEBHOOK), extra_secrets={"credential": "t0ken"}
    )
    hook.base_url = THEIRS
    with pytest.raises(ValidationError) as refusal:
        change(hook, secret="whsec_another")
    assert set(refusal.value.message_dict) == {"credential"}
    with pytest.raises(ValidationError) as refusal:
        change(hook)
    assert set(refusal.value.message_dict) == {"secret", "credential"}
    assert change(hook, secret="whsec_another", extra_secrets={"credential": "another"}).base_url == THEIRS


@pytest.mark.parametrize("led", [{"option_host": "elsewhere.example"}, {"option_sslmode": "disable"}])
def test_a_database_that_is_led_elsewhere_or_less_guarded_asks_for_the_password_again(ada, fill, connect, led):
    database = connect(ConnectorKind.SQL, options=options(SQL))
    address = page_of(database)
    assert errors_of(ada.post(address, fill(ada.get(address), led))) == {"secret": [AGAIN]}
    database.refresh_from_db()
    assert database.options["host"] == "db.example"
    assert ada.post(address, fill(ada.get(address), {"option_database": "wiki2"})).status_code == 302


def test_a_kind_that_was_asked_nothing_yet_led_nowhere(ada, fill, connect):
    database = connect(ConnectorKind.SQL)
    assert ada.post(page_of(database), fill(ada.get(page_of(database)), SQL)).status_code == 302


def test_where_a_page_comes_back_its_secrets_are_to_be_typed_again(ada, fill, connect):
    database = connect(ConnectorKind.SQL)
    typed = {**SQL, "secret": "another-s3cret", "option_grant": "DROP TABLE members"}
    refused = ada.post(page_of(database), fill(ada.get(page_of(database)), typed))
    assert errors_of(refused)["secret"] == [NOT_SENT_BACK]
    assert "another-s3cret" not in refused.text


@pytest.mark.parametrize("kind", [ConnectorKind.BUILTIN, ConnectorKind.MANUAL, ConnectorKind.CSV])
def test_kinds_without_a_secret_ask_for_none(ada, connect, kind):
    assert 'name="secret"' not in ada.get(page_of(connect(kind))).text


def test_what_an_option_is_missing_is_told_at_its_field(ada, fill, connect):
    """A rule between two fields is judged by the action, and told where it belongs."""
    folders = connect(ConnectorKind.CSV)
    typed = {"option_outgoing": "wiki/out", "option_incoming": "wiki/out"}
    refused = ada.post(page_of(folders), fill(ada.get(page_of(folders)), typed))
    assert errors_of(refused) == {"option_incoming": ["The list needs a folder of its own."]}
