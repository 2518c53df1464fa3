"""Reviews in the administration: set up on one page, campaigns to read, work that is stuck."""

from . import campaigns, cues, policies, reviews  # noqa: F401
