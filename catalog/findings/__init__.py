"""What about the catalog ought to be looked at: packages without an owner, policies that nobody can decide on, …

Each kind of finding is one small check (checks.py): a queryset over whatever it is about, and a sentence. So a list of
findings costs the same whatever the number of packages, and nothing is stored that could be out of date.
"""

from . import checks
from .listing import Listing, findings, findings_of, page, titles
from .registry import CHECKS, Check, Finding, Severity

__all__ = [
    "CHECKS", "Check", "Finding", "Listing", "Severity", "checks", "findings", "findings_of", "page", "titles",
]  # fmt: skip
