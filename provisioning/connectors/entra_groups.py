"""Members and owners of a tenant's groups: security groups, Microsoft 365 groups and teams."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from django.utils.translation import gettext as _

from .base import ConnectorError, Outcome, Progress
from .entra_accounts import FIELDS
from .entra_errors import Answer
from .entra_graph import Deadline, Item, Part, path, slices
from .entra_roles import PAGE, Role, already_there

MEMBER, OWNER = "member", "owner"
READ_MEMBERS = "GroupMember.Read.All"
CHANGE_MEMBERS = "GroupMember.ReadWrite.All"
CHANGE_GUARDED = "RoleManagement.ReadWrite.Directory"
GROUP_FIELDS = (
    "id,displayName,description,groupTypes,mailEnabled,securityEnabled,isAssignableToRole,onPremisesSyncEnabled,"
    "resourceProvisioningOptions"
)


class GroupRole(Role):
    """Being a member or an owner of a security group, a Microsoft 365 group or a team."""

    needs = CHANGE_MEMBERS

    @property
    def collection(self) -> str:
        return "owners" if self.role_id == OWNER else "members"

    def require_givable(self) -> None:
        """Groups whose members come from elsewhere are refused for good, and it is said where from."""
        group = self._look(path("groups", self.id, select=GROUP_FIELDS), needs=READ_MEMBERS)
        if group.get("isAssignableToRole"):
            self.needs = f"{CHANGE_MEMBERS} + {CHANGE_GUARDED}"
        if reason := why_unchangeable(group, is_owner=self.role_id == OWNER):
            raise ConnectorError(reason % self.words, is_final=True)

    def require_takable(self) -> None:
        """A group that is not filled from here is not emptied from here either."""
        self.require_givable()

    def held_by(self, ids: Sequence[str]) -> set[str]:
        """Owners are few and read together; members are asked for one by one, however large the group is."""
        if self.role_id == OWNER:
            return {str(item.get("id")) for page in self._read("id") for item in page} & set(ids)
        answers = self.graph.batch([self._question(account) for account in ids], needs=READ_MEMBERS)
        return {account for account, answer in zip(ids, answers, strict=True) if account in self._ids(answer)}

    def give(self, ids: Sequence[str], *, until: Deadline) -> dict[str, Outcome]:
        """Members by twenties; where one of twenty is refused all are, and then each is tried alone."""
        found: dict[str, Outcome] = {}
        for some in slices(ids):
            if until.is_over:
                break
            try:
                found.update(self._give(some, until=until))
            except ConnectorError as error:
                found.update(dict.fromkeys(some, error))
                break
        return found

    def take(self, ids: Sequence[str], *, until: Deadline) -> dict[str, Outcome]:
        """Not to be there is to be taken out, as long as the group itself is there."""
        return self._each(ids, self._removal, self._is_absent, until=until)

    def pages(self) -> Iterator[list[Item]]:
        """Groups, devices and applications among the members are nobody."""
        for page in self._read(FIELDS):
            yield [item for item in page if str(item.get("@odata.type", "")).lower() in ("", "#microsoft.graph.user")]

    def _read(self, fields: str) -> Iterator[list[Item]]:
        first = self.graph.url(path("groups", self.id, self.collection, select=fields, top=PAGE))
        for answer in self.graph.following(first, needs=READ_MEMBERS):
            if answer.is_missing:
                raise self.gone()
            if not answer.is_success:
                raise self.graph.refusal(answer, needs=READ_MEMBERS)
            yield self.graph.items(answer)

    def _give(self, ids: Sequence[str], *, until: Deadline) -> dict[str, Outcome]:
        if self.role_id == MEMBER and len(ids) > 1:
            body = {"members@odata.bind": [self._object(account) for account in ids]}
            if self.graph.ask("PATCH", path("groups", self.id), needs=self.needs, body=body).is_success:
                return dict.fromkeys(ids, Progress.DONE)
        return self._each(ids, self._addition, already_there, until=until)

    def _question(self, account: str) -> Part:
        query = {"filter": f"id eq '{account}'", "count": "true", "select": "id"}
        return Part("GET", path("groups", self.id, "members", **query), eventual=True)

    def _ids(self, answer: Answer) -> set[str]:
        if answer.is_missing:
            raise self.gone()
        if not answer.is_success:
            raise self.graph.refusal(answer, needs=READ_MEMBERS)
        return {str(item.get("id")) for item in self.graph.items(answer)}

    def _addition(self, account: str) -> Part:
        return Part("POST", path("groups", self.id, self.collection, "$ref"), {"@odata.id": self._object(account)})

    def _removal(self, account: str) -> Part:
        return Part("DELETE", path("groups", self.id, self.collection, account, "$ref"))

    def _is_absent(self, answer: Answer) -> bool:
        """The same answer comes where the group is gone, which is looked at once more."""
        if answer.is_missing:
            self._look(path("groups", self.id, select="id"), needs=READ_MEMBERS)
        return answer.is_missing

    def _object(self, account: str) -> str:
        return self.graph.url(path("directoryObjects", account))

    def _refusal(self, answer: Answer) -> ConnectorError:
        if answer.status == HTTPStatus.BAD_REQUEST and answer.says("at least one owner"):
            return ConnectorError(
                _("%(name)s is held by nobody else, and a group keeps an owner: name another one first.") % self.words,
                is_final=True,
            )
        if answer.is_missing:
            return ConnectorError(
                _("%(system)s does not know the account yet, or any more; it is looked up again.") % self.words
            )
        return super()._refusal(answer)


def why_unchangeable(group: Item, *, is_owner: bool = False) -> str:
    """Why nobody can be given this role of the group from here, with places for words; empty where they can."""
    kinds = group.get("groupTypes") or ()
    if group.get("onPremisesSyncEnabled"):
        return _(
            "%(name)s belongs to a group that is synchronised into %(system)s from an on-premises directory, where "
            "alone it can be changed: connect that directory, or use a group of the cloud."
        )
    if group.get("mailEnabled") and "Unified" not in kinds:
        return _(
            "%(name)s belongs to a distribution list or a mail-enabled security group, which in %(system)s nobody but "
            "Exchange changes: use a security group or a Microsoft 365 group."
        )
    if "DynamicMembership" in kinds and not is_owner:
        return _(
            "%(name)s belongs to a group whose members %(system)s chooses itself by a rule: change the rule, or use a "
            "group with assigned members."
        )
    return ""
