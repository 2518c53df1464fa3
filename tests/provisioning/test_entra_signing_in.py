"""How the connector of Microsoft Entra ID signs in: secret, certificate, clouds, memory, refusals."""

import logging
from datetime import timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ValidationError
from django.utils import timezone

from catalog.models import TargetSystem
from provisioning.connectors.base import ConnectorError
from provisioning.connectors.entra import EntraTenant
from provisioning.connectors.entra_errors import SIGN_IN
from provisioning.connectors.entra_options import Tenant
from provisioning.models import Connector

from .graph_server import GraphServer
from .graph_tenant import GraphTenant, Reply, error
from .target_entra import NOWHERE, options_for, save_connector

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(graph_server: GraphServer) -> GraphTenant:
    return graph_server.tenant()


@pytest.fixture
def row(tenant: GraphTenant) -> Connector:
    system = TargetSystem.objects.create(name="Contoso", slug="contoso")
    return save_connector(system, tenant, invites_guests=True)


def failure_of(row: Connector) -> ConnectorError:
    with EntraTenant(row) as connector, pytest.raises(ConnectorError) as raised:
        connector.check()
    return raised.value


def refused(code: int) -> Reply:
    told = f"AADSTS{code}: something about Ada. Trace ID: 1 Timestamp: 2026-03-02 09:00:00Z"
    return Reply(401, {"error": "invalid_client", "error_description": told, "error_codes": [code]})


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key: rsa.RSAPrivateKey, *, valid_for: timedelta = timedelta(days=30)) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "AccessGov")])
    now = timezone.now()
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=60)).not_valid_after(now + valid_for)
    shown = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + shown).decode()


def test_the_test_of_the_connection_names_the_tenant_and_the_permissions_that_are_missing(row, tenant):
    with EntraTenant(row) as connector:
        assert connector.check() == f"Microsoft Graph, tenant {tenant.id}, with every permission that is needed"
        connector.graph.tokens.forget()
        tenant.permissions = ["Directory.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"]
        assert "every permission" in connector.check()
        connector.graph.tokens.forget()
        tenant.permissions = ["User.Read.All", "Group.ReadWrite.All"]
        missing = "AppRoleAssignment.ReadWrite.All, Application.Read.All, User.Invite.All"
        assert missing in connector.check()


def test_a_token_is_asked_for_once_and_shared_by_all_who_open_the_connector(row, tenant):
    for _ in range(3):
        with EntraTenant(Connector.objects.get(pk=row.pk)) as connector:
            connector.check()
    assert tenant.tokens_given == 1


def test_a_token_that_is_refused_is_replaced_once(row, tenant):
    with EntraTenant(row) as connector:
        tenant.refused_tokens.add(connector.graph.tokens.get())
        assert connector.check()
    assert tenant.tokens_given == 2


def test_tokens_that_are_refused_again_and_again_are_an_outage(row, tenant):
    tenant.override = lambda request: error(401, "InvalidAuthenticationToken", "Ada's token")
    failure = failure_of(row)
    assert failure.is_outage
    assert "refused our token (401 InvalidAuthenticationToken" in str(failure)
    assert tenant.tokens_given == 2


def test_a_new_secret_is_used_at_once(row, tenant):
    with EntraTenant(row) as connector:
        connector.check()
    tenant.secret = "another"
    row.set_secret("another")
    row.save()
    with EntraTenant(row) as connector:
        assert connector.check()
    assert tenant.tokens_given == 2


def test_a_certificate_signs_in_also_where_a_form_took_its_line_breaks(row, tenant, key):
    row.set_extra_secret("certificate", pem_of(key).replace("\n", ""))
    row.save()
    with EntraTenant(row) as connector:
        connector.check()
    assert tenant.tokens_given == 1
    [form] = tenant.forms
    assert "client_secret" not in form
    assertion = form["client_assertion"]
    assert "x5t#S256" in jwt.get_unverified_header(assertion)
    audience = f"{tenant.authority}/{tenant.id}/oauth2/v2.0/token".replace("http://", "https://")
    claims = jwt.decode(assertion, key.public_key(), algorithms=["PS256"], audience=audience, issuer=tenant.client_id)
    assert claims["sub"] == tenant.client_id


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda pem: pem.split("-----BEGIN CERTIFICATE")[0], "cannot be used"),
        (lambda pem: "-----BEGIN CERTIFICATE" + pem.split("-----BEGIN CERTIFICATE")[1], "cannot be used"),
        (lambda pem: pem.replace("MII", "XXX"), "cannot be used"),
        (lambda pem: "not a certificate", "cannot be used"),
    ],
    ids=["no certificate", "no key", "broken", "anything"],
)
def test_a_certificate_that_cannot_be_used_is_said_before_any_call(row, tenant, key, broken, words):
    row.set_extra_secret("certificate", broken(pem_of(key)))
    failure = failure_of(row)
    assert words in str(failure)
    assert failure.is_outage
    assert tenant.tokens_given == 0


