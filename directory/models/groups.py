"""Groups: membership, nesting and its closure."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from ..querysets import GroupQuerySet, MembershipQuerySet
from .people import User


class Group(models.Model):
    """A group of people, and of other groups."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    owners = models.ManyToManyField(User, verbose_name=_("owners"), related_name="owned_groups", blank=True)
    makes_administrators = models.BooleanField(
        _("its members are administrators"),
        default=False,
        help_text=_("Also those of groups in it. Such a group is filled by administrators alone: no package gives it."),
    )
    makes_auditors = models.BooleanField(
        _("its members are auditors"),
        default=False,
        help_text=_("They read everything and change nothing. It is filled by administrators alone, too."),
    )
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
