"""What one step of a reconciliation found: grants are verified or have drifted, cases open and close. Set-based."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from audit import journal
from catalog.models import ResourceRole
from directory.actions import lock_people
from directory.imports import in_batches
from directory.models import User

from .. import events
from ..comparing import Reading, Unexpected
from ..lifecycle import PRESENT, CaseKind, CaseState, ExtraRule, GrantStatus, MissingRule
from ..models import DriftCase, DriftRule, Grant, Reconciliation
from .answering import carry_out, tell
from .settling import READ_BACK

BATCH = 500
"""Rows that one statement names."""
BRAKE_NUMBER, BRAKE_SHARE = 10, 0.1
"""This many differences, and more than this share of what is known, are no matter for automatic answers."""
EVENTS = {
    CaseKind.MISSING: events.DRIFT_MISSING,
    CaseKind.EXTRA: events.DRIFT_EXTRA,
    CaseKind.UNKNOWN: events.DRIFT_UNKNOWN,
}

Key = tuple[CaseKind, UUID, Any]


@dataclass
class Found:
    """What a step brought to light."""

    cases: list[DriftCase] = field(default_factory=list)
    closed: int = 0

    def number(self, kind: CaseKind) -> int:
        """How many new cases there are of this kind."""
        return sum(case.kind == kind for case in self.cases)


def take_in(
    reading: Reading, *, run: Reconciliation, holders: Mapping[UUID, int], began: datetime, now: datetime
) -> Found:
    """Compare what was staged with what is wanted, and keep what differs; `holders` says how many each role has.

    A fixed number of statements for every few hundred differences, however many grants there are.
    """
    found = Found()
    unexpected, missing = _differences(reading)
    _lock_everybody({*missing.values(), *(one.person for one in unexpected if one.person)})
    locked = list(_unsettled(reading).values_list("pk"))  # before the grants, as whoever answers a case does
    _verify_delivered(reading, began=began)
    arrived = [one.grant for one in unexpected if one.grant and not one.is_stranger]
    _verify(arrived, run=run, before=reading.before, now=now)
    drifted = _drift(missing, before=reading.before, now=now)
    strangers = {one.key: one for one in unexpected if one.is_stranger}
    cases = list(_unsettled(reading)) if locked else []  # with their grants as they are now
    still = _close_what_is_over(cases, strangers, found=found, began=began, now=now)
    new = [one for key, one in strangers.items() if key not in still]
    found.cases = [*_missing_cases(drifted, run=run, began=began), *_stranger_cases(new, run=run, began=began)]
    if found.cases:
        _hold_back(found, known=_known(reading, drifted), holders=holders)
    DriftCase.objects.bulk_create(found.cases, batch_size=journal.BATCH)
    for kind, verb in EVENTS.items():
        journal.record_many(tell(verb, case, now=now) for case in found.cases if case.kind == kind)
    _answer_by_rules(found.cases, now=now)
    return found


def preview(reading: Reading) -> list[DriftCase]:
    """The cases that `take_in` would open, not stored, without those that are open already."""
    unexpected, lost = _differences(reading)
    strangers = {one.key: one for one in unexpected if one.is_stranger}
    run, began = Reconciliation(connector=reading.connector), reading.before
    still = {_key(case) for case in _unsettled(reading)}
    missing = [grant for ids in in_batches(lost, size=BATCH) for grant in _grants(ids)]
    return [
        *_missing_cases(missing, run=run, began=began),
        *_stranger_cases([one for key, one in strangers.items() if key not in still], run=run, began=began),
    ]


# --- What is compared -----------------------------------------------------------------------------------------------


def _known(reading: Reading, drifted: Sequence[Grant]) -> Counter[UUID]:
    """How many holders each role had, as far as was known before."""
    rows = Grant.objects.filter(resource_role__in=reading.roles, status__in=PRESENT).order_by()
    counts = rows.values("resource_role").annotate(number=Count("pk")).values_list("resource_role", "number")
    return Counter(dict(counts)) + Counter(grant.resource_role_id for grant in drifted)


def _differences(reading: Reading) -> tuple[list[Unexpected], dict[UUID, UUID]]:
    """What is there and does not count as such, and what is missing.

    Accounts that nobody knew are told by their names from now on.
    """
    unexpected, missing = reading.differences()
    has_names = any(one.account and one.name for one in unexpected)
    if has_names and reading.suppose_accounts():
        return reading.differences()
    return unexpected, missing


def _lock_everybody(people: Iterable[UUID]) -> None:
    """In one order, as everybody does who changes what people have."""
    for some in in_batches(sorted(people), size=BATCH):
        lock_people(some)


# --- Grants ---------------------------------------------------------------------------------------------------------


def _verify_delivered(reading: Reading, *, began: datetime) -> None:
    """What the target only said that it did was seen there; one statement, and none where there is nothing of the sort.

    The rest of what was seen is verified already, and `RoleReading` says when it was seen last.
    """
    delivered = Grant.objects.filter(resource_role__in=reading.roles, status=GrantStatus.DELIVERED)
    if delivered.exists():
        seen = Grant.objects.filter(pk__in=reading.delivered(), status=GrantStatus.DELIVERED)
        seen.update(status=GrantStatus.VERIFIED, verified_at=began, changed_at=began, last_error="")


def _verify(ids: Sequence[UUID | None], *, run: Reconciliation, before: datetime, now: datetime) -> None:
    """What was on its way, had failed or had drifted, and is there after all; but for what has changed meanwhile.

    Where nothing of ours ever reached the target somebody gave it by hand for us: it is ours to take away.
    """
    for some in in_batches(ids, size=BATCH):
        waiting = (GrantStatus.PENDING, GrantStatus.FAILED, GrantStatus.DRIFTED)
        grants = [grant for grant in _locked(some) if grant.status in waiting and grant.changed_at < before]
        unseen = [grant.pk for grant in grants if grant.was_present is None]
        if unseen:
            Grant.objects.filter(pk__in=unseen).update(was_present=False)
        arrived = [grant for grant in grants if grant.status != GrantStatus.DRIFTED]
        Grant.move_all(grants, status=GrantStatus.VERIFIED, at=now)
        proof = READ_BACK % {"system": run.connector}
        journal.record_many(
            journal.entry(
                events.GRANT_DELIVERED,
                actor=None,
                target=grant,
                person=grant.person,
                at=now,
                details={"proof": proof},
                correlation_id=run.pk,
            )
            for grant in arrived
        )


def _drift(missing: Mapping[UUID, UUID], *, before: datetime, now: datetime) -> list[Grant]:
    """Mark what is missing, but for what has changed since it was compared."""
    drifted = []
    for some in in_batches(missing, size=BATCH):
        grants = [grant for grant in _locked(some) if grant.status in PRESENT and grant.changed_at < before]
        Grant.move_all(grants, status=GrantStatus.DRIFTED, at=now)
        drifted += grants
    return drifted


def _locked(ids: Sequence[UUID | None]) -> list[Grant]:
    return list(_grants(ids).select_for_update(of=("self",)))


def _grants(ids: Sequence[UUID | None]) -> Any:
    return Grant.objects.with_names().filter(pk__in=[pk for pk in ids if pk]).order_by("pk")


# --- Cases ----------------------------------------------------------------------------------------------------------


def _close_what_is_over(
    cases: Sequence[DriftCase], strangers: Mapping[Key, Unexpected], *, found: Found, began: datetime, now: datetime
) -> set[Key]:
    """Close the cases of which the target tells no more, note that the others were seen, and return what they say."""
    still = [case for case in cases if _is_still(case, strangers)]
    over = [case for case in cases if not _is_still(case, strangers)]
    for some in in_batches(over, size=BATCH):
        DriftCase.move_all(some, state=CaseState.CLOSED, at=now)
        journal.record_many(tell(events.DRIFT_CLOSED, case, now=now) for case in some)
    for some in in_batches(still, size=BATCH):
        DriftCase.objects.filter(pk__in=[case.pk for case in some]).update(last_seen_at=began)
    found.closed = len(over)
    return {_key(case) for case in still}


def _unsettled(reading: Reading) -> "QuerySet[DriftCase]":
    rows = DriftCase.objects.unsettled().with_names().filter(resource_role__in=reading.roles)
    return rows.select_for_update(of=("self",)).order_by("pk")


def _is_still(case: DriftCase, strangers: Mapping[Key, Unexpected]) -> bool:
    if case.kind == CaseKind.MISSING:
        return case.grant is not None and case.grant.status == GrantStatus.DRIFTED
    return _key(case) in strangers


def _key(case: DriftCase) -> Key:
    return CaseKind(case.kind), case.resource_role_id, case.person_id or case.account_id


def _missing_cases(grants: Sequence[Grant], *, run: Reconciliation, began: datetime) -> list[DriftCase]:
    return [
        DriftCase(
            kind=CaseKind.MISSING,
            system=grant.resource_role.resource.system,
            resource_role=grant.resource_role,
            person=grant.person,
            grant=grant,
            run=run,
            first_seen_at=began,
            last_seen_at=began,
        )
        for grant in grants
    ]


def _stranger_cases(strangers: Sequence[Unexpected], *, run: Reconciliation, began: datetime) -> list[DriftCase]:
    roles = ResourceRole.objects.with_names().in_bulk({one.role for one in strangers}) if strangers else {}
    people: dict[UUID, User] = {}
    for some in in_batches({one.person for one in strangers if one.person}, size=BATCH):
        people |= User.objects.in_bulk(some)
    return [
        DriftCase(
            kind=one.key[0],
            system=roles[one.role].resource.system,
            resource_role=roles[one.role],
            person=people[one.person] if one.person else None,
            account_id=one.account,
            account_name=one.name,
            grant_id=one.grant,
            run=run,
            first_seen_at=began,
            last_seen_at=began,
        )
        for one in strangers
    ]


# --- Answers without asking -----------------------------------------------------------------------------------------


def _hold_back(found: Found, *, known: Mapping[UUID, int], holders: Mapping[UUID, int]) -> None:
    """Say at the cases why nothing is done by itself, where a reading differs so much that it may be wrong itself.

    Each role is judged by itself, and all that was read together.
    """
    total, of_kind = sum(known.values()), Counter(case.kind for case in found.cases)
    of_role = Counter((case.kind, case.resource_role_id) for case in found.cases)
    for case in found.cases:
        role, had = case.resource_role_id, known.get(case.resource_role_id, 0)
        if case.kind == CaseKind.MISSING and had > 1 and not holders.get(role):
            case.held_back = _("The system names nobody any more where %(count)d were known.") % {"count": had}
        elif many := _too_many((of_role[case.kind, role], had), (of_kind[case.kind], total)):
            case.held_back = _("%(count)d differences at once, where %(known)d holders were known.") % many


def _too_many(*counted: tuple[int, int]) -> dict[str, int]:
    """The first of these numbers of differences, with what was known, that is no matter for automatic answers."""
    many = (
        {"count": number, "known": known}
        for number, known in counted
        if number >= BRAKE_NUMBER and number > BRAKE_SHARE * known
    )
    return next(many, {})


def _answer_by_rules(cases: Sequence[DriftCase], *, now: datetime) -> None:
    rules = DriftRule.objects.in_bulk({case.resource_role.resource_id for case in cases}) if cases else {}
    answers: defaultdict[str, list[DriftCase]] = defaultdict(list)
    for case in cases:
        rule = rules.get(case.resource_role.resource_id)
        if rule is not None and not case.held_back and (answer := _ruled(rule, case)):
            answers[answer].append(case)
    for answer, those in answers.items():
        for some in in_batches(those, size=BATCH):
            carry_out(some, answer=answer, actor=None, why=_("as set up at the resource"), now=now)


def _ruled(rule: DriftRule, case: DriftCase) -> str:
    """The answer that the rule gives; none where it is to be asked."""
    if case.kind == CaseKind.EXTRA and rule.extra != ExtraRule.ASK:
        return rule.extra
    if case.kind == CaseKind.MISSING and rule.missing != MissingRule.ASK:
        return rule.missing
    return ""
