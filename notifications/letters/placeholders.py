"""What letters can speak of: every placeholder with what it stands for, and what stands for it in a preview."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

NEED_A_LINE = ("facts", "roles", "button", "news")
"""Placeholders that are more than words, and stand on a line of their own."""


@dataclass(frozen=True)
class Placeholder:
    """What a placeholder stands for, in words, and an example of it."""

    meaning: Any
    example: Any = ""


PLACEHOLDERS = {
    "button": Placeholder(_("the button that leads to the page, with the address below it")),
    "facts": Placeholder(_("the facts, one to a line: for whom, what for, how long, why …")),
    "roles": Placeholder(_("what the package gives, system by system")),
    "news": Placeholder(_("everything that the digest tells")),
    "link": Placeholder(_("the address of the page"), "https://access.example/…"),
    "recipient": Placeholder(_("whoever gets the mail"), "Marco Rossi"),
    "service": Placeholder(_("the name of this service, from its branding"), "AccessGov"),
    "person": Placeholder(_("whom the access is for"), "Rita Lindgren"),
    "package": Placeholder(_("the access package"), "Sales Analytics"),
    "other": Placeholder(_("what is kept apart from the package"), "Finance: Entering Invoices"),
    "wish": Placeholder(_("what is asked for: the package, or the package for longer"), "Sales Analytics"),
    "description": Placeholder(_("the package's description"), _("The dashboards of the sales department.")),
    "owner": Placeholder(_("who looks after the package"), "Olga Novak"),
    "day": Placeholder(_("the day that matters"), "5 Dec 2026"),
    "ends": Placeholder(_("the moment at which the access ends"), "5 Dec 2026, 09:00 UTC"),
    "left": Placeholder(_("how much time is left"), _("in 14 days")),
    "task": Placeholder(_("what a team is to do by hand"), _("Give Rita Lindgren Badge of Laboratory in Building")),
    "refused_by": Placeholder(_("whoever says that it cannot be done"), "Olga Novak"),
    "question": Placeholder(
        _("what is to be decided, in a sentence"),
        _("You are asked to decide whether Rita Lindgren gets Sales Analytics."),
    ),
    "part": Placeholder(
        _("why an alternate is asked, in a sentence; for others nothing"),
        _("You are asked as an alternate: it was not decided in time by those who were asked first, who still may."),
    ),
    "quorum": Placeholder(
        _("how many have to approve, in a sentence; nothing where one person is asked"),
        _("1 approval is enough; one denial ends the request."),
    ),
    "outcome": Placeholder(_("what became of it, in a sentence"), _("Your request for Sales Analytics is approved.")),
    "next": Placeholder(
        _("what comes next, in a sentence; sometimes nothing"), _("If it is still needed, ask for it again.")
    ),
    "until": Placeholder(_("how long it lasts now"), _("until 5 Dec 2026")),
    "why": Placeholder(_("the reason"), _("its time was over")),
    "by": Placeholder(_("who did it"), "Olga Novak"),
    "delegate": Placeholder(_("who decides in somebody's place"), "Olga Novak"),
    "delegator": Placeholder(_("who is away"), "Marco Rossi"),
    "extension": Placeholder(_("the custom extension"), "Risk check"),
    "system": Placeholder(_("the target system"), "Directory"),
    "role": Placeholder(_("the delegated role"), _("catalog owner")),
    "where": Placeholder(_("the catalog, or the whole installation"), "Sales"),
    "whom": Placeholder(_("you, or a group of yours"), _("the group Sales EMEA")),
    "messages": Placeholder(_("how many messages, in words"), _("2 messages")),
    "campaign": Placeholder(_("the campaign: one occurrence of a review"), "Sales Analytics, autumn 2026"),
    "note": Placeholder(_("what whoever set the review up says to reviewers; sometimes nothing"), ""),
    "number": Placeholder(_("how many, in words"), _("2 changes")),
    "more": Placeholder(_("how many more there are, in words; sometimes nothing"), _("and 3 more.")),
}
