"""Pages of a campaign's items for those who see its results: by name, and by key where there are very many."""

from uuid import UUID

from .lifecycle import ApplyState
from .models import Campaign
from .querysets import ItemQuerySet
from .reading import PAGE_SIZE, Page, page_of
from .results import LARGE


def items_page(
    items: ItemQuerySet, *, campaign: Campaign, after: UUID | None = None, before: UUID | None = None
) -> Page:
    """The page behind one item, or before another; the first where neither is named.

    A large campaign's items come in the order in which they were frozen, so that none but the page's are looked at.
    """
    if campaign.total <= LARGE:
        return page_of(items, after=after, before=before)
    return keyed_page(items, campaign, after=after, before=before)


def keyed_page(
    items: ItemQuerySet, campaign: Campaign, *, after: UUID | None = None, before: UUID | None = None
) -> Page:
    """The same in the order in which they were frozen."""
    return _by_key(items.filter(pk__gte=first_key(campaign) or UUID(int=0)), after=after, before=before)


def first_key(campaign: Campaign) -> UUID | None:
    """The least key of the campaign's items, found by index; so that no other campaign's are looked at."""
    firsts = (campaign.items.filter(state=state).order_by("pk").values_list("pk", flat=True) for state in ApplyState)
    return min((pk for first in firsts for pk in first[:1]), default=None)


def _by_key(items: ItemQuerySet, *, after: UUID | None, before: UUID | None) -> Page:
    is_backwards = bool(before and not after)
    if after:
        items = items.filter(pk__gt=after)
    elif before:
        items = items.filter(pk__lt=before)
    found = list(items.order_by("-pk" if is_backwards else "pk")[: PAGE_SIZE + 1])
    has_more, shown = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if is_backwards:
        shown.reverse()
    has_before = bool(shown) and (has_more if is_backwards else after is not None)
    has_after = bool(shown) and (has_more or is_backwards)
    return Page(
        shown,
        before=shown[0].pk if has_before else None,
        after=shown[-1].pk if has_after else None,
    )
