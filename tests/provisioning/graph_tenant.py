"""A tenant of Microsoft Entra ID in memory, answering as Microsoft Graph v1.0 is documented to."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from uuid import uuid4

EQUALS = re.compile(r"(\w+) eq (?:'((?:[^']|'')*)'|([0-9a-fA-F-]{36}))")
USER_FIELDS = ("id", "displayName", "userPrincipalName", "mail")
"""What Graph tells of a user who nobody asked more of."""
Json = dict[str, Any]


@dataclass
class Request:
    """One request, or one of a batch."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any = None

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.url).path)

    @property
    def options(self) -> dict[str, str]:
        return {name.lower(): values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


@dataclass
class Reply:
    status: int = 204
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


def error(status: int, code: str, message: str, **headers: str) -> Reply:
    """An error as Graph words them: the message tells more than a log should hold."""
    inner = {"date": "2026-03-02T09:00:00", "request-id": str(uuid4()), "client-request-id": str(uuid4())}
    body = {"error": {"code": code, "message": message, "innerError": inner}}
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def absent(what: str) -> Reply:
    return error(
        404,
        "Request_ResourceNotFound",
        f"Resource '{what}' does not exist or one of its queried reference-property objects are not present.",
    )


NOT_ALLOWED = error(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


class GraphTenant:
    """What is in the tenant, and how it misbehaves; `requests` are those that came, batches taken apart."""

    def __init__(self, root: str, authority: str) -> None:
        self.root = f"{root}/v1.0"
        self.authority = authority
        self.id = str(uuid4())
        self.client_id = str(uuid4())
        self.secret = uuid4().hex
        self.permissions = [
            "User.Read.All", "GroupMember.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Application.Read.All",
            "User.Invite.All", "User.EnableDisableAccount.All", "User.RevokeSessions.All",
        ]  # fmt: skip
        self.users: dict[str, Json] = {}
        self.groups: dict[str, Json] = {}
        self.applications: dict[str, Json] = {}
        self.held: dict[tuple[str, str], list[str]] = {}
        """Members and owners by the group's id and the collection's name, each as often as they are there."""
        self.assignments: dict[str, Json] = {}
        self.changes: list[tuple[str, str, bool]] = []
        """Collection, id and whether it was removed, in their order; a delta token is a place in here."""
        self.forgotten = 0
        """Delta tokens before this place are too old."""
        self.page_size = 100
        self.shows_late = False
        """Eventual consistency: what is read is what was there at the last `settle`."""
        self.shown: dict[tuple[str, str], list[str]] = {}
        self.requests: list[Request] = []
        self.calls: list[str] = []
        """Method and path of the requests as they came, batches in one."""
        self.revoked_sessions: list[str] = []
        self.refused_tokens: set[str] = set()
        self.tokens_given = 0
        self.forms: list[dict[str, str]] = []
        """What was sent to get tokens."""
        self.token_reply: Reply | None = None
        self.override: Callable[[Request], Reply | None] = lambda request: None
        """What a test answers in the place of the tenant."""

    # --- What tests put in and look at ---

    def user(self, name: str, **fields: Any) -> str:
        new = {"id": str(uuid4()), "displayName": name, "userPrincipalName": name, "mail": name, "userType": "Member"}
        self.users[new["id"]] = new | {"accountEnabled": True, "employeeId": None} | fields
        return new["id"]

    def group(self, name: str, **fields: Any) -> str:
        new: Json = {"id": str(uuid4()), "displayName": name, "description": None, "groupTypes": []}
        new |= {"mailEnabled": False, "securityEnabled": True, "isAssignableToRole": None}
        new |= {"onPremisesSyncEnabled": None}
        self.groups[new["id"]] = new | {"resourceProvisioningOptions": []} | fields
        self.changes.append(("groups", new["id"], False))
        return new["id"]

    def application(self, name: str, *roles: Json, **fields: Any) -> str:
        new: Json = {"id": str(uuid4()), "displayName": name, "description": None, "appRoles": list(roles)}
        new |= {"servicePrincipalType": "Application", "appOwnerOrganizationId": self.id}
        self.applications[new["id"]] = new | fields
        self.changes.append(("servicePrincipals", new["id"], False))
        return new["id"]

    def change(self, collection: str, object_id: str, **fields: Any) -> None:
        self.collection(collection)[object_id].update(fields)
        self.changes.append((collection, object_id, False))

    def remove(self, collection: str, object_id: str) -> None:
        del self.collection(collection)[object_id]
        self.changes.append((collection, object_id, True))

    def collection(self, name: str) -> dict[str, Json]:
        return {"users": self.users, "groups": self.groups, "servicePrincipals": self.applications}[name]

    def add(self, group: str, user: str, *, to: str = "members") -> None:
        self.held.setdefault((group, to), []).append(user)

    def names(self, group: str, of: str = "members") -> list[str]:
        return [self.users[user]["userPrincipalName"] for user in self.held.get((group, of), [])]

    def settle(self) -> None:
        """Everything shows from now on."""
        self.shown = {key: list(ids) for key, ids in self.held.items()}

    def sent(self, method: str, ending: str = "") -> list[Request]:
        return [one for one in self.requests if one.method == method and one.path.endswith(ending)]

    # --- Answering ---

    def answer(self, request: Request) -> Reply:
        """One request, outside a batch or in one."""
        self.requests.append(request)
        if reply := self.override(request):
            return reply
        path = urlsplit(request.url).path
        segments = [unquote(part) for part in path.removeprefix("/v1.0").strip("/").split("/")]
        match [request.method, *segments]:
            case ["POST", "directoryObjects", "getByIds"]:
                found = [self.users[i] for i in request.body["ids"] if i in self.users]
                return self._page(request, [_typed(_some(user, USER_FIELDS)) for user in found])
            case ["POST", "invitations"]:
                return self._invite(request.body)
            case ["GET", "groups" | "servicePrincipals" as name, "delta" | "delta()"]:
                return self._delta(name, request)
            case ["GET", "users" | "groups" | "servicePrincipals" as name]:
                return self._list(request, list(self.collection(name).values()))
            case [method, "users" | "groups" | "servicePrincipals" as name, object_id, *rest]:
                if object_id not in self.collection(name):
                    return absent(object_id)
                return self._object(request, method, name, object_id, rest)
        return error(400, "BadRequest", f"Resource not found for the segment {path}.")

    def _object(self, request: Request, method: str, name: str, object_id: str, rest: list[str]) -> Reply:
        match [method, name, *rest]:
            case ["GET", _]:
                return Reply(200, self._selected(request, self.collection(name)[object_id]))
            case [_, "groups", *_]:
                return self._group(request, method, object_id, rest)
            case ["PATCH", "users"]:
                self.users[object_id].update(request.body)
                return Reply()
            case ["POST", "users", "revokeSignInSessions"]:
                self.revoked_sessions.append(object_id)
                return Reply(200, {"value": True})
            case ["GET", _, "appRoleAssignments" | "appRoleAssignedTo"]:
                mine = [
                    one for one in self.assignments.values() if object_id in (one["principalId"], one["resourceId"])
                ]
                return self._list(request, mine)
            case ["POST", "servicePrincipals", "appRoleAssignedTo"]:
                return self._assign(self.applications[object_id], request.body)
            case ["DELETE", "servicePrincipals", "appRoleAssignedTo", assignment]:
                return Reply() if self.assignments.pop(assignment, None) else absent(assignment)
        return NOT_ALLOWED

    def _group(self, request: Request, method: str, group_id: str, rest: list[str]) -> Reply:
        match [method, *rest]:
            case ["PATCH"]:
                return self._bind(group_id, request.body["members@odata.bind"])
            case ["GET", "members" | "owners" as kind]:
                return self._held(request, group_id, kind)
            case ["POST", "members" | "owners" as kind, "$ref"]:
                return self._add(group_id, kind, request.body["@odata.id"].rpartition("/")[2])
            case ["DELETE", "members" | "owners" as kind, user, "$ref"]:
                return self._take(group_id, kind, user)
        return NOT_ALLOWED

    # --- Groups ---

    def _refusal(self, group_id: str, kind: str) -> Reply | None:
        group = self.groups[group_id]
        if group["onPremisesSyncEnabled"]:
            return error(400, "Request_BadRequest", "Unable to update the specified properties for on-premises "
                         "mastered Directory Sync objects or objects currently undergoing migration.")  # fmt: skip
        if "DynamicMembership" in group["groupTypes"] and kind == "members":
            return error(400, "Request_BadRequest", "Cannot update members of a group with dynamic membership.")
        if group["isAssignableToRole"] and "RoleManagement.ReadWrite.Directory" not in self.permissions:
            return error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        return None

    def _add(self, group_id: str, kind: str, user: str) -> Reply:
        if refused := self._refusal(group_id, kind):
            return refused
        if user not in self.users:
            return absent(user)
        if user in self.held.get((group_id, kind), []):
            return error(400, "Request_BadRequest", "One or more added object references already exist for the "
                         f"following modified properties: '{kind}'.")  # fmt: skip
        self.add(group_id, user, to=kind)
        return Reply()

    def _bind(self, group_id: str, links: list[str]) -> Reply:
        """All of them or none."""
        if len(links) > 20:
            return error(400, "Request_BadRequest", "The number of members in the request exceeds 20.")
        before = list(self.held.get((group_id, "members"), []))
        for link in links:
            reply = self._add(group_id, "members", link.rpartition("/")[2])
            if reply.status != 204:
                self.held[group_id, "members"] = before
                return reply
        return Reply()

    def _take(self, group_id: str, kind: str, user: str) -> Reply:
        held = self.held.get((group_id, kind), [])
        if refused := self._refusal(group_id, kind):
            return refused
        if user not in held:
            return absent(user)
        if kind == "owners" and held == [user]:
            return error(400, "Request_BadRequest", "The group must have at least one owner, hence this owner cannot "
                         "be removed.")  # fmt: skip
        held.remove(user)
        return Reply()

    def _held(self, request: Request, group_id: str, kind: str) -> Reply:
        ids = (self.shown if self.shows_late else self.held).get((group_id, kind), [])
        return self._list(request, [_typed(self.users[i]) for i in ids if i in self.users], is_advanced=True)

    # --- Applications, accounts ---

    def _assign(self, application: Json, body: Json) -> Reply:
        roles = [role["id"] for role in application["appRoles"]] or ["00000000-0000-0000-0000-000000000000"]
        if body["appRoleId"] not in roles:
            return error(400, "Request_BadRequest", "Permission being assigned was not found on application")
        if body["principalId"] not in self.users:
            return absent(body["principalId"])
        key = (body["principalId"], body["resourceId"], body["appRoleId"])
        if key in {(one["principalId"], one["resourceId"], one["appRoleId"]) for one in self.assignments.values()}:
            return error(400, "Request_BadRequest", "Permission being assigned already exists on the object")
        new = {"id": uuid4().hex, "principalType": "User", "createdDateTime": "2026-03-02T09:00:00Z"} | body
        self.assignments[new["id"]] = new
        return Reply(201, new)

    def _invite(self, body: Json) -> Reply:
        address = body["invitedUserEmailAddress"]
        if "inviteRedirectUrl" not in body or "@" not in address:
            return error(400, "BadRequest", f"Invalid invitation for {address}.")
        found = [user["id"] for user in self.users.values() if user["mail"] == address]
        name = address.replace("@", "_") + "#EXT#@contoso.onmicrosoft.com"
        guest = found[0] if found else self.user(name, mail=address, userType="Guest")
        return Reply(201, {"id": str(uuid4()), "status": "PendingAcceptance", "invitedUser": {"id": guest}} | body)

    # --- Collections ---

    def _list(self, request: Request, items: list[Json], *, is_advanced: bool = False) -> Reply:
        wanted = request.options.get("$filter")
        if wanted is not None:
            match = EQUALS.fullmatch(wanted)
            eventual = request.header("ConsistencyLevel") == "eventual" and "$count" in request.options
            if match is None or (is_advanced and not eventual):
                return error(400, "Request_UnsupportedQuery", "Unsupported query filter clause.")
            value = (match[2] if match[2] is not None else match[3]).replace("''", "'").casefold()
            items = [item for item in items if str(item.get(match[1]) or "").casefold() == value]
        return self._page(request, [self._selected(request, item) for item in items])

    def _selected(self, request: Request, item: Json) -> Json:
        chosen = request.options.get("$select")
        return _some(item, [*chosen.split(","), "@odata.type"]) if chosen else item

    def _page(self, request: Request, items: list[Json]) -> Reply:
        if int(request.options.get("$top", "1")) > 999:
            return error(400, "Request_BadRequest", "Invalid page size specified.")
        start, size = int(request.options.get("$skiptoken", "0")), self.page_size
        body: Json = {"@odata.context": f"{self.root}/$metadata#objects", "value": items[start : start + size]}
        if start + size < len(items):
            body["@odata.nextLink"] = self._link(request, **{"$skiptoken": str(start + size)})
        return Reply(200, body)

    def _link(self, request: Request, **options: str) -> str:
        query = "&".join(f"{name}={quote(value)}" for name, value in {**request.options, **options}.items())
        return f"{self.root}{request.path.removeprefix('/v1.0')}?{query}"

    def _delta(self, name: str, request: Request) -> Reply:
        token = request.options.get("$deltatoken")
        if token and int(token) < self.forgotten:
            return error(410, "resyncRequired", "Resync required.", Location=f"{self.root}/{name}/delta?$deltatoken=")
        if token is None:
            items = [self._selected(request, item) for item in self.collection(name).values()]
        else:
            items = self._changed(name, int(token))
        reply = self._page(request, items)
        if "@odata.nextLink" not in reply.body:
            reply.body["@odata.deltaLink"] = f"{self.root}/{name}/delta?$deltatoken={len(self.changes)}"
        return reply

    def _changed(self, name: str, since: int) -> list[Json]:
        """What changed comes with its id and its name alone, as it may."""
        gone = {i: was_removed for kind, i, was_removed in self.changes[since:] if kind == name}
        objects = self.collection(name)
        return [
            {"id": i, "@removed": {"reason": "changed"}} if is_gone else _some(objects[i], ["id", "displayName"])
            for i, is_gone in gone.items()
        ]


def _some(item: Json, fields: Any) -> Json:
    return {name: item[name] for name in fields if name in item}


def _typed(user: Json) -> Json:
    return {"@odata.type": "#microsoft.graph.user"} | user
