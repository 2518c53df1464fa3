"""Which stages of a policy a request needs, and why it does not need the others."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from catalog.choices import StageAudience
from catalog.models import AccessPackage, ApprovalStage, PackageRole
from directory.models import Risk, User


def not_needed(stages: Iterable[ApprovalStage], *, person: User, package: AccessPackage) -> dict[UUID, str]:
    """The stages whose conditions the request of this person does not meet, by their id, each with the reason.

    Costs a statement only where some stage asks for a privileged resource.
    """
    asked = list(stages)
    is_privileged = any(stage.is_for_privileged for stage in asked) and package.gives_privilege()
    reasons = {stage.pk: _unmet(stage, person=person, is_privileged=is_privileged) for stage in asked}
    return {pk: get_text_list(found, _("and")) for pk, found in reasons.items() if found}


def stages_needed_by(person: User) -> "QuerySet[ApprovalStage]":
    """The stages, of whatever policies, whose conditions a request of this person would meet now."""
    audience = StageAudience.GUESTS if person.is_guest else StageAudience.MEMBERS
    roles = PackageRole.objects.filter(package=OuterRef("policy__package"))
    is_met = Q(is_for_privileged=False) | Exists(roles.filter(resource_role__resource__is_privileged=True))
    meant = ApprovalStage.objects.filter(audience__in=(StageAudience.EVERYBODY, audience))
    return meant.filter(is_met, least_risk__lte=person.risk)


def _unmet(stage: ApprovalStage, *, person: User, is_privileged: bool) -> list[str]:
    facts = {"risk": Risk(stage.least_risk).label}
    conditions = [
        (stage.audience == StageAudience.GUESTS and not person.is_guest, _("it is only for guests")),
        (stage.audience == StageAudience.MEMBERS and person.is_guest, _("it is only for members")),
        (stage.is_for_privileged and not is_privileged, _("the package gives no privileged resource")),
        (person.risk < stage.least_risk, _("it is only for people of %(risk)s risk or more") % facts),
    ]
    return [said for is_unmet, said in conditions if is_unmet]
