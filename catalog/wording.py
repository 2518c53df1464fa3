"""How policies are said in plain words, to whoever configures and reviews them."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from directory.models import Risk

from .choices import ApproverKind, ApproverUse, DurationKind, QuestionKind, RequestorScope, StageAudience
from .models import ApprovalStage, Policy, PolicyCallout, Question, StageApprover
from .models.custom_extensions import HOLDING_UP

MOST_NAMES = 3
"""More names than these are counted, not said."""

WHO_MAY_ASK = {
    RequestorScope.ALL_MEMBERS: gettext_lazy("all members may ask"),
    RequestorScope.EVERYONE: gettext_lazy("everyone may ask, guests too"),
    RequestorScope.ALL_CONFIGURED: gettext_lazy("people of all configured organisations may ask"),
    RequestorScope.ALL_EXTERNAL: gettext_lazy("anybody from outside may ask"),
    RequestorScope.NOBODY: gettext_lazy("nobody asks, it is assigned directly"),
}


PLACES = {
    ApproverKind.SPONSORS: gettext_lazy("one of their sponsors"),
    ApproverKind.INTERNAL_SPONSORS: gettext_lazy("an internal sponsor of their organisation"),
    ApproverKind.EXTERNAL_SPONSORS: gettext_lazy("an external sponsor of their organisation"),
    ApproverKind.PACKAGE_OWNERS: gettext_lazy("the package's owner"),
    ApproverKind.CATALOG_OWNERS: gettext_lazy("an owner of the catalog"),
    ApproverKind.RESOURCE_OWNERS: gettext_lazy("an owner of what it gives"),
}
"""Who is asked by what they are to the request, without being named."""

Clause = Callable[[Policy], str]
_further: list[Clause] = []
_read: list[str] = []


def further(*, reads: Iterable[str]) -> Callable[[Clause], Clause]:
    """Have the decorated function say more of every policy, or nothing: what an app above knows of it.

    `reads` are the relations that it goes through, for whoever words many policies at once (`prefetched`).
    """

    def register(clause: Clause) -> Clause:
        _further.append(clause)
        _read.extend(reads)
        return clause

    return register


def prefetched() -> list[str]:
    """What is fetched ahead so that the further clauses of many policies cost no statement for each."""
    return list(_read)


def policy_in_words(policy: Policy) -> str:
    """What the policy means: “All members may ask; their manager decides within 14 days; lasts 30 days.”

    The policy comes `complete()`, with its named people and groups.
    """
    said = [_who_asks(policy), approval_in_words(policy.stages.all()), period_in_words(policy)]
    if policy.scope == RequestorScope.EMERGENCY:
        said[1] = _("nobody decides before, an owner reviews it afterwards")
    if policy.is_period_chosen:
        said.append(_("the period can be chosen within that"))
    if extension := _extension_in_words(policy):
        said.append(extension)
    if callouts := _callouts_in_words(policy):
        said.append(callouts)
    said += filter(None, (clause(policy) for clause in _further))
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
    time = time_in_words(stage.time_limit)
    facts = {"who": who or _("whoever looks after the package"), "time": time, "count": stage.approvals_required}
    said = _("%(who)s decides within %(time)s") % facts
    if stage.approvals_required is None:
        everybody = _listed([_approver(one) for one in approvers if one.use == ApproverUse.PRIMARY], _("and"))
        said = _("all of %(who)s approve within %(time)s") % {**facts, "who": everybody}
    elif stage.approvals_required > 1:
        said = _("%(count)d of %(who)s approve within %(time)s") % facts
    if stage.requires_justification:
        said = _("%(said)s and says why") % {"said": said}
    if fallback:
        said = _("%(said)s (else %(fallback)s)") % {"said": said, "fallback": _listed(fallback, _("or"))}
    if alternates and stage.alternates_after:
        later = {"said": said, "who": _listed(alternates, _("or")), "time": time_in_words(stage.alternates_after)}
        said = _("%(said)s, after %(time)s %(who)s too") % later
    if conditions := conditions_in_words(stage):
        said = _("%(said)s (only %(conditions)s)") % {"said": said, "conditions": conditions}
    return said


def conditions_in_words(stage: ApprovalStage) -> str:
    """Which requests need the stage, as it fits behind “only”; empty where all do."""
    said = [
        *([_("for guests")] if stage.audience == StageAudience.GUESTS else ()),
        *([_("for members")] if stage.audience == StageAudience.MEMBERS else ()),
        *([_("where it gives a privileged resource")] if stage.is_for_privileged else ()),
        *([_("from %(risk)s risk on") % {"risk": Risk(stage.least_risk).label}] if stage.least_risk else ()),
    ]
    return get_text_list(said, _("and"))


def time_in_words(time: timedelta) -> str:
    """How long somebody has, in days, or in hours where it is not whole days."""
    hours = round(time / timedelta(hours=1))
    if hours % 24:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d day", "%(count)d days", hours // 24) % {"count": hours // 24}


def manager_in_words(level: int) -> str:
    """A manager by their level: 1 is the person's own."""
    if level == 1:
        return _("their manager")
    return _("their manager's manager") if level == 2 else _("their manager of level %(level)d") % {"level": level}


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
    if policy.scope == RequestorScope.EMERGENCY:
        return _("cannot be extended")
    if not policy.is_extension_allowed:
        return _("cannot be extended")
    return "" if policy.does_extension_need_approval else _("is extended without approval")


