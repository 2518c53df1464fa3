"""Emergency access: taken at once by those whom a policy names, reviewed afterwards by others (docs/adr/0009)."""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import journal
from catalog.models import AccessPackage, Policy
from directory.actions import lock_people
from directory.models import User

from .. import conflicts, events
from ..lifecycle import DECIDABLE, LIVE, UNDELIVERED, EmergencyStatus, IllegalMove, RequestType
from ..models import AccessRequest, Assignment, EmergencyReview
from ..permissions import can_review_emergency
from .asking import create
from .deciding import cancel, tell
from .delivering import begin
from .ending import end_one
from .moving import in_journal

TIME_TO_REVIEW = timedelta(days=7)
COUNTED = timedelta(days=90)
HOUR = timedelta(hours=1)


@transaction.atomic
def take_in_emergency(
    *, package: AccessPackage, actor: User, justification: str, now: datetime, hours: int | None = None
) -> AccessRequest:
    """Have a package at once, without approval, for `hours` (None: as long as the policy lets one).

    What is incompatible does not stand against it, and is told in the alarm. A request for the package that waits for a
    decision is canceled; one that is approved for later stays, and takes its place then. Raises PermissionDenied where
    no policy lets the person, and ValidationError where the reason is missing, the hours do not fit, or the person has
    the package already.
    """
    person = lock_people([actor.pk])[actor.pk]
    policy = emergency_policy(package, person=person)
    if policy is None:
        raise PermissionDenied(_("You cannot take %(package)s in an emergency.") % {"package": package})
    lasting = _lasting(policy, hours=hours, justification=justification)
    _refuse_whoever_misused_it(package, person=person, now=now)
    if Assignment.objects.live().filter(person=person, package=package).exists():
        raise ValidationError(_("%(person)s has this package already.") % {"person": person}, code="has_it")
    against = conflicts.in_words(conflicts.between(person, package.pk), person=person)
    _cancel_what_is_undecided(package, person=person, now=now)
    access_request, _stages = create(
        policy,
        kind=RequestType.USER_ADD,
        person=person,
        actor=person,
        justification=justification,
        now=now,
        is_emergency=True,
        duration=None,
        fixed_end=now + lasting,
    )
    review = _leave_a_review(access_request, against=against, now=now)
    facts = {"justification": access_request.justification, "conflicts": against, **_facts_of(review)}
    journal.record_many([tell(events.EMERGENCY_TAKEN, access_request, actor=person, now=now, **facts)])
    begin(access_request, now=now)
    return access_request


@transaction.atomic
def judge_emergency(
    *, review: EmergencyReview, actor: User, is_justified: bool, findings: str, now: datetime
) -> EmergencyReview:
    """Say whether it was right to take access; what was not, and is still there, ends at once.

    Raises PermissionDenied, IllegalMove where it is reviewed already, and ValidationError without `findings`.
    """
    rows = EmergencyReview.objects.with_names()
    lock_people([review.access_request.person_id])
    locked = rows.select_for_update(of=("self",)).get(pk=review.pk)
    if not can_review_emergency(actor, locked):
        raise PermissionDenied(_("Whoever looks after the package reviews this, and nobody their own."))
    if locked.status != EmergencyStatus.OPEN:
        facts = {"person": locked.decided_by, "status": locked.get_status_display()}
        raise IllegalMove(_("%(person)s reviewed this already: %(status)s.") % facts)
    if not findings.strip():
        raise ValidationError({"findings": _("Say what you found.")})
    status = EmergencyStatus.JUSTIFIED if is_justified else EmergencyStatus.NOT_JUSTIFIED
    locked.move_to(status, by=actor, findings=findings.strip(), at=now)
    verb = events.EMERGENCY_JUSTIFIED if is_justified else events.EMERGENCY_NOT_JUSTIFIED
    journal.record_many([tell(verb, locked.access_request, actor=actor, now=now, findings=locked.findings)])
    assignment = locked.access_request.assignment
    if not is_justified and assignment is not None and assignment.status in LIVE:
        why = _("the emergency was not justified")
        end_one(assignment, kind=RequestType.ADMIN_REMOVE, actor=actor, why=why, now=now)
    return locked


