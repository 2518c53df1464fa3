"""How packages and their policies are said in plain words."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.choices import RequestorScope
from catalog.models import AccessPackage, PackageRole, Policy
from requests_app.prospects import Prospect
from requests_app.templatetags.states import names

from .templatetags.dates import lasts

MOST_ROLES = 4
"""More roles than these are counted on a card, not named."""

WHO_MAY_ASK = {
    RequestorScope.SPECIFIC: gettext_lazy("you are among those who may ask"),
    RequestorScope.ALL_MEMBERS: gettext_lazy("everybody in the organisation may ask"),
    RequestorScope.EVERYONE: gettext_lazy("everybody may ask, guests too"),
    RequestorScope.ORGANISATIONS: gettext_lazy("people of your organisation are among those who may ask"),
    RequestorScope.ALL_CONFIGURED: gettext_lazy("people of all configured partner organisations may ask"),
    RequestorScope.ALL_EXTERNAL: gettext_lazy("anybody from outside may ask"),
}


def contents(package: AccessPackage) -> list[str]:
    """What a package gives, “Member of Sales EMEA in Directory”; the rest of a long list as a number."""
    roles = list(package.package_roles.all())
    named = [_role(entry) for entry in roles[:MOST_ROLES]]
    left = len(roles) - len(named)
    return [*named, ngettext("and %(count)d more", "and %(count)d more", left) % {"count": left}] if left else named


def approval(policies: Iterable[Any]) -> str:
    """Whether somebody decides, over all policies that a person may choose from (each with `needs_approval`)."""
    needed = {policy.needs_approval for policy in policies}
    if not needed:
        return ""
    if len(needed) > 1:
        return _("Some of its policies need approval")
    return _("Needs approval") if needed.pop() else _("Granted at once, without approval")


def duration(policies: Iterable[Policy]) -> str:
    """How long access lasts under the policies that a person may choose from."""
    periods = list(dict.fromkeys(_period(policy) for policy in policies))
    return capfirst(get_text_list(periods, _("or")))


def policy_sentence(policy: Policy, *, ahead: Sequence[Prospect]) -> str:
    """The policy for one person: who may ask, who will decide within which time, how long it lasts.

    `ahead` are its stages as they would be for that person.
    """
    who = str(WHO_MAY_ASK.get(RequestorScope(policy.scope), policy.get_scope_display()))
    steps = [_decision(prospect) for prospect in ahead if not prospect.not_needed]
    decision = _(", then ").join(steps) if steps else _("granted at once, without approval")
    facts = {"who": who, "decision": decision, "period": _period(policy)}
    return capfirst(_("%(who)s; %(decision)s; lasts %(period)s.") % facts)


def _role(entry: PackageRole) -> str:
    role = entry.resource_role
    facts = {"role": role.name, "resource": role.resource, "system": role.resource.system}
    if str(role.resource) == str(role.resource.system):
        return _("%(role)s in %(system)s") % facts
    return _("%(role)s of %(resource)s in %(system)s") % facts


def _period(policy: Policy) -> str:
    if policy.fixed_end:
        return _("until %(day)s") % {"day": date_format(timezone.localtime(policy.fixed_end), "j M Y")}
    return lasts(policy.duration)


def _decision(prospect: Prospect) -> str:
    found = prospect.found
    if prospect.says_who:
        return _("whoever %(extension)s names decides") % {"extension": prospect.says_who}
    if not found.people:
        return _("nobody can decide at present")
    who = names(found.people, prospect.required)
    if found.is_rerouted:
        who = _("%(names)s (%(role)s)") % {"names": who, "role": found.via}
    sentence = _("%(who)s decide within %(time)s") if prospect.required > 1 else _("%(who)s decides within %(time)s")
    said = sentence % {"who": who, "time": lasts(prospect.stage.time_limit)}
    if prospect.usual:
        said = _("%(said)s, typically %(usual)s") % {"said": said, "usual": lasts(prospect.usual)}
    return said
