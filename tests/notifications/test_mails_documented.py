"""docs/mails.md says who is told what and when, as the registry has it, and which test sees each letter being sent.

A letter that is new fails here: name its test in PROOFS, and have the table written by
`ACCESSGOV_WRITE_DOCS=1 pytest tests/notifications/test_mails_documented.py`.
"""

import ast
import os
import re
from pathlib import Path

from notifications.letters import TEMPLATES
from notifications.models import Occasion
from notifications.topics import REQUIRED, Topic

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "mails.md"
TWENTY = range(1, 21)
NO_LETTERS = {Occasion.TEST}
"""What is told in the words of another letter."""
HERE = "tests/notifications"
PROOFS = {
    Occasion.APPROVER_ASKED: f"{HERE}/test_occasions.py::test_the_approver_is_told_everything_that_the_decision_needs",
    Occasion.ALTERNATE_ASKED: f"{HERE}/test_decision_reminders.py"
    "::test_alternates_are_told_why_they_are_asked_and_reminded_of_what_is_still_ahead_only",
    Occasion.HANDED_OVER: f"{HERE}/test_occasions.py::test_a_decision_that_was_handed_over_says_by_whom_and_why",
    Occasion.DECIDE_HALFTIME: f"{HERE}/test_decision_reminders.py"
    "::test_both_reminders_come_when_they_are_due_and_once_each",
    Occasion.DECIDE_TOMORROW: f"{HERE}/test_decision_reminders.py"
    "::test_both_reminders_come_when_they_are_due_and_once_each",
    Occasion.INFORMATION_ASKED: f"{HERE}/test_told_of_inquiries.py"
    "::test_the_requester_is_told_the_question_and_the_approver_the_answer",
    Occasion.INFORMATION_GIVEN: f"{HERE}/test_told_of_inquiries.py"
    "::test_the_requester_is_told_the_question_and_the_approver_the_answer",
    Occasion.INFORMATION_MISSING: f"{HERE}/test_told_of_inquiries.py"
    "::test_the_approver_is_told_that_nobody_answered_while_there_is_something_to_decide",
    Occasion.STAGE_APPROVED: f"{HERE}/test_outcomes.py"
    "::test_a_stage_that_others_approved_is_told_while_the_next_one_decides",
    Occasion.APPROVED_BY_OTHERS: f"{HERE}/test_outcomes.py"
    "::test_on_completion_everybody_of_every_stage_is_told_once_but_the_last_approver",
    Occasion.STAGE_EXPIRED: f"{HERE}/test_outcomes.py"
    "::test_whoever_was_asked_in_vain_learns_that_the_request_has_expired",
    Occasion.APPROVED: f"{HERE}/test_occasions.py"
    "::test_an_approval_says_that_the_access_is_on_its_way_and_then_that_it_is_there",
    Occasion.DENIED: f"{HERE}/test_occasions.py::test_a_denial_says_who_and_why",
    Occasion.EXPIRED: f"{HERE}/test_occasions.py::test_nobody_deciding_is_told_as_such_and_not_as_a_denial",
    Occasion.CANCELED: f"{HERE}/test_occasions.py"
    "::test_a_request_that_somebody_else_cancels_is_told_to_whoever_asked",
    Occasion.NOT_GIVEN: f"{HERE}/test_occasions.py::test_what_was_approved_and_is_not_given_is_told_with_the_reason",
    Occasion.GRANTED: f"{HERE}/test_occasions.py"
    "::test_the_grant_says_what_in_which_system_by_whom_and_until_when",
    Occasion.ENDS_IN_TWO_WEEKS: f"{HERE}/test_reminders.py"
    "::test_the_two_reminders_come_when_they_are_due_and_once_each",
    Occasion.ENDS_TOMORROW: f"{HERE}/test_reminders.py::test_the_two_reminders_come_when_they_are_due_and_once_each",
    Occasion.EXTENDED: f"{HERE}/test_told_of_extensions.py::test_an_approved_extension_is_told_once",
    Occasion.END_MOVED: f"{HERE}/test_told_of_extensions.py::test_an_end_that_was_moved_is_told_with_who_and_why",
    Occasion.ENDED: f"{HERE}/test_occasions.py::test_the_end_says_why_and_what_became_of_each_role",
    Occasion.ROLE_GRANTED: f"{HERE}/test_told_of_roles.py"
    "::test_whoever_gets_a_role_and_whoever_loses_it_is_told_which_where_and_by_whom",
    Occasion.ROLE_REVOKED: f"{HERE}/test_told_of_roles.py"
    "::test_whoever_gets_a_role_and_whoever_loses_it_is_told_which_where_and_by_whom",
    Occasion.DRIFT_FOUND: f"{HERE}/test_told_of_drift.py"
    "::test_owners_are_told_once_what_a_reconciliation_found_at_their_resources",
    Occasion.TASK_OPENED: f"{HERE}/test_told_of_tasks.py"
    "::test_a_team_is_told_of_a_minutes_tasks_in_one_letter_each",
    Occasion.TASK_OVERDUE: f"{HERE}/test_told_of_tasks.py::test_a_team_is_reminded_once_of_what_is_overdue",
    Occasion.TASK_REFUSED: f"{HERE}/test_told_of_tasks.py"
    "::test_a_refusal_is_told_to_the_owners_of_the_connector_else_to_administrators",
    Occasion.CONNECTOR_PAUSED: f"{HERE}/test_told_of_connectors.py"
    "::test_owners_are_told_that_a_system_is_away_and_that_it_is_back",
    Occasion.CONNECTOR_RESUMED: f"{HERE}/test_told_of_connectors.py"
    "::test_owners_are_told_that_a_system_is_away_and_that_it_is_back",
    Occasion.WORK_STUCK: f"{HERE}/test_occasions.py"
    "::test_a_storm_of_stuck_work_is_told_once_and_later_work_again",
    Occasion.EXTENSION_STUCK: f"{HERE}/test_told_of_callouts.py"
    "::test_calls_that_were_given_up_are_told_to_administrators_once",
    Occasion.EXCEPTION_ASKED: f"{HERE}/test_told_of_exceptions.py"
    "::test_whoever_decides_is_told_the_reason_and_the_control",
    Occasion.EXCEPTION_DECIDED: f"{HERE}/test_told_of_exceptions.py::test_whoever_asked_is_told_how_it_was_decided",
    Occasion.EXCEPTION_ENDS: f"{HERE}/test_told_of_exceptions.py"
    "::test_owners_the_decider_and_the_person_are_told_two_weeks_before_its_end_once",
    Occasion.EXCEPTION_OVER: f"{HERE}/test_told_of_exceptions.py"
    "::test_its_end_is_told_once_to_those_whom_it_concerns",
    Occasion.EMERGENCY_TAKEN: f"{HERE}/test_told_of_emergencies.py"
    "::test_the_owner_is_alarmed_at_once_with_the_reason_the_conflict_and_how_often",
    Occasion.EMERGENCY_DUE: f"{HERE}/test_told_of_emergencies.py"
    "::test_the_review_is_called_for_two_days_before_it_is_due_and_when_it_is_overdue",
    Occasion.EMERGENCY_JUDGED: f"{HERE}/test_told_of_emergencies.py::test_whoever_took_it_learns_what_was_found",
    Occasion.EMERGENCY_OVERDUE: f"{HERE}/test_told_of_emergencies.py"
    "::test_the_review_is_called_for_two_days_before_it_is_due_and_when_it_is_overdue",
    Occasion.DELEGATED: f"{HERE}/test_told_of_delegations.py"
    "::test_whoever_stands_in_is_told_from_when_until_when",
    Occasion.DELEGATION_ENDED: f"{HERE}/test_told_of_delegations.py"
    "::test_whoever_is_away_is_told_where_an_administrator_set_it_or_ended_it",
    Occasion.DECIDED_FOR_YOU: f"{HERE}/test_told_of_delegations.py"
    "::test_whoever_asked_and_whoever_is_away_learn_who_decided",
    Occasion.APPROVAL_WITHDRAWN: f"{HERE}/test_told_of_delegations.py"
    "::test_a_withdrawn_approval_is_told_to_the_owner_and_to_whoever_had_it",
    Occasion.REVIEW_ASKED: f"{HERE}/test_told_of_reviews.py"
    "::test_reviewers_are_asked_once_with_what_is_open_and_until_when",
    Occasion.REVIEW_HALFTIME: f"{HERE}/test_told_of_reviews.py"
    "::test_both_reminders_come_when_they_are_due_once_each_and_not_to_those_who_are_done",
    Occasion.REVIEW_TOMORROW: f"{HERE}/test_told_of_reviews.py"
    "::test_both_reminders_come_when_they_are_due_once_each_and_not_to_those_who_are_done",
    Occasion.REVIEW_REMINDED: f"{HERE}/test_told_of_reviews.py"
    "::test_reminding_by_hand_reaches_those_with_open_items_each_time",
    Occasion.REVIEW_HANDED_ON: f"{HERE}/test_told_of_reviews.py"
    "::test_whoever_gets_items_handed_on_is_told_each_time",
    Occasion.REVIEW_COMPLETED: f"{HERE}/test_told_of_reviews.py"
    "::test_a_completed_campaign_is_told_to_whoever_set_it_up_and_whom_it_names",
    Occasion.REVIEW_STUCK: f"{HERE}/test_told_of_reviews.py"
    "::test_administrators_are_alarmed_of_a_campaign_that_does_not_go_on",
    Occasion.DIGEST: f"{HERE}/test_digest.py"
    "::test_one_mail_in_the_morning_tells_everything_that_is_still_true",
}  # fmt: skip
"""The test that sees each letter being sent."""


