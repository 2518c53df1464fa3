"""A campaign's report as a paper that one signs: what was asked of whom, under which terms, and what came of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from audit.models import Event
from catalog.wording import time_in_words
from directory.models import User

from .. import events
from ..choices import Result, ReviewerKind, ReviewScope
from ..lifecycle import ApplyState
from ..models import Campaign, CampaignStage, PanelMember, ReviewItem
from ..results import Results, results
from ..terms_in_words import terms_in_words
from .rows import Line, lines_of
from .typesetting import BOLD, LANDSCAPE, QUIET, Sheet

MOST_ITEMS = 1000
"""More items than these are in the files; the paper says so."""
MOST_DEPARTMENTS = 30
MOST_REVIEWERS = 60
MOST_EVENTS = 60
DECLARATION = 190
"""Its height in points, with room to sign."""
STORY = (
    events.CAMPAIGN_STARTED, events.CAMPAIGN_OPENED, events.CAMPAIGN_EMPTY, events.CAMPAIGN_STAGE_OPENED,
    events.CAMPAIGN_EXTENDED, events.CAMPAIGN_STOPPED, events.CAMPAIGN_RESET, events.CAMPAIGN_CANCELED,
    events.CAMPAIGN_REMINDED, events.CAMPAIGN_CLOSED, events.CAMPAIGN_APPLYING, events.CAMPAIGN_COMPLETED,
    events.CAMPAIGN_WORK_STUCK, events.CAMPAIGN_RESTARTED, events.REVIEWER_REPLACED,
    events.REVIEWER_FOUND, events.ITEMS_PUT_TO_MANAGER,
)  # fmt: skip
"""What of a campaign's story is about all of it."""


def pdf_of(campaign: Campaign, *, made_by: User, now: datetime) -> bytes:
    """The report as a PDF."""
    sheet = Sheet(
        title=_("Access review: %(name)s") % {"name": campaign},
        author=str(made_by),
        footer=_("AccessGov · Access review %(id)s") % {"id": campaign.pk},
        page_of=_("Page %(page)s of"),
    )
    counts = results(campaign, now=now)
    _head(sheet, campaign, made_by=made_by, now=now)
    _summary(sheet, counts)
    _stages(sheet, campaign)
    _population(sheet, campaign)
    _declaration(sheet)
    _story(sheet, campaign)
    _reviewers(sheet, campaign)
    _departments(sheet, counts)
    sheet.turn(LANDSCAPE)
    _removed(sheet, campaign, number=counts.total.removed)
    _items(sheet, campaign)
    return sheet.finish()


def _head(sheet: Sheet, campaign: Campaign, *, made_by: User, now: datetime) -> None:
    terms = campaign.rules
    sheet.paragraph(_("Access review report"), size=10, font=BOLD, ink=QUIET, after=0)
    sheet.paragraph(campaign.name, size=20, font=BOLD, after=12)
    started = campaign.started_by or (_("an event") if campaign.slot.startswith("event:") else _("the calendar"))
    sheet.facts(
        [
            (_("What was reviewed"), f"{terms.subject} ({ReviewScope(terms.scope).label})"),
            (_("Review"), campaign.review.name),
            (_("Started by"), str(started)),
            (_("Population frozen"), _moment(campaign.starts_at)),
            (_("Open until"), _moment(campaign.ends_at)),
            (_("Closed"), _moment(campaign.closed_at)),
            (_("Everything applied"), _moment(campaign.completed_at)),
            (_("Status"), capfirst(campaign.get_status_display())),
            (_("Terms"), " ".join(terms_in_words(terms))),
            (_("This report"), _("made by %(person)s, %(when)s") % {"person": made_by, "when": _moment(now)}),
        ]
    )


def _summary(sheet: Sheet, counts: Results) -> None:
    total = counts.total
    rows = [
        (_("Items reviewed"), total.items),
        (_("Approved"), total.approved),
        (_("Denied"), total.denied),
        (_("Don't know"), total.dont_know),
        (_("Not answered"), total.unanswered),
        (_("Answers against the recommendation"), total.contradicting),
        (_("Access that stays"), total.kept),
        (_("Access that is removed"), total.removed),
        (_("… of which gone from every system"), total.applied),
        (_("… of which gone before it could be removed"), total.gone),
        (_("… of which being removed"), total.waiting),
        (_("… of which not removed yet, with a problem"), total.failed),
    ]
    sheet.heading(_("Results"))
    shares = (5, 1, 1)
    percent = (
        (name, str(number), f"{number * 100 / total.items:.1f} %" if total.items else "") for name, number in rows
    )
    sheet.table(("", pgettext("how many", "Number"), _("Share")), percent, shares=shares)


def _stages(sheet: Sheet, campaign: Campaign) -> None:
    sheet.heading(_("Who was asked, and when"))
    headings = (_("Stage"), _("Reviewers"), _("Open for"), _("Opened"), _("Closed"))
    sheet.table(headings, (_stage(stage) for stage in campaign.stages.all()), shares=(1, 4, 2, 3, 3))


def _stage(stage: CampaignStage) -> tuple[str, ...]:
    closed = _moment(stage.closed_at) if stage.closed_at else _("due %(when)s") % {"when": _moment(stage.ends_at)}
    return (
        str(stage.position),
        str(ReviewerKind(stage.reviewers).label),
        time_in_words(stage.duration),
        _moment(stage.starts_at),
        closed if stage.starts_at else "–",
    )


