"""Tasks of teams that do by hand what a system without an interface is to do, and lists of who holds what there."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import ResourceRole
from directory.models import Group

from ..lifecycle import TaskState, check_task_move
from ..task_querysets import TaskQuerySet
from .connectors import Connector
from .operations import OperationKind


class HandTask(models.Model):
    """One change that a team makes by hand. Done with a proof, refused with a reason, or withdrawn.

    `key` is that of the operation that it is for.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=120, unique=True, editable=False)
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="tasks")
    team = models.ForeignKey(
        Group, verbose_name=_("team"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    kind = models.CharField(_("kind"), max_length=8, choices=OperationKind.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.PROTECT, related_name="tasks_about"
    )
    resource_role = models.ForeignKey(
        ResourceRole, verbose_name=_("role"), on_delete=models.PROTECT, related_name="hand_tasks"
    )
    correlation_id = models.UUIDField(null=True, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=TaskState.choices, default=TaskState.OPEN)
    opened_at = models.DateTimeField(_("opened"))
    due_at = models.DateTimeField(_("due at"))
    overdue_told_at = models.DateTimeField(null=True, blank=True, editable=False)
    proof = models.TextField(_("proof"), blank=True)
    refusal = models.TextField(_("why not"), blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When its operation heard that it was refused: whoever asks for it once more opens it again."""
    withdrawn_for = models.CharField(max_length=120, blank=True, editable=False)
    """The key of the later change for which it was withdrawn, which then needed nothing more."""

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task by hand")
        verbose_name_plural = _("tasks by hand")
        ordering = ("-opened_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "resource_role"],
                name="provisioning_task_one_open_per_person_and_role",
                condition=Q(state="open"),
            ),
            models.CheckConstraint(
                name="provisioning_task_done_iff_proof",
                condition=Q(state="done") & ~Q(proof="") | ~Q(state="done") & Q(proof=""),
            ),
            models.CheckConstraint(
                name="provisioning_task_refused_iff_refusal",
                condition=Q(state="refused") & ~Q(refusal="") | ~Q(state="refused") & Q(refusal=""),
            ),
            models.CheckConstraint(
                name="provisioning_task_settled_at_iff_not_open",
                condition=Q(state="open", settled_at=None) | ~Q(state="open") & Q(settled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="provisioning_task_settled_by_iff_done_or_refused",
                condition=Q(state__in=("done", "refused"), settled_by__isnull=False)
                | Q(state__in=("open", "withdrawn"), settled_by=None),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-opened_at", "-id"], name="provisioning_task_state"),
            models.Index(fields=["team", "state"], name="provisioning_task_team"),
            models.Index(fields=["due_at"], name="provisioning_task_due", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return str(self.resource_role)

    @property
    def sentence(self) -> str:
        """What is to be done, in words."""
        facts = {"person": self.person, "role": self.resource_role, "system": self.connector}
        if self.kind == OperationKind.GRANT:
            return gettext("Give %(person)s %(role)s in %(system)s") % facts
        return gettext("Take %(role)s in %(system)s from %(person)s") % facts

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state == TaskState.OPEN

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been done by now."""
        return self.is_open and self.due_at <= now

    def move_to(self, state: TaskState, *, at: datetime, **more: Any) -> None:
        """Write a new state for a locked task. Raises IllegalMove, which says who settled it."""
        check_task_move(old=self.state, new=state, by=str(self.settled_by or ""))
        values = (
            {"proof": "", "refusal": "", "settled_by": None, "heard_at": None, "withdrawn_for": ""}
            | more
            | {"state": state}
        )
        values["settled_at"] = None if state == TaskState.OPEN else at
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=list(values))


class HolderList(models.Model):
    """What somebody wrote down about who holds what in a system: the last one that was taken in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connector = models.OneToOneField(Connector, on_delete=models.CASCADE, related_name="holder_list")
    known_by = models.CharField(max_length=20)
    """The attribute of people by which the list names them."""
    made_at = models.DateTimeField(_("as of"))
    taken_in_at = models.DateTimeField(_("taken in"))
    taken_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rows = models.PositiveIntegerField(_("rows"))

    class Meta:
        verbose_name = _("list of holders")
        verbose_name_plural = _("lists of holders")

    def __str__(self) -> str:
        return str(self.connector)


class ListedHolder(models.Model):
    """One row of such a list: an account that holds a role."""

    holder_list = models.ForeignKey(HolderList, on_delete=models.CASCADE, related_name="holders", db_index=False)
    resource_role = models.ForeignKey(ResourceRole, on_delete=models.CASCADE, related_name="+")
    account = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["holder_list", "resource_role", "account"], name="provisioning_listed_once_per_role"
            )
        ]

    def __str__(self) -> str:
        return self.account
