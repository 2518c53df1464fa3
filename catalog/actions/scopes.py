"""What a policy says about who may ask has to hold together: somebody is meant, and not ours and theirs at once."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ..choices import EXTERNAL, ApproverKind, DurationKind, RequestorScope
from ..models import Policy, StageApprover

NAMING = (RequestorScope.SPECIFIC, RequestorScope.EMERGENCY)
LONGEST_EMERGENCY = timedelta(hours=72)
ORGANISATION_SPONSORS = (ApproverKind.INTERNAL_SPONSORS, ApproverKind.EXTERNAL_SPONSORS)


def refuse_impossible_scope(policy: Policy) -> None:
    """Raises ValidationError where a stored policy takes in nobody, mixes ours and theirs, or asks nobody."""
    _refuse_a_policy_for_nobody(policy)
    _refuse_ours_and_theirs_together(policy)
    _refuse_sponsors_of_nobody(policy)
    if policy.scope == RequestorScope.EMERGENCY:
        _refuse_an_impossible_emergency(policy)


def _refuse_a_policy_for_nobody(policy: Policy) -> None:
    facts = {"policy": policy}
    if policy.scope in NAMING and not (policy.people.exists() or policy.groups.exists()):
        raise ValidationError(
            _("Name the people or groups who may ask under “%(policy)s”."), code="nobody", params=facts
        )
    if policy.scope == RequestorScope.ORGANISATIONS and not policy.organisations.exists():
        raise ValidationError(
            _("Name the connected organisations whose people may ask under “%(policy)s”."), code="nobody", params=facts
        )


def _refuse_ours_and_theirs_together(policy: Policy) -> None:
    """Whom a policy takes in, and on which terms, is said of people of ours or of people from outside, not of both."""
    facts = {"policy": policy, "scope": policy.get_scope_display()}
    if policy.scope in EXTERNAL and (policy.people.exists() or policy.groups.exists()):
        raise ValidationError(
            _("“%(policy)s” is for %(scope)s: name people and groups in another policy."), code="mixed", params=facts
        )
    if policy.scope != RequestorScope.ORGANISATIONS and policy.organisations.exists():
        raise ValidationError(
            _("“%(policy)s” is for %(scope)s: name connected organisations in another policy."),
            code="mixed",
            params=facts,
        )


def _refuse_sponsors_of_nobody(policy: Policy) -> None:
    """Members belong to no connected organisation, so nobody sponsors theirs."""
    asked = StageApprover.objects.filter(stage__policy=policy, kind__in=ORGANISATION_SPONSORS).first()
    if policy.scope == RequestorScope.ALL_MEMBERS and asked:
        raise ValidationError(
            _("“%(policy)s” is for members, who belong to no connected organisation: its sponsors cannot decide."),
            code="no_approver",
            params={"policy": policy},
        )


def _refuse_an_impossible_emergency(policy: Policy) -> None:
    """An emergency does not wait: nobody decides before and nothing is asked but why; and it is over within hours."""
    facts = {"policy": policy, "most": LONGEST_EMERGENCY // timedelta(hours=1)}
    if policy.stages.exists() or policy.questions.exists():
        said = _("“%(policy)s” is for emergencies: nobody decides before, and no questions are asked.")
        raise ValidationError(said, code="emergency", params=facts)
    if policy.duration_kind != DurationKind.HOURS or (policy.duration or LONGEST_EMERGENCY) > LONGEST_EMERGENCY:
        said = _("“%(policy)s” is for emergencies: it lasts a number of hours, at most %(most)d.")
        raise ValidationError(said, code="emergency", params=facts)
    if policy.is_on_behalf_allowed or not policy.requires_justification:
        said = _("“%(policy)s” is for emergencies: whoever needs it takes it for themselves, and says why.")
        raise ValidationError(said, code="emergency", params=facts)
