"""Why somebody can or cannot have a package, in words: for themselves, and for whoever looks after the package."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from catalog.choices import EXTERNAL, RequestorScope
from catalog.models import AccessPackage, Policy
from catalog.permissions import can_manage_assignments
from catalog.wording import approval_in_words, period_in_words, policy_in_words, prefetched
from directory.models import User
from directory.permissions import can_read_everything
from provisioning.lifecycle import PRESENT
from provisioning.models import Grant
from requests_app.prospects import Prospect, look_ahead
from requests_app.templatetags.states import names

from . import phrasing
from .standing import Standing, standings


@dataclass(frozen=True)
class Answer:
    """One thing that was asked, and what is so."""

    question: str
    answer: str
    is_good: bool


@dataclass(frozen=True)
class PolicyAnswer:
    """One policy of the package: whether it takes the person in, what it says, and who would decide now."""

    name: str
    is_applied: bool
    why: str
    text: str
    deciders: str


@dataclass(frozen=True)
class Explanation:
    """Everything that can be said about one person and one package."""

    person: User
    package: AccessPackage
    is_visible: bool
    can_ask: bool
    has_it: bool
    answers: tuple[Answer, ...]
    policies: tuple[PolicyAnswer, ...]
    contents: tuple[str, ...]
    """What the package gives."""
    held: tuple[str, ...]
    """What of it the person has already, by whatever way."""


def can_explain(reader: User, package: AccessPackage, *, person: User | None) -> bool:
    """Everybody for themselves; anybody (None) to whoever looks after the package, auditors and administrators."""
    return reader == person or can_read_everything(reader) or can_manage_assignments(reader, package)


def explain(package: AccessPackage, *, person: User, reader: User, now: datetime) -> Explanation:
    """What stands between the person and the package, or nothing does; the package comes `with_contents()`."""
    standing = standings([package], person=person, reader=reader)[package.pk]
    is_visible = AccessPackage.objects.visible_to(person).filter(pk=package.pk).exists()
    can_ask = person.is_active and standing.can_ask
    return Explanation(
        person=person,
        package=package,
        is_visible=is_visible,
        can_ask=can_ask,
        has_it=standing.assignment is not None,
        answers=(_seen(package, person, is_visible), _held(standing), _asked(standing, person, can_ask)),
        policies=tuple(
            _policies(package, person=person, now=now, is_all_told=can_explain(reader, package, person=None))
        ),
        contents=tuple(phrasing.contents(package)),
        held=tuple(_there_already(package, person=person)),
    )


def _seen(package: AccessPackage, person: User, is_visible: bool) -> Answer:
    question = _("Is it visible?")
    if not person.is_active:
        return Answer(question, _("No: %(person)s is disabled.") % {"person": person}, is_good=False)
    if is_visible and package.is_hidden:
        return Answer(question, _("By its link only: it is hidden from the list."), is_good=True)
    if is_visible:
        return Answer(question, _("Yes."), is_good=True)
    if not package.is_enabled or not package.catalog.is_enabled:
        return Answer(question, _("No: the package or its catalog is disabled."), is_good=False)
    if person.is_guest:
        return Answer(question, _("No: guests see only what they may ask for."), is_good=False)
    return Answer(question, _("No: it has no enabled policy under which anybody may ask."), is_good=False)


def _held(standing: Standing) -> Answer:
    question = _("Is it there already?")
    if standing.assignment:
        since = {"day": _day(standing.assignment.starts_at)}
        return Answer(question, _("Yes, since %(day)s.") % since, is_good=True)
    if standing.access_request:
        open_request = standing.access_request
        asked = {"day": _day(open_request.submitted_at), "state": open_request.get_status_display()}
        return Answer(question, _("No; asked for on %(day)s, %(state)s.") % asked, is_good=True)
    return Answer(question, _("No."), is_good=True)


def _asked(standing: Standing, person: User, can_ask: bool) -> Answer:
    question = _("Can it be asked for?")
    if can_ask:
        return Answer(question, _("Yes, now."), is_good=True)
    if not person.is_active:
        return Answer(question, _("No: disabled people ask for nothing."), is_good=False)
    if standing.assignment:
        return Answer(question, _("No: whoever has it does not ask for it again."), is_good=False)
    if standing.access_request:
        return Answer(question, _("No: there is an open request already."), is_good=False)
    return Answer(question, _("No. %(reason)s") % {"reason": standing.obstacle}, is_good=False)


def _there_already(package: AccessPackage, *, person: User) -> list[str]:
    roles = [link.resource_role_id for link in package.package_roles.all()]
    grants = Grant.objects.filter(person=person, resource_role__in=roles, status__in=PRESENT)
    return [str(grant.resource_role) for grant in grants.select_related("resource_role__resource").order_by("pk")]


def _policies(package: AccessPackage, *, person: User, now: datetime, is_all_told: bool) -> list[PolicyAnswer]:
    """The policies, as far as the reader may know them: whom else a policy names is not for those who ask under it."""
    same = {"pk": OuterRef("pk")}
    rows: Any = (
        package.policies.complete()
        .prefetch_related("people", "groups", "organisations", *(prefetched() if is_all_told else ()))
        .order_by("tier", "name", "pk")
    )
    found = rows.annotate(
        matches=Exists(Policy.objects.matching(person).filter(**same)),
        applies=Exists(Policy.objects.applicable(person).filter(**same)),
    )
    policies = [policy for policy in found if is_all_told or policy.is_enabled]
    ahead = look_ahead([policy for policy in policies if policy.applies], person=person, now=now)
    return [
        PolicyAnswer(
            name=policy.name,
            is_applied=policy.applies,
            why=_why(policy, person=person),
            text=policy_in_words(policy) if is_all_told else _terms(policy),
            deciders=_deciders(ahead.get(policy.pk, [])),
        )
        for policy in policies
    ]


def _terms(policy: Any) -> str:
    """Who decides, and how long it lasts; nothing of a policy that does not apply."""
    said = [approval_in_words(policy.stages.all()), period_in_words(policy)]
    return capfirst(f"{'; '.join(said)}.") if policy.applies else ""


def _why(policy: Any, *, person: User) -> str:
    if policy.applies:
        return _("It takes %(person)s in.") % {"person": person}
    if not policy.is_enabled:
        return _("It is disabled.")
    if policy.matches:
        return _("A more specific policy applies instead.")
    return _out_of_scope(policy.scope, person=person) % {"person": person, "organisation": person.organisation}


def _out_of_scope(scope: str, *, person: User) -> str:
    """Why a policy of this scope does not take the person in."""
    if scope == RequestorScope.SPECIFIC:
        return _("%(person)s is not among the people and groups that it names.")
    if scope == RequestorScope.NOBODY:
        return _("Nobody asks under it: it is for direct assignment.")
    if scope == RequestorScope.EMERGENCY:
        return _("Nobody asks under it: those whom it names take access in an emergency.")
    if scope not in EXTERNAL:
        return _("%(person)s is a guest, and it is for members only.")
    if not person.is_guest:
        return _("%(person)s is a member, and it is for people from outside.")
    if person.organisation is None:
        return _("%(person)s belongs to no connected organisation.")
    if scope == RequestorScope.ORGANISATIONS:
        return _("It does not name %(organisation)s, where %(person)s comes from.")
    return _("%(organisation)s, where %(person)s comes from, is proposed and not yet configured.")


def _deciders(stages: list[Prospect]) -> str:
    needed = [stage for stage in stages if not stage.not_needed]
    return _(", then ").join(_who(stage) for stage in needed)


def _who(stage: Prospect) -> str:
    if stage.says_who:
        return _("whoever %(extension)s names") % {"extension": stage.says_who}
    return names(stage.found.people, stage.required) if stage.found.people else _("nobody")


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y")
