"""The OpenAPI description: without a warning, for signed-in people, and shown by a page that keeps to our policy."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from tests.cast import make_cast

from .conftest import V1, problem

OPERATIONS = {
    "me", "organisations_list", "organisations_retrieve",
    "catalogs_list", "catalogs_retrieve", "packages_list", "packages_retrieve", "packages_explanation",
    "requests_list", "requests_create", "requests_retrieve", "requests_cancel", "requests_resubmit",
    "requests_timeline",
    "rollouts_create",
    "rollouts_list",
    "rollouts_retrieve",
    "rollouts_retry", "rollouts_dry_run", "assignments_dry_run",
    "approvals_list", "approvals_retrieve", "approvals_approve", "approvals_deny",
    "approvals_hand_over", "approvals_ask", "requests_answer", "people_set_risk",
    "assignments_list", "assignments_create", "assignments_retrieve", "assignments_give_back", "assignments_revoke",
    "assignments_extend", "assignments_change_end", "assignments_reprocess",
    "callouts_resume",
    "baskets_create", "emergencies_list", "emergencies_create", "emergencies_retrieve", "emergencies_judge",
    "exceptions_list", "exceptions_create", "exceptions_retrieve", "exceptions_approve", "exceptions_deny",
    "exceptions_revoke", "exceptions_withdraw",
    "role_assignments_list", "role_assignments_retrieve", "role_assignments_create", "role_assignments_destroy",
    "findings_list", "approvals_decide", "approvals_withdraw",
    "delegations_list", "delegations_create", "delegations_retrieve", "delegations_change", "delegations_end",
    "drift_list", "drift_retrieve", "drift_answer",
    "tasks_list", "tasks_retrieve", "tasks_done", "tasks_refuse",
    "reviews_list", "reviews_create", "reviews_retrieve", "reviews_partial_update", "reviews_destroy", "reviews_start",
    "campaigns_list", "campaigns_retrieve", "campaigns_items", "campaigns_results",
    "campaigns_remind", "campaigns_apply", "campaigns_restart", "campaigns_extend", "campaigns_stop_stage",
    "campaigns_stop", "campaigns_reset", "campaigns_cancel",
    "campaigns_report_csv", "campaigns_report_jsonl", "campaigns_report_pdf",
    "asked_reviews_list", "review_items_list", "review_items_retrieve", "review_items_accept", "review_items_decide",
    "review_items_decide_together", "review_items_hand_on",
    "events_list", "events_retrieve", "events_export_csv", "events_export_jsonl",
}  # fmt: skip


@pytest.fixture
def description(cast, api):
    return api(cast.charlie).get("/api/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json").json()


def test_it_is_made_without_a_warning():
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_it_names_every_operation_and_what_each_may_answer(description):
    told = [operation for path in description["paths"].values() for operation in path.values()]
    assert {operation["operationId"] for operation in told} == OPERATIONS
    for operation in told:
        [media_type] = operation["responses"]["default"]["content"]
        assert media_type == "application/problem+json"
    assert "Problem" in description["components"]["schemas"]


def test_it_says_what_answers_really_hold(cast, api, description, access_request):
    """Every field of an answer is described, and everything described is there."""
    shown = api(cast.marco).get(f"{V1}/requests/{access_request.pk}/").json()
    assert set(description["components"]["schemas"]["RequestDetail"]["properties"]) == set(shown)
    [approval] = api(cast.marco).get(f"{V1}/approvals/").json()["results"]
    assert set(description["components"]["schemas"]["ApprovalDetail"]["properties"]) == set(approval)


def test_it_is_for_those_who_are_signed_in(cast, api):
    assert problem(api().get("/api/schema/"), 401, "not-authenticated")
    answer = api().get("/api/docs/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/api/docs/"
    page = api(cast.charlie).get("/api/docs/")
    assert page.status_code == 200
    assert "<style" not in page.content.decode()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_shows_it_and_the_browser_refuses_nothing(page, live_server, client):
    client.force_login(make_cast().rita)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_server.url}/api/docs/")
    page.locator("#operations-requests-requests_create").click()
    page.get_by_role("button", name="Try it out").click()
    editor = page.locator("#operations-requests-requests_create textarea")
    editor.fill(json.dumps({"justification": "From the page"}))
    page.get_by_role("button", name="Execute").click()
    answer = page.locator("#operations-requests-requests_create .live-responses-table")
    answer.get_by_text("/api/problems/invalid-input/").first.wait_for()
    refused = [text for text in complaints if "422" not in text]
    assert not refused
