"""The connector of systems without an interface: a team does by hand what is to be done, and says so with a proof.

What people hold there is known from a list that somebody takes in now and then (`actions.take_in_holders`).
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import ResourceRole
from directory.models import Group, User

from ..lifecycle import TaskState
from ..models import Connector as ConnectorRow
from ..models import HolderList, ListedHolder, OperationKind
from . import matching
from .base import Capability, Clock, Connector, ConnectorError, Entitlement, Holder, OptionsForm, Progress

PAGE = 1000


class TeamField(forms.CharField):
    """A group, by its name; kept by its id, so that it may be renamed."""

    def prepare_value(self, value: Any) -> Any:
        group = _group(str(value)) if value else None
        return group.name if group else value

    def clean(self, value: Any) -> str:
        words = super().clean(value)
        if not words:
            return ""
        found = [group] if (group := _group(words)) else list(Group.objects.filter(name__iexact=words)[:2])
        if not found:
            raise ValidationError(_("No group has this name."))
        if len(found) > 1:
            raise ValidationError(_("More than one group has this name."))
        return str(found[0].pk)


class ManualOptions(OptionsForm):
    """Who does it, until when, and how."""

    team = TeamField(
        label=gettext_lazy("Team"),
        max_length=200,
        help_text=gettext_lazy("The name of a group. Everybody in it gets the tasks, members of nested groups too."),
    )
    due_days = forms.IntegerField(
        label=gettext_lazy("Days to do a task"),
        initial=3,
        required=False,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=gettext_lazy("When they are over, the team is reminded once. 3 where it is empty."),
    )
    instructions = forms.CharField(
        label=gettext_lazy("Instructions"),
        required=False,
        max_length=4000,
        widget=forms.Textarea,
        help_text=gettext_lazy("Shown with every task: where to go, what to write down as the proof."),
    )
    list_days = forms.IntegerField(
        label=gettext_lazy("Days that a list of holders is believed"),
        initial=35,
        required=False,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text=gettext_lazy("What is older is compared with nothing any more. 35 where it is empty."),
    )

    def clean(self) -> dict[str, Any]:
        """What was left empty is as it was at first."""
        given = super().clean() or {}
        for name in ("due_days", "list_days"):
            given[name] = given.get(name) or self.fields[name].initial
        return given


class ByHand(Connector):
    """Each change is a task of a team; access counts as delivered on the word of whoever did it."""

    options_form = ManualOptions
    secret_label = ""  # nosec B105 - it asks for none
    looks_again_after = timedelta(minutes=5)

    def __init__(self, row: ConnectorRow, **more: Clock) -> None:
        super().__init__(row, **more)
        self._list = self._believed_list()
        if self._list is not None:
            self.capabilities = frozenset({Capability.HOLDERS})
            self.as_of = self._list.made_at

    def check(self) -> str:
        """Somebody is there to do it."""
        count = self._people_of(self._team())
        said = ngettext("%(count)d person in %(team)s", "%(count)d people in %(team)s", count)
        return said % {"count": count, "team": self._team()}

    def grant(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Have the team give it."""
        return self._ask(OperationKind.GRANT, person, entitlement, key=key)

    def revoke(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Have the team take it; what it was asked to give and has not given yet is withdrawn instead."""
        return self._ask(OperationKind.REVOKE, person, entitlement, key=key)

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """Whom the list names, which is taken out of the database a page at a time."""
        found = self._list
        if found is None:
            raise self._cannot(Capability.HOLDERS)
        yield from matching.holders(self._listed(found, self._role(entitlement)), attribute=found.known_by)
        if not HolderList.objects.filter(pk=found.pk).exists():
            raise ConnectorError(
                _("A newer list of %(system)s came while the older one was read: compare again.") % {"system": self.row}
            )

    def _listed(self, found: HolderList, role: ResourceRole) -> Iterator[tuple[str, str]]:
        last = ""
        rows = ListedHolder.objects.filter(holder_list=found, resource_role=role).order_by("account")
        while page := list(rows.filter(account__gt=last).values_list("account", flat=True)[:PAGE]):
            yield from ((account, account) for account in page)
            last = page[-1]

    def _believed_list(self) -> HolderList | None:
        oldest = self.clock() - timedelta(days=self.row.options.get("list_days") or 35)
        return HolderList.objects.filter(connector=self.row, made_at__gt=oldest).first()

    def _ask(self, kind: OperationKind, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        from .. import actions  # which configure connectors, and so know their kinds

        team = self._team()
        task = actions.ask_by_hand(
            connector=self.row,
            team=team,
            kind=kind,
            person=person,
            role=self._role(entitlement),
            key=key,
            within=timedelta(days=self.row.options.get("due_days") or 3),
            now=self.clock(),
        )
        if task is None or task.state == TaskState.DONE:
            return Progress.DONE
        if task.state == TaskState.REFUSED:
            actions.note_refusal_heard(task=task, now=self.clock())
            raise self._refused(task.refusal, by=str(task.settled_by))
        return Progress.HANDED_OVER

    def _refused(self, words: str, *, by: str) -> ConnectorError:
        return ConnectorError(
            _("%(person)s says that it cannot be done in %(system)s: %(words)s")
            % {"person": by, "system": self.row, "words": words},
            is_final=True,
        )

    def _team(self) -> Group:
        """The group whose members do it. Raises ConnectorError where there is nobody."""
        group = _group(self.row.options.get("team", ""))
        if group is None:
            raise ConnectorError(
                _("The group that does the tasks of %(system)s is gone: name another one in its connector.")
                % {"system": self.row},
                is_outage=True,
            )
        if not self._people_of(group):
            raise ConnectorError(
                _("Nobody is in %(team)s, which does the tasks of %(system)s: add somebody to the group.")
                % {"team": group, "system": self.row},
                is_outage=True,
            )
        return group

    def _people_of(self, group: Group) -> int:
        return User.objects.enabled().in_groups([group.pk]).count()

    def _role(self, entitlement: Entitlement) -> ResourceRole:
        role = ResourceRole.objects.with_names().filter(
            resource__system=self.row.system_id,
            resource__origin_id=entitlement.resource_id,
            origin_id=entitlement.role_id,
        )
        if (found := role.first()) is None:
            raise ConnectorError(
                _("%(name)s is not among the roles of %(system)s any more.")
                % {"name": entitlement.name, "system": self.row},
                is_final=True,
            )
        return found


def _group(pk: str) -> Group | None:
    try:
        return Group.objects.filter(pk=UUID(pk)).first()
    except ValueError:
        return None
