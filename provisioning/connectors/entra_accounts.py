"""Which account of a tenant is whose: remembered, looked up by an attribute, or made by inviting a guest."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from directory.models import User

from ..models import Account
from ..models import Connector as ConnectorRow
from .base import ConnectorError, Holder
from .entra_graph import READ_PEOPLE, Graph, Item, Part, literal, path
from .entra_options import MY_APPS, MatchBy
from .remembering import is_somebody_elses, remember

INVITE = "User.Invite.All"
FIELDS = "id,userPrincipalName,mail,employeeId"
OUR_FIELD = {MatchBy.PRINCIPAL_NAME: "username", MatchBy.MAIL: "email", MatchBy.EMPLOYEE_ID: "employee_number"}


class Accounts:
    """The accounts of people in one tenant; what was looked up holds for as long as the connector is open."""

    def __init__(self, row: ConnectorRow, graph: Graph) -> None:
        self.row = row
        self.graph = graph
        self.tenant = graph.tenant
        self.found: dict[UUID, list[str]] = {}
        self.contested: set[UUID] = set()
        """Whose account, by what it is found, is somebody else's."""
        self.refused: dict[UUID, ConnectorError] = {}
        """Why somebody could not even be looked for."""

    def find(self, people: Sequence[User]) -> dict[UUID, list[str]]:
        """The ids of everybody's account: none where there is none, several where it is not clear which is theirs."""
        new = [person for person in people if person.pk not in self.found]
        if new:
            self.found.update(self._remembered(new))
            self._search([person for person in new if person.pk not in self.found])
        return {person.pk: self.found[person.pk] for person in people}

    def find_or_invite(self, people: Sequence[User]) -> dict[UUID, str | ConnectorError]:
        """The id of everybody's account; guests without one are invited where that is chosen."""
        self.find(people)
        strangers = [person for person in people if not self.found[person.pk] and self._may_be_invited(person)]
        refused = self._invite(strangers)
        return {person.pk: refused.get(person.pk) or self.only_one(person) for person in people}

    def is_without(self, person: User) -> bool:
        """Whether they could be looked for, and nothing was found that is, or may be, theirs."""
        could_be = person.pk not in self.refused and person.pk not in self.contested and self._key(person)[1]
        return bool(could_be) and not self.found[person.pk]

    def only_one(self, person: User) -> str | ConnectorError:
        """The id of the account that was found, or why it cannot be said which it is."""
        ids = self.found[person.pk]
        if len(ids) == 1:
            return ids[0]
        if person.pk in self.refused:
            return self.refused[person.pk]
        attribute, value = self._key(person)
        if person.pk in self.contested:
            return is_somebody_elses(self.row, person, account=value)
        words = {"system": self.row, "person": person, "attribute": attribute, "value": value, "count": len(ids)}
        if ids:
            return ConnectorError(
                _("%(system)s has %(count)d accounts whose %(attribute)s is %(value)s: remove all but one.") % words
            )
        if not value:
            return ConnectorError(
                _("%(person)s cannot be found in %(system)s: nothing is entered here that its %(attribute)s can match.")
                % words
            )
        if person.is_guest:
            return ConnectorError(
                _("The guest %(person)s has no account in %(system)s (%(attribute)s %(value)s): invite them in Entra.")
                % words
            )
        return ConnectorError(
            _(
                "%(person)s has no account in %(system)s (%(attribute)s %(value)s): create it in Entra, or correct by "
                "what the connector finds people."
            )
            % words
        )

    def holders(self, items: Sequence[Item]) -> list[Holder]:
        """Accounts as holders, by the user names that they have here where it is clear whose they are."""
        names = self._names({key for item in items for key in self._keys_of(item)})
        return [self._holder(item, names) for item in items]

    def _holder(self, item: Item, names: Mapping[tuple[str, str], str]) -> Holder:
        name = next((names[key] for key in self._keys_of(item) if key in names), "")
        return Holder(str(item["id"]), name=name or _signs_in_as(item), is_username=bool(name))

    # --- Remembered ---

    def _remembered(self, people: Sequence[User]) -> dict[UUID, list[str]]:
        """Those that are still there; the others are forgotten."""
        rows = self.row.accounts.filter(person__in=[person.pk for person in people], is_supposed=False)
        known = {row.person_id: row for row in rows}
        there = self.existing(row.external_id for row in known.values())
        gone = [row.pk for row in known.values() if row.external_id not in there]
        if gone:
            Account.objects.filter(pk__in=gone).delete()
        return {person: [row.external_id] for person, row in known.items() if row.external_id in there}

    def existing(self, ids: Iterable[str]) -> dict[str, Item]:
        """Which of these users there are (a thousand at most)."""
        wanted = list(ids)
        if not wanted:
            return {}
        body = {"ids": wanted, "types": ["user"]}
        answer = self.graph.ask("POST", "/directoryObjects/getByIds", needs=READ_PEOPLE, body=body)
        if not answer.is_success:
            raise self.graph.refusal(answer, needs=READ_PEOPLE)
        return {str(item["id"]): item for item in self.graph.items(answer) if "id" in item}

    def _remember(self, found: Mapping[UUID, str]) -> None:
        contested = remember(self.row, found)
        self.contested |= contested
        self.found.update({pk: [] if pk in contested else [account] for pk, account in found.items()})

    # --- Looked up ---

    def _search(self, people: Sequence[User]) -> None:
        """What comes back is compared again: a filter that is misunderstood must not make somebody somebody else."""
        keys = {person.pk: self._key(person) for person in people}
        sought = [person.pk for person in people if keys[person.pk][1]]
        parts = [Part("GET", self._filter(*keys[pk])) for pk in sought]
        answers = self.graph.batch(parts, needs=READ_PEOPLE)
        self.found.update({person.pk: [] for person in people})
        for pk, answer in zip(sought, answers, strict=True):
            if not answer.is_success:
                self.refused[pk] = self.graph.refusal(answer, needs=READ_PEOPLE)
                if self.refused[pk].is_outage:
                    raise self.refused[pk]
                continue
            attribute, value = keys[pk]
            items = [item for item in self.graph.items(answer) if _same(item.get(attribute), value)]
            self.found[pk] = sorted({str(item["id"]) for item in items})
        self._remember({pk: self.found[pk][0] for pk in sought if len(self.found[pk]) == 1})

    @staticmethod
    def _filter(attribute: str, value: str) -> str:
        return path("users", filter=f"{attribute} eq {literal(value)}", select=FIELDS, top="5")

    def _key(self, person: User) -> tuple[str, str]:
        """The attribute of an account that says whose it is, and what it is for this person."""
        if person.is_guest or self.tenant.match_by == MatchBy.MAIL:
            return MatchBy.MAIL.value, person.email
        if self.tenant.match_by == MatchBy.EMPLOYEE_ID:
            return MatchBy.EMPLOYEE_ID.value, person.employee_number or ""
        return MatchBy.PRINCIPAL_NAME.value, person.username if "@" in person.username else person.email

    # --- Whose they are ---

    def _keys_of(self, item: Item) -> list[tuple[str, str]]:
        """By what this may be the account of a member, and of a guest."""
        attributes = dict.fromkeys((str(self.tenant.match_by), MatchBy.MAIL.value))
        return [(attribute, str(item[attribute]).casefold()) for attribute in attributes if item.get(attribute)]

    def _names(self, keys: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The user names of people by what their accounts are found by; nobody's where it is not clear whose."""
        names: dict[tuple[str, str], set[str]] = {}
        for person in self._people(keys):
            attribute, value = self._key(person)
            names.setdefault((attribute, value.casefold()), set()).add(person.username)
        return {key: found.pop() for key, found in names.items() if key in keys and len(found) == 1}

    @staticmethod
    def _people(keys: set[tuple[str, str]]) -> list[User]:
        people: dict[UUID, User] = {}
        for attribute in {attribute for attribute, _value in keys}:
            values = [value for other, value in keys if other == attribute]
            fields = ["email", "username"] if attribute == MatchBy.PRINCIPAL_NAME else [OUR_FIELD[MatchBy(attribute)]]
            for field in fields:
                found = User.objects.annotate(key=Lower(field)).filter(key__in=values)
                people.update({person.pk: person for person in found})
        return list(people.values())

    # --- Invited ---

    def _may_be_invited(self, person: User) -> bool:
        is_wanted = self.tenant.invites_guests and person.is_guest and person.pk not in self.contested
        return is_wanted and bool(person.email)

    def _invite(self, people: Sequence[User]) -> dict[UUID, ConnectorError]:
        """Invite them all, and say who could not be; to be invited twice is to be invited once."""
        parts = [Part("POST", "/invitations", self._invitation(person)) for person in people]
        answers = self.graph.batch(parts, needs=INVITE)
        refused: dict[UUID, ConnectorError] = {}
        made: dict[UUID, str] = {}
        for person, answer in zip(people, answers, strict=True):
            invited = answer.body.get("invitedUser")
            if answer.is_success and isinstance(invited, dict) and invited.get("id"):
                made[person.pk] = str(invited["id"])
            else:
                refused[person.pk] = self.graph.refusal(answer, needs=INVITE)
        self._remember(made)
        return refused

    def _invitation(self, person: User) -> dict[str, object]:
        return {
            "invitedUserEmailAddress": person.email,
            "invitedUserDisplayName": str(person),
            "inviteRedirectUrl": self.tenant.invitation_leads_to or self.row.system.launch_url or MY_APPS,
            "sendInvitationMessage": self.tenant.sends_invitations,
        }


def _signs_in_as(item: Item) -> str:
    return str(item.get("userPrincipalName") or "")


def _same(one: object, other: str) -> bool:
    return isinstance(one, str) and one.casefold() == other.casefold()
