"""What kinds of connectors ask for on their page: it is shown, kept, and refused at its field with what was typed."""

import pytest
from django.urls import reverse

from catalog.models import TargetSystem
from provisioning import actions
from provisioning.connectors import kind_of, open_connector
from provisioning.connectors.base import Capability
from provisioning.models import Connector, ConnectorKind
from tests.cast import NOW

WEBHOOK = {
    "option_grant_path": "/groups/{role.id}/members/{person.username}",
    "option_revoke_path": "/groups/{role.id}/members/{person.username}",
    "option_read_path": "/groups/{role.id}/members/{person.username}",
    "option_grant_body": '{"level": "{resource.id}"}',
    "secret_credential": "t0ken-of-the-wiki",
}
SQL = {
    "option_host": "db.example",
    "option_database": "wiki",
    "option_user": "accessgov",
    "option_sslmode": "require",
    "option_grant": "INSERT INTO members VALUES (%(username)s, %(role)s)",
    "option_revoke": "DELETE FROM members WHERE login = %(username)s AND role = %(role)s",
}
CSV = {"option_outgoing": "wiki/out", "option_incoming": "wiki/in"}
KINDS = [
    (ConnectorKind.WEBHOOK, WEBHOOK, {Capability.READ_BACK}),
    (ConnectorKind.SQL, SQL, set()),
    (ConnectorKind.CSV, CSV, {Capability.READ_BACK, Capability.HOLDERS, Capability.BATCH}),
]


@pytest.fixture
def new(cast):
    """A connector of a kind whose own questions nobody has answered yet, and its page."""

    def make(kind: str) -> tuple[Connector, str]:
        system = TargetSystem.objects.create(name="Wiki", slug="wiki")
        connector = Connector(system=system, kind=kind, base_url="http://127.0.0.1:9/api")
        actions.configure_connector(connector=connector, actor=cast.ada, now=NOW)
        return connector, reverse("admin:provisioning_connector_change", args=[connector.pk])

    return make


@pytest.mark.parametrize("kind", ConnectorKind.values)
def test_every_field_stands_on_the_page_once(kind):
    form = kind_of(kind).options_form()
    lines = [line for _title, group in form.groups() for line in group]
    placed = [name for line in lines for name in ([line] if isinstance(line, str) else line)]
    assert sorted(placed) == sorted(form.fields)


@pytest.mark.parametrize(("kind", "typed", "capabilities"), KINDS)
def test_what_is_typed_is_kept_and_shown_again_but_for_secrets(ada, fill, new, kind, typed, capabilities):
    connector, address = new(kind)
    answer = ada.post(address, fill(ada.get(address), typed))
    assert answer.status_code == 302, answer.content.decode()
    connector.refresh_from_db()
    assert {name: connector.options[name.removeprefix("option_")] for name in typed if name.startswith("option_")} == {
        name: value for name, value in typed.items() if name.startswith("option_")
    }
    assert open_connector(connector, system="Wiki").capabilities == capabilities
    again = ada.get(address)
    assert "t0ken" not in again.content.decode()
    assert ada.post(address, fill(again, {})).status_code == 302


@pytest.mark.parametrize(
    ("kind", "typed", "says"),
    [
        (ConnectorKind.WEBHOOK, {**WEBHOOK, "option_grant_body": '{"a": "{person.salary}"}'}, "{person.salary} is not"),
        (ConnectorKind.WEBHOOK, {**WEBHOOK, "option_read_path": "/x/{account}"}, "Look up one person uses {account}"),
        (ConnectorKind.SQL, {**SQL, "option_grant": "DROP TABLE members"}, "Line 1: it must begin with INSERT"),
        (ConnectorKind.SQL, {**SQL, "option_sslmode": "verify-full"}, "certificate of the authority"),
        (ConnectorKind.CSV, {**CSV, "option_incoming": "../etc"}, "below the operator"),
        (ConnectorKind.CSV, {**CSV, "option_incoming": "wiki/out"}, "The list needs a folder of its own."),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(ada, fill, new, kind, typed, says):
    connector, address = new(kind)
    answer = ada.post(address, fill(ada.get(address), typed))
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert {name: answer.context["adminform"].form[name].value() for name in typed if name.startswith("option_")} == {
        name: value for name, value in typed.items() if name.startswith("option_")
    }
    connector.refresh_from_db()
    assert connector.options == {}
