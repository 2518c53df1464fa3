"""Whoever looks after a package moves the end of somebody's access: who may, to when, and what follows."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from notifications.delivery import perform_all_due as post_all_due
from notifications.models import Message, Occasion
from requests_app import actions
from requests_app.lifecycle import IllegalMove, RequestStatus, RequestType
from requests_app.models import AccessRequest, Assignment
from tests.cast import NOW
from tests.requests_app.pages.conftest import sign_in, text

__all__ = ["sign_in"]

DAY = timedelta(days=1)
NEW_END = NOW + 90 * DAY


@pytest.fixture
def policy(cast):
    return cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]))


@pytest.fixture
def assignment(cast, policy):
    """Rita has the package for 30 days from NOW."""
    asked = actions.submit(package=policy.package, actor=cast.rita, justification="New", now=NOW)
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=NOW)
    return Assignment.objects.get()


def move(cast, assignment, ends_at=NEW_END, **fields):
    values = {"actor": cast.olga, "why": "The project goes on", "now": NOW + DAY, **fields}
    return actions.change_end(assignment=assignment, ends_at=ends_at, **values)


def refusal(cast, assignment, **fields):
    before = Assignment.objects.values().get(pk=assignment.pk)
    with pytest.raises(ValidationError) as refused:
        move(cast, assignment, **fields)
    assert Assignment.objects.values().get(pk=assignment.pk) == before
    assert not AccessRequest.objects.filter(kind=RequestType.ADMIN_UPDATE).exists()
    return {field: errors[0] for field, errors in refused.value.message_dict.items()}


@pytest.mark.parametrize("ends_at", [NEW_END, NOW + 2 * DAY, None], ids=["later", "earlier", "never"])
def test_the_end_moves_and_a_request_of_its_own_says_so(cast, assignment, ends_at):
    move(cast, assignment, ends_at)
    assignment.refresh_from_db()
    assert assignment.ends_at == ends_at
    one = AccessRequest.objects.get(kind=RequestType.ADMIN_UPDATE)
    assert (one.status, one.requested_by, one.person) == (RequestStatus.DELIVERED, cast.olga, cast.rita)
    assert (one.assignment, one.wanted_end, one.justification) == (assignment, ends_at, "The project goes on")
    assert actions.expire_due(now=NOW + 400 * DAY) == (0 if ends_at is None else 1)


def test_the_journal_says_who_moved_it_from_when_to_when_and_why(cast, assignment):
    move(cast, assignment)
    told = Event.objects.get(verb="assignment.end_moved")
    assert told.actor == cast.olga
    assert told.details == {
        "old_end": "2026-04-01 09:00 UTC",
        "new_end": "2026-05-31 09:00 UTC",
        "why": "The project goes on",
    }


def test_nobody_moves_the_end_of_their_own_access_not_even_who_looks_after_the_package(cast, policy, assignment):
    policy.package.owner = cast.rita
    policy.package.save()
    for actor in (cast.rita, cast.marco, cast.charlie):
        with pytest.raises(PermissionDenied):
            move(cast, assignment, actor=actor)
    assert move(cast, assignment, actor=cast.ada).ends_at == NEW_END


def test_what_cannot_be_its_end_is_refused_with_the_reason(cast, policy, assignment):
    assert refusal(cast, assignment, why=" ") == {"justification": "Say why its end is moved."}
    assert refusal(cast, assignment, ends_at=assignment.ends_at) == {"ends_at": "That is its end already."}
    assert "take it away" in refusal(cast, assignment, ends_at=NOW)["ends_at"]
    type(policy).objects.update(duration_kind="afterDateTime", ends_at=NOW + 60 * DAY)
    for late in (NEW_END, None):
        assert refusal(cast, assignment, ends_at=late) == {"ends_at": "Its policy ends all access before that."}


def test_a_privileged_resource_lasts_no_longer_without_approval_but_may_end_sooner(cast, policy, assignment):
    policy.package.roles.get().resource.__class__.objects.update(is_privileged=True)
    for late in (NEW_END, None):
        assert "never extended without approval" in refusal(cast, assignment, ends_at=late)["ends_at"]
    assert move(cast, assignment, NOW + 2 * DAY).ends_at == NOW + 2 * DAY


def test_what_has_ended_stays_ended(cast, assignment):
    with pytest.raises(IllegalMove):
        move(cast, assignment, now=NOW + 30 * DAY)
    actions.give_back(assignment=assignment, actor=cast.rita, now=NOW)
    with pytest.raises(IllegalMove):
        move(cast, assignment)


def test_an_open_extension_is_canceled_for_the_end_is_decided(cast, assignment):
    extension = actions.extend(assignment=assignment, actor=cast.rita, justification="More", now=NOW + 20 * DAY)
    move(cast, assignment, now=NOW + 20 * DAY)
    extension.refresh_from_db()
    assert extension.status == RequestStatus.CANCELED


def test_whoever_has_it_is_told_the_new_end_who_decided_it_and_why(cast, assignment, mailoutbox):
    Message.objects.all().delete()
    move(cast, assignment)
    post_all_due(now=NOW + DAY)
    (letter,) = mailoutbox
    assert letter.to == ["rita@example.com"]
    assert letter.subject == "The end of your Sales: Standard Access was moved: you have it until 31 May 2026"
    assert "Moved by: Olga" in letter.body
    assert "Why: The project goes on" in letter.body
    assert [row.occasion for row in Message.objects.all()] == [Occasion.END_MOVED]


@pytest.fixture
def now_held(assignment):
    """What Rita has, with an end that is ahead of the clock on the wall."""
    Assignment.objects.update(ends_at=timezone.now() + 10 * DAY)
    assignment.refresh_from_db()
    return assignment


def test_on_the_pages_it_is_one_form_from_the_access(cast, now_held, sign_in):
    olga, rita = sign_in(cast.olga), sign_in(cast.rita)
    access = reverse("requests:assignment", args=[now_held.pk])
    form = reverse("requests:change_end", args=[now_held.pk])
    assert f'href="{form}"' in text(olga.get(access))
    assert form not in text(rita.get(access))
    assert rita.get(form).status_code == 403
    assert f'value="{now_held.ends_at:%Y-%m-%d}"' in text(olga.get(form))
    answer = olga.post(form, {"ends_at": "2020-01-01", "justification": "Oh"})
    assert answer.status_code == 422
    assert "That is over already" in text(answer)
    day = timezone.localdate() + 40 * DAY
    for slip in ({"ends_at": ""}, {"ends_at": day.isoformat(), "has_no_end": "on"}):
        answer = olga.post(form, {**slip, "justification": "The project goes on"})
        assert answer.status_code == 422
        assert "one of the two" in answer.content.decode()
    assert olga.post(form, {"ends_at": day.isoformat(), "justification": "The project goes on"})["Location"] == access
    now_held.refresh_from_db()
    assert timezone.localtime(now_held.ends_at).strftime("%Y-%m-%d %H:%M") == f"{day} 23:59"
    shown = text(rita.get(access))
    assert "Olga moved its end" in shown
    one = AccessRequest.objects.get(kind=RequestType.ADMIN_UPDATE)
    shown = text(rita.get(reverse("requests:request", args=[one.pk])))
    assert "Its end was moved to" in shown
    assert "taken away" not in shown
