"""The basket: what somebody means to ask for together. It is a note of theirs, so only what is asked is journalled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from catalog.models import AccessPackage, Policy
from directory.actions import lock_people
from directory.models import User

from ..answers import Given
from ..models import AccessRequest, BasketItem
from ..periods import AS_THE_POLICY_SAYS, Period
from .asking import submit

MOST = 20
"""A basket holds no more packages than these."""


@dataclass(frozen=True)
class Wish:
    """One package that is asked for with others; `item` is its place in the basket, where it lay in one."""

    package: AccessPackage
    policy: Policy | None = None
    justification: str = ""
    answers: Given | None = None
    period: Period = AS_THE_POLICY_SAYS
    item: BasketItem | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of one wish: the request, or what it was refused with."""

    wish: Wish
    access_request: AccessRequest | None = None
    refusal: ValidationError | PermissionDenied | None = None


@transaction.atomic
def put_in_basket(*, package: AccessPackage, actor: User, now: datetime) -> BasketItem:
    """Note that one means to ask for a package; what is there already stays as it is.

    Raises PermissionDenied for what one cannot ask for, and ValidationError where the basket is full.
    """
    lock_people([actor.pk])
    if not AccessPackage.objects.requestable_by(actor).filter(pk=package.pk).exists():
        raise PermissionDenied(_("You cannot ask for %(package)s.") % {"package": package})
    there = BasketItem.objects.filter(person=actor)
    if item := there.filter(package=package).first():
        return item
    if there.count() >= MOST:
        raise ValidationError(
            _("Your basket is full: %(most)d packages at most. Ask for those first.") % {"most": MOST}, code="full"
        )
    return BasketItem.objects.create(person=actor, package=package, added_at=now)


def take_out_of_basket(*, item: BasketItem, actor: User) -> None:
    """No longer mean to ask for it. Raises PermissionDenied for what is not one's own."""
    if item.person_id != actor.pk:
        raise PermissionDenied(_("This is not your basket."))
    item.delete()


def fill_in(*, item: BasketItem, actor: User, policy: Policy | None, given: Mapping[str, Sequence[str]]) -> None:
    """Keep what was filled in so far. Raises PermissionDenied for what is not one's own."""
    if item.person_id != actor.pk:
        raise PermissionDenied(_("This is not your basket."))
    item.policy, item.given = policy, {name: list(values) for name, values in given.items()}
    item.save(update_fields=["policy", "given"])


def refuse_in_basket(*, item: BasketItem, why: str, basket: UUID) -> None:
    """Keep why something was not asked for, and together with what."""
    item.refusal, item.basket = why, basket
    item.save(update_fields=["refusal", "basket"])


def ask_together(
    *, wishes: Iterable[Wish], actor: User, now: datetime, languages: Iterable[str] = ()
) -> tuple[UUID, list[Outcome]]:
    """Ask for several packages, each judged by itself, in a transaction of its own; they share an id.

    What is refused loses nothing of the others, and stays in the basket with the reason. What somebody asked for a
    moment ago, by a second click or from another device, is no longer in the basket, and left out.
    """
    basket, read = uuid7(), list(languages)
    outcomes = [_ask(wish, actor=actor, basket=basket, languages=read, now=now) for wish in wishes]
    return basket, [outcome for outcome in outcomes if outcome]


def _ask(wish: Wish, *, actor: User, basket: UUID, languages: list[str], now: datetime) -> Outcome | None:
    try:
        with transaction.atomic():
            lock_people([actor.pk])
            if wish.item and not BasketItem.objects.filter(pk=wish.item.pk, person=actor).delete()[0]:
                return None
            access_request = submit(
                package=wish.package,
                actor=actor,
                now=now,
                policy=wish.policy,
                justification=wish.justification,
                answers=wish.answers,
                period=wish.period,
                languages=languages,
                basket=basket,
            )
    except (ValidationError, PermissionDenied) as refusal:
        if wish.item:
            refuse_in_basket(item=wish.item, why=in_words(refusal), basket=basket)
        return Outcome(wish, refusal=refusal)
    return Outcome(wish, access_request)


def in_words(refusal: ValidationError | PermissionDenied) -> str:
    """Everything that a refusal says, in one text."""
    if isinstance(refusal, PermissionDenied):
        return str(refusal)
    return " ".join(refusal.messages)
