"""What the tests of the LDAP connector share: a branch of the server, connectors to it, people."""

import pytest

from catalog.models import TargetSystem
from directory.models import User
from provisioning.connectors.base import ConnectorError, Entitlement
from provisioning.connectors.ldap import LdapDirectory
from provisioning.models import Connector, ConnectorKind

from .slapd import OURS, OURS_PASSWORD, SUFFIX, Branch, Slapd

NOBODY = f"cn=nobody,{SUFFIX}"


@pytest.fixture
def branch(slapd: Slapd) -> Branch:
    return slapd.branch()


@pytest.fixture
def connect(branch: Branch):
    """Makes a connector with options of its own, and hangs up in the end."""
    system = TargetSystem.objects.create(name="Corp", slug="corp")
    opened = []

    def make(*, secret: str = OURS_PASSWORD, **options) -> LdapDirectory:
        row, _is_new = Connector.objects.get_or_create(system=system, kind=ConnectorKind.LDAP)
        row.set_secret(secret)
        row.options = LdapDirectory.clean_options(options_for(branch) | options)
        row.save()
        opened.append(LdapDirectory(row))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def options_for(branch: Branch) -> dict[str, object]:
    """As an administrator would fill in the form for this branch."""
    return {
        "servers": branch.server.tls,
        "ca_certificate": branch.server.authority.pem,
        "bind_dn": OURS,
        "people_base": branch.people,
        "groups_base": branch.groups,
        "placeholder": NOBODY,
    }


@pytest.fixture
def corp(connect) -> LdapDirectory:
    return connect()


@pytest.fixture
def ada(branch: Branch) -> User:
    branch.add_person("ada")
    return make_person("ada")


@pytest.fixture
def group(branch: Branch) -> str:
    return branch.add_group("sales", NOBODY)


@pytest.fixture
def role(branch: Branch, group: str) -> Entitlement:
    return role_of(branch, group)


def make_person(username: str, **fields) -> User:
    return User.objects.create(username=username, **fields)


def role_of(branch: Branch, group: str, role: str = "member") -> Entitlement:
    return Entitlement(resource_id=branch.id_of(group), role_id=role, name="Member of Sales")


def said(call, *arguments, **named) -> ConnectorError:
    """The error that the call ends with."""
    with pytest.raises(ConnectorError) as caught:
        call(*arguments, **named)
    return caught.value
