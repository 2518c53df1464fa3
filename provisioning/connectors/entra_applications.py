"""Roles of a tenant's enterprise applications, assigned to people themselves."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from .base import ConnectorError, Outcome, Progress
from .entra_errors import Answer
from .entra_graph import Deadline, Item, Part, path
from .entra_roles import PAGE, Role, already_there

READ_APPLICATIONS = "Application.Read.All"
ASSIGN_ROLES = "AppRoleAssignment.ReadWrite.All"
DEFAULT_ROLE = "00000000-0000-0000-0000-000000000000"
"""What somebody has who is assigned to an application that knows no roles."""


class AppRole(Role):
    """A role of an enterprise application, assigned to the person themselves."""

    needs = ASSIGN_ROLES

    def require_givable(self) -> None:
        """The default role is there where the application has no other for people."""
        found = self.require_takable()
        if self.role_id not in {role["id"].lower() for role in roles_for_people(found)}:
            raise ConnectorError(
                _(
                    "The role behind %(name)s is not among those that the application in %(system)s has for people: "
                    "choose one that it has."
                )
                % self.words,
                is_final=True,
            )

    def require_takable(self) -> Item:
        """A role that is no longer given can still be taken."""
        return self._look(path("servicePrincipals", self.id, select="id,appRoles"), needs=READ_APPLICATIONS)

    def held_by(self, ids: Sequence[str]) -> set[str]:
        """Assigned to the account itself: what comes through a group is the group's to give."""
        return set(self._assignments(ids))

    def give(self, ids: Sequence[str], *, until: Deadline) -> dict[str, Outcome]:
        return self._each(ids, self._assignment, already_there, until=until)

    def take(self, ids: Sequence[str], *, until: Deadline) -> dict[str, Outcome]:
        assigned = self._assignments(ids)
        found: dict[str, Outcome] = {account: Progress.DONE for account in ids if account not in assigned}
        removal = {
            account: path("servicePrincipals", self.id, "appRoleAssignedTo", i) for account, i in assigned.items()
        }
        return found | self._each(
            list(assigned), lambda i: Part("DELETE", removal[i]), lambda answer: answer.is_missing, until=until
        )

    def pages(self) -> Iterator[list[Item]]:
        """Assignments name people by their ids alone, so each page's people are read by one more request."""
        first = self.graph.url(path("servicePrincipals", self.id, "appRoleAssignedTo", top=PAGE))
        for answer in self.graph.following(first, needs=READ_APPLICATIONS):
            if answer.is_missing:
                raise self.gone()
            if not answer.is_success:
                raise self.graph.refusal(answer, needs=READ_APPLICATIONS)
            ids = [str(item["principalId"]) for item in self.graph.items(answer) if self._is_it(item)]
            yield list(self.accounts.existing(ids).values())

    def _assignments(self, ids: Sequence[str]) -> dict[str, str]:
        """The ids of the assignments of this role, by account."""
        parts = [self._question(account) for account in ids]
        answers = self.graph.batch(parts, needs=ASSIGN_ROLES)
        found: dict[str, str] = {}
        for account, answer in zip(ids, answers, strict=True):
            for item in self._all(answer):
                if self._is_it(item) and item["principalId"] == account:
                    found[account] = str(item.get("id"))
        return found

    def _all(self, answer: Answer) -> Iterator[Item]:
        """Those in this answer and in what follows it; an account that is gone has none."""
        if answer.is_missing:
            return
        if not answer.is_success:
            raise self.graph.refusal(answer, needs=ASSIGN_ROLES)
        yield from self.graph.items(answer)
        if more := answer.body.get("@odata.nextLink"):
            for page in self.graph.following(self.graph.own(more), needs=ASSIGN_ROLES):
                if not page.is_success:
                    raise self.graph.refusal(page, needs=ASSIGN_ROLES)
                yield from self.graph.items(page)

    def _is_it(self, item: Item) -> bool:
        is_person = item.get("principalType") == "User" and "principalId" in item
        return is_person and str(item.get("appRoleId", "")).lower() == self.role_id

    def _question(self, account: str) -> Part:
        return Part("GET", path("users", account, "appRoleAssignments", filter=f"resourceId eq {self.id}"))

    def _assignment(self, account: str) -> Part:
        body = {"principalId": account, "resourceId": self.id, "appRoleId": self.role_id}
        return Part("POST", path("servicePrincipals", self.id, "appRoleAssignedTo"), body)


def roles_for_people(application: Item) -> list[dict[str, Any]]:
    """The application's roles that people can be given: its own, or else the default one."""
    roles = {role["id"]: role for role in application.get("appRoles") or () if _is_for_people(role)}
    return list(roles.values()) or [{"id": DEFAULT_ROLE, "displayName": _("Default access"), "description": ""}]


def _is_for_people(role: object) -> bool:
    if not isinstance(role, dict) or not isinstance(role.get("id"), str):
        return False
    return bool(role.get("isEnabled")) and "User" in (role.get("allowedMemberTypes") or ())
