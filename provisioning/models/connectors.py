"""Connectors, and the accounts that people have behind them."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from accessgov import sealing
from catalog.models import Catalog, TargetSystem


class ConnectorKind(models.TextChoices):
    BUILTIN = "builtin", _("the built-in directory")
    SCIM = "scim", _("SCIM 2.0")
    LDAP = "ldap", _("LDAP or Active Directory")
    ENTRA = "entra", _("Microsoft Entra ID")
    WEBHOOK = "webhook", _("REST webhook")
    SQL = "sql", _("SQL statements")
    CSV = "csv", _("CSV files")
    MANUAL = "manual", _("done by hand")


class Connector(models.Model):
    """How a target system is reached. Its secret is encrypted at rest and never shown again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    system = models.OneToOneField(
        TargetSystem, verbose_name=_("target system"), on_delete=models.PROTECT, related_name="connector"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=ConnectorKind.choices)
    base_url = models.URLField(_("address"), blank=True)
    options = models.JSONField(default=dict, blank=True, editable=False)
    """What the kind's own form asks for; `actions.configure_connector` validates it."""
    sealed_secret = models.TextField(editable=False, blank=True)
    sealed_extras = models.JSONField(default=dict, blank=True, editable=False)
    """Further secrets of the kind, by name, each encrypted."""
    owners = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owners"),
        related_name="owned_connectors",
        blank=True,
        help_text=_("They are told when the connector is in trouble; without any the administrators are."),
    )
    is_enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("While it is switched off, its operations wait.")
    )
    disables_accounts = models.BooleanField(
        _("disables accounts of leavers"),
        default=False,
        help_text=_(
            "Whoever is disabled here from now on, and every guest whom a review blocks, can no longer sign in there: "
            "their account is disabled, however it came to be. If they are enabled again here, so is the account, "
            "unless somebody else had disabled it. It is never deleted."
        ),
    )
    max_concurrency = models.PositiveSmallIntegerField(
        _("calls at once"),
        default=4,
        validators=[MinValueValidator(1), MaxValueValidator(32)],
        help_text=_("How many workers may be at work in the system at the same time."),
    )
    rate_per_minute = models.PositiveIntegerField(
        _("changes per minute"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("No limit where this is empty."),
    )
    next_free_at = models.DateTimeField(null=True, blank=True, editable=False)
    """Where a rate is set: when the next change may begin; moved on by each that does."""
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    """No call before this: the target asked for it, or it is in trouble and is tried again then."""
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True, editable=False)
    """In quarantine: its operations wait until the target answers again."""
    reconcile_every = models.PositiveSmallIntegerField(
        _("hours between reconciliations"),
        default=24,
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 31)],
        help_text=_(
            "How often what people have there is compared with what they should have. Never where it is empty."
        ),
    )
    reconciled_at = models.DateTimeField(_("reconciled"), null=True, blank=True, editable=False)
    """When the last whole reconciliation was done."""
    discovers_into = models.ForeignKey(
        Catalog,
        verbose_name=_("catalog for what is found"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("New resources come into it; without one they are in no catalog until somebody puts them there."),
    )
    discover_every = models.PositiveSmallIntegerField(
        _("hours between discoveries"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 31)],
        help_text=_("How often the system is looked through for resources and roles. Never where it is empty."),
    )
    discovered_at = models.DateTimeField(_("looked through"), null=True, blank=True, editable=False)
    bookmark = models.TextField(editable=False, blank=True)
    """Where the last look ended, for systems that tell what has changed since."""
    last_answer_at = models.DateTimeField(_("last answer"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)

    class Meta:
        verbose_name = _("connector")
        verbose_name_plural = _("connectors")
        ordering = ("system__name",)

    def __str__(self) -> str:
        return str(self.system)

    @property
    def secret(self) -> str:
        """The secret in clear, for the call to the target and nothing else."""
        return sealing.unseal(self.sealed_secret)

    def set_secret(self, value: str) -> None:
        """Encrypt and keep a new secret; the caller saves."""
        self.sealed_secret = sealing.seal(value)

    def extra_secret(self, name: str) -> str:
        """One of the further secrets in clear; empty where there is none."""
        return sealing.unseal(self.sealed_extras.get(name, ""))

    def set_extra_secret(self, name: str, value: str) -> None:
        """Encrypt and keep a further secret, or forget it; the caller saves."""
        sealed = sealing.seal(value)
        self.sealed_extras = {key: kept for key, kept in self.sealed_extras.items() if key != name} | (
            {name: sealed} if sealed else {}
        )


class Account(models.Model):
    """The id under which a target knows a person, kept so that it is looked up once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="accounts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accounts")
    external_id = models.CharField(max_length=300)
    is_supposed = models.BooleanField(default=False, editable=False)
    """A reconciliation took it for the person's by its name: enough to say who holds what, not to change anything."""

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "person"], name="provisioning_account_one_per_connector_and_person"
            ),
            models.UniqueConstraint(fields=["connector", "external_id"], name="provisioning_account_serves_one_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person} @ {self.connector}"
