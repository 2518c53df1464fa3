"""Guests who are denied: blocked when that is applied, deleted after thirty days; never members."""

from datetime import timedelta
from typing import ClassVar

import pytest

from audit.models import Event
from directory import events as directory_events
from directory.actions import add_member, enable_person, forget_guests
from directory.models import PersonKind, User
from provisioning.connectors import KINDS
from provisioning.connectors.builtin import BuiltinDirectory
from provisioning.delivery import perform_all_due
from provisioning.models import AccountChange, ConnectorKind, Grant
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import Assignment
from reviews import events
from reviews.actions import applying, closing, deciding, guests
from reviews.choices import DeniedGuests, NoResponse, Verdict
from reviews.lifecycle import ApplyState, CampaignStatus
from reviews.models import Farewell, GuestRemoval
from tests.cast import NOW, break_directory, mend_directory
from tests.reviews.answers import answer, members_of
from tests.reviews.conftest import DAY, give, make_review, open_by_hand

END = NOW + 14 * DAY
LATER = END + timedelta(days=30)


@pytest.fixture
def campaign(cast, package, held):
    """Charlie is a guest, Rita is none."""
    User.objects.filter(pk=cast.charlie.pk).update(kind=PersonKind.GUEST)
    review = make_review(package, denied_guests=DeniedGuests.BLOCK)
    campaign = open_by_hand(review, held, cast.marco)
    campaign.items.filter(person=cast.charlie).update(is_guest=True)
    return campaign


def finish(campaign):
    closing.close_all_due(now=END)
    applying.apply_all_due(now=END)
    perform_all_due(now=END)
    applying.follow(now=END)
    campaign.refresh_from_db()


