"""The connector of Microsoft Entra ID: groups, teams and applications of a tenant, by Microsoft Graph v1.0."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.models import User

from ..models import Connector as ConnectorRow
from .base import (
    AccountState,
    Capability,
    Change,
    Clock,
    Connector,
    ConnectorError,
    Entitlement,
    FoundResource,
    Holder,
    Outcome,
    PartlyReadError,
    Progress,
    Use,
)
from .entra_accounts import FIELDS, INVITE, Accounts
from .entra_applications import ASSIGN_ROLES, READ_APPLICATIONS, AppRole
from .entra_discovery import Discovery
from .entra_graph import READ_PEOPLE, Deadline, Graph, path
from .entra_groups import CHANGE_MEMBERS, MEMBER, OWNER, READ_MEMBERS, GroupRole
from .entra_options import GUID, EntraOptions, Tenant
from .entra_roles import Role
from .entra_sign_ins import READ_SIGN_INS, signed_in_at
from .entra_tokens import CERTIFICATE

DISABLE = "User.EnableDisableAccount.All"
END_SESSIONS = "User.RevokeSessions.All"
TIME_FOR_ALL = timedelta(seconds=20)
"""After this no further request of a batch is begun; the one under way may take its time."""
COVERED_BY = {
    READ_PEOPLE: {"User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
    CHANGE_MEMBERS: {"Group.ReadWrite.All", "Directory.ReadWrite.All"},
    ASSIGN_ROLES: set(),
    READ_APPLICATIONS: {"Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
    INVITE: {"User.ReadWrite.All", "Directory.ReadWrite.All"},
    DISABLE: {"User.ReadWrite.All", "Directory.ReadWrite.All"},
    END_SESSIONS: {"User.ReadWrite.All", "Directory.ReadWrite.All"},
}
"""Every permission that AccessGov asks for, and the wider ones that do as well."""


class EntraTenant(Connector):
    """A resource is a group or an enterprise application, its id the object id there.

    Roles are `member` and `owner`, or an application's by the id of the app role.
    """

    options_form = EntraOptions
    secret_label = gettext_lazy("Client secret")
    leads_to = ("cloud", "authority", "endpoint")
    is_in = ("tenant_id", "cloud", "endpoint")
    extra_secrets = {CERTIFICATE: gettext_lazy("Private key and certificate (PEM), instead of a client secret")}
    settles_within = timedelta(minutes=2)

    def __init__(self, row: ConnectorRow, *, clock: Clock = timezone.now) -> None:
        super().__init__(row, clock=clock)
        self.tenant = Tenant.of(row.options)
        self.capabilities = frozenset(Capability) - (
            frozenset() if self.tenant.invites_guests else {Capability.CREATE_ACCOUNT}
        )

    def close(self) -> None:
        if "graph" in self.__dict__:
            self.graph.close()
            del self.graph
        self.__dict__.pop("accounts", None)

    @cached_property
    def graph(self) -> Graph:
        return Graph(self.row, self.tenant, clock=self.clock)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.row, self.graph)

    def check(self) -> str:
        """Read a group and a person, and say which permissions are missing."""
        self.graph.get(path("groups", select="id", top="1"), needs=READ_MEMBERS)
        self.graph.get(path("users", select="id", top="1"), needs=READ_PEOPLE)
        words = {"tenant": self.tenant.tenant_id, "missing": ", ".join(self._missing())}
        if words["missing"]:
            return (
                _("Microsoft Graph, tenant %(tenant)s. Permissions that its application does not have: %(missing)s.")
                % words
            )
        return _("Microsoft Graph, tenant %(tenant)s, with every permission that is needed") % words

    # --- One person ---

    def read(self, person: User, entitlement: Entitlement) -> bool:
        """Direct membership, ownership or assignment; what comes through another group is not ours to take away."""
        is_held = person.pk in self.read_many([person], entitlement)
        if self.accounts.find([person])[person.pk]:
            self._account(person)  # says so where it is not clear which it is
        return is_held

    def grant(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Add the member or owner, or assign the role; a guest is invited where that is chosen."""
        return self._only(self.grant_many([person], entitlement, keys={person.pk: key}), person)

    def revoke(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Remove the member or owner, or delete the assignment; the account stays."""
        return self._only(self.revoke_many([person], entitlement, keys={person.pk: key}), person)

    def create_account(self, person: User) -> str:
        """Invite a guest who has none; members get theirs from whoever keeps the tenant."""
        account = self.accounts.find_or_invite([person])[person.pk]
        if isinstance(account, ConnectorError):
            raise account
        return account

    def read_account(self, person: User) -> AccountState | None:
        """As the tenant shows it, which takes its time after a change."""
        if self._has_none(person):
            return None
        shown = path("users", self._account(person), select="accountEnabled")
        answer = self.graph.ask("GET", shown, needs=READ_PEOPLE)
        if answer.is_missing:
            return None
        if not answer.is_success:
            raise self.graph.refusal(answer, needs=READ_PEOPLE)
        return AccountState(is_enabled=answer.body.get("accountEnabled") is not False)

    def disable_account(self, person: User) -> None:
        """Nobody signs in with it any more, and nobody stays signed in."""
        if self._has_none(person):
            return
        account = self._account(person)
        self._change_account("PATCH", path("users", account), needs=DISABLE, body={"accountEnabled": False})
        self._change_account("POST", path("users", account, "revokeSignInSessions"), needs=END_SESSIONS, body={})

    def enable_account(self, person: User, *, before: str) -> None:
        """They sign in anew, with the password that they had."""
        if not self._has_none(person):
            account = self._account(person)
            self._change_account("PATCH", path("users", account), needs=DISABLE, body={"accountEnabled": True})

    # --- Many people, one role ---

    def read_many(self, people: Sequence[User], entitlement: Entitlement) -> set[UUID]:
        """Where it is not clear whose account it is, one that holds the role counts, so that it is not overlooked."""
        role = self._role(entitlement)
        found = self.accounts.find(people)
        held = role.held_by(sorted({account for ids in found.values() for account in ids}))
        holding = {pk for pk, ids in found.items() if held.intersection(ids)}
        if refused := {pk: error for pk, error in self.accounts.refused.items() if pk in found}:
            raise PartlyReadError(held=holding, errors=refused)
        return holding

    def grant_many(
        self, people: Sequence[User], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """The resource is looked at first, so that nobody is invited to what is gone."""
        until = Deadline(TIME_FOR_ALL)
        role = self._role(entitlement)
        role.require_givable()
        return self._change(self.accounts.find_or_invite(people), lambda ids: role.give(ids, until=until))

    def revoke_many(
        self, people: Sequence[User], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """Nobody is invited; whoever has no account has nothing to lose."""
        until = Deadline(TIME_FOR_ALL)
        role = self._role(entitlement)
        role.require_takable()
        found = self.accounts.find(people)
        strangers = {pk for pk, ids in found.items() if not ids and pk not in self.accounts.refused}
        nobody: dict[UUID, Outcome] = dict.fromkeys(strangers, Progress.DONE)
        accounts = {person.pk: self.accounts.only_one(person) for person in people if person.pk not in strangers}
        return nobody | self._change(accounts, lambda ids: role.take(ids, until=until))

    # --- Lists ---

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """Whoever comes twice on a page or on two that follow each other, since somebody moved, is told once."""
        before: set[str] = set()
        firsts: set[str] = set()
        for page in self._role(entitlement).pages():
            here = {str(item["id"]): item for item in page if item.get("id")}
            if here and next(iter(here)) in firsts:
                raise self._circle(entitlement)
            firsts.update(list(here)[:1])
            yield from self.accounts.holders([item for account, item in here.items() if account not in before])
            before = set(here)

    def last_used(self) -> Iterator[Use]:
        """The last sign-in to the tenant that succeeded; it is shown where the tenant has Entra ID P1 or P2."""
        for page in self.graph.pages(path("users", select=f"{FIELDS},signInActivity", top="500"), needs=READ_SIGN_INS):
            items = [item for item in page if item.get("id")]
            for item, holder in zip(items, self.accounts.holders(items), strict=True):
                yield Use(account_id=holder.account_id, name=holder.username, used_at=signed_in_at(item))

    def discover(self) -> Iterator[FoundResource]:
        """Groups that cannot be changed from here, and applications that Microsoft runs, are left out."""
        return Discovery(self.graph).everything()

    def discover_changes(self, *, since: str) -> Iterator[Change]:
        """By delta queries; a bookmark of more than a week is too old for Microsoft."""
        return Discovery(self.graph).changes(since)

    # --- How ---

    def _role(self, entitlement: Entitlement) -> Role:
        """What this entitlement is in the tenant. Raises ConnectorError where it cannot be anything there."""
        is_group = entitlement.role_id in (MEMBER, OWNER)
        if not _is_guid(entitlement.resource_id) or not (is_group or _is_guid(entitlement.role_id)):
            raise ConnectorError(
                _(
                    "%(name)s is nothing that Entra has: a resource's id is the object id of its group or enterprise "
                    "application, a role's id is member, owner or the id of an app role."
                )
                % {"name": entitlement.name},
                is_final=True,
            )
        return (GroupRole if is_group else AppRole)(entitlement, self.graph, self.accounts)

    def _has_none(self, person: User) -> bool:
        """Whether there is no account of theirs. Raises ConnectorError where that cannot be said."""
        self.accounts.find([person])
        if not self.accounts.is_without(person):
            self._account(person)
            return False
        return True

    def _account(self, person: User) -> str:
        account = self.accounts.only_one(person)
        if isinstance(account, ConnectorError):
            raise account
        return account

    @staticmethod
    def _change(
        accounts: Mapping[UUID, str | ConnectorError], change: Callable[[Sequence[str]], Mapping[str, Outcome]]
    ) -> dict[UUID, Outcome]:
        known = {pk: account for pk, account in accounts.items() if isinstance(account, str)}
        refused: dict[UUID, Outcome] = {pk: e for pk, e in accounts.items() if isinstance(e, ConnectorError)}
        outcomes = change(sorted(set(known.values())))
        return refused | {pk: outcomes[account] for pk, account in known.items() if account in outcomes}

    def _only(self, outcomes: Mapping[UUID, Outcome], person: User) -> Progress:
        outcome = outcomes.get(person.pk)
        if outcome is None:
            raise ConnectorError(_("%(system)s did not answer in time.") % {"system": self.row}, is_outage=True)
        if isinstance(outcome, ConnectorError):
            raise outcome
        return outcome

    def _change_account(self, method: str, resource: str, *, needs: str, body: Mapping[str, object]) -> None:
        answer = self.graph.ask(method, resource, needs=needs, body=body)
        if not answer.is_success and not answer.is_missing:
            raise self.graph.refusal(answer, needs=needs)

    def _circle(self, entitlement: Entitlement) -> ConnectorError:
        return ConnectorError(
            _("%(system)s tells the same holders of %(name)s again and again: nothing of it can be trusted.")
            % {"system": self.row, "name": entitlement.name}
        )

    def _missing(self) -> list[str]:
        """Permissions that are needed for what was chosen, as far as the token lets itself be read."""
        has = _permissions(self.graph.tokens.get())
        unneeded = (set() if self.tenant.invites_guests else {INVITE}) | (
            set() if self.tenant.applications else {ASSIGN_ROLES, READ_APPLICATIONS}
        )
        if has is None:
            return []
        return [one for one, wider in COVERED_BY.items() if one not in unneeded and not has & {one, *wider}]


def _permissions(token: str) -> set[str] | None:
    """What a token says that it permits; it is made for Graph, not for us, so None where we cannot read it."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        roles = claims.get("roles", [])
    except (IndexError, ValueError, AttributeError):
        return None
    return set(map(str, roles)) if isinstance(roles, list) else None


def _is_guid(value: str) -> bool:
    return re.fullmatch(GUID, value) is not None
