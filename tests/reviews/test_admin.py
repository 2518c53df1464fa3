"""Reviews in the administration: one guided page, on the policy's page as well, and work that can be put back to it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog.choices import DelegatedRole
from catalog.findings import findings
from catalog.models import Catalog, Policy
from reviews import events
from reviews.actions import reacting
from reviews.choices import Frequency, ReviewerKind, ReviewScope, Trigger
from reviews.lifecycle import IllegalMove
from reviews.models import Campaign, CampaignWork, Cue, Review, WorkKind
from tests.cast import appoint
from tests.filling import fill

from .conftest import make_review

SOON = (timezone.localdate() + timedelta(days=7)).isoformat()
ADD = "/admin/reviews/review/add/"
DETAIL = {"frequency": "quarterly", "starts_on": SOON}


@pytest.fixture
def charlie(cast: Any, client: Any) -> Any:
    """Charlie's, who manages the packages of the catalog and is no member of the staff."""
    appoint(cast.catalog, cast.charlie, role=DelegatedRole.PACKAGE_MANAGER)
    client.force_login(cast.charlie)
    return client


def page_of(row: Any, what: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{what}", args=[row.pk])


def sent(browser: Any, address: str, **typed: Any) -> Any:
    """The page, filled in and sent back."""
    return browser.post(address, fill(browser.get(address), typed))


def set_up(browser: Any, package: Any, **typed: Any) -> Review:
    answer = sent(browser, ADD, name="Each quarter", scope="package", package=str(package.pk), **{**DETAIL, **typed})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return Review.objects.get(name="Each quarter")


def test_a_review_is_set_up_on_one_page_and_says_what_it_means(charlie, package, held) -> None:
    """Its first stage is there already: the manager, for 14 days."""
    review = set_up(charlie, package)
    assert [(stage.reviewers, stage.duration.days) for stage in review.stages.all()] == [("manager", 14)]
    page = charlie.get(page_of(review)).content.decode()
    assert "access to Sales: Standard Access is reviewed by each person&#x27;s manager within 14 days" in page
    assert "2 items of 2 people, put to 1 reviewer." in page
    assert page.index("1. What is reviewed") < page.index("2. When") < page.index("3. Who reviews")
    assert page.index("3. Who reviews") < page.index("4. What comes of it")


def test_its_stages_are_changed_on_the_same_page(cast, charlie, package) -> None:
    review = set_up(charlie, package)
    typed = {"stages-0-reviewers": "people", "stages-0-people": [str(cast.olga.pk)], "stages-0-duration_0": "5"}
    assert sent(charlie, page_of(review), **typed).status_code == 302
    stage = review.stages.get()
    assert (stage.reviewers, list(stage.people.all()), stage.duration.days) == ("people", [cast.olga], 5)


def test_a_refusal_is_told_at_its_field_and_keeps_what_was_typed(charlie, package) -> None:
    review = set_up(charlie, package)
    answer = sent(charlie, page_of(review), ends_on="2020-01-01", description="Typed in vain?")
    assert answer.status_code == 200
    assert "end before it starts" in str(answer.context["adminform"].form.errors["ends_on"])
    assert "Typed in vain?" in answer.content.decode()
    answer = sent(charlie, page_of(review), **{"stages-0-duration_0": "100"})
    assert "they would overlap" in str(answer.context["adminform"].form.non_field_errors())
    answer = sent(charlie, page_of(review), **{"stages-0-reviewers": "people"})
    assert "Say which people or groups review." in answer.content.decode()


def test_what_the_page_hides_is_not_meant(cast, charlie, package) -> None:
    """Whoever chose a catalog first, and then a package, reviews the package."""
    review = set_up(charlie, package, catalog=str(cast.catalog.pk), dormant_days="30")
    assert (review.catalog, review.dormant_days, review.package) == (None, None, package)


def test_taking_everybody_s_access_for_want_of_answers_is_warned_about(charlie, package) -> None:
    review = set_up(charlie, package, if_no_response="removeAccess")
    assert "everybody loses this access" in charlie.get(page_of(review)).content.decode()


def test_it_is_started_now_from_its_page(cast, charlie, package, held) -> None:
    review = set_up(charlie, package)
    address = reverse("admin:reviews_review_start_now", args=[review.pk])
    assert "Start a campaign now?" in charlie.get(address).content.decode()
    charlie.post(address, {"_form_submitted": "on"})
    campaign = Campaign.objects.get()
    assert (campaign.review, campaign.started_by) == (review, cast.charlie)
    assert charlie.get(page_of(campaign)).status_code == 200
    charlie.post(address, {"_form_submitted": "on"})
    assert "still running" in charlie.get(page_of(review)).content.decode()


def test_a_review_that_never_started_is_deleted_and_one_with_campaigns_says_why_not(charlie, package) -> None:
    review = set_up(charlie, package)
    campaign = review.campaigns.create(slot="1", name="Spring", created_at=timezone.now())
    charlie.post(page_of(review, "delete"), {"post": "yes"})
    assert "campaigns refer to it" in charlie.get(page_of(review)).content.decode()
    campaign.delete()
    charlie.post(page_of(review, "delete"), {"post": "yes"})
    assert not Review.objects.filter(pk=review.pk).exists()


def test_delegates_see_and_change_the_reviews_of_their_catalogs_only(cast, charlie, package) -> None:
    elsewhere = Catalog.objects.create(name="Elsewhere", description="-")
    mine, other = make_review(package), make_review(elsewhere, scope=ReviewScope.CATALOG)
    listed = charlie.get("/admin/reviews/review/").content.decode()
    assert str(mine) in listed
    assert str(other) not in listed
    assert charlie.get(page_of(mine)).status_code == 200
    assert charlie.get(page_of(other)).status_code == 302, "not there for them"
    answer = sent(charlie, ADD, name="Theirs", scope="catalog", catalog=str(elsewhere.pk), **DETAIL)
    assert answer.status_code == 200
    assert not Review.objects.filter(name="Theirs").exists()
    charlie.force_login(cast.rita)
    assert charlie.get("/admin/reviews/review/").status_code == 302


def test_a_policy_s_page_sets_up_its_review(charlie, policy) -> None:
    """Every six months, by the manager."""
    address = page_of(policy)
    typed = {
        "reviews-TOTAL_FORMS": "1",
        "reviews-0-frequency": "semiAnnually",
        "reviews-0-starts_on": SOON,
        "reviews-0-reviewers": "manager",
        "reviews-0-open_for_0": "10",
        "reviews-0-open_for_1": "days",
        "reviews-0-if_no_response": "removeAccess",
        "reviews-0-is_enabled": "on",
    }
    answer = sent(charlie, address, **typed)
    assert answer.status_code == 302, [row.formset.errors for row in answer.context["inline_admin_formsets"]]
    review = policy.reviews.get()
    assert (review.scope, review.frequency) == (ReviewScope.POLICY, Frequency.SEMI_ANNUALLY)
    assert (review.stages.get().duration.days, review.name) == (10, "Sales: Standard Access: Everybody")
    assert review.next_at is not None
    page = charlie.get(address).content.decode()
    assert "reviewed every six months by the manager" in page
    assert page_of(review) in page


def test_a_review_that_is_added_as_it_is_offered_is_saved(charlie, policy) -> None:
    """Every six months from today, by the manager, open for 14 days."""
    form = next(
        row.formset.empty_form
        for row in charlie.get(page_of(policy)).context["inline_admin_formsets"]
        if row.formset.prefix == "reviews"
    )
    typed = {"reviews-TOTAL_FORMS": "1", "reviews-0-is_enabled": "on", "reviews-0-open_for_0": "14"}
    typed["reviews-0-open_for_1"] = "days"
    for name in ("frequency", "starts_on", "reviewers", "if_no_response"):
        typed[f"reviews-0-{name}"] = str(form[name].value())
    assert sent(charlie, page_of(policy), **typed).status_code == 302
    assert policy.reviews.get().stages.get().reviewers == ReviewerKind.MANAGER


def test_a_stage_that_is_added_as_it_is_offered_is_not_forgotten(charlie, package) -> None:
    review = set_up(charlie, package)
    offered = {"position": "1", "reviewers": "manager", "duration_0": "14", "duration_1": "days"}
    typed = {f"stages-1-{name}": value for name, value in offered.items()}
    answer = sent(charlie, page_of(review), **{"stages-TOTAL_FORMS": "2", **typed})
    assert answer.status_code == 200
    assert "Number the stages from 1 on, without a gap." in answer.content.decode()
    answer = sent(charlie, page_of(review), **{"stages-TOTAL_FORMS": "2", **typed, "stages-1-position": "2"})
    assert "takes nothing on" in answer.content.decode()
    typed |= {"stages-1-position": "2", "stages-1-takes_approved": "on"}
    assert sent(charlie, page_of(review), **{"stages-TOTAL_FORMS": "2", **typed}).status_code == 302
    assert review.stages.count() == 2


def test_a_policy_s_page_changes_its_review_and_leaves_alone_what_it_does_not_show(cast, charlie, policy) -> None:
    review = make_review(policy, scope=ReviewScope.POLICY, starts_on=timezone.localdate(), note="Look closely")
    review.stages.get().fallback_people.add(cast.ada)
    assert sent(charlie, page_of(policy), **{"reviews-0-reviewers": "packageOwner"}).status_code == 302
    stage = Review.objects.get(pk=review.pk).stages.get()
    assert (stage.reviewers, list(stage.fallback_people.all())) == (ReviewerKind.PACKAGE_OWNER, [cast.ada])
    stage.review.stages.create(position=2, reviewers=ReviewerKind.MANAGER)
    changed = {"reviews-0-frequency": "annually", "reviews-0-starts_on": SOON}
    assert sent(charlie, page_of(policy), **changed).status_code == 302
    review.refresh_from_db()
    assert (review.frequency, review.stages.count(), review.note) == ("annually", 2, "Look closely")


def test_a_wrong_review_keeps_the_policy_from_being_saved(charlie, policy) -> None:
    make_review(policy, scope=ReviewScope.POLICY, starts_on=timezone.localdate())
    typed = {"description": "New", "reviews-0-frequency": "weekly", "reviews-0-open_for_0": "30"}
    answer = sent(charlie, page_of(policy), **typed)
    assert answer.status_code == 200
    assert "they would overlap" in answer.content.decode()
    assert Policy.objects.get().description != "New"


def test_work_that_is_stuck_is_shown_and_put_back_to_work(cast, charlie, package) -> None:
    campaign = make_review(package).campaigns.create(slot="1", name="Spring", created_at=timezone.now())
    facts = {"kind": WorkKind.LAUNCH, "due_at": timezone.now(), "created_at": timezone.now(), "idempotency_key": "1"}
    work = CampaignWork.objects.create(campaign=campaign, status=WorkStatus.STUCK, last_error="no space", **facts)
    assert "no space" in charlie.get("/admin/reviews/campaignwork/").content.decode()
    charlie.post(reverse("admin:reviews_campaignwork_retry", args=[work.pk]), {"_form_submitted": "on"})
    work.refresh_from_db()
    assert (work.status, work.attempts) == (WorkStatus.PENDING, 0)
    assert "Spring" in charlie.get("/admin/reviews/campaign/").content.decode()


@pytest.fixture
def stuck(cast) -> Cue:
    """The review of Rita, who was moved, could not be begun."""
    review = Review.objects.create(
        name="Movers", scope=ReviewScope.CONCERNED, trigger=Trigger.RISK, created_at=timezone.now()
    )
    facts = {"due_at": timezone.now(), "created_at": timezone.now(), "idempotency_key": "1", "event": uuid4()}
    why = "NobodyReviews: Nobody could answer"
    return Cue.objects.create(
        review=review, person=cast.rita, status=WorkStatus.STUCK, attempts=40, last_error=why, **facts
    )


def test_a_review_of_a_person_that_does_not_begin_is_shown_with_the_reason_and_begun_again(cast, client, stuck) -> None:
    client.force_login(cast.ada)
    Cue.objects.create(
        review=stuck.review, person=cast.charlie, event=uuid4(), idempotency_key="2", due_at=timezone.now(),
        created_at=timezone.now(),
    )  # fmt: skip
    page = client.get("/admin/reviews/cue/").content.decode()
    assert page.index("Rita") < page.index("Charlie"), "what is stuck comes first"
    assert "NobodyReviews: Nobody could answer" in page
    client.post(reverse("admin:reviews_cue_retry", args=[stuck.pk]), {"_form_submitted": "on"})
    stuck.refresh_from_db()
    assert (stuck.status, stuck.attempts) == (WorkStatus.PENDING, 0)
    told = Event.objects.get(verb=events.CUE_RETRIED)
    assert told.sentence == "Ada had Movers of Rita be begun again"
    assert told.details["error"].startswith("NobodyReviews")
    with pytest.raises(IllegalMove):
        reacting.retry(cue=stuck, actor=cast.ada, now=timezone.now())


def test_reviews_of_persons_are_begun_again_by_administrators_alone(cast, charlie, stuck) -> None:
    assert charlie.get("/admin/reviews/cue/").status_code == 403
    with pytest.raises(PermissionDenied):
        reacting.retry(cue=stuck, actor=cast.charlie, now=timezone.now())


def test_a_finding_leads_to_where_it_is_begun_again(cast, stuck) -> None:
    [finding] = [one for one in findings(cast.ada) if one.kind == "cue_stuck"]
    assert finding.mended_at == stuck


def test_an_occurrence_that_is_due_is_said_to_wait_and_for_what(cast, charlie, package) -> None:
    review = make_review(package, frequency=Frequency.QUARTERLY, next_at=timezone.now() - timedelta(days=1))
    campaign = review.campaigns.create(slot="1", name="Spring", status="inProgress", created_at=timezone.now())
    page = charlie.get(page_of(review)).content.decode()
    assert "it starts when “Spring” has closed" in page
    campaign.move_to("canceled", at=timezone.now())
    assert "it starts in a moment" in charlie.get("/admin/reviews/review/").content.decode()


def test_lists_cost_the_same_however_long(cast, charlie, package, django_assert_max_num_queries) -> None:
    for number in range(8):
        make_review(package, name=f"Review {number}")
    with django_assert_max_num_queries(25):
        assert charlie.get("/admin/reviews/review/").status_code == 200
