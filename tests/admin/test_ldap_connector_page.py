"""A directory is connected on its page: the form asks for what LDAP needs, and the test says what answered."""

import pytest
from django.urls import reverse

from catalog.models import TargetSystem
from provisioning import actions
from provisioning.models import Connector, ConnectorKind
from tests.cast import NOW
from tests.provisioning.ldap_cast import options_for
from tests.provisioning.slapd import OURS_PASSWORD


@pytest.fixture
def corp(cast) -> Connector:
    system = TargetSystem.objects.create(name="Corp", slug="corp")
    return actions.configure_connector(
        connector=Connector(system=system, kind=ConnectorKind.LDAP), actor=cast.ada, now=NOW
    )


def address_of(corp, button="change"):
    return reverse(f"admin:provisioning_connector_{button}", args=[corp.pk])


def fill_in(ada, fill, corp, **changes):
    typed = {f"option_{name}": value for name, value in changes.items()}
    return ada.post(address_of(corp), fill(ada.get(address_of(corp)), {"secret": OURS_PASSWORD, **typed}))


def test_a_directory_is_filled_in_and_tested(ada, fill, corp, slapd):
    branch = slapd.branch()
    assert fill_in(ada, fill, corp, **options_for(branch)).status_code == 302
    ada.post(address_of(corp, "test_connection"), {"_form_submitted": "on"})
    page = ada.get(address_of(corp)).content.decode()
    assert f"It answers: OpenLDAP at {slapd.tls}, TLS 1.3 with a certificate until " in page
    assert OURS_PASSWORD not in page
    assert "base_url" not in page, "the servers are asked for elsewhere"


def test_what_cannot_be_right_is_said_where_it_stands_and_kept(ada, fill, corp):
    page = fill_in(
        ada, fill, corp, servers="dc1", bind_dn="cn=a", people_base="dc=x", groups_base="dc=x", people_filter="(uid"
    ).content.decode()
    assert "dc1 is no address of an LDAP server: write it like ldaps://dc1.example.com." in page
    assert "That is no filter" in page
    assert "(uid" in page
    corp.refresh_from_db()
    assert corp.options == {}
