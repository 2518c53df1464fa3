"""Stages of a policy: times in days and hours, managers of several levels, and what is refused at its field."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from audit.models import Event
from catalog import actions
from catalog.actions import Stage, check_stage
from catalog.choices import ApproverKind, ApproverUse
from catalog.models import ApprovalStage, Policy, StageApprover
from catalog.stage_forms import PeriodField
from catalog.wording import policy_in_words
from directory.models import Risk
from tests.cast import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def policy(cast):
    return cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]))


@pytest.fixture
def save(cast, policy):
    def save(*stages):
        saved = actions.save_policy(policy=policy, stages=stages, actor=cast.ada, now=NOW)
        return policy_in_words(Policy.objects.complete().get(pk=saved.pk))

    return save


def manager(level=1, use=ApproverUse.PRIMARY):
    return StageApprover(kind=ApproverKind.MANAGER, level=level, use=use)


def stage(*approvers, **fields):
    return Stage(ApprovalStage(**fields), approvers or [manager()])


def test_times_are_said_in_hours_where_they_are_not_whole_days(save):
    said = save(stage(manager(), manager(2, ApproverUse.ALTERNATE), time_limit=36 * HOUR, alternates_after=8 * HOUR))
    assert "their manager decides within 36 hours, after 8 hours their manager's manager too" in said


def test_every_kind_of_approver_is_said_in_the_policy_s_sentence(save):
    kinds = (ApproverKind.PACKAGE_OWNERS, ApproverKind.CATALOG_OWNERS, ApproverKind.RESOURCE_OWNERS)
    said = save(stage(*(StageApprover(kind=kind) for kind in kinds)), stage(manager(3), time_limit=DAY))
    assert "the package's owner, an owner of the catalog or an owner of what it gives decides within 14 days" in said
    assert "then their manager of level 3 decides within 1 day" in said


def test_what_changes_about_conditions_and_times_is_journalled_and_makes_a_new_version(policy, save):
    save(stage(time_limit=2 * DAY, least_risk=Risk.HIGH))
    policy.refresh_from_db()
    assert policy.version == 2
    assert Event.objects.get().details["fields"]["stages"] == [
        ["1. their manager decides within 14 days"],
        ["1. their manager decides within 2 days (only from high risk on)"],
    ]


def test_the_same_manager_alone_in_two_stages_is_refused_and_another_level_is_not(save):
    """Corner 7, as we decided it: the manager may decide in several stages, at another level in each."""
    with pytest.raises(ValidationError, match="ask the same manager alone"):
        save(stage(), stage())
    assert "their manager decides within 14 days, then their manager's manager" in save(stage(), stage(manager(2)))


def test_under_a_condition_the_same_manager_may_stand_in_two_stages(save):
    assert save(stage(audience="guests"), stage(audience="members", time_limit=DAY)).count("their manager decides") == 2


@pytest.mark.parametrize(
    ("row", "approvers", "field"),
    [
        ({}, [], "approvers"),
        ({}, [manager(use=ApproverUse.FALLBACK)], "approvers"),
        ({"approvals_required": 2}, [manager()], "approvals_required"),
        ({}, [manager(), manager(2, ApproverUse.ALTERNATE)], "alternates_after"),
        ({"alternates_after": DAY}, [manager()], "alternates_after"),
    ],
)
def test_what_is_wrong_with_a_stage_is_said_of_its_field(row, approvers, field):
    with pytest.raises(ValidationError) as refusal:
        check_stage(ApprovalStage(**row), approvers)
    assert list(refusal.value.error_dict) == [field]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"time_limit": HOUR / 2}, "time_limit"),
        ({"time_limit": 366 * DAY}, "time_limit"),
        ({"time_limit": DAY, "alternates_after": DAY}, "alternates_after"),
        ({"alternates_after": -DAY}, "alternates_after"),
        ({"alternates_after": timedelta(minutes=1)}, "alternates_after"),
    ],
)
def test_times_that_cannot_be_are_refused_at_their_field(save, row, field):
    with pytest.raises(ValidationError) as refusal:
        save(stage(manager(), manager(2, ApproverUse.ALTERNATE), **row))
    assert field in refusal.value.error_dict


def test_where_several_may_be_found_the_number_of_approvals_is_not_doubted(save):
    assert "2 of an owner of the catalog" in save(
        stage(StageApprover(kind=ApproverKind.CATALOG_OWNERS), approvals_required=2)
    )


# --- Days or hours, as they are typed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "typed"),
    [(2 * DAY, [2, "days"]), (36 * HOUR, [36, "hours"]), (None, [None, "days"]), (HOUR, [1, "hours"])],
)
def test_a_period_is_shown_as_it_is_typed(period, typed):
    field = PeriodField(required=False)
    assert field.widget.decompress(period) == typed
    assert field.clean([str(part) if part else "" for part in typed]) == period


@pytest.mark.parametrize("typed", [["0", "days"], ["x", "days"], ["1", "weeks"], ["-1", "hours"], ["", ""]])
def test_what_is_no_period_is_refused(typed):
    with pytest.raises(ValidationError):
        PeriodField().clean(typed)
