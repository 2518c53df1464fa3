"""Reviews and campaigns in the REST API: load what the caller may see, call one action, answer."""

from .answering import AskedCampaignViewSet, ItemViewSet
from .campaigns import CampaignViewSet
from .definitions import ReviewViewSet
from .results import urlpatterns

__all__ = ["AskedCampaignViewSet", "CampaignViewSet", "ItemViewSet", "ReviewViewSet", "routes", "urlpatterns"]

routes = [
    ("reviews", ReviewViewSet, "review"),
    ("campaigns", CampaignViewSet, "campaign"),
    ("asked-reviews", AskedCampaignViewSet, "asked-review"),
    ("review-items", ItemViewSet, "review-item"),
]
