"""The shapes of catalog configuration: resources, policies and their questions as people fill them in."""

from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from accessgov.administration import ConfigurationForm, pick_many

from .actions import Stage
from .choices import ApproverKind
from .models import ApprovalStage, Catalog, Policy, Resource, StageApprover
from .querysets import CatalogQuerySet

IN_CATALOG = Catalog.resources.through._meta.get_field("catalog")


class ResourceForm(ConfigurationForm):
    """A resource, and those catalogs that hold it of which its reader may know (`offered`)."""

    offered: CatalogQuerySet = Catalog.objects.none()
    catalogs = pick_many(IN_CATALOG, label=_("Catalogs"), help_text=_("Packages of these catalogs may use its roles."))

    class Meta:
        model = Resource
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["catalogs"].queryset = self.offered  # type: ignore[attr-defined]
        if not self.instance._state.adding:
            self.initial["catalogs"] = list(self.offered.filter(resources=self.instance))


class DecidedBy(models.TextChoices):
    AS_IT_IS = "", _("as set on the policy's own page")
    MANAGER = "manager", _("their manager, within 14 days")
    NOBODY = "nobody", _("nobody: approved by itself")


class PolicyOnPackageForm(forms.ModelForm):
    """A policy on its package's page, where the usual ways to decide are one choice."""

    decided_by = forms.ChoiceField(label=_("Decided by"), required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Policy
        fields = (
            "name", "is_enabled", "scope", "people", "groups", "organisations", "is_on_behalf_allowed",
            "requires_justification", "duration_kind", "duration_amount", "ends_at",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance._state.adding
        field = self.fields["decided_by"]
        field.choices = [choice for choice in DecidedBy.choices if choice[0] or not is_new]  # type: ignore[attr-defined]  # a choice field
        field.initial = DecidedBy.MANAGER if is_new else DecidedBy.AS_IT_IS

    def stages(self) -> list[Stage] | None:
        """Who is to decide; None where that stays as it is."""
        match self.cleaned_data["decided_by"]:
            case DecidedBy.MANAGER:
                return [Stage(ApprovalStage(), [StageApprover(kind=ApproverKind.MANAGER)])]
            case DecidedBy.NOBODY:
                return []
        return None
