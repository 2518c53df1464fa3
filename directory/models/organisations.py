"""Connected organisations: where guests come from, and who answers for them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import DomainNameValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from ..querysets import OrganisationQuerySet
from .groups import Group
from .people import User


class OrganisationState(models.TextChoices):
    """Whether an administrator vouches for it; policies for all configured organisations leave out the others."""

    CONFIGURED = "configured", _("configured")
    PROPOSED = "proposed", _("proposed")


class ConnectedOrganisation(models.Model):
    """An organisation outside whose people are guests here, with sponsors who answer for them on either side."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=OrganisationState.choices,
        default=OrganisationState.CONFIGURED,
        help_text=_("Policies for all configured organisations leave out those that are only proposed."),
    )
    internal_sponsors = models.ManyToManyField(
        User, verbose_name=_("internal sponsors"), related_name="+", blank=True, help_text=_("People of ours.")
    )
    internal_sponsor_groups = models.ManyToManyField(
        Group, verbose_name=_("groups of internal sponsors"), related_name="+", blank=True
    )
    external_sponsors = models.ManyToManyField(
        User, verbose_name=_("external sponsors"), related_name="+", blank=True, help_text=_("People of theirs.")
    )
    external_sponsor_groups = models.ManyToManyField(
        Group, verbose_name=_("groups of external sponsors"), related_name="+", blank=True
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("connected organisation")
        verbose_name_plural = _("connected organisations")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


def normalised_domain(text: str) -> str:
    """A mail domain as it is compared: lower-case, without a leading @, in the ASCII form that mail uses.

    Raises ValidationError where it is none.
    """
    domain = text.strip().lower().removeprefix("@").rstrip(".")
    try:
        ascii_form = domain.encode("idna").decode() if not domain.isascii() else domain
        DomainNameValidator(accept_idna=False)(ascii_form)
    except (UnicodeError, ValidationError) as error:
        raise ValidationError(
            _("“%(text)s” is not a mail domain: write it as in partner.example."), code="domain", params={"text": text}
        ) from error
    return ascii_form


class OrganisationDomain(models.Model):
    """A mail domain whose people belong to the organisation; each domain belongs to one organisation at most."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(ConnectedOrganisation, on_delete=models.CASCADE, related_name="domains")
    name = models.CharField(_("mail domain"), max_length=253, unique=True)

    class Meta:
        verbose_name = _("mail domain")
        verbose_name_plural = _("mail domains")
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(name="directory_domain_in_lower_case", condition=models.Q(name=Lower("name")))
        ]

    def __str__(self) -> str:
        return self.name

    def clean_fields(self, exclude: Any = None) -> None:
        """Compare and keep domains in one form."""
        if self.name:
            try:
                self.name = normalised_domain(self.name)
            except ValidationError as error:
                raise ValidationError({"name": error.messages}) from error
        super().clean_fields(exclude)