def table() -> str:
    """The table of docs/mails.md, from the registry."""
    head = "| letter | of the original's | to | when | about | test |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(occasion) for occasion in Occasion if occasion in TEMPLATES)])


def _row(occasion: Occasion) -> str:
    letter = TEMPLATES[occasion]
    numbers = ", ".join(f"#{number}" for number in letter.numbers) or "–"
    topic = f"{letter.topic}, cannot be switched off" if letter.topic in REQUIRED else str(letter.topic)
    proof = PROOFS.get(occasion, "none").removeprefix(f"{HERE}/")
    return f"| {occasion.label} (`{occasion}`) | {numbers} | {letter.to} | {letter.when} | {topic} | `{proof}` |"


def test_every_occasion_has_a_letter_and_every_letter_a_test():
    assert set(TEMPLATES) == set(Occasion) - NO_LETTERS
    assert set(PROOFS) == set(TEMPLATES)


def test_every_mail_of_the_original_has_a_letter_of_ours():
    assert {number for letter in TEMPLATES.values() for number in letter.numbers} == set(TWENTY)


def test_every_test_that_is_named_is_there():
    for proof in PROOFS.values():
        path, _, name = proof.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, proof


def test_the_page_has_the_table_as_it_is():
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get("ACCESSGOV_WRITE_DOCS"):
        page = re.sub(r"\| letter \|.*?\n(?=\n|\Z)", lambda _found: table() + "\n", page, count=1, flags=re.DOTALL)
        PAGE.write_text(page, encoding="utf-8")
    assert table() in page, "write it anew: see the head of this module"


def test_the_page_names_every_topic():
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{topic.value}`" in page for topic in Topic)
