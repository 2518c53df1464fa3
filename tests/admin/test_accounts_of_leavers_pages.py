"""Accounts of leavers in the administration: where they are disabled, what is stuck, what a person's page says."""

import pytest
from django.urls import reverse

from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog.models import TargetSystem
from provisioning import actions
from provisioning.models import AccountChange, Connector, ConnectorKind
from tests.cast import NOW
from tests.provisioning.ldap_cast import options_for
from tests.provisioning.slapd import OURS_PASSWORD

OFFERED = {ConnectorKind.SCIM, ConnectorKind.LDAP, ConnectorKind.ENTRA}


@pytest.fixture
def new(cast):
    def make(kind):
        system = TargetSystem.objects.create(name="Ledger", slug="ledger")
        connector = Connector(system=system, kind=kind, base_url="http://127.0.0.1:9/v2")
        actions.configure_connector(connector=connector, actor=cast.ada, now=NOW)
        return connector, reverse("admin:provisioning_connector_change", args=[connector.pk])

    return make


@pytest.fixture
def change(cast):
    """Charlie's account, at which the system failed for good."""
    return AccountChange.objects.create(
        system=cast.system,
        person=cast.charlie,
        kind="disable",
        status=WorkStatus.STUCK,
        last_error="We may not.",
        due_at=NOW,
        created_at=NOW,
        idempotency_key="1",
    )


def press(browser, change, button, **typed):
    address = reverse(f"admin:provisioning_accountchange_{button}", args=[change.pk])
    return browser.post(address, {"_form_submitted": "on", **typed})


@pytest.mark.parametrize("kind", ConnectorKind.values)
def test_disabling_accounts_is_offered_where_the_kind_can(ada, new, kind):
    _connector, address = new(kind)
    form = ada.get(address).context["adminform"].form
    assert ("disables_accounts" in form.fields) == (kind in OFFERED)


def test_it_is_off_until_an_administrator_switches_it_on_which_the_journal_tells(ada, fill, new):
    connector, address = new(ConnectorKind.SCIM)
    assert connector.disables_accounts is False
    answer = ada.post(address, fill(ada.get(address), {"disables_accounts": "on"}))
    assert answer.status_code == 302, answer.content.decode()
    connector.refresh_from_db()
    assert connector.disables_accounts is True
    told = Event.objects.filter(verb="connector.changed").latest("id")
    assert told.details["changed"] == "disables accounts of leavers: no → yes"


def test_a_directory_is_told_first_how_accounts_are_disabled_in_it(ada, fill, new, slapd):
    connector, address = new(ConnectorKind.LDAP)
    options = {f"option_{name}": value for name, value in options_for(slapd.branch()).items()}
    typed = {**options, "secret": OURS_PASSWORD, "disables_accounts": "on"}
    answer = ada.post(address, fill(ada.get(address), typed))
    assert "Say first how accounts are disabled there" in answer.content.decode()
    told = {**typed, "option_disable_by": "pwdAccountLockedTime"}
    assert ada.post(address, fill(ada.get(address), told)).status_code == 302
    connector.refresh_from_db()
    assert connector.disables_accounts is True


def test_the_stuck_come_first_and_are_put_back_to_work(ada, cast, change):
    AccountChange.objects.create(
        system=change.system, person=cast.rita, kind="disable", due_at=NOW, created_at=NOW, idempotency_key="2"
    )
    listed = ada.get("/admin/provisioning/accountchange/").context["cl"].result_list
    assert [one.status for one in listed] == ["stuck", "pending"]
    press(ada, change, "retry")
    change.refresh_from_db()
    assert change.status == WorkStatus.PENDING


def test_what_is_stuck_is_skipped_with_a_reason_only(ada, change):
    chosen = {"action": "skip_chosen", "_selected_action": [change.pk]}
    assert "Say why" in ada.post("/admin/provisioning/accountchange/", chosen, follow=True).content.decode()
    press(ada, change, "skip", why="Done by hand")
    change.refresh_from_db()
    assert change.status == WorkStatus.SUPERSEDED
    assert Event.objects.get(verb="account.skipped").details["reason"] == "Done by hand"


def test_only_administrators_do(client, cast, change):
    cast.charlie.is_staff = True
    cast.charlie.save()
    client.force_login(cast.charlie)
    assert press(client, change, "retry").status_code == 403


def test_a_person_s_page_says_what_became_of_their_accounts(ada, cast, change):
    page = ada.get(reverse("admin:directory_user_change", args=[cast.charlie.pk])).content.decode()
    assert "to be disabled: We may not." in page
    AccountChange.objects.update(status=WorkStatus.DONE, settled_at=NOW, outcome="read back from Directory")
    page = ada.get(reverse("admin:directory_user_change", args=[cast.charlie.pk])).content.decode()
    assert "nobody signs in with it since" in page
    assert "read back from Directory" in page
