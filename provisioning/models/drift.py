"""What is otherwise in a target system than it should be, and what is to be done about it without asking."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import Resource, ResourceRole, TargetSystem

from ..drift_querysets import CaseQuerySet
from ..lifecycle import UNSETTLED, CaseAnswer, CaseKind, CaseState, ExtraRule, MissingRule, check_case_move
from .grants import Grant
from .reconciliations import Reconciliation


class DriftCase(models.Model):
    """One difference between what is wanted and what a target has: it waits for an answer, or closes by itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=CaseKind.choices)
    state = models.CharField(_("state"), max_length=8, choices=CaseState.choices, default=CaseState.OPEN)
    system = models.ForeignKey(
        TargetSystem, verbose_name=_("target system"), on_delete=models.PROTECT, related_name="drift_cases"
    )
    """The role's, kept here because cases are listed by system."""
    resource_role = models.ForeignKey(
        ResourceRole, verbose_name=_("role"), on_delete=models.PROTECT, related_name="drift_cases"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="drift_cases",
    )
    account_id = models.CharField(_("account"), max_length=300, blank=True)
    account_name = models.CharField(_("name of the account"), max_length=300, blank=True)
    grant = models.ForeignKey(Grant, null=True, blank=True, on_delete=models.PROTECT, related_name="drift_cases")
    run = models.ForeignKey(Reconciliation, on_delete=models.PROTECT, related_name="cases")
    first_seen_at = models.DateTimeField(_("found"))
    last_seen_at = models.DateTimeField(_("last seen"))
    ignored_until = models.DateTimeField(_("ignored until"), null=True, blank=True)
    held_back = models.TextField(_("why nothing was done by itself"), blank=True)
    answer = models.CharField(_("answer"), max_length=8, choices=CaseAnswer.choices, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("answered by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    why = models.TextField(_("reason"), blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("drift case")
        verbose_name_plural = _("drift cases")
        ordering = ("-first_seen_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["resource_role", "person", "kind"],
                name="provisioning_case_one_open_per_role_and_person",
                condition=Q(state__in=UNSETTLED, person__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["resource_role", "account_id", "kind"],
                name="provisioning_case_one_open_per_role_and_account",
                condition=Q(state__in=UNSETTLED, person__isnull=True),
            ),
            models.CheckConstraint(
                name="provisioning_case_ignored_until_iff_ignored",
                condition=Q(state=CaseState.IGNORED, ignored_until__isnull=False)
                | (~Q(state=CaseState.IGNORED) & Q(ignored_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="provisioning_case_settled_at_iff_settled",
                condition=Q(state__in=UNSETTLED, settled_at__isnull=True)
                | (~Q(state__in=UNSETTLED) & Q(settled_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-first_seen_at", "-id"], name="provisioning_case_state"),
            models.Index(fields=["-first_seen_at", "-id"], name="provisioning_case_found"),
        ]

    def __str__(self) -> str:
        return str(self.resource_role)

    @property
    def who(self) -> str:
        """The person, or the account that belongs to nobody here."""
        return str(self.person) if self.person else self.account_name or self.account_id

    @property
    def title(self) -> str:
        """Whom and which role it is about."""
        return gettext("%(who)s: %(role)s") % {"who": self.who, "role": self.resource_role}

    @property
    def sentence(self) -> str:
        """What is the matter, in words."""
        facts = {"who": self.who, "role": self.resource_role, "system": self.system}
        if self.kind == CaseKind.MISSING:
            return gettext("%(who)s should have %(role)s, and does not have it in %(system)s") % facts
        if self.kind == CaseKind.EXTRA:
            return gettext("%(who)s has %(role)s in %(system)s, and nobody here gave it") % facts
        return gettext("The account %(who)s has %(role)s in %(system)s, and belongs to nobody here") % facts

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing more to say about it."""
        return self.state not in UNSETTLED

    @classmethod
    def move_all(cls, cases: "Sequence[DriftCase]", *, state: CaseState, at: datetime, **more: Any) -> None:
        """Write a new state for locked cases, by one statement. Raises IllegalMove before anything is written."""
        for case in cases:
            check_case_move(old=case.state, new=state)
        values = {"ignored_until": None, **more, "state": state, "settled_at": None if state in UNSETTLED else at}
        if cases:
            cls.objects.filter(pk__in=[case.pk for case in cases]).update(**values)
        for case in cases:
            for name, value in values.items():
                setattr(case, name, value)


class DriftRule(models.Model):
    """What is to be done about differences at one resource without asking anybody."""

    resource = models.OneToOneField(Resource, primary_key=True, on_delete=models.CASCADE, related_name="drift_rule")
    extra = models.CharField(
        _("access that was added outside"), max_length=8, choices=ExtraRule.choices, default=ExtraRule.ASK
    )
    missing = models.CharField(
        _("access that was removed outside"), max_length=8, choices=MissingRule.choices, default=MissingRule.ASK
    )

    class Meta:
        verbose_name = _("answer to drift")
        verbose_name_plural = _("answers to drift")

    def __str__(self) -> str:
        return str(self.resource)
