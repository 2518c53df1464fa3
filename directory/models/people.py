"""People."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
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
    signed_out_at = models.DateTimeField(_("signed out everywhere at"), null=True, editable=False)
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

    @cached_property
    def administers_by_group(self) -> bool:
        """Whether a group that they belong to, at any depth, makes them an administrator; see `with_group_rights`."""
        return self._learn_group_rights()["administers_by_group"]

    @cached_property
    def audits_by_group(self) -> bool:
        """Whether a group that they belong to, at any depth, makes them an auditor; see `with_group_rights`."""
        return self._learn_group_rights()["audits_by_group"]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session is good for: until the password changes, or the person is signed out everywhere."""
        known = f"{self.password} {self.signed_out_at.isoformat() if self.signed_out_at else ''}"
        return salted_hmac("directory.User.session", known, secret=secret, algorithm="sha256").hexdigest()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Administrators by a group may in the administration what administrators may."""
        return (self.is_active and self.administers_by_group) or super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        """As `has_perm`, of a whole app."""
        return (self.is_active and self.administers_by_group) or super().has_module_perms(app_label)

    def _learn_group_rights(self) -> dict[str, bool]:
        """Both at once, by one statement for each record that was loaded without them."""
        rights = ("administers_by_group", "audits_by_group")
        found = type(self).objects.with_group_rights().filter(pk=self.pk).values(*rights).first()
        learned: dict[str, bool] = found or dict.fromkeys(rights, False)
        self.__dict__.update(learned)
        return learned

    @property
    def is_guest(self) -> bool:
        """Whether this person belongs to a partner rather than to the organisation."""
        return self.kind == PersonKind.GUEST
