"""What the connector of an LDAP directory asks for: where it is, how we get in, who is who, what a group is like."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ldap3.core.exceptions import LDAPException
from ldap3.operation.search import parse_filter
from ldap3.utils.dn import parse_dn

from .addresses import check_host
from .base import FieldGroup, FieldLine, OptionsForm
from .ldap_templates import TemplateError, parse_attributes, render_dn
from .matching import KnownBy

MOST_SERVERS = 3
LARGEST_PAGE = 5000
PAGE_SIZE = 500
_is_attribute = RegexValidator(
    r"^[A-Za-z][A-Za-z0-9-]*$", gettext_lazy("That is no name of an attribute: letters, digits and hyphens only.")
)


class IdAttribute(TextChoices):
    """What stays the same when an entry is renamed or moved."""

    ENTRY_UUID = "entryUUID", gettext_lazy("entryUUID (OpenLDAP and most others)")
    OBJECT_GUID = "objectGUID", gettext_lazy("objectGUID (Active Directory, Samba)")
    IPA_UNIQUE_ID = "ipaUniqueID", gettext_lazy("ipaUniqueID (FreeIPA)")
    NS_UNIQUE_ID = "nsUniqueId", gettext_lazy("nsUniqueId (389 Directory Server)")


class DisableBy(TextChoices):
    """How an account is disabled."""

    NOTHING = "", gettext_lazy("not through this connector")
    ACCOUNT_CONTROL = "userAccountControl", gettext_lazy("userAccountControl (Active Directory, Samba)")
    LOCKED_TIME = "pwdAccountLockedTime", gettext_lazy("pwdAccountLockedTime (password policy of OpenLDAP)")
    ATTRIBUTE = "attribute", gettext_lazy("an attribute and a value of my own")


def _dn(value: str) -> None:
    try:
        parse_dn(value)
    except LDAPException as error:
        raise ValidationError(
            _("That is no DN (%(reason)s): write it like ou=people,dc=example,dc=com."), params={"reason": error}
        ) from None


def _servers(value: str) -> None:
    addresses = value.split()
    for address in addresses:
        if not _is_server(address):
            raise ValidationError(
                _("%(address)s is no address of an LDAP server: write it like ldaps://dc1.example.com."),
                params={"address": address},
            )
        check_host(urlsplit(address).hostname or "")
    if len(addresses) > MOST_SERVERS:
        raise ValidationError(_("No more than %(count)d servers."), params={"count": MOST_SERVERS})


def _is_server(address: str) -> bool:
    try:
        parts = urlsplit(address)
        has_host = bool(parts.scheme in ("ldap", "ldaps") and parts.hostname and parts.port != 0)
    except ValueError:
        return False
    return has_host and not (parts.username or parts.path.strip("/") or parts.query)


def _filter(value: str) -> None:
    try:
        parse_filter(value, None, False, False, None, False)
    except LDAPException as error:
        raise ValidationError(
            _("That is no filter (%(reason)s): write it like (objectClass=person)."), params={"reason": error}
        ) from None


def _certificates(value: str) -> None:
    try:
        x509.load_pem_x509_certificates(value.encode())
    except ValueError:
        raise ValidationError(
            _("That is no certificate: paste it with the lines BEGIN CERTIFICATE and END CERTIFICATE.")
        ) from None


def _template(check: Callable[[str], Any]) -> Callable[[str], None]:
    def validate(value: str) -> None:
        try:
            check(value)
        except TemplateError as error:
            raise ValidationError(str(error)) from None

    return validate


def _attribute(label: Any, *, required: bool = False, initial: str = "", help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=required, initial=initial, max_length=60, validators=[_is_attribute], help_text=help_text
    )


class LdapOptions(OptionsForm):
    """Right for OpenLDAP as it comes; the help texts say what Active Directory wants."""

    servers = forms.CharField(
        label=gettext_lazy("servers"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
        validators=[_servers],
        help_text=gettext_lazy(
            "One address a line, tried in this order: ldaps://dc1.example.com, or ldap://dc1.example.com with StartTLS."
        ),
    )
    allows_plain = forms.BooleanField(
        label=gettext_lazy("no StartTLS"),
        required=False,
        help_text=gettext_lazy("Talks to ldap:// addresses in clear. Our password can then be read in the network."),
    )
    ca_certificate = forms.CharField(
        label=gettext_lazy("CA certificate"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=50_000,
        validators=[_certificates],
        help_text=gettext_lazy("PEM. Only needed where the servers' certificates come from your own authority."),
    )
    bind_dn = forms.CharField(
        label=gettext_lazy("our account"),
        max_length=500,
        help_text=gettext_lazy(
            "Its DN; in Active Directory also accessgov@corp.example.com. The secret is its password."
        ),
    )
    people_base = forms.CharField(
        label=gettext_lazy("base of the people"),
        max_length=500,
        validators=[_dn],
        help_text=gettext_lazy("ou=people,dc=example,dc=com. People outside are not found."),
    )
    people_filter = forms.CharField(
        label=gettext_lazy("filter of the people"),
        max_length=1000,
        initial="(objectClass=person)",
        validators=[_filter],
        help_text=gettext_lazy("Active Directory: (&(objectCategory=person)(objectClass=user))"),
    )
    person_attribute = _attribute(
        gettext_lazy("people are known by"),
        required=True,
        initial="uid",
        help_text=gettext_lazy("The attribute that is compared: uid, sAMAccountName, userPrincipalName, mail, …"),
    )
    person_field = forms.ChoiceField(
        label=gettext_lazy("which is compared with their"), choices=KnownBy.choices, initial=KnownBy.USERNAME
    )
    id_attribute = forms.ChoiceField(
        label=gettext_lazy("unchanging id"), choices=IdAttribute.choices, initial=IdAttribute.ENTRY_UUID
    )
    groups_base = forms.CharField(label=gettext_lazy("base of the groups"), max_length=500, validators=[_dn])
    groups_filter = forms.CharField(
        label=gettext_lazy("filter of the groups"),
        max_length=1000,
        initial="(objectClass=groupOfNames)",
        validators=[_filter],
        help_text=gettext_lazy("Which class they have, and what else: Active Directory: (objectClass=group)"),
    )
    member_attribute = _attribute(
        gettext_lazy("members are in"),
        required=True,
        initial="member",
        help_text=gettext_lazy("member, uniqueMember (groupOfUniqueNames) or memberUid (posixGroup)."),
    )
    member_value = _attribute(
        gettext_lazy("as which value"),
        help_text=gettext_lazy("Empty: the DN of the person. Otherwise an attribute of the person: uid for memberUid."),
    )
    owner_attribute = _attribute(
        gettext_lazy("owners are in"),
        help_text=gettext_lazy("Empty where groups have none; owner or managedBy. It has the DN of the person."),
    )
    memberof_attribute = _attribute(
        gettext_lazy("groups of a person are in"),
        help_text=gettext_lazy(
            "memberOf, where the directory keeps it for all members: large groups are then listed page by page."
        ),
    )
    placeholder = forms.CharField(
        label=gettext_lazy("placeholder"),
        required=False,
        max_length=500,
        help_text=gettext_lazy(
            "What stands in a group that may not be empty when its last member goes (groupOfNames): cn=nobody, say."
        ),
    )
    page_size = forms.IntegerField(
        label=gettext_lazy("entries a page"),
        initial=PAGE_SIZE,
        min_value=10,
        max_value=LARGEST_PAGE,
        help_text=gettext_lazy("Not more than the directory allows: 1000 in Active Directory."),
    )
    disable_by = forms.ChoiceField(
        label=gettext_lazy("accounts are disabled by"), required=False, choices=DisableBy.choices
    )
    disable_attribute = _attribute(
        gettext_lazy("attribute of the disabled"), help_text=gettext_lazy("nsAccountLock or loginShell, say.")
    )
    disable_value = forms.CharField(
        label=gettext_lazy("its value"), required=False, max_length=200, help_text=gettext_lazy("TRUE, say.")
    )
    account_dn = forms.CharField(
        label=gettext_lazy("DN of new accounts"),
        required=False,
        max_length=500,
        validators=[_template(render_dn)],
        help_text=gettext_lazy("Empty: no accounts are created. Otherwise uid={username},ou=people,dc=example,dc=com."),
    )
    account_attributes = forms.CharField(
        label=gettext_lazy("attributes of new accounts"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=5000,
        validators=[_template(parse_attributes)],
        help_text=gettext_lazy(
            "One a line: objectClass: inetOrgPerson, cn: {name}, sn: {last_name}, mail: {email}. What is not known of "
            "a person is left out."
        ),
    )

    def groups(self) -> list[FieldGroup]:
        """The directory, its people, its groups, and accounts."""
        where: list[FieldLine] = ["servers", "allows_plain", "ca_certificate", "bind_dn", "page_size"]
        people: list[FieldLine] = ["people_base", "people_filter", ("person_attribute", "person_field"), "id_attribute"]
        members: list[FieldLine] = [("member_attribute", "member_value"), ("owner_attribute", "memberof_attribute")]
        accounts: list[FieldLine] = ["disable_by", ("disable_attribute", "disable_value")]
        return [
            ("", where),
            (gettext_lazy("People"), people),
            (gettext_lazy("Groups"), ["groups_base", "groups_filter", *members, "placeholder"]),
            (gettext_lazy("Accounts"), [*accounts, "account_dn", "account_attributes"]),
        ]

    def clean_placeholder(self) -> str:
        """A DN where members are DNs."""
        value = self.cleaned_data["placeholder"]
        if value and not self.cleaned_data.get("member_value"):
            _dn(value)
        return value

    def clean(self) -> dict[str, Any]:
        """What belongs together is there together."""
        given = super().clean() or self.cleaned_data
        if given.get("disable_by") == DisableBy.ATTRIBUTE:
            for name in ("disable_attribute", "disable_value"):
                if not given.get(name):
                    self.add_error(name, _("Say which attribute disables an account, and by which value."))
        if given.get("account_dn") and "objectclass:" not in given.get("account_attributes", "").lower():
            self.add_error("account_attributes", _("A new account needs a line with its objectClass."))
        return given
