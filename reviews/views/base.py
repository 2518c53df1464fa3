"""What the pages of reviewers share: the answer to a click that comes too late."""

from requests_app.views.base import SignedInView

from ..lifecycle import IllegalMove


class ReviewerView(SignedInView):
    """A page of somebody who reviews; what closed meanwhile is answered with a 409 page."""

    late = (IllegalMove,)
