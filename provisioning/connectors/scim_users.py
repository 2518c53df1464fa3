"""Users of a SCIM application by their ids: several at a time where its filter can do that, one by one where not."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from scim2_client import SCIMClientException
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import ListResponse, NotFoundException, SCIMException

from .scim_errors import is_refusal
from .scim_wire import User

TOGETHER = 20
"""Users asked for at once: as many as fit into an address of two thousand characters."""
MOST_SINGLY = 500
"""Users asked for one by one during one connection; whoever is left then is told without a name."""


@dataclass
class Users:
    """What the application has said of its users during this connection, and is not asked again."""

    names: dict[str, str] = field(default_factory=dict)
    """User names by ids."""
    gone: set[str] = field(default_factory=set)
    """Ids of what is no user."""
    filters_ids: bool = True
    """Whether the application answers a filter of several ids, as far as is known."""
    singly: int = 0
    """How many it was asked for one by one."""

    def clear(self) -> None:
        """Ask anew."""
        self.names.clear()
        self.gone.clear()
        self.filters_ids, self.singly = True, 0

    def look_up(self, client: SyncSCIMClient, ids: Sequence[str]) -> None:
        """Ask for those of these that are not known yet, by few calls where that is possible. Raises what calls raise.

        Not all of them are known then, where the application has to be asked one by one for too many.
        """
        self.look_together(client, ids)
        for each in ids:
            if each not in self.names and each not in self.gone and self.singly < MOST_SINGLY:
                self.singly += 1
                self._look(client, each)

    def look_together(self, client: SyncSCIMClient, ids: Sequence[str]) -> None:
        """Ask for as many as a filter of several ids brings."""
        new = [each for each in ids if each not in self.names and each not in self.gone]
        for start in range(0, len(new), TOGETHER):
            some = new[start : start + TOGETHER]
            if len(some) > 1 and self.filters_ids:
                self.names |= self._together(client, some)

    def _together(self, client: SyncSCIMClient, ids: Sequence[str]) -> dict[str, str]:
        wanted = " or ".join(f"id eq {json.dumps(each)}" for each in ids)
        asked = {"filter": wanted, "attributes": ["userName"], "count": len(ids)}
        try:
            answer = client.query(User, query_parameters=asked)
        except (SCIMClientException, SCIMException) as error:
            if not is_refusal(error):
                raise
            self.filters_ids = False
            return {}
        users = (answer.resources or []) if isinstance(answer, ListResponse) else []
        found = {user.id: user.user_name or "" for user in users if user.id and user.id in ids}
        self.filters_ids = bool(found)
        return found

    def _look(self, client: SyncSCIMClient, user_id: str) -> None:
        try:
            user = client.query(User, user_id, query_parameters={"attributes": ["userName"]})
        except NotFoundException:
            self.gone.add(user_id)
            return
        self.names[user_id] = (user.user_name or "") if isinstance(user, User) else ""
