"""What every page's frame needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from . import navigation


def portal(request: HttpRequest) -> dict[str, Any]:
    """The site's name, whether this is the demo, and the navigation, which costs nothing where it is not shown."""
    return {
        "site_name": "AccessGov",
        "is_demo": settings.DEMO,
        "nav": SimpleLazyObject(lambda: navigation.items(request)),
    }