def test_a_guest_who_is_denied_is_blocked_when_that_is_applied(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    cast.charlie.refresh_from_db()
    assert cast.charlie.is_active
    finish(campaign)
    cast.charlie.refresh_from_db()
    assert not cast.charlie.is_active
    removal = GuestRemoval.objects.get()
    assert (removal.person, removal.delete_at) == (cast.charlie, LATER)
    assert Event.objects.filter(verb=directory_events.PERSON_DISABLED).count() == 1
    assert Event.objects.filter(verb=events.GUEST_BLOCKED).count() == 1


def test_the_campaign_is_complete_when_the_access_is_gone_and_does_not_wait_for_the_deletion(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    assert campaign.status == CampaignStatus.COMPLETED
    assert campaign.items.get(person=cast.charlie).state == ApplyState.APPLIED


def test_a_guest_who_has_what_this_campaign_does_not_ask_about_only_loses_the_rest(cast, campaign):
    other = cast.package("Other", cast.role("Other")[1])
    User.objects.filter(pk=cast.charlie.pk).update(kind=PersonKind.MEMBER)
    cast.policy(other, approver=None, duration_amount=720)
    give(other, cast.charlie)
    User.objects.filter(pk=cast.charlie.pk).update(kind=PersonKind.GUEST)
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    assert members_of("Other") == {"charlie"}
    assert members_of("Sales EMEA") == {"rita"}
    cast.charlie.refresh_from_db()
    assert cast.charlie.is_active
    assert not GuestRemoval.objects.exists()


def test_a_guest_of_whom_a_role_was_approved_anew_is_not_blocked(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    closing.close_all_due(now=END)
    campaign.items.filter(person=cast.charlie).update(state=ApplyState.NOT_NEEDED)
    Assignment.objects.filter(person=cast.charlie).update(status=AssignmentStatus.ENDED, ended_at=END)
    finish(campaign)
    cast.charlie.refresh_from_db()
    assert cast.charlie.is_active


def test_members_are_never_blocked(cast, campaign):
    answer(campaign, rita=Verdict.DENY)
    finish(campaign)
    cast.rita.refresh_from_db()
    assert cast.rita.is_active
    assert not GuestRemoval.objects.exists()


def test_a_guest_on_whom_nobody_answered_only_loses_the_access(cast, package, campaign):
    campaign.terms = {**campaign.terms, "if_no_response": NoResponse.REMOVE}
    campaign.save(update_fields=["terms"])
    finish(campaign)
    cast.charlie.refresh_from_db()
    assert cast.charlie.is_active
    assert members_of("Sales EMEA") == set()


def test_where_the_terms_do_not_say_so_guests_only_lose_the_access(cast, package, campaign):
    campaign.terms = {**campaign.terms, "denied_guests": DeniedGuests.REMOVE}
    campaign.save(update_fields=["terms"])
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    cast.charlie.refresh_from_db()
    assert cast.charlie.is_active


def test_a_guest_of_whose_access_anything_was_approved_only_loses_the_rest(cast, held, campaign):
    other = cast.package("Other", cast.role("Other")[1])
    User.objects.filter(pk=cast.charlie.pk).update(kind=PersonKind.MEMBER)
    cast.policy(other, approver=None, duration_amount=720)
    [given] = give(other, cast.charlie)
    User.objects.filter(pk=cast.charlie.pk).update(kind=PersonKind.GUEST)
    review = make_review(other, denied_guests=DeniedGuests.BLOCK)
    both = open_by_hand(review, [held[0], given], cast.marco)
    first, second = both.items.order_by("assignment")
    deciding.decide(items=[first], verdict=Verdict.DENY, reason="No", actor=cast.marco, now=NOW)
    deciding.decide(items=[second], verdict=Verdict.APPROVE, reason="Yes", actor=cast.marco, now=NOW)
    finish(both)
    cast.charlie.refresh_from_db()
    assert cast.charlie.is_active


def test_thirty_days_later_nothing_is_known_of_the_guest_any_more(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    assert guests.delete_due(now=LATER - timedelta(seconds=1)) == 0
    assert guests.delete_due(now=LATER) == 1
    assert guests.delete_due(now=LATER) == 0
    person = User.objects.get(pk=cast.charlie.pk)
    assert "charlie" not in f"{person} {person.username} {person.email}".lower()
    assert (person.email, person.manager, person.is_active) == ("", None, False)
    assert not person.has_usable_password()
    assert GuestRemoval.objects.get().outcome == Farewell.DELETED
    assert Event.objects.filter(verb=events.GUEST_DELETED).count() == 1


class ByName(BuiltinDirectory):
    """Knows people by the name that they have here, as most systems do."""

    asked: ClassVar[list[str]] = []

    def revoke(self, person, entitlement, *, key):
        self.asked.append(person.username)
        return super().revoke(person, entitlement, key=key)


def test_what_was_there_before_is_taken_under_the_guest_s_name_before_that_is_deleted(cast, campaign, monkeypatch):
    monkeypatch.setitem(KINDS, ConnectorKind.BUILTIN, f"{__name__}.ByName")
    monkeypatch.setattr(ByName, "asked", [])
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    group, role = cast.role("Before")
    add_member(group=group, person=cast.charlie, actor=None, now=NOW)
    Grant.objects.create(
        person=cast.charlie, resource_role=role, status="verified", is_adopted=True, was_present=True, changed_at=NOW
    )
    ByName.asked.clear()
    assert guests.delete_due(now=LATER) == 0, "a system still knows the guest"
    assert guests.delete_due(now=LATER) == 0
    perform_all_due(now=LATER)
    assert ByName.asked == ["charlie"]
    assert members_of("Before") == set()
    assert guests.delete_due(now=LATER) == 1


def test_a_guest_whose_removal_waits_for_a_system_is_not_forgotten_before_it_is_done(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    break_directory()
    finish(campaign)
    assert guests.delete_due(now=LATER) == 0
    assert GuestRemoval.objects.get().outcome == Farewell.WAITING
    cast.charlie.refresh_from_db()
    assert cast.charlie.username == "charlie"
    mend_directory()
    perform_all_due(now=LATER + DAY)
    assert members_of("Sales EMEA") == {"rita"}
    assert guests.delete_due(now=LATER + DAY) == 1


def test_a_guest_whose_account_is_still_to_be_disabled_somewhere_is_not_forgotten_before_it_is(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    change = AccountChange.objects.create(
        system=cast.system, person=cast.charlie, kind="disable", due_at=END, created_at=END, idempotency_key="charlie"
    )
    assert guests.delete_due(now=LATER) == 0
    AccountChange.objects.filter(pk=change.pk).update(status="done", settled_at=LATER)
    assert guests.delete_due(now=LATER) == 1


def test_the_page_of_the_campaign_says_what_becomes_of_guests(cast, campaign, client):
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    client.force_login(cast.ada)
    address = f"/reviews/campaigns/{campaign.pk}/"
    assert "1 guest is blocked, and is deleted on " in client.get(address).content.decode()
    guests.delete_due(now=LATER)
    assert "1 guest was deleted." in client.get(address).content.decode()


def test_what_the_guest_had_and_what_was_frozen_of_it_stays(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    guests.delete_due(now=LATER)
    assert Assignment.objects.filter(person=cast.charlie).exists()
    assert campaign.items.get(person=cast.charlie).person_name == "Charlie"


def test_a_guest_who_was_enabled_again_is_not_deleted(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    enable_person(person=cast.charlie, actor=cast.ada, now=END + DAY)
    assert guests.delete_due(now=LATER) == 0
    cast.charlie.refresh_from_db()
    assert cast.charlie.username == "charlie"
    assert GuestRemoval.objects.get().outcome == Farewell.SPARED
    assert Event.objects.filter(verb=events.GUEST_SPARED).count() == 1


def test_whoever_became_a_member_meanwhile_is_not_deleted(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    User.objects.filter(pk=cast.charlie.pk).update(kind=PersonKind.MEMBER)
    assert guests.delete_due(now=LATER) == 0
    assert GuestRemoval.objects.get().outcome == Farewell.SPARED


def test_the_directory_forgets_neither_members_nor_whoever_is_enabled(cast):
    User.objects.filter(pk=cast.charlie.pk).update(kind=PersonKind.GUEST)
    assert forget_guests([cast.charlie.pk, cast.rita.pk], now=NOW) == []
    cast.charlie.refresh_from_db()
    assert cast.charlie.username == "charlie"
