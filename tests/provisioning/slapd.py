"""A real OpenLDAP server in a process of its own, filled and read past every line of ours."""

import contextlib
import ctypes
import shutil
import signal
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import ldap3
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import escape_rdn

from .certificates import Authority

PROGRAM = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/local/libexec:/usr/lib/openldap:/usr/bin")
SLAPADD = shutil.which("slapadd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
MODULES = Path("/usr/lib/ldap")
SCHEMAS = Path("/etc/ldap/schema")
HAS_SLAPD = bool(PROGRAM and SLAPADD and MODULES.is_dir() and SCHEMAS.is_dir())

SUFFIX = "dc=example,dc=com"
ROOT = f"cn=root,{SUFFIX}"
OURS, OURS_PASSWORD = f"cn=accessgov,{SUFFIX}", "p4ss wörd"
READER = f"cn=reader,{SUFFIX}"
LIMITED = f"cn=limited,{SUFFIX}"
LARGE = 5000
LARGE_GROUP = "a79d4b26-7e2c-4b9e-9c3c-0d3b0f6f2a11"
START_SECONDS = 20
PR_SET_PDEATHSIG = 1

CONFIGURATION = """
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
include {schemas}/nis.schema
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.653 NAME 'managedBy' EQUALITY distinguishedNameMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL
  MUST ( cn $ objectGUID ) MAY ( member $ managedBy $ description ) )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL
  MAY ( objectGUID $ userAccountControl $ sAMAccountName ) )
modulepath {modules}
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
TLSCACertificateFile {authority}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
pidfile {directory}/slapd.pid
threads 4

database mdb
suffix "{suffix}"
rootdn "{root}"
rootpw secret
directory {directory}/data
maxsize 268435456
dbnosync
index objectClass,uid,cn,mail,entryUUID,objectGUID,member,memberOf eq
limits dn.exact="{ours}" size=unlimited
limits dn.exact="{limited}" size.soft=3 size.hard=3 size.pr=3 size.prtotal=3
access to attrs=userPassword by anonymous auth by dn.exact="{ours}" write by * none
access to * by dn.exact="{ours}" write by dn.exact="{reader}" read by dn.exact="{limited}" read by * none
overlay memberof
overlay refint
refint_attributes member owner
refint_nothing "cn=nobody,{suffix}"
overlay ppolicy
"""


class Slapd:
    """Serves `dc=example,dc=com` by ldap:// and ldaps://; a branch of it for each test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.authority = Authority(directory)
        self._numbers = count()
        self._process: subprocess.Popen[bytes] | None = None
        self.plain_port, self.tls_port = _free_ports()
        self._prepare()

    @property
    def plain(self) -> str:
        return f"ldap://localhost:{self.plain_port}"

    @property
    def tls(self) -> str:
        return f"ldaps://localhost:{self.tls_port}"

    def _prepare(self) -> None:
        (self.directory / "data").mkdir()
        certificate, key = self.authority.issue("localhost")
        values = {"schemas": SCHEMAS, "modules": MODULES, "suffix": SUFFIX, "root": ROOT, "directory": self.directory}
        values |= {"ours": OURS, "reader": READER, "limited": LIMITED}
        values |= {"authority": self.authority.file, "certificate": certificate, "key": key}
        self.configuration = self.directory / "slapd.conf"
        self.configuration.write_text(CONFIGURATION.format(**values))
        content = self.directory / "content.ldif"
        content.write_text("\n".join(_content()))
        command = [SLAPADD or "slapadd", "-q", "-f", str(self.configuration), "-l", str(content)]
        loaded = subprocess.run(command, capture_output=True, text=True, check=False)
        assert loaded.returncode == 0, f"slapadd failed:\n{loaded.stderr}"

    def start(self) -> None:
        """Serves once this returns; after a kill, on the same ports."""
        listeners = f"ldap://127.0.0.1:{self.plain_port}/ ldaps://127.0.0.1:{self.tls_port}/"
        command = [PROGRAM or "slapd", "-f", str(self.configuration), "-h", listeners, "-d", "0"]
        log = (self.directory / "slapd.log").open("ab")
        with log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=_die_with_parent)  # noqa: PLW1509
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.plain_port):
            assert self._process.poll() is None, (self.directory / "slapd.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "slapd did not answer"
            time.sleep(0.02)

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def branch(self) -> "Branch":
        """A part of the directory that nobody else writes to."""
        return Branch(self, f"ou=test{next(self._numbers)},{SUFFIX}")

    def connection(self) -> ldap3.Connection:
        """As the server's own administrator, without TLS."""
        server = ldap3.Server("127.0.0.1", self.plain_port, get_info=ldap3.NONE)
        return ldap3.Connection(server, ROOT, "secret", auto_bind=True, raise_exceptions=True, check_names=False)


class Branch:
    """People and groups of one test."""

    def __init__(self, server: Slapd, dn: str) -> None:
        self.server = server
        self.dn = dn
        self.people = f"ou=people,{dn}"
        self.groups = f"ou=groups,{dn}"
        self.raw = server.connection()
        for each in (dn, self.people, self.groups):
            self.raw.add(each, "organizationalUnit")

    def add_person(self, uid: str, *, below: str | None = None, **attributes: str) -> str:
        """The DN of a new account."""
        dn = f"cn={uuid4()},{below or self.people}"
        self.raw.add(dn, "inetOrgPerson", {"sn": "x", "uid": uid, **attributes})
        return dn

    def add_group(self, name: str, *members: str, kind: str = "groupOfNames", **attributes: object) -> str:
        """The DN of a new group; groupOfNames has a member at least."""
        dn = f"cn={escape_rdn(name)},{self.groups}"
        held = {"groupOfNames": "member", "groupOfUniqueNames": "uniqueMember"}.get(kind, "memberUid")
        values = {held: list(members)} if members else {}
        self.raw.add(dn, kind, {**values, **attributes})
        return dn

    def id_of(self, dn: str) -> str:
        """Its entryUUID."""
        return self.values(dn, "entryUUID")[0]

    def values(self, dn: str, attribute: str) -> list[str]:
        self.raw.search(dn, "(objectClass=*)", ldap3.BASE, attributes=[attribute])
        return [value.decode() for value in self.raw.response[0]["raw_attributes"].get(attribute, [])]

    def find(self, wanted: str) -> list[str]:
        """The DNs of what fits the filter."""
        self.raw.search(self.dn, wanted, attributes=[])
        return [each["dn"] for each in self.raw.response]

    def find_uid(self, uid: str) -> list[str]:
        return self.find(f"(uid={escape_filter_chars(uid)})")

    def add(self, dn: str, attribute: str, *values: str) -> None:
        self.raw.modify(dn, {attribute: [(ldap3.MODIFY_ADD, list(values))]})

    def remove(self, dn: str, attribute: str, *values: str) -> None:
        self.raw.modify(dn, {attribute: [(ldap3.MODIFY_DELETE, list(values))]})

    def rename(self, dn: str, name: str) -> str:
        self.raw.modify_dn(dn, name)
        return f"{name},{dn.partition(',')[2]}"

    def delete(self, dn: str) -> None:
        self.raw.delete(dn)


def _content() -> Iterator[str]:
    """The accounts that sign in, and a branch with a large group."""
    yield from _entry(SUFFIX, "objectClass: dcObject", "objectClass: organization", "dc: example", "o: Example")
    yield from _entry(f"cn=nobody,{SUFFIX}", "objectClass: organizationalRole", "cn: nobody")
    for dn in (OURS, READER, LIMITED):
        name = dn.split(",")[0].removeprefix("cn=")
        role = ("objectClass: organizationalRole", "objectClass: simpleSecurityObject", f"cn: {name}")
        yield from _entry(dn, *role, f"userPassword:: {b64encode(OURS_PASSWORD.encode()).decode()}")
    large = f"ou=large,{SUFFIX}"
    for dn in (large, f"ou=people,{large}", f"ou=groups,{large}"):
        yield from _entry(dn, "objectClass: organizationalUnit")
    group = f"cn=everybody,ou=groups,{large}"
    people = [f"uid=p{number},ou=people,{large}" for number in range(LARGE)]
    for number, dn in enumerate(people):
        who = ("objectClass: inetOrgPerson", f"cn: Person {number}", "sn: Person", f"uid: p{number}")
        yield from _entry(dn, *who, f"memberOf: {group}")
    members = [f"member: {dn}" for dn in people]
    yield from _entry(group, "objectClass: groupOfNames", "cn: everybody", f"entryUUID: {LARGE_GROUP}", *members)


def _entry(dn: str, *lines: str) -> Iterator[str]:
    yield from (f"dn: {dn}", *lines, "")


def guid(value: str) -> bytes:
    """As Active Directory keeps it."""
    return UUID(value).bytes_le


@contextmanager
def running_slapd(directory: Path) -> Iterator[Slapd]:
    """A server until the block ends."""
    server = Slapd(directory)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _die_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
