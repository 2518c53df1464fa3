"""Who exists, in the administration site; everything is saved by `directory.actions`."""

from . import attributes, groups, organisations, people

__all__ = ["attributes", "groups", "organisations", "people"]
