"""Secrets of connectors stay where they were given: nobody has them sent elsewhere without knowing them."""

import socket

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from audit.models import Event
from catalog.models import TargetSystem
from provisioning import actions
from provisioning.connectors import open_connector
from provisioning.connectors.base import ConnectorError
from provisioning.models import AccountChange, Connector, ConnectorKind
from tests.admin.test_connector_options import SQL, WEBHOOK
from tests.cast import NOW
from tests.provisioning.certificates import Authority

OURS, THEIRS = "https://wiki.example/api", "https://elsewhere.example/api"
AGAIN = "Type this again: it would be sent to another place now."
LINK_LOCAL_DIRECTORY = {
    "option_servers": "ldaps://169.254.169.254",
    "option_bind_dn": "cn=us,dc=corp,dc=example",
    "option_people_base": "ou=people,dc=corp,dc=example",
    "option_groups_base": "ou=groups,dc=corp,dc=example",
}
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


def test_another_system_has_other_accounts_so_none_of_the_old_ones_is_believed(cast, connect):
    scim = connect(ConnectorKind.SCIM, base_url=OURS)
    scim.accounts.create(person=cast.rita, external_id="12")
    Connector.objects.update(bookmark="page 7")
    scim.base_url = f"{OURS}/"
    change(scim, secret="s3cret")
    assert scim.accounts.exists(), "another way to write the address leads nowhere else"
    scim.base_url = THEIRS
    change(scim, secret="another")
    assert not scim.accounts.exists()
    scim.refresh_from_db()
    assert scim.bookmark == ""
    assert "looked up anew" in str(Event.objects.filter(verb="connector.changed").latest("pk").details)


def test_another_system_has_nothing_disabled_by_us_that_would_be_enabled_in_it(cast, connect):
    scim = connect(ConnectorKind.SCIM, base_url=OURS)
    known = {"system": scim.system, "due_at": NOW, "created_at": NOW}
    keys = iter("abc")
    for person, kind, status in (
        (cast.rita, "disable", "done"),
        (cast.rita, "enable", "pending"),
        (cast.olga, "disable", "pending"),
    ):
        more = {"is_to_be_undone": kind == "disable", "settled_at": NOW if status == "done" else None}
        AccountChange.objects.create(
            person=person, kind=kind, status=status, idempotency_key=next(keys), **known, **more
        )
    scim.base_url = THEIRS
    change(scim, secret="another")
    assert not AccountChange.objects.filter(is_to_be_undone=True).exists()
    assert list(AccountChange.objects.order_by("idempotency_key").values_list("kind", "status")) == [
        ("disable", "done"), ("enable", "superseded"), ("disable", "pending"),
    ]  # fmt: skip
    assert Event.objects.get(verb="account.change_superseded").person_id == cast.rita.pk


def test_what_a_worker_wrote_down_while_a_page_was_open_is_not_lost(connect):
    stale = connect(ConnectorKind.SCIM, base_url=OURS)
    Connector.objects.update(failures=3, last_error="It is away.", bookmark="page 7")
    change(stale)
    kept = Connector.objects.get(pk=stale.pk)
    assert (kept.failures, kept.last_error, kept.bookmark) == (3, "It is away.", "page 7")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("https://ada:pa55@wiki.example/api", "Leave user name and password out of the address"),
        ("http://wiki.example/api", "must begin with https://: the secret would be sent unencrypted"),
        ("https://169.254.169.254/latest/", "169.254.169.254 is a link-local address"),
        ("https://[fe80::1]/", "fe80::1 is a link-local address"),
        ("https://[::ffff:169.254.169.254]/", "is a link-local address"),
        ("https://[fd00:ec2::254]/", "is a link-local address"),
    ],
)
def test_an_address_that_gives_a_secret_away_is_refused_at_its_field(connect, address, says):
    with pytest.raises(ValidationError) as refusal:
        connect(ConnectorKind.SCIM, base_url=address)
    assert says in refusal.value.message_dict["base_url"][0]
    assert "pa55" not in str(refusal.value)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("kind", "typed"),
    [(ConnectorKind.SQL, {**SQL, "option_host": "169.254.169.254"}), (ConnectorKind.LDAP, LINK_LOCAL_DIRECTORY)],
)
def test_no_database_and_no_directory_is_at_a_link_local_address(connect, kind, typed):
    with pytest.raises(ValidationError) as refusal:
        connect(kind, options=options(typed))
    assert "is a link-local address" in str(refusal.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/scim", "http://localhost:9/scim", "https://10.1.2.3/scim"])
def test_systems_of_our_own_network_are_what_connectors_are_for(connect, address):
    assert connect(ConnectorKind.SCIM, base_url=address).base_url == address


def test_without_a_secret_the_address_may_be_unencrypted(cast):
    system = TargetSystem.objects.create(name="Wiki", slug="wiki")
    row = Connector(system=system, kind=ConnectorKind.SCIM, base_url="http://wiki.example/api")
    assert change(row).base_url == "http://wiki.example/api"


def test_a_name_that_leads_to_a_link_local_address_is_not_called(connect, monkeypatch):
    scim = connect(ConnectorKind.SCIM, base_url="https://wiki.example/api")
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_named: found)
    with open_connector(scim, system="Wiki") as connector, pytest.raises(ConnectorError, match="link-local") as refusal:
        connector.check()
    assert refusal.value.is_outage


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


def test_a_new_authority_for_certificates_asks_for_the_password_again(connect, tmp_path):
    database = connect(ConnectorKind.SQL, options=options(SQL))
    guarded = options(SQL, option_authority=Authority(tmp_path).pem)
    with pytest.raises(ValidationError) as refusal:
        change(database, options=guarded)
    assert refusal.value.message_dict == {"secret": [AGAIN]}
    database.refresh_from_db()
    assert change(database, options=guarded, secret="s3cret").options["authority"]


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
