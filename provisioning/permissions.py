"""Who may look at what differs in target systems, and say what is to become of it: one pure question each."""

from django.db.models import Exists, OuterRef, Q

from catalog.models import Resource
from directory.models import GroupClosure, User
from directory.permissions import can_read_everything, is_administrator

from .models import DriftCase, HandTask


def owns_resources() -> Q:
    """Whether a person of the outer statement owns any resource: known as `has_resources` where it is asked for."""
    enclosing = GroupClosure.objects.filter(descendant__memberships__person=OuterRef(OuterRef("pk")))
    themselves = Resource.owners.through.objects.filter(user_id=OuterRef("pk"))
    groups = Resource.owner_groups.through.objects.filter(group_id__in=enclosing.values("ancestor"))
    return Q(Exists(themselves) | Exists(groups))


def answers_drift(user: User) -> bool:
    """Whether any case may ever wait for this person: administrators, owners of resources; no statement on pages."""
    if is_administrator(user) or not user.is_active:
        return is_administrator(user)
    known: bool | None = getattr(user, "has_resources", None)
    return Resource.objects.owned_by(user).exists() if known is None else known


def can_see_drift(user: User) -> bool:
    """Those who answer, and auditors."""
    return can_read_everything(user) or answers_drift(user)


def can_answer(user: User, case: DriftCase) -> bool:
    """Administrators and the owners of the resource; nobody about their own access."""
    return DriftCase.objects.answerable_by(user).filter(pk=case.pk).exists()


def has_team_tasks() -> Exists:
    """Whether a team of the enclosing statement's person has tasks: known as `has_team_tasks` where it is asked for."""
    enclosing = GroupClosure.objects.filter(descendant__memberships__person=OuterRef(OuterRef("pk")))
    return Exists(HandTask.objects.filter(team__in=enclosing.values("ancestor")))


def does_tasks(user: User) -> bool:
    """Whether this person is in a team that does things by hand; no statement on pages."""
    if not user.is_active:
        return False
    known: bool | None = getattr(user, "has_team_tasks", None)
    return HandTask.objects.of_teams_of(user).exists() if known is None else known


def can_see_tasks(user: User) -> bool:
    """Those who do them, administrators and auditors."""
    return can_read_everything(user) or does_tasks(user)


def can_settle(user: User, task: HandTask) -> bool:
    """Administrators and the team; nobody a task about their own access."""
    return task.is_open and HandTask.objects.doable_by(user).filter(pk=task.pk).exists()
