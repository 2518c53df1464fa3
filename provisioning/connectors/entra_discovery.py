"""The groups, teams and applications of a tenant, and what has changed among them, by Graph's delta queries."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from catalog.choices import ResourceKind

from .base import Bookmark, Change, FoundResource, FoundRole, GoneResource
from .entra_applications import READ_APPLICATIONS, roles_for_people
from .entra_errors import Answer
from .entra_graph import Graph, Item, Part, path, slices
from .entra_groups import GROUP_FIELDS, MEMBER, OWNER, READ_MEMBERS, why_unchangeable

GROUPS, APPLICATIONS = "groups", "servicePrincipals"
APPLICATION_FIELDS = "id,displayName,description,appRoles,servicePrincipalType,appOwnerOrganizationId"
FIELDS = {GROUPS: GROUP_FIELDS, APPLICATIONS: APPLICATION_FIELDS}
NEEDS = {GROUPS: READ_MEMBERS, APPLICATIONS: READ_APPLICATIONS}
MICROSOFT = ("f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47")
"""The tenants in which Microsoft registers the applications that it runs for every customer."""


class _BookmarkTooOldError(Exception):
    """The tenant no longer knows what has changed since then."""


class Discovery:
    """What is to be found in one tenant, of the kinds that were chosen."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.links: dict[str, str] = {}

    def everything(self) -> Iterator[FoundResource]:
        """Each resource once."""
        seen: set[str] = set()
        for change in self._everything():
            if isinstance(change, FoundResource) and change.resource_id not in seen:
                seen.add(change.resource_id)
                yield change

    def changes(self, since: str) -> Iterator[Change]:
        """What has changed since a bookmark, or everything where it is of no use any more; then the next bookmark."""
        links = self._read(since)
        if links:
            try:
                yield from self._changes(links)
            except _BookmarkTooOldError:
                links = {}
        if not links:
            yield from self._everything()
        yield Bookmark(self._write(), is_anew=not links)

    # --- The bookmark ---

    def _collections(self) -> list[str]:
        tenant = self.graph.tenant
        return [GROUPS] * (tenant.groups or tenant.teams) + [APPLICATIONS] * tenant.applications

    def _scope(self) -> list[Any]:
        """A bookmark of another scope says nothing of this one."""
        tenant = self.graph.tenant
        return [tenant.tenant_id, tenant.endpoint, tenant.groups, tenant.teams, tenant.applications]

    def _write(self) -> str:
        return json.dumps({"of": self._scope(), "links": self.links})

    def _read(self, bookmark: str) -> dict[str, str]:
        try:
            kept = json.loads(bookmark) if bookmark else {}
        except ValueError:
            return {}
        if not isinstance(kept, dict) or kept.get("of") != self._scope():
            return {}
        links = kept.get("links")
        return links if isinstance(links, dict) and list(links) == self._collections() else {}

    # --- Reading ---

    def _everything(self) -> Iterator[Change]:
        for collection in self._collections():
            first = self.graph.url(path(collection, "delta", select=FIELDS[collection]))
            for page in self._pages(collection, first):
                yield from (found for item in page if (found := self._found(collection, item)))

    def _changes(self, links: dict[str, str]) -> Iterator[Change]:
        for collection, link in links.items():
            for page in self._pages(collection, link):
                removed = [str(item.get("id")) for item in page if "@removed" in item]
                yield from map(GoneResource, removed)
                changed = {str(item.get("id")) for item in page} - set(removed)
                yield from self._look_at(collection, sorted(changed))

    def _pages(self, collection: str, link: str) -> Iterator[list[Item]]:
        """The pages of a delta query; the link for the next time is kept."""
        for answer in self.graph.following(self.graph.own(link), needs=NEEDS[collection]):
            if answer.is_stale:
                raise _BookmarkTooOldError
            if not answer.is_success:
                raise self.graph.refusal(answer, needs=NEEDS[collection])
            yield self.graph.items(answer)
            if "@odata.nextLink" not in answer.body:
                self.links[collection] = self.graph.own(answer.body.get("@odata.deltaLink"))

    def _look_at(self, collection: str, ids: Sequence[str]) -> Iterator[Change]:
        """What changed is read in full, since a change may come with no more than what changed."""
        for some in slices(ids):
            parts = [Part("GET", path(collection, i, select=FIELDS[collection])) for i in some]
            answers = self.graph.batch(parts, needs=NEEDS[collection])
            for resource_id, answer in zip(some, answers, strict=True):
                yield self._change(collection, resource_id, answer)

    def _change(self, collection: str, resource_id: str, answer: Answer) -> Change:
        if not answer.is_success and not answer.is_missing:
            raise self.graph.refusal(answer, needs=NEEDS[collection])
        found = self._found(collection, answer.body) if answer.is_success else None
        return found or GoneResource(resource_id)

    # --- What is found ---

    def _found(self, collection: str, item: Item) -> FoundResource | None:
        if "@removed" in item or not item.get("id"):
            return None
        return self._group(item) if collection == GROUPS else self._application(item)

    def _group(self, group: Item) -> FoundResource | None:
        """None where it is not of the chosen kinds, or nothing of it can be given from here."""
        is_team = "Team" in (group.get("resourceProvisioningOptions") or ())
        if not (self.graph.tenant.teams if is_team else self.graph.tenant.groups):
            return None
        given = [(MEMBER, _("Member"), False), (OWNER, _("Owner"), True)]
        roles = [FoundRole(i, name) for i, name, is_owner in given if not why_unchangeable(group, is_owner=is_owner)]
        if not roles:
            return None
        return FoundResource(
            str(group["id"]),
            ResourceKind.TEAM if is_team else ResourceKind.GROUP,
            _name(group),
            _text(group.get("description")),
            tuple(roles),
            is_privileged=bool(group.get("isAssignableToRole")),
        )

    @staticmethod
    def _application(application: Item) -> FoundResource | None:
        """None where Microsoft runs it, or it is a managed identity."""
        owner = str(application.get("appOwnerOrganizationId") or "").lower()
        if application.get("servicePrincipalType", "Application") != "Application" or owner in MICROSOFT:
            return None
        roles = [
            FoundRole(role["id"], _name(role), _text(role.get("description"))) for role in roles_for_people(application)
        ]
        return FoundResource(
            str(application["id"]),
            ResourceKind.APPLICATION,
            _name(application),
            _text(application.get("description")),
            tuple(roles),
        )


def _name(item: Item) -> str:
    return _text(item.get("displayName")) or str(item["id"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
