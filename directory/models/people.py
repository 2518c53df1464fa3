"""People."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from ..querysets import PersonManager


class PersonKind(models.TextChoices):
    MEMBER = "member", _("member")
    GUEST = "guest", _("guest")


class Risk(models.IntegerChoices):
    """How likely it is that somebody's account is not in their own hands, as whoever watches over it says."""

    NONE = 0, _("none")
    LOW = 1, _("low")
    MEDIUM = 2, _("medium")
    HIGH = 3, _("high")


class User(AbstractUser):
    """A person, in the terms of SCIM's core and enterprise user (RFC 7643, sections 4.1 and 4.3).

    `is_active` says whether the person is enabled: a disabled person cannot sign in, ask, decide or hold access.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    display_name = models.CharField(_("display name"), max_length=200, blank=True)
    department = models.CharField(_("department"), max_length=120, blank=True)
    job_title = models.CharField(_("job title"), max_length=120, blank=True)
    company = models.CharField(_("company"), max_length=120, blank=True)
    employee_number = models.CharField(_("employee number"), max_length=60, null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=PersonKind.choices, default=PersonKind.MEMBER)
    manager = models.ForeignKey(
        "self", verbose_name=_("manager"), null=True, blank=True, on_delete=models.SET_NULL, related_name="reports"
    )
    sponsors = models.ManyToManyField(
        "self",
        verbose_name=_("sponsors"),
        symmetrical=False,
        related_name="sponsored",
        blank=True,
        help_text=_("Who answers for this person here: of guests, usually whoever invited them."),
    )
    organisation = models.ForeignKey(
        "ConnectedOrganisation",
        verbose_name=_("connected organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
        help_text=_("Of guests only; left empty, it follows the domain of their mail address."),
    )
    hired_on = models.DateField(_("hired on"), null=True, blank=True)
    leaves_on = models.DateField(_("leaves on"), null=True, blank=True)
    attributes = models.JSONField(_("further attributes"), default=dict, blank=True)
    risk = models.PositiveSmallIntegerField(
        _("risk"),
        choices=Risk.choices,
        default=Risk.NONE,
        help_text=_("Stages of approval can be needed from a risk on. Seen by administrators and auditors only."),
    )
    is_auditor = models.BooleanField(_("auditor"), default=False, help_text=_("Reads everything and changes nothing."))

    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("display_name", "id")
        constraints = [
            models.UniqueConstraint(fields=["employee_number"], name="directory_user_one_person_per_employee_number"),
            models.UniqueConstraint(Lower("username"), name="directory_user_one_person_per_username"),
            models.CheckConstraint(
                name="directory_user_nobody_manages_themselves", condition=~models.Q(manager=models.F("id"))
            ),
            models.CheckConstraint(
                name="directory_user_only_guests_belong_to_connected_organisations",
                condition=models.Q(organisation=None) | models.Q(kind=PersonKind.GUEST),
                violation_error_message=_("Only guests belong to a connected organisation."),
            ),
        ]
        indexes = [
            models.Index(fields=["display_name", "id"], name="directory_user_name"),
            models.Index(fields=["department"], name="directory_user_department"),
            models.Index(Lower("email"), name="directory_user_email"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.get_full_name() or self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.display_name = self.display_name or self.get_full_name() or self.username
        self.employee_number = self.employee_number or None
        super().save(*args, **kwargs)

    @property
    def is_guest(self) -> bool:
        """Whether this person belongs to a partner rather than to the organisation."""
        return self.kind == PersonKind.GUEST
