"""Launching: the population is frozen part by part, put to panels, hashed and journalled."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accessgov import outbox
from audit.models import Event
from directory.models import User
from reviews import freezing, hashing, working
from reviews.actions import launching, starting
from reviews.models import Campaign, CampaignWork, Panel, PopulationPart, ReviewItem, WorkKind
from tests.cast import NOW

from .conftest import DAY, give, make_review

pytestmark = pytest.mark.django_db


def launch(review, *, actor, now=NOW):
    """A campaign of this review, started by hand and launched."""
    campaign = starting.start_review(review=review, actor=actor, now=now)
    launching.launch_all_due(now=now)
    campaign.refresh_from_db()
    return campaign


@pytest.fixture
def crowd(cast, package, policy):
    """Marco's seven reports all have the package."""
    people = [
        User.objects.create(username=f"report{n}", display_name=f"Report {n}", manager=cast.marco) for n in range(7)
    ]
    return give(package, *people)


def test_who_has_the_package_is_put_to_their_manager(cast, package, held):
    campaign = launch(make_review(package), actor=cast.ada)
    assert (campaign.status, campaign.total, campaign.starts_at) == ("inProgress", 2, NOW)
    assert campaign.ends_at == NOW + 14 * DAY
    panel = Panel.objects.get(campaign=campaign)
    assert (panel.only_member, panel.total, panel.open_items) == (cast.marco, 2, 2)
    assert [member.person for member in panel.members.all()] == [cast.marco]
    items = ReviewItem.objects.filter(campaign=campaign).order_by("person_name")
    assert [(item.person_name, item.what, item.under, item.panel_id) for item in items] == [
        ("Charlie", package.name, "Everybody", panel.pk),
        ("Rita", package.name, "Everybody", panel.pk),
    ]


def test_the_opening_is_journalled_with_digest_and_freshness(cast, package, held):
    campaign = launch(make_review(package), actor=cast.ada)
    opened = Event.objects.get(verb="campaign.opened")
    assert (opened.details["total"], opened.details["digest"]) == (2, campaign.digest)
    assert opened.details["freshness"] == campaign.freshness
    assert campaign.freshness
    assert opened.actor == cast.ada
    assert Event.objects.get(verb="campaign.started").correlation_id == opened.correlation_id


def test_what_is_frozen_is_not_written_again_when_the_world_goes_on(cast, package, held):
    """Corner 39: reviews work on a snapshot."""
    campaign = launch(make_review(package), actor=cast.ada)
    give(package, cast.olga, now=NOW + DAY)
    User.objects.filter(pk=cast.rita.pk).update(display_name="Rita Newname", department="Elsewhere", manager=cast.olga)
    package.name = "Sales: Renamed"
    package.save()
    items = ReviewItem.objects.filter(campaign=campaign)
    assert set(items.values_list("person_name", "what", "manager_name")) == {
        ("Charlie", "Sales: Standard Access", "Marco"),
        ("Rita", "Sales: Standard Access", "Marco"),
    }
    assert {item.panel.only_member for item in items} == {cast.marco}


def test_what_is_delivered_after_the_launch_began_is_left_out(cast, package, held):
    starting.start_review(review=make_review(package), actor=cast.ada, now=NOW)
    give(package, cast.olga, now=NOW + timedelta(seconds=1))
    launching.launch_all_due(now=NOW + timedelta(seconds=2))
    assert set(ReviewItem.objects.values_list("person_name", flat=True)) == {"Charlie", "Rita"}


def test_an_empty_population_ends_the_campaign_at_once(cast, package, policy):
    campaign = launch(make_review(package), actor=cast.ada)
    assert (campaign.status, campaign.total, campaign.completed_at) == ("completed", 0, NOW)
    assert Event.objects.filter(verb="campaign.empty").count() == 1
    assert not Event.objects.filter(verb="campaign.opened").exists()
    assert not Panel.objects.exists()


def test_a_worker_that_dies_after_any_part_leaves_nothing_double_and_nothing_out(cast, package, crowd, monkeypatch):
    """Promise R13: whoever goes on begins behind the last part that was committed."""
    monkeypatch.setattr(launching, "PART", 2)
    campaign = starting.start_review(review=make_review(package), actor=cast.ada, now=NOW)
    now, steps = NOW, 0
    while CampaignWork.objects.get().status == "pending":
        now += timedelta(minutes=2)  # the dead worker's lease runs out
        die_after_one_step(now)
        steps += 1
    campaign.refresh_from_db()
    assert steps == 6, "panels, four parts, the opening"
    assert (campaign.status, campaign.total) == ("inProgress", 7)
    items = ReviewItem.objects.filter(campaign=campaign)
    assert sorted(items.values_list("assignment", flat=True)) == sorted(one.pk for one in crowd)
    assert list(campaign.parts.values_list("number", "items")) == [(1, 2), (2, 2), (3, 2), (4, 1)]


def die_after_one_step(now):
    """A worker claims the work, does one step, and is not heard of again; its step is committed."""
    from accessgov import outbox

    [work] = outbox.claim(CampaignWork.objects.all(), now=now)
    launching.launch_batch(work=work, now=now)


