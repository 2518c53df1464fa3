"""What every page's frame needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, Any]:
    """The site's name and whether this is the demo; the navigation is added for people who are signed in."""
    return {"site_name": "AccessGov", "is_demo": settings.DEMO}
