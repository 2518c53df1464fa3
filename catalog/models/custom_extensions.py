"""Custom extensions: other programs that are told of requests and access by signed webhooks, and may answer."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from accessgov import outward, sealing

from ..choices import CalloutMoment, LaunchBehaviour, TimeoutMeaning
from .policies import Policy
from .resources import Catalog

LONGEST_WAIT = timedelta(days=14)
GRACE, LONGEST_GRACE = timedelta(hours=24), timedelta(days=7)
"""How long a secret that was replaced holds too, unless it is said otherwise, and at most."""
HOLDING_UP = (CalloutMoment.CREATED, CalloutMoment.APPROVED)
"""When a request waits for an answer, and can be denied by it: nothing is given yet."""
MAY_WAIT = (*HOLDING_UP, CalloutMoment.GRANTED, CalloutMoment.REMOVED)
"""When there may be an answer. With access that is there nothing waits for it."""


class CustomExtension(models.Model):
    """A program with an address, owned by a catalog; its secret is encrypted at rest and shown once.

    What a policy says of it (when, and whether it is waited for) is copied into each request. Where it is, and its
    secret, are taken as they are when it is called: so a wrong address can be mended for what is under way.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    catalog = models.ForeignKey(
        Catalog, verbose_name=_("catalog"), on_delete=models.PROTECT, related_name="custom_extensions"
    )
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True, help_text=_("What it does, and who looks after it."))
    url = models.CharField(
        _("address"), max_length=500, validators=[outward.check_url], help_text=_("Begins with https://.")
    )
    sealed_secret = models.TextField(editable=False)
    former_sealed_secret = models.TextField(blank=True, editable=False)
    """The secret before, which holds too until then: whoever is called needs time to learn the new one."""
    former_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    behaviour = models.CharField(
        _("behaviour"), max_length=20, choices=LaunchBehaviour.choices, default=LaunchBehaviour.CONTINUE
    )
    time_limit_hours = models.PositiveSmallIntegerField(
        _("hours to answer"),
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(int(LONGEST_WAIT.total_seconds() // 3600))],
        help_text=_("Where it is waited for; at most 336, which is 14 days."),
    )
    on_timeout = models.CharField(
        _("without an answer"), max_length=10, choices=TimeoutMeaning.choices, default=TimeoutMeaning.FAIL
    )
    last_answer_at = models.DateTimeField(_("last answer"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)

    class Meta:
        verbose_name = _("custom extension")
        verbose_name_plural = _("custom extensions")
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(fields=["catalog", "name"], name="catalog_extension_name_once_per_catalog")
        ]

    def __str__(self) -> str:
        return self.name

    def unsealed_secret(self) -> str:
        """The secret in clear, to sign with and nothing else; not named as a form's field, so that no page shows it."""
        return sealing.unseal(self.sealed_secret)

    def valid_secrets(self, now: datetime) -> list[str]:
        """The secrets in clear that hold at that time, the new one first: calls are signed with each."""
        is_former_valid = self.former_secret_until is not None and now < self.former_secret_until
        sealed = [self.sealed_secret, *([self.former_sealed_secret] if is_former_valid else [])]
        return [sealing.unseal(one) for one in sealed]

    def set_secret(self, value: str, *, former_until: datetime | None) -> None:
        """Encrypt and keep a new secret, and the former one for as long as that (None: no longer); the caller saves."""
        self.former_sealed_secret = self.sealed_secret if former_until else ""
        self.former_secret_until = former_until
        self.sealed_secret = sealing.seal(value)

    @property
    def time_limit(self) -> timedelta:
        """How long it is waited for."""
        return timedelta(hours=self.time_limit_hours)


class PolicyCallout(models.Model):
    """That a policy calls an extension at a moment in the life of its requests and access."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="callouts")
    moment = models.CharField(_("when"), max_length=50, choices=CalloutMoment.choices)
    extension = models.ForeignKey(
        CustomExtension, verbose_name=_("custom extension"), on_delete=models.PROTECT, related_name="policy_callouts"
    )

    class Meta:
        verbose_name = _("call of a custom extension")
        verbose_name_plural = _("calls of custom extensions")
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "moment", "extension"],
                name="catalog_callout_once_per_policy_and_moment",
                violation_error_message=_("The policy calls this extension at that moment already."),
            ),
            models.CheckConstraint(
                name="catalog_callout_who_decides_is_asked_by_stages",
                condition=~models.Q(moment=CalloutMoment.WHO_DECIDES),
                violation_error_message=_("Who decides is asked by a stage: name the extension there as its approver."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_moment_display()}: {self.extension}"

    @property
    def waits(self) -> bool:
        """Whether its answer is waited for; before the end of access it never is."""
        return self.extension.behaviour == LaunchBehaviour.WAIT and self.moment in MAY_WAIT

    def clean(self) -> None:
        """A policy calls only what its own catalog owns: catalogs are the boundary of delegation."""
        if hasattr(self, "extension") and self.extension.catalog_id != self.policy.package.catalog_id:
            raise ValidationError(_("%(extension)s belongs to another catalog."), params={"extension": self.extension})
