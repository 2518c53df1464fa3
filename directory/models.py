"""People and groups: User, Group, membership, nesting and its closure."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .querysets import GroupQuerySet, MembershipQuerySet, PersonManager


class PersonKind(models.TextChoices):
    MEMBER = "member", _("member")
    GUEST = "guest", _("guest")


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
    hired_on = models.DateField(_("hired on"), null=True, blank=True)
    leaves_on = models.DateField(_("leaves on"), null=True, blank=True)
    attributes = models.JSONField(_("further attributes"), default=dict, blank=True)
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


class Group(models.Model):
    """A group of people, and of other groups."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    owners = models.ManyToManyField(User, verbose_name=_("owners"), related_name="owned_groups", blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        is_new = self._state.adding
        super().save(*args, **kwargs)
        if is_new:
            GroupClosure.objects.get_or_create(ancestor=self, descendant=self)


class Membership(models.Model):
    """One person directly in one group."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    added_at = models.DateTimeField(_("added at"))

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["person", "group"], name="directory_membership_once_per_person_and_group")
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.group}"


class GroupNesting(models.Model):
    """One group directly inside another."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    parent = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="children_links")
    child = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="parent_links")

    class Meta:
        verbose_name = _("nested group")
        verbose_name_plural = _("nested groups")
        constraints = [
            models.UniqueConstraint(fields=["parent", "child"], name="directory_nesting_once_per_pair"),
            models.CheckConstraint(
                name="directory_nesting_no_group_in_itself", condition=~models.Q(parent=models.F("child"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.child} in {self.parent}"


class GroupClosure(models.Model):
    """Every group with everything nested in it at any depth, itself included; kept by `directory.actions`."""

    ancestor = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="+", db_index=False)
    descendant = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="ancestor_links")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ancestor", "descendant"], name="directory_closure_once_per_pair")
        ]

    def __str__(self) -> str:
        return f"{self.ancestor_id} ⊇ {self.descendant_id}"
