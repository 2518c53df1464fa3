"""What went wrong with an LDAP directory, said so that an administrator can act on it."""

import re
import ssl
from enum import IntEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ldap3.core.exceptions import LDAPException

from .base import ConnectorError

ERROR_NUMBER = re.compile(r"\[Errno -?\d+\] ?")
DETAIL_LENGTH = 300


class Code(IntEnum):
    """Result codes that are told apart (RFC 4511, section 4.1.9)."""

    SUCCESS = 0
    TIME_LIMIT = 3
    SIZE_LIMIT = 4
    COMPARE_FALSE = 5
    COMPARE_TRUE = 6
    STRONGER_AUTH_REQUIRED = 8
    REFERRAL = 10
    ADMIN_LIMIT = 11
    CONFIDENTIALITY_REQUIRED = 13
    NO_SUCH_ATTRIBUTE = 16
    UNDEFINED_ATTRIBUTE = 17
    CONSTRAINT_VIOLATION = 19
    VALUE_EXISTS = 20
    NO_SUCH_OBJECT = 32
    INVALID_DN = 34
    INAPPROPRIATE_AUTHENTICATION = 48
    INVALID_CREDENTIALS = 49
    INSUFFICIENT_ACCESS = 50
    BUSY = 51
    UNAVAILABLE = 52
    UNWILLING = 53
    OBJECT_CLASS_VIOLATION = 65
    ENTRY_EXISTS = 68


LIMITS = {Code.TIME_LIMIT, Code.SIZE_LIMIT, Code.ADMIN_LIMIT}
AWAY = {Code.BUSY, Code.UNAVAILABLE}
NEEDS_TLS = {Code.STRONGER_AUTH_REQUIRED, Code.CONFIDENTIALITY_REQUIRED}
WHOLE_SERVER = {*AWAY, *NEEDS_TLS, Code.REFERRAL}
"""What is not the fault of one change: any other would meet the same."""

EXPIRED, HOST_MISMATCH, ADDRESS_MISMATCH = 10, 62, 64
"""Why OpenSSL trusts a certificate not (X509_V_ERR_...)."""


class LdapRefusal(ConnectorError):
    """The server answered, and the answer was no: `code` says why."""

    def __init__(self, message: str, *, code: int, is_outage: bool = False) -> None:
        super().__init__(message, is_outage=is_outage)
        self.code = code


def refusal(code: int, message: str, *, dn: str, system: str) -> LdapRefusal:
    """The server's no to a search or a change of the entry `dn`."""
    words = {"system": system, "dn": dn, "reason": reason(code, message)}
    return LdapRefusal(_words(code) % words, code=code, is_outage=code in WHOLE_SERVER)


def _words(code: int) -> str:
    if code == Code.INSUFFICIENT_ACCESS:
        return _("%(system)s does not let our account do this to %(dn)s (%(reason)s): give it the right to.")
    if code == Code.NO_SUCH_OBJECT:
        return _("%(system)s has no entry %(dn)s (any more).")
    if code in LIMITS:
        return _(
            "%(system)s does not give all that was asked for at %(dn)s (%(reason)s): choose a smaller page size, or "
            "raise the limits of our account there."
        )
    if code in AWAY:
        return _("%(system)s is busy or not available (%(reason)s).")
    if code in NEEDS_TLS:
        return _(
            "%(system)s wants an encrypted connection (%(reason)s): use ldaps://, or do not switch StartTLS off in its "
            "connector."
        )
    if code == Code.REFERRAL:
        return _(
            "%(system)s sends us to another server for %(dn)s (%(reason)s), which is not followed: enter that server, "
            "which takes changes, in its connector."
        )
    if code == Code.UNDEFINED_ATTRIBUTE:
        return _("%(system)s does not know an attribute that is used at %(dn)s (%(reason)s): correct its connector.")
    if code == Code.OBJECT_CLASS_VIOLATION:
        return _(
            "%(system)s does not allow it for %(dn)s (%(reason)s). Where a group may not be empty, enter a placeholder "
            "in its connector."
        )
    return _("%(system)s refused the change of %(dn)s (%(reason)s).")


def goes_in_circles(dn: str, *, system: str) -> ConnectorError:
    """It tells again what it told already, and would for ever."""
    return ConnectorError(
        _("%(system)s tells the same of %(dn)s again and again: nothing of it can be trusted.")
        % {"system": system, "dn": dn}
    )


def base_is_wrong(base: str, *, system: str) -> ConnectorError:
    """Nothing is found there, whatever is looked for."""
    return ConnectorError(
        _(
            "%(system)s has nothing at %(base)s, or does not show it to our account: correct the base in its connector,"
            " or give the account the right to read there."
        )
        % {"system": system, "base": base},
        is_outage=True,
    )


