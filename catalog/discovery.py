"""What a target system was found to have, as connectors tell it."""

from collections.abc import Sequence
from typing import Protocol

from .choices import ResourceKind


class FoundRole(Protocol):
    """A role that the system has on a resource."""

    @property
    def role_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...


class Found(Protocol):
    """A resource that the system has, with its roles."""

    @property
    def resource_id(self) -> str: ...
    @property
    def kind(self) -> ResourceKind: ...
    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def roles(self) -> Sequence[FoundRole]: ...
    @property
    def is_privileged(self) -> bool: ...