def _callouts_in_words(policy: Policy) -> str:
    """Which custom extensions it calls, and when."""
    if not policy.has_callouts:
        return ""
    said = [callout_in_words(callout) for callout in policy.callouts.all()]
    return _("calls %(extensions)s") % {"extensions": get_text_list(said, _("and"))} if said else ""


def callout_in_words(callout: PolicyCallout) -> str:
    """The extension, and when it is called; and that the request waits for it, where it does."""
    facts = {"extension": callout.extension, "moment": callout.get_moment_display()}
    if callout.waits and callout.moment in HOLDING_UP:
        return _("%(extension)s (%(moment)s; its answer is waited for)") % facts
    return _("%(extension)s (%(moment)s)") % facts


def question_in_words(question: Question) -> str:
    """The question with what may be answered."""
    said = f"{question.position}. {question.text}"
    if question.choices:
        said += f" ({' / '.join(question.choices)})"
    more = [] if question.is_required else [_("optional")]
    if question.kind == QuestionKind.CHOICES:
        more.append(_("several answers"))
    if question.pattern:
        more.append(_("like %(pattern)s") % {"pattern": question.pattern})
    if question.max_length:
        more.append(_("at most %(count)d characters") % {"count": question.max_length})
    if question.attribute:
        more.append(_("stored as %(attribute)s") % {"attribute": question.attribute})
    if question.attribute and not question.may_change_value:
        more.append(_("never changed"))
    if question.translations:
        more.append(_("also in %(languages)s") % {"languages": ", ".join(sorted(question.translations))})
    return ", ".join([said, *more])


def _who_asks(policy: Policy) -> str:
    said = _scope_in_words(policy)
    return _("%(said)s, their managers for them too") % {"said": said} if policy.is_on_behalf_allowed else said


def _scope_in_words(policy: Policy) -> str:
    if policy.scope == RequestorScope.ORGANISATIONS:
        named = _listed([str(organisation) for organisation in policy.organisations.all()], _("and"))
        return _("people of %(named)s may ask") % {"named": named or _("no organisation yet")}
    if policy.scope in WHO_MAY_ASK:
        return str(WHO_MAY_ASK[RequestorScope(policy.scope)])
    groups = [_("members of %(group)s") % {"group": group} for group in policy.groups.all()]
    named = _listed([*(str(person) for person in policy.people.all()), *groups], _("and"))
    if policy.scope == RequestorScope.EMERGENCY:
        return _("%(named)s may take it in an emergency") % {"named": named or _("nobody yet")}
    return _("%(named)s may ask") % {"named": named or _("nobody yet")}


def _approver(approver: StageApprover) -> str:
    match approver.kind:
        case ApproverKind.MANAGER:
            return manager_in_words(approver.level)
        case ApproverKind.GROUP:
            return _("a member of %(group)s") % {"group": approver.group}
        case ApproverKind.PERSON:
            return str(approver.person)
        case ApproverKind.EXTENSION:
            return _("whoever %(extension)s names") % {"extension": approver.extension}
    return str(PLACES.get(ApproverKind(approver.kind), approver.get_kind_display()))


def _listed(said: list[str], last_word: str) -> str:
    if len(said) <= MOST_NAMES:
        return get_text_list(said, last_word)
    left = len(said) - MOST_NAMES
    return get_text_list(
        [*said[:MOST_NAMES], ngettext("%(count)d other", "%(count)d others", left) % {"count": left}], last_word
    )