def test_a_part_that_fails_leaves_nothing_of_itself(cast, package, crowd, monkeypatch):
    monkeypatch.setattr(launching, "PART", 3)
    campaign = starting.start_review(review=make_review(package), actor=cast.ada, now=NOW)
    really, count = hashing.hash_items, iter(range(10))

    def fails_once(items):
        if next(count) == 1:
            raise RuntimeError("the database went away")
        return really(items)

    monkeypatch.setattr(launching, "hash_items", fails_once)
    launching.launch_all_due(now=NOW)
    assert (PopulationPart.objects.count(), ReviewItem.objects.count()) == (1, 3)
    work = CampaignWork.objects.get()
    assert (work.status, work.done) == ("pending", 3)
    assert "the database went away" in work.last_error
    launching.launch_all_due(now=NOW + timedelta(hours=1))
    campaign.refresh_from_db()
    assert (campaign.status, campaign.total) == ("inProgress", 7)


def test_a_launch_that_never_succeeds_is_stuck_and_told(cast, package, held, monkeypatch):
    starting.start_review(review=make_review(package), actor=cast.ada, now=NOW)
    CampaignWork.objects.update(attempts=CampaignWork.MAX_ATTEMPTS)

    def fails(**facts):
        raise RuntimeError("no")

    monkeypatch.setitem(working.BATCHES, WorkKind.LAUNCH, fails)
    launching.launch_all_due(now=NOW)
    assert CampaignWork.objects.get().status == "stuck"
    assert Event.objects.filter(verb="campaign.stuck").count() == 1


def test_a_second_worker_does_nothing_to_what_another_holds(cast, package, held):
    starting.start_review(review=make_review(package), actor=cast.ada, now=NOW)
    work = CampaignWork.objects.get()
    with pytest.raises(outbox.LeaseLostError):
        launching.launch_batch(work=work, now=NOW)
    assert not Panel.objects.exists()


def test_a_launch_that_is_done_is_not_done_again(cast, package, held):
    launch(make_review(package), actor=cast.ada)
    assert launching.launch_all_due(now=NOW + DAY) == 0
    assert ReviewItem.objects.count() == 2


def test_each_part_costs_the_same_statements_however_many_items_it_has(cast, package, crowd, monkeypatch):
    starting.start_review(review=make_review(package), actor=cast.ada, now=NOW)
    counts = []
    for size, minutes in ((10, 1), (1, 2), (4, 4), (10, 6)):
        monkeypatch.setattr(launching, "PART", size)
        with CaptureQueriesContext(
            connection,
        ) as statements:
            die_after_one_step(NOW + timedelta(minutes=2 * minutes))
        counts.append(len(statements))
    assert PopulationPart.objects.count() == 3
    assert len(set(counts[1:])) == 1, counts


def test_progress_is_shown_while_it_is_launched(cast, package, crowd, monkeypatch):
    monkeypatch.setattr(launching, "PART", 3)
    campaign = starting.start_review(review=make_review(package), actor=cast.ada, now=NOW)
    die_after_one_step(NOW)
    die_after_one_step(NOW + timedelta(minutes=2))
    campaign.refresh_from_db()
    assert (CampaignWork.objects.get().done, campaign.total, campaign.status) == (3, 7, "starting")


def test_the_database_hashes_as_the_description_says(cast, package, crowd):
    """Quotes, backslashes, line feeds, control characters, other scripts, and instants of every precision."""
    rita = User.objects.get(username="report0")
    rita.display_name, rita.department = 'R"it\\a\n\t\x01\x7f', "Vertrieb Süd / 営業 😀\u2028"
    rita.save()
    campaign = launch(make_review(package), actor=cast.ada)
    ReviewItem.objects.filter(person=rita).update(held_since=NOW + timedelta(microseconds=120), held_until=None)
    items = ReviewItem.objects.filter(campaign=campaign)
    rows = items.order_by("pk").values_list(*freezing.FROZEN)
    assert hashing.hash_items(items) == hashing.Hashed(7, freezing.digest_of_part(rows))
    assert hashing.hash_items(items.none()) == hashing.Hashed(0, freezing.digest_of_part([]))


def test_ids_of_items_are_those_of_version_7_and_follow_time(cast, package, held):
    campaign = launch(make_review(package), actor=cast.ada)
    ids = list(ReviewItem.objects.values_list("pk", flat=True))
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}
    assert all(one > campaign.pk for one in ids)


def test_a_changed_item_is_found_by_verifying(cast, package, crowd, monkeypatch, capsys):
    monkeypatch.setattr(launching, "PART", 3)
    campaign = launch(make_review(package), actor=cast.ada)
    call_command("verify_review", str(campaign.pk))
    assert campaign.digest in capsys.readouterr().out
    last = ReviewItem.objects.filter(campaign=campaign).order_by("-assignment_id")[0]
    ReviewItem.objects.filter(pk=last.pk).update(person_name="Somebody Else")
    with pytest.raises(CommandError, match="part 3"):
        call_command("verify_review", str(campaign.pk))


@pytest.mark.parametrize("campaign", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_verifying_names_the_campaign_that_there_is_not(campaign, db):
    with pytest.raises(CommandError, match=campaign):
        call_command("verify_review", campaign)


def test_a_campaign_that_was_canceled_meanwhile_is_not_launched(cast, package, held):
    campaign = starting.start_review(review=make_review(package), actor=cast.ada, now=NOW)
    Campaign.objects.get(pk=campaign.pk).move_to("canceled", at=NOW)
    CampaignWork.objects.update(status="superseded", settled_at=NOW)
    assert launching.launch_all_due(now=NOW) == 0
    assert not ReviewItem.objects.exists()
