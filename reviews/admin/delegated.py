"""Pages about reviews that people with a delegated role use as well: those of what they look after, no others."""

from typing import Any

from django.http import HttpRequest

from accessgov.administration import user_of
from catalog.admin.delegated import reach
from catalog.roles import Right

from ..models import Campaign, CampaignWork, Review
from ..permissions import can_define


def review_of(row: Any) -> Review:
    """The review that this row is about."""
    match row:
        case Campaign():
            return row.review
        case CampaignWork():
            return row.campaign.review
    return row


class ReviewedReading:
    """A list of which people see what is of the reviews that they may define."""

    is_delegated = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj)

    def may(self, request: HttpRequest, row: Any = None) -> bool:
        """Whether they may define the review of this row, or (None) any review."""
        if row is None or row._state.adding:
            return reach(request).has(Right.PACKAGES)
        return can_define(user_of(request), review_of(row))


class ReviewedRows(ReviewedReading):
    """Rows that people change whose reviews are theirs."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj)