def _population(sheet: Sheet, campaign: Campaign) -> None:
    sheet.heading(_("The population"))
    sheet.facts(
        [
            (_("Items"), str(campaign.total)),
            (_("SHA-256 digest"), " ".join(campaign.digest[at : at + 16] for at in range(0, 64, 16)) or "–"),
            *((_("As of: %(source)s") % {"source": source}, _source(at)) for source, at in campaign.freshness.items()),
        ]
    )


def _declaration(sheet: Sheet) -> None:
    text = _(
        "The population, its reviewers and recommendations were frozen before the first answer; the digest of the "
        "population was written in the journal at that moment. Removed access is shown with the operation that removed "
        "it from its system."
    )
    sheet.keep_together(DECLARATION)
    sheet.heading(_("Declaration"))
    sheet.paragraph(text)
    sheet.signatures(_("Whoever is responsible for the review"), _("Auditor"), _("Place and date"))


def _story(sheet: Sheet, campaign: Campaign) -> None:
    found = Event.objects.filter(target_id=str(campaign.pk), verb__in=STORY).order_by("occurred_at", "id")
    rows = [(_moment(event.occurred_at), event.sentence) for event in found[:MOST_EVENTS]]
    if rows:
        sheet.heading(_("What happened"))
        sheet.table((_("When"), _("What")), rows, shares=(1, 3))


def _reviewers(sheet: Sheet, campaign: Campaign) -> None:
    seats = PanelMember.objects.filter(panel__campaign=campaign, panel__total__gt=0)
    listed = seats.select_related("panel", "person").order_by("panel__stage", "-panel__total", "pk")
    headings = (_("Stage"), _("Reviewer"), _("Asked as"), _("Items"), _("Not answered"), _("Left"))
    sheet.heading(_("Reviewers"))
    sheet.table(headings, (_seat(one) for one in listed[:MOST_REVIEWERS]), shares=(1, 4, 4, 1, 2, 2))
    if (more := seats.count() - MOST_REVIEWERS) > 0:
        said = ngettext("%(count)d more reviewer is in the files.", "%(count)d more reviewers are in the files.", more)
        sheet.paragraph(said % {"count": more}, size=8, ink=QUIET)


def _seat(one: PanelMember) -> tuple[str, ...]:
    panel = one.panel
    left = _moment(one.left_at) if one.left_at else ""
    return str(panel.stage), str(one.person), panel.via, str(panel.total), str(panel.open_items), left


def _departments(sheet: Sheet, counts: Results) -> None:
    if len(counts.departments) < 2:
        return
    sheet.heading(_("By department"))
    headings = (_("Department"), _("Items"), _("Approved"), _("Denied"), _("Not answered"), _("Removed"))
    rows = (
        (name or _("none"), *map(str, (one.items, one.approved, one.denied, one.unanswered, one.removed)))
        for name, one in counts.departments[:MOST_DEPARTMENTS]
    )
    sheet.table(headings, rows, shares=(4, 1, 1, 1, 1, 1))


def _removed(sheet: Sheet, campaign: Campaign, *, number: int) -> None:
    sheet.heading(_("Removed access, and what proves it"))
    if not number:
        sheet.paragraph(_("Nothing was to be removed."))
        return
    headings = (_("Person"), _("Access"), _("Decided by"), _("Why"), _("Removed"), _("Proof"))
    lines = lines_of(campaign, wanted=Q(result=Result.REMOVE), most=MOST_ITEMS)
    sheet.table(headings, (_removal(line) for line in lines), shares=(3, 4, 3, 4, 3, 7))
    _more(sheet, number)


def _removal(line: Line) -> tuple[str, ...]:
    item = line.item
    state = str(ApplyState(item.state).label)
    proof = "; ".join(proof.in_words for proof in line.proofs) if item.state == ApplyState.APPLIED else item.problem
    return (
        _person(item),
        _access(item),
        str(item.decided_by or _("nobody answered")),
        item.reason,
        f"{capfirst(state)}, {_moment(item.applied_at)}" if item.applied_at else capfirst(state),
        proof,
    )


def _items(sheet: Sheet, campaign: Campaign) -> None:
    sheet.heading(_("All items"))
    headings = (
        _("Person"), _("Access"), _("Since"), _("Recommendation"), _("Answer"), _("Reviewer"), _("Why"), _("Result"),
    )  # fmt: skip
    sheet.table(headings, _rows(campaign), shares=(6, 8, 4, 5, 4, 6, 7, 4))
    _more(sheet, campaign.total)


def _rows(campaign: Campaign) -> Iterator[tuple[str, ...]]:
    for line in lines_of(campaign, most=MOST_ITEMS):
        item = line.item
        reviewer = f"{item.decided_by}, {_moment(item.decided_at)}" if item.decided_by else line.asked
        yield (
            _person(item),
            _access(item),
            date_format(timezone.localtime(item.held_since), "j M Y") if item.held_since else "–",
            item.get_recommendation_display(),
            item.get_verdict_display(),
            reviewer,
            item.reason,
            item.get_result_display(),
        )


def _more(sheet: Sheet, number: int) -> None:
    if number > MOST_ITEMS:
        said = _("The first %(shown)d of %(number)d are printed; all of them are in the report as CSV or JSON lines.")
        sheet.paragraph(said % {"shown": MOST_ITEMS, "number": number}, size=8, ink=QUIET)


def _person(item: ReviewItem) -> str:
    return ", ".join(filter(None, (item.person_name, item.person.username, item.department)))


def _access(item: ReviewItem) -> str:
    return f"{item.what} ({item.where})" if item.where else item.what


def _moment(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "j M Y, H:i T") if moment else "–"


def _source(at: Any) -> str:
    """How old a source was: an ISO 8601 instant, or nothing where it was never read."""
    return _moment(datetime.fromisoformat(at)) if at else _("never read")