def test_an_expired_certificate_asks_for_a_new_one(row, tenant, key):
    row.set_extra_secret("certificate", pem_of(key, valid_for=-timedelta(days=1)))
    assert "has expired: upload a new one" in str(failure_of(row))


def test_a_wrong_secret_says_that_its_value_is_wanted_and_shows_nothing(row, caplog):
    row.set_secret("hunter2")
    with caplog.at_level(logging.DEBUG):
        failure = failure_of(row)
    assert "enter the secret's value, which is not its id" in str(failure)
    assert "AADSTS7000215" in str(failure)
    assert failure.is_outage
    assert "hunter2" not in str(failure)
    for record in caplog.records:
        if not record.name.startswith("httpcore2"):
            assert "hunter2" not in record.getMessage()


@pytest.mark.parametrize("code", SIGN_IN)
def test_every_known_refusal_is_said_in_our_words(row, tenant, code):
    tenant.token_reply = refused(code)
    failure = failure_of(row)
    assert f"(AADSTS{code})" in str(failure)
    assert "Ada" not in str(failure)
    assert failure.is_outage


def test_a_refusal_that_nobody_knows_is_told_by_its_code_alone(row, tenant):
    tenant.token_reply = refused(99999)
    assert "gave AccessGov no token (AADSTS99999)" in str(failure_of(row))
    tenant.token_reply = Reply(401, {"error": "Ada <ada@example.com>"})
    assert "(no reason given)" in str(failure_of(row))


def test_a_sign_in_service_that_asks_us_to_wait_is_obeyed(row, tenant):
    tenant.token_reply = Reply(429, {"error": "temporarily_unavailable"}, {"Retry-After": "41"})
    failure = failure_of(row)
    assert failure.retry_after == timedelta(seconds=41)
    assert failure.is_outage


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tenant_id": "8d0f7e4e-2b5c-4a19-9a52-8c9b1f3e7a01"}, "There is no such tenant"),
        ({"client_id": "8d0f7e4e-2b5c-4a19-9a52-8c9b1f3e7a01"}, "no application with this client id"),
        ({"authority": NOWHERE}, "cannot be reached (ConnectError)"),
        ({"endpoint": NOWHERE}, "AADSTS70011"),
    ],
)
def test_wrong_options_are_told_apart(row, options, words):
    row.options |= options
    failure = failure_of(row)
    assert words in str(failure)
    assert failure.is_outage


@pytest.mark.parametrize("body", [b"<html>Ada</html>", b'["Ada"]', b""])
def test_something_else_in_the_place_of_the_sign_in_service_is_told_and_not_logged(row, tenant, caplog, body):
    tenant.token_reply = Reply(200, raw=body)
    failure = failure_of(row)
    assert failure.is_outage
    assert "did not answer as Microsoft Graph does" in str(failure)
    assert "Ada" not in str(failure) + caplog.text


def test_no_secret_at_all_is_asked_for(row):
    row.set_secret("")
    assert "neither a secret nor a certificate" in str(failure_of(row))


def test_a_secret_that_no_key_opens_is_asked_for_again(row):
    row.sealed_secret = "gAAAA-not-ours"
    assert "enter it again in its connector" in str(failure_of(row))


@pytest.mark.parametrize(
    ("cloud", "authority", "endpoint"),
    [
        ("global", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        ("usGovernment", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
        ("usDefense", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        ("china", "https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_each_cloud_has_its_own_addresses(tenant, cloud, authority, endpoint):
    options = options_for(tenant, cloud=cloud, match_by="mail", authority="", endpoint="")
    chosen = Tenant.of(EntraTenant.clean_options(options))
    assert (chosen.authority, chosen.endpoint) == (authority, endpoint)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"tenant_id": "contoso"}, "tenant_id"),
        ({"tenant_id": "../common"}, "tenant_id"),
        ({"client_id": "mine"}, "client_id"),
        ({"endpoint": "http://graph.example.com"}, "endpoint"),
        ({"endpoint": "http://127.0.0.1.example.com"}, "endpoint"),
        ({"endpoint": "https://graph.example.com/v1.0"}, "endpoint"),
        ({"authority": "https://ada:secret@login.example.com"}, "authority"),
        ({"authority": "https://169.254.169.254"}, "authority"),
        ({"endpoint": "https://[::ffff:169.254.169.254]"}, "endpoint"),
        ({"cloud": "moon"}, "cloud"),
    ],
)
def test_odd_options_are_refused_by_field(tenant, options, field):
    with pytest.raises(ValidationError) as raised:
        EntraTenant.clean_options(options_for(tenant, **options))
    assert list(raised.value.message_dict) == [field]
