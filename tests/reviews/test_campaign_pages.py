"""The pages of campaigns: for whoever looks after what they review and for auditors; nobody else learns anything."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from directory.models import User
from requests_app.models import Assignment
from reviews import events, listing
from reviews.choices import Result, Verdict
from reviews.freezing import FROZEN, digest_of, digest_of_part
from reviews.lifecycle import ApplyState, CampaignStatus
from reviews.models import Campaign, ReviewItem
from tests.cast import NOW, Cast, appoint

from .conftest import give, make_review, open_by_hand
from .test_results import answer, item_of

VIEWS = ("results", "result_items", "result_reviewers", "quality", "population")
FILES = ("report-csv", "report-jsonl", "report-pdf")


@pytest.fixture
def owner(cast: Cast) -> User:
    """Olga, who manages packages in the catalog."""
    appoint(cast.catalog, cast.olga)
    return cast.olga


@pytest.fixture
def auditor(cast: Cast) -> User:
    return User.objects.create(username="iris", display_name="Iris", is_auditor=True)


@pytest.fixture
def as_(client: Client) -> Callable[[User], Client]:
    def sign_in(person: User) -> Client:
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def running(campaign: Campaign) -> Campaign:
    """The campaign as if it had been opened a moment ago."""
    now = timezone.now()
    campaign.stages.update(starts_at=now, ends_at=now + timedelta(days=14))
    Campaign.objects.filter(pk=campaign.pk).update(created_at=now, starts_at=now, ends_at=now + timedelta(days=14))
    campaign.refresh_from_db()
    return campaign


def url(name: str, campaign: Campaign, *more: Any) -> str:
    return reverse(f"reviews:{name}", args=[campaign.pk, *more])


def text_of(answered: Any) -> str:
    return " ".join(answered.content.decode().split())


@pytest.mark.parametrize("name", [*VIEWS, *FILES])
def test_whoever_looks_after_it_and_auditors_see_each_view(
    campaign: Campaign, owner: User, auditor: User, as_: Callable[[User], Client], name: str
) -> None:
    for person in (owner, auditor):
        assert as_(person).get(url(name, campaign)).status_code == 200


@pytest.mark.parametrize("name", [*VIEWS, *FILES, "stop", "extend"])
def test_reviewers_and_those_reviewed_find_nothing_there(
    campaign: Campaign, cast: Cast, as_: Callable[[User], Client], name: str
) -> None:
    for person in (cast.marco, cast.rita):
        assert as_(person).get(url(name, campaign)).status_code == 404


def test_the_list_is_for_those_who_look_over_campaigns(
    campaign: Campaign, cast: Cast, owner: User, as_: Callable[[User], Client]
) -> None:
    for name in ("campaigns", "history", "history-csv"):
        assert as_(cast.marco).get(reverse(f"reviews:{name}")).status_code == 403
    assert str(campaign) in text_of(as_(owner).get(reverse("reviews:campaigns")))


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("status=inProgress", True), ("status=underWay", True), ("status=over", False), ("scope=package", True),
        ("scope=role", False), ("q=standard", True), ("q=zebra", False), ("since=2026-03-02", True),
        ("until=2026-03-01", False), ("trigger=risk", False),
    ],
)  # fmt: skip
def test_the_list_is_narrowed(
    campaign: Campaign, owner: User, as_: Callable[[User], Client], query: str, is_found: bool
) -> None:
    page = text_of(as_(owner).get(f"{reverse('reviews:campaigns')}?{query}"))
    assert (url("results", campaign) in page) is is_found


def test_nonsense_in_a_filter_is_told_and_kept(campaign: Campaign, owner: User, as_: Callable[[User], Client]) -> None:
    for address in (reverse("reviews:campaigns"), reverse("reviews:history"), reverse("reviews:history-csv")):
        answered = as_(owner).get(f"{address}?since=nonsense")
        assert answered.status_code == 400
        assert "nonsense" in text_of(answered)
    assert as_(owner).get(f"{url('result_items', campaign)}?verdict=maybe").status_code == 400
    assert as_(owner).get(f"{url('result_items', campaign)}?after=nonsense").status_code == 200


def test_the_overview_says_how_it_stands(
    running: Campaign, cast: Cast, owner: User, as_: Callable[[User], Client]
) -> None:
    answer(item_of(running, cast.rita), Verdict.APPROVE, by=cast.marco)

    page = text_of(as_(owner).get(url("results", running)))

    for words in ("1 of 2 (50 %)", "What nobody answers stays.", "Stage 1: the person&#x27;s manager", "Marco"):
        assert words in page, words


def test_what_could_not_be_removed_is_said_with_the_reason(
    campaign: Campaign, cast: Cast, owner: User, as_: Callable[[User], Client]
) -> None:
    campaign.items.filter(person=cast.rita).update(
        result=Result.REMOVE, state=ApplyState.FAILED, problem="The directory is away."
    )
    assert "The directory is away." in text_of(as_(owner).get(url("results", campaign)))
    assert "The directory is away." in text_of(as_(owner).get(f"{url('result_items', campaign)}?state=failed"))


@pytest.mark.parametrize(
    ("query", "people"),
    [
        ("", {"Rita", "Charlie"}), ("verdict=deny", {"Rita"}), ("verdict=notReviewed", {"Charlie"}),
        ("department=Sales", {"Rita"}), ("department=-", {"Charlie"}), ("reviewer=marco", {"Rita", "Charlie"}),
        ("reviewer=olga", set()), ("q=char", {"Charlie"}), ("result=remove", set()), ("state=new", {"Rita", "Charlie"}),
    ],
)  # fmt: skip
def test_items_are_narrowed(
    campaign: Campaign, cast: Cast, owner: User, as_: Callable[[User], Client], query: str, people: set[str]
) -> None:
    campaign.items.filter(person=cast.rita).update(department="Sales")
    answer(item_of(campaign, cast.rita), Verdict.DENY, by=cast.marco)

    rows = as_(owner).get(f"{url('result_items', campaign)}?{query}").context["rows"]

    assert {item.person_name for item in rows} == people


@pytest.mark.parametrize("large", [1, 1000])
def test_pages_of_items_leave_nothing_out_and_lead_back(
    cast: Cast, package: Any, policy: Any, owner: User, as_: Callable[[User], Client], large: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(listing, "LARGE", large)
    give(package, *(User.objects.create(username=f"p{n:02}", manager=cast.marco) for n in range(60)))
    campaign = open_by_hand(make_review(package), list(Assignment.objects.filter(package=package)), cast.marco)
    here, seen, query = url("result_items", campaign), [], ""
    while True:
        context = as_(owner).get(here + query).context
        seen.append([item.pk for item in context["rows"]])
        if not (query := context["after_url"]):
            break
    back = as_(owner).get(here + context["before_url"]).context

    assert [len(page) for page in seen] == [25, 25, 10]
    assert len({pk for page in seen for pk in page}) == 60
    assert [item.pk for item in back["rows"]] == seen[1]


def test_the_record_of_an_item_stays_as_it_was(
    campaign: Campaign, cast: Cast, auditor: User, as_: Callable[[User], Client]
) -> None:
    """Auditors see what reviewers saw, whatever became of the people meanwhile."""
    item = item_of(campaign, cast.rita)
    answer(item, Verdict.DENY, by=cast.marco, reason="Left the project")
    answer(item, Verdict.APPROVE, by=cast.marco, at=NOW + timedelta(hours=1), reason="Came back")
    item.panel.members.update(left_at=NOW + timedelta(days=2))
    User.objects.filter(pk=cast.rita.pk).update(display_name="Rita Married", department="Elsewhere")

    page = text_of(as_(auditor).get(url("record", campaign, item.pk)))

    assert "Left the project" in page
    assert "Came back" in page
    assert "Marco, <time" in page
    assert "until <time" in page
    assert "Rita Married" not in page
    assert "Elsewhere" not in page


def test_an_item_of_another_campaign_is_not_found(
    campaign: Campaign, cast: Cast, auditor: User, as_: Callable[[User], Client]
) -> None:
    other = open_by_hand(make_review(cast.package("Another")), [], cast.marco)
    item = item_of(campaign, cast.rita)
    assert as_(auditor).get(url("record", other, item.pk)).status_code == 404


def test_quality_is_shown_to_whoever_steers_it(
    campaign: Campaign, cast: Cast, owner: User, as_: Callable[[User], Client]
) -> None:
    for number, person in enumerate((cast.rita, cast.charlie)):
        answer(item_of(campaign, person), Verdict.APPROVE, by=cast.marco, at=NOW + timedelta(seconds=8 * number))

    page = text_of(as_(owner).get(url("quality", campaign)))

    assert "8 seconds in the median" in page


def freeze(campaign: Campaign) -> None:
    """Hash the population as a launch does, as one part, and journal it."""
    part = digest_of_part(campaign.items.order_by("pk").values_list(*FROZEN))
    campaign.parts.create(number=1, source="assignments", items=campaign.total, digest=part)
    Campaign.objects.filter(pk=campaign.pk).update(digest=digest_of([part]))
    details = {"digest": digest_of([part]), "total": campaign.total, "until": "then"}
    Event.objects.create(
        occurred_at=NOW, verb=events.CAMPAIGN_OPENED, target_kind="campaign", target_id=str(campaign.pk),
        target_label=str(campaign), actor_label="AccessGov", details=details, correlation_id=campaign.pk, source="web",
    )  # fmt: skip


def test_a_population_that_is_as_it_was_frozen_is_said_to_be(
    campaign: Campaign, auditor: User, as_: Callable[[User], Client]
) -> None:
    freeze(campaign)
    assert "The population is as it was frozen" in text_of(as_(auditor).post(url("population", campaign)))


@pytest.mark.parametrize("change", ["frozen", "gone", "journal", "digest"])
def test_any_change_to_a_frozen_population_is_found(
    campaign: Campaign, cast: Cast, auditor: User, as_: Callable[[User], Client], change: str
) -> None:
    freeze(campaign)
    if change == "frozen":
        campaign.items.filter(person=cast.rita).update(recommendation="deny")
    elif change == "gone":
        ReviewItem.objects.filter(campaign=campaign, person=cast.rita).delete()
    elif change == "digest":
        Campaign.objects.filter(pk=campaign.pk).update(digest="ab" * 32)
    else:
        other = open_by_hand(make_review(cast.package("Another")), [], cast.marco)
        campaign.parts.update(campaign=other)
        campaign = other

    page = text_of(as_(auditor).post(url("population", campaign)))

    assert "The population is not as it was frozen" in page


def test_answering_does_not_change_the_population(
    campaign: Campaign, cast: Cast, auditor: User, as_: Callable[[User], Client]
) -> None:
    freeze(campaign)
    answer(item_of(campaign, cast.rita), Verdict.DENY, by=cast.marco)
    assert "The population is as it was frozen" in text_of(as_(auditor).post(url("population", campaign)))


# --- Steering --------------------------------------------------------------------------------------------------------


def test_steps_are_offered_as_the_campaign_stands(
    running: Campaign, cast: Cast, owner: User, auditor: User, as_: Callable[[User], Client]
) -> None:
    offered = [step.name for step in as_(owner).get(url("results", running)).context["steps"]]
    assert offered == ["remind", "extend", "stop", "reset", "cancel"]
    assert as_(auditor).get(url("results", running)).context["steps"] == []


@pytest.mark.parametrize("name", ["remind", "apply", "restart", "extend", "stop-stage", "stop", "reset", "cancel"])
def test_auditors_look_and_do_not_steer(
    running: Campaign, auditor: User, as_: Callable[[User], Client], name: str
) -> None:
    here = url(name.replace("-", "_"), running)
    assert as_(auditor).get(here).status_code == 403
    assert as_(auditor).post(here, {"why": "Because"}).status_code == 403


def test_stopping_says_what_comes_of_it_and_asks_why(
    running: Campaign, owner: User, as_: Callable[[User], Client]
) -> None:
    here = url("stop", running)
    assert "It cannot be opened again." in text_of(as_(owner).get(here))
    assert as_(owner).post(here, {"why": " "}).status_code == 422

    answered = as_(owner).post(here, {"why": "The project is over"})

    assert answered.headers["Location"] == url("results", running)
    running.refresh_from_db()
    assert running.status != CampaignStatus.IN_PROGRESS
    assert Event.objects.get(verb=events.CAMPAIGN_STOPPED).details["why"] == "The project is over"


def test_extending_to_an_earlier_day_is_refused_and_keeps_what_was_typed(
    running: Campaign, owner: User, as_: Callable[[User], Client]
) -> None:
    answered = as_(owner).post(url("extend", running), {"until": "2026-01-01"})
    assert answered.status_code == 422
    assert "2026-01-01" in text_of(answered)


def test_extending_moves_the_end(running: Campaign, owner: User, as_: Callable[[User], Client]) -> None:
    day = (timezone.localdate() + timedelta(days=30)).isoformat()
    assert as_(owner).post(url("extend", running), {"until": day}).status_code == 302
    running.refresh_from_db()
    assert running.ends_at is not None
    assert timezone.localdate(running.ends_at).isoformat() == day


def test_reminding_and_canceling_work_by_their_pages(
    running: Campaign, owner: User, as_: Callable[[User], Client]
) -> None:
    assert as_(owner).post(url("remind", running)).status_code == 302
    assert as_(owner).post(url("cancel", running), {"why": "Set up wrongly"}).status_code == 302
    running.refresh_from_db()
    assert (running.reminded_at is None, running.status) == (False, CampaignStatus.CANCELED)


def test_a_step_that_came_too_late_is_told_so(running: Campaign, owner: User, as_: Callable[[User], Client]) -> None:
    Campaign.objects.filter(pk=running.pk).update(status=CampaignStatus.COMPLETED)
    for name in ("stop", "reset", "cancel", "apply", "remind"):
        assert as_(owner).post(url(name, running), {"why": "Because"}).status_code == 409


def test_pages_take_the_same_statements_however_many_items_there_are(
    cast: Cast, package: Any, policy: Any, owner: User, as_: Callable[[User], Client],
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    give(package, *(User.objects.create(username=f"p{n:02}", manager=cast.marco) for n in range(26)))
    campaign = open_by_hand(make_review(package), list(Assignment.objects.filter(package=package)), cast.marco)
    signed_in = as_(owner)
    for name in VIEWS:
        with django_assert_max_num_queries(24):
            signed_in.get(url(name, campaign))