# --- Getting there ----------------------------------------------------------------------------------------------------


def unreachable(error: Exception, *, address: str, system: str) -> ConnectorError:
    """No connection, or it broke: `error` is the library's."""
    text = shortened(str(error))
    words = {"system": system, "address": address, "reason": text or type(error).__name__}
    if not isinstance(error, (LDAPException, OSError)):
        said = _("%(system)s did not answer as LDAP does at %(address)s (%(reason)s): check the address and the port.")
        return ConnectorError(said % words, is_outage=True)
    if "timed out" in text:
        return ConnectorError(_("%(system)s did not answer in time at %(address)s.") % words, is_outage=True)
    if "invalid server address" in text:
        said = _("The host name in %(address)s is not known: correct the address of %(system)s in its connector.")
        return ConnectorError(said % words, is_outage=True)
    said = _(
        "%(system)s cannot be reached at %(address)s (%(reason)s): check that it runs, and the address in its "
        "connector."
    )
    return ConnectorError(said % words, is_outage=True)


def insecure(error: Exception, *, address: str, host: str, system: str) -> ConnectorError:
    """The connection could not be encrypted as it should be."""
    words = {"system": system, "address": address, "host": host, "reason": shortened(str(error))}
    return ConnectorError(_tls_words(error) % words, is_outage=True)


def _tls_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _("%(system)s did not answer in time at %(address)s.")
    if not isinstance(error, ssl.SSLCertVerificationError):
        return _(
            "The encrypted connection with %(system)s at %(address)s failed (%(reason)s): check whether that port "
            "speaks TLS, and the certificate of the server."
        )
    if error.verify_code == EXPIRED:
        return _("The certificate of %(system)s at %(address)s has expired: have it renewed there.")
    if error.verify_code in (HOST_MISMATCH, ADDRESS_MISMATCH):
        return _(
            "The certificate of %(system)s at %(address)s is not made out to %(host)s: enter the name that the "
            "certificate has, or have one made with this name."
        )
    return _(
        "The certificate of %(system)s at %(address)s is signed by nobody that we trust (%(reason)s): enter the "
        "certificate of its authority (CA) in its connector."
    )


def no_start_tls(reason: str, *, address: str, system: str) -> ConnectorError:
    """The server does not encrypt."""
    return ConnectorError(
        _(
            "%(system)s at %(address)s does not offer StartTLS (%(reason)s): use an ldaps:// address, or set up TLS "
            "there. The password is not sent in clear."
        )
        % {"system": system, "address": address, "reason": reason},
        is_outage=True,
    )


# --- Being let in -----------------------------------------------------------------------------------------------------

ACTIVE_DIRECTORY = {
    "data 525": gettext_lazy("there is no such account"),
    "data 52e": gettext_lazy("wrong name or password"),
    "data 530": gettext_lazy("not allowed at this time of day"),
    "data 531": gettext_lazy("not allowed from here"),
    "data 532": gettext_lazy("the password has expired"),
    "data 533": gettext_lazy("the account is disabled"),
    "data 701": gettext_lazy("the account has expired"),
    "data 773": gettext_lazy("the password must be changed first"),
    "data 775": gettext_lazy("the account is locked"),
}
"""What Active Directory hides in its answer to a sign-in."""


def not_let_in(code: int, message: str, *, bind_dn: str, system: str) -> ConnectorError:
    """The server refused our account."""
    hidden = next((words for mark, words in ACTIVE_DIRECTORY.items() if mark in message), "")
    words = {"system": system, "name": bind_dn, "reason": hidden or reason(code, message), "dn": bind_dn}
    if code in WHOLE_SERVER:
        return refusal(code, message, dn=bind_dn, system=system)
    if code in (Code.INVALID_CREDENTIALS, Code.INAPPROPRIATE_AUTHENTICATION, Code.NO_SUCH_OBJECT):
        said = _("%(system)s refused our account %(name)s (%(reason)s): check its name and password in the connector.")
    elif code == Code.INVALID_DN:
        said = _("%(system)s does not take %(name)s for the name of an account: enter its whole DN in the connector.")
    else:
        said = _("%(system)s did not let our account %(name)s in (%(reason)s).")
    return ConnectorError(said % words, is_outage=True)


def reason(code: int, message: str) -> str:
    """What the server said, or at least its code."""
    name = next((each.name.lower().replace("_", " ") for each in Code if each == code), "")
    return ": ".join(filter(None, [f"{code} {name}".strip(), shortened(message)]))


def shortened(text: str) -> str:
    """One line of it."""
    line = " ".join(ERROR_NUMBER.sub("", text).replace("\x00", "").split())
    return line if len(line) <= DETAIL_LENGTH else line[:DETAIL_LENGTH] + "…"
