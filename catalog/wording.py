"""How policies are said in plain words, to whoever configures and reviews them."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .choices import ApproverKind, ApproverUse, DurationKind, RequestorScope
from .models import ApprovalStage, Policy, Question, StageApprover

MOST_NAMES = 3
"""More names than these are counted, not said."""

WHO_MAY_ASK = {
    RequestorScope.ALL_MEMBERS: gettext_lazy("all members may ask"),
    RequestorScope.EVERYONE: gettext_lazy("everyone may ask, guests too"),
    RequestorScope.NOBODY: gettext_lazy("nobody asks, it is assigned directly"),
}


def policy_in_words(policy: Policy) -> str:
    """What the policy means: “All members may ask; their manager decides within 14 days; lasts 30 days.”

    The policy comes `complete()`, with its named people and groups.
    """
    said = [_who_asks(policy), approval_in_words(policy.stages.all()), period_in_words(policy)]
    if extension := _extension_in_words(policy):
        said.append(extension)
    if not policy.is_enabled:
        said.append(_("disabled"))
    return capfirst(f"{'; '.join(said)}.")


def approval_in_words(stages: Iterable[ApprovalStage]) -> str:
    """Who decides, stage by stage."""
    steps = [stage_in_words(stage) for stage in stages]
    return _(", then ").join(steps) if steps else _("approved by itself, nobody decides")


def stage_in_words(stage: ApprovalStage) -> str:
    """Whom the stage asks, within which time, and who is asked where nobody is found."""
    approvers = list(stage.approvers.all())
    who = _listed([_approver(one) for one in approvers if one.use == ApproverUse.PRIMARY], _("or"))
    fallback = [_approver(one) for one in approvers if one.use == ApproverUse.FALLBACK]
    alternates = [_approver(one) for one in approvers if one.use == ApproverUse.ALTERNATE]
    days = ngettext("%(count)d day", "%(count)d days", stage.time_limit_days) % {"count": stage.time_limit_days}
    facts = {"who": who or _("whoever looks after the package"), "days": days, "count": stage.approvals_required}
    said = _("%(who)s decides within %(days)s") % facts
    if stage.approvals_required is None:
        everybody = _listed([_approver(one) for one in approvers if one.use == ApproverUse.PRIMARY], _("and"))
        said = _("all of %(who)s approve within %(days)s") % {**facts, "who": everybody}
    elif stage.approvals_required > 1:
        said = _("%(count)d of %(who)s approve within %(days)s") % facts
    if stage.requires_justification:
        said = _("%(said)s and says why") % {"said": said}
    if fallback:
        said = _("%(said)s (else %(fallback)s)") % {"said": said, "fallback": _listed(fallback, _("or"))}
    days_after = stage.alternates_after_days
    if alternates and days_after:
        sentence = ngettext(
            "%(said)s, after %(count)d day %(who)s too", "%(said)s, after %(count)d days %(who)s too", days_after
        )
        said = sentence % {"said": said, "who": _listed(alternates, _("or")), "count": days_after}
    return said


def period_in_words(policy: Policy) -> str:
    """How long access lasts."""
    amount = policy.duration_amount or 0
    match policy.duration_kind:
        case DurationKind.DAYS:
            return ngettext("lasts %(count)d day", "lasts %(count)d days", amount) % {"count": amount}
        case DurationKind.HOURS:
            return ngettext("lasts %(count)d hour", "lasts %(count)d hours", amount) % {"count": amount}
        case DurationKind.UNTIL if policy.ends_at:
            return _("ends on %(day)s") % {"day": date_format(timezone.localtime(policy.ends_at), "j M Y, H:i")}
    return _("has no end")


def _extension_in_words(policy: Policy) -> str:
    """How access is extended, where that is not as usual: by whoever has it, with the approval that a request needs."""
    if policy.duration_kind == DurationKind.PERMANENT:
        return ""
    if not policy.is_extension_allowed:
        return _("cannot be extended")
    return "" if policy.does_extension_need_approval else _("is extended without approval")


def question_in_words(question: Question) -> str:
    """The question with what may be answered."""
    said = f"{question.position}. {question.text}"
    if question.choices:
        said += f" ({' / '.join(question.choices)})"
    return said if question.is_required else _("%(question)s, optional") % {"question": said}


def _who_asks(policy: Policy) -> str:
    if policy.scope != RequestorScope.SPECIFIC:
        return str(WHO_MAY_ASK[RequestorScope(policy.scope)])
    groups = [_("members of %(group)s") % {"group": group} for group in policy.groups.all()]
    named = _listed([*(str(person) for person in policy.people.all()), *groups], _("and"))
    return _("%(named)s may ask") % {"named": named or _("nobody yet")}


def _approver(approver: StageApprover) -> str:
    match approver.kind:
        case ApproverKind.MANAGER:
            return _("their manager")
        case ApproverKind.GROUP:
            return _("a member of %(group)s") % {"group": approver.group}
    return str(approver.person)


def _listed(said: list[str], last_word: str) -> str:
    if len(said) <= MOST_NAMES:
        return get_text_list(said, last_word)
    left = len(said) - MOST_NAMES
    return get_text_list(
        [*said[:MOST_NAMES], ngettext("%(count)d other", "%(count)d others", left) % {"count": left}], last_word
    )
