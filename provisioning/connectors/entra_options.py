"""What the connector of Microsoft Entra ID asks for: tenant, cloud, how people are found, what is listed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from django import forms
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from .addresses import check_host, is_loopback
from .base import FieldGroup, FieldLine, OptionsForm

GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
DOMAIN = r"(?=.{4,253}$)([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,63}"
MY_APPS = "https://myapplications.microsoft.com/"


class Cloud(models.TextChoices):
    """Microsoft's clouds: each has a sign-in service and a Microsoft Graph of its own."""

    GLOBAL = "global", _("global")
    US_GOVERNMENT = "usGovernment", _("US Government (L4)")
    US_DEFENSE = "usDefense", _("US Government (L5, DoD)")
    CHINA = "china", _("China (21Vianet)")


AUTHORITIES = {
    Cloud.GLOBAL: "https://login.microsoftonline.com",
    Cloud.US_GOVERNMENT: "https://login.microsoftonline.us",
    Cloud.US_DEFENSE: "https://login.microsoftonline.us",
    Cloud.CHINA: "https://login.partner.microsoftonline.cn",
}
ENDPOINTS = {
    Cloud.GLOBAL: "https://graph.microsoft.com",
    Cloud.US_GOVERNMENT: "https://graph.microsoft.us",
    Cloud.US_DEFENSE: "https://dod-graph.microsoft.us",
    Cloud.CHINA: "https://microsoftgraph.chinacloudapi.cn",
}


class MatchBy(models.TextChoices):
    """By what an account is known to be somebody's, by Graph's names of the properties."""

    PRINCIPAL_NAME = "userPrincipalName", _("user principal name")
    MAIL = "mail", _("mail address")
    EMPLOYEE_ID = "employeeId", _("employee number")


def check_origin(value: str) -> None:
    """Nothing is said unencrypted, except to this very machine. Raises ValidationError."""
    parts = urlsplit(value)
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username or not parts.hostname:
        raise forms.ValidationError(_("Give the address without a path, such as https://graph.example.com."))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise forms.ValidationError(_("The address must begin with https://."))
    check_host(parts.hostname)


class EntraOptions(OptionsForm):
    """One tenant, and the application that is registered in it for AccessGov."""

    tenant_id = forms.CharField(
        label=_("Tenant"),
        help_text=_("The directory's id, or one of its domains, such as contoso.onmicrosoft.com."),
        validators=[RegexValidator(f"^({GUID}|{DOMAIN})$", _("This is neither an id nor a domain."))],
    )
    client_id = forms.CharField(
        label=_("Application (client) id"),
        help_text=_("Of the application registered for AccessGov. Its client secret's value is the secret above."),
        validators=[RegexValidator(f"^{GUID}$", _("This is not an application's id."))],
    )
    cloud = forms.ChoiceField(label=_("Cloud"), choices=Cloud.choices, initial=Cloud.GLOBAL)
    match_by = forms.ChoiceField(
        label=_("People are found by"),
        choices=MatchBy.choices,
        initial=MatchBy.PRINCIPAL_NAME,
        help_text=_(
            "A user principal name is compared with the user name here, or with the mail address where the user name "
            "has no @. Guests are always found by their mail address."
        ),
    )
    invites_guests = forms.BooleanField(
        label=_("Invite guests"),
        required=False,
        help_text=_("A guest without an account is invited before something is granted to them."),
    )
    sends_invitations = forms.BooleanField(
        label=_("Microsoft mails invitations"),
        required=False,
        help_text=_("Without it guests get no mail from Microsoft, and accept when they first sign in."),
    )
    invitation_leads_to = forms.URLField(
        label=_("An invitation leads to"),
        required=False,
        assume_scheme="https",
        help_text=_("Empty: to where people open the system, or else to their list of applications at Microsoft."),
    )
    discovers_groups = forms.BooleanField(label=_("List groups"), required=False, initial=True)
    discovers_teams = forms.BooleanField(label=_("List teams"), required=False, initial=True)
    discovers_applications = forms.BooleanField(
        label=_("List applications"),
        required=False,
        initial=True,
        help_text=_("Enterprise applications with their roles, but for those that Microsoft itself runs."),
    )
    authority = forms.CharField(
        label=_("Another sign-in service"),
        required=False,
        validators=[check_origin],
        help_text=_("Only where a proxy stands before the cloud's own."),
    )
    endpoint = forms.CharField(
        label=_("Another Microsoft Graph"),
        required=False,
        validators=[check_origin],
        help_text=_("Only where a proxy stands before the cloud's own."),
    )

    def groups(self) -> list[FieldGroup]:
        """The tenant, its people, what is listed of it, and what stands before it."""
        guests: list[FieldLine] = [("invites_guests", "sends_invitations"), "invitation_leads_to"]
        return [
            ("", [("tenant_id", "client_id"), "cloud"]),
            (_("People and guests"), ["match_by", *guests]),
            (_("What is looked for"), [("discovers_groups", "discovers_teams"), "discovers_applications"]),
            (_("Behind a proxy"), [("authority", "endpoint")]),
        ]


@dataclass(frozen=True)
class Tenant:
    """The options as the connector uses them."""

    tenant_id: str
    client_id: str
    authority: str
    endpoint: str
    match_by: str
    invites_guests: bool
    sends_invitations: bool
    invitation_leads_to: str
    groups: bool
    teams: bool
    applications: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """What was left out is as the form begins with."""
        cloud = Cloud(options.get("cloud") or Cloud.GLOBAL)
        return cls(
            tenant_id=options["tenant_id"],
            client_id=options["client_id"],
            authority=(options.get("authority") or AUTHORITIES[cloud]).rstrip("/"),
            endpoint=(options.get("endpoint") or ENDPOINTS[cloud]).rstrip("/"),
            match_by=options.get("match_by") or MatchBy.PRINCIPAL_NAME,
            invites_guests=bool(options.get("invites_guests")),
            sends_invitations=bool(options.get("sends_invitations")),
            invitation_leads_to=options.get("invitation_leads_to") or "",
            groups=bool(options.get("discovers_groups", True)),
            teams=bool(options.get("discovers_teams", True)),
            applications=bool(options.get("discovers_applications", True)),
        )