def emergency_policy(package: AccessPackage, *, person: User) -> Policy | None:
    """The policy under which this person may take the package now: of several, the one that lasts longest."""
    if not person.is_active:
        return None
    is_open = AccessPackage.objects.open_to_requests(person).filter(pk=package.pk)
    found = Policy.objects.for_emergencies(person).filter(package__in=is_open).complete()
    return max(found, key=lambda policy: (policy.duration or HOUR, policy.name), default=None)


def _refuse_whoever_misused_it(package: AccessPackage, *, person: User, now: datetime) -> None:
    """What was found not justified is not taken again for a while: whoever needs it asks for it."""
    judged = EmergencyReview.objects.filter(access_request__person=person, access_request__package=package)
    last = judged.filter(decided_at__gt=now - COUNTED).order_by("-decided_at").first()
    if last is not None and last.status == EmergencyStatus.NOT_JUSTIFIED:
        raise PermissionDenied(_("Your last emergency here was found not to be justified: ask for access instead."))


def _lasting(policy: Policy, *, hours: int | None, justification: str) -> timedelta:
    """How long it lasts. Raises ValidationError naming everything that is wrong at once."""
    faults: dict[str, str] = {}
    most = (policy.duration or HOUR) // HOUR
    if not justification.strip():
        faults["justification"] = _("Say what the emergency is.")
    if hours is not None and not 1 <= hours <= most:
        said = ngettext("It lasts %(most)d hour at most.", "It lasts between one and %(most)d hours.", most)
        faults["hours"] = said % {"most": most}
    if faults:
        raise ValidationError(faults)
    return HOUR * (hours or most)


def _cancel_what_is_undecided(package: AccessPackage, *, person: User, now: datetime) -> None:
    """An undecided request for the same package gives way; one that is being delivered is the access itself.

    Raises ValidationError for that one.
    """
    asked = AccessRequest.objects.open().adding().filter(person=person, package=package)
    for access_request in asked.select_related("person", "package"):
        if access_request.status in UNDELIVERED:
            raise ValidationError(_("It is approved and being delivered already."), code="open_request")
        if access_request.status in DECIDABLE:
            cancel(access_request=access_request, actor=None, now=now)


def _leave_a_review(access_request: AccessRequest, *, against: str, now: datetime) -> EmergencyReview:
    recent = EmergencyReview.objects.filter(
        access_request__person=access_request.person_id,
        access_request__package=access_request.package_id,
        taken_at__gt=now - COUNTED,
    )
    review = EmergencyReview.objects.create(
        access_request=access_request,
        conflicts=against,
        uses=recent.count() + 1,
        taken_at=now,
        due_at=now + TIME_TO_REVIEW,
    )
    review.reviewers.set(_reviewers(access_request))
    return review


def _reviewers(access_request: AccessRequest) -> list[User]:
    """The owner of the package and the owners of its catalog, else administrators; never the person themselves."""
    package, person = access_request.package, access_request.person_id
    owners = [package.owner, *package.catalog.owners]
    for people in (owners, list(User.objects.administrators())):
        fit = {user.pk: user for user in people if user.is_active and user.pk != person}
        if fit:
            return list(fit.values())
    return []


def _facts_of(review: EmergencyReview) -> dict[str, Any]:
    times = ngettext("%(count)d time", "%(count)d times", review.uses) % {"count": review.uses}
    return {
        "until": in_journal(review.access_request.fixed_end),
        "uses": times,
        "review": str(review.pk),
        "asked": [str(pk) for pk in review.reviewers.values_list("pk", flat=True)],
    }
