"""Requests: asking, following and cancelling, by each of the cast."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from catalog.choices import ApproverKind, QuestionKind
from requests_app import actions
from requests_app.models import AccessRequest

from .conftest import V1, problem


def ask(client, package, /, **fields):
    return client.post(f"{V1}/requests/", {"package": str(package.pk), "justification": "New in Sales", **fields})


def test_what_is_asked_for_is_told_in_full(cast, api, policy):
    answer = ask(api(cast.rita), policy.package)
    told = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver{V1}/requests/{told['id']}/"
    assert api(cast.rita).get(answer["Location"]).json() == told
    rita = {"id": str(cast.rita.pk), "username": "rita", "display_name": "Rita"}
    marco = {"id": str(cast.marco.pk), "username": "marco", "display_name": "Marco"}
    [approval] = told.pop("approvals")
    assert approval["approvers"][0].pop("asked_at") == approval["started_at"]
    for moment in ("started_at", "due_at"):
        assert approval.pop(moment).endswith("Z")
    assert approval == {
        "id": str(AccessRequest.objects.get().approvals.get().pk),
        "position": 1,
        "status": "inProgress",
        "asked_via": "approvers of the policy",
        "approvals_required": 1,
        "requires_justification": False,
        "alternates_due_at": None,
        "decided_at": None,
        "not_needed_because": "",
        "paused_at": None,
        "inquiries": [],
        "approvers": [
            {
                "person": marco,
                "is_alternate": False,
                "instead_of": None,
                "handed_over_why": "",
                "delegate": None,
                "is_approved": None,
                "justification": "",
                "decided_at": None,
                "decided_by": None,
            }
        ],
    }
    assert told.pop("submitted_at").endswith("Z")
    assert told == {
        "id": str(AccessRequest.objects.get().pk),
        "kind": "userAdd",
        "status": "pendingApproval",
        "package": {"id": str(policy.package_id), "name": "Sales: Standard Access"},
        "policy": {"id": str(policy.pk), "name": "Everybody"},
        "policy_version": policy.version,
        "person": rita,
        "requested_by": rita,
        "justification": "New in Sales",
        "is_emergency": False,
        "basket": None,
        "duration": "P30D",
        "ends_at": None,
        "wanted_start": None,
        "wanted_end": None,
        "shortened_by": None,
        "assignment": None,
        "completed_at": None,
        "answers": [],
        "callouts": [],
        "timeline": f"http://testserver{V1}/requests/{told['id']}/timeline/",
    }


def test_what_is_not_asked_of_the_caller_is_not_taken_from_the_body(cast, api, policy):
    told = ask(api(cast.rita), policy.package, status="delivered", kind="adminAdd").json()
    assert (told["status"], told["kind"]) == ("pendingApproval", "userAdd")


def test_a_manager_asks_for_a_report(cast, api, policy):
    policy.is_on_behalf_allowed = True
    policy.save()
    for name in (str(cast.rita.pk), "RITA"):
        AccessRequest.objects.all().delete()
        told = ask(api(cast.marco), policy.package, person=name).json()
        assert (told["person"]["username"], told["requested_by"]["username"]) == ("rita", "marco")
        assert [one["person"]["username"] for one in told["approvals"][0]["approvers"]] == ["olga"]


def test_for_anybody_else_nobody_asks_nor_learns_whether_they_exist(cast, api, policy):
    policy.is_on_behalf_allowed = True
    policy.save()
    for name in ("charlie", "nobody.at.all", str(uuid4())):
        document = problem(ask(api(cast.marco), policy.package, person=name), 422, "invalid-input")
        assert document["errors"][0]["pointer"] == "#/person"
        assert document["errors"][0]["detail"] == "There is no such thing, or you may not see it."
    policy.is_on_behalf_allowed = False
    policy.save()
    assert problem(ask(api(cast.marco), policy.package, person="rita"), 403, "not-permitted")
    assert not AccessRequest.objects.exists()


def test_those_whom_it_concerns_see_it_and_nobody_else(cast, api, access_request):
    for person in (cast.rita, cast.marco, cast.olga, cast.ada):
        rows = api(person).get(f"{V1}/requests/").json()["results"]
        assert [row["id"] for row in rows] == [str(access_request.pk)]
        assert api(person).get(f"{V1}/requests/{access_request.pk}/").status_code == 200
        assert api(person).get(f"{V1}/requests/{access_request.pk}/timeline/").status_code == 200
    charlie = api(cast.charlie)
    assert charlie.get(f"{V1}/requests/").json()["results"] == []
    assert problem(charlie.get(f"{V1}/requests/{access_request.pk}/"), 404, "not-found")
    assert problem(charlie.get(f"{V1}/requests/{access_request.pk}/timeline/"), 404, "not-found")
    assert problem(charlie.post(f"{V1}/requests/{access_request.pk}/cancel/"), 404, "not-found")
    assert AccessRequest.objects.get().is_open


def test_a_second_submission_is_told_that_there_is_one(cast, api, policy):
    client = api(cast.rita)
    assert ask(client, policy.package).status_code == 201
    document = problem(ask(client, policy.package), 409, "already-requested")
    assert document["detail"] == "There is an open request for this package already."
    assert AccessRequest.objects.count() == 1


def test_what_one_has_is_not_asked_for_again(cast, api, package):
    cast.policy(package, approver=None)
    assert ask(api(cast.rita), package).status_code == 201
    assert "Rita has this package already" in problem(ask(api(cast.rita), package), 409, "already-held")["detail"]


def test_missing_and_wrong_answers_are_pointed_to(cast, api, policy):
    region = policy.questions.create(text="Which region?", kind=QuestionKind.CHOICE, choices=["EMEA", "APAC"])
    team = policy.questions.create(position=2, text="Which team?")
    document = problem(ask(api(cast.rita), policy.package, answers={str(region.pk): "Mars"}), 422, "invalid-input")
    assert document["errors"] == [
        {"pointer": f"#/answers/{region.pk}", "detail": "Choose one of the answers.", "code": "invalid"},
        {"pointer": f"#/answers/{team.pk}", "detail": "Answer this question.", "code": "invalid"},
    ]
    assert not AccessRequest.objects.exists()
    given = {str(region.pk).upper(): "EMEA", str(team.pk): "Inside"}
    told = ask(api(cast.rita), policy.package, answers=given).json()
    assert [(one["question"], one["kind"], one["value"]) for one in told["answers"]] == [
        ("Which region?", "choice", "EMEA"),
        ("Which team?", "text", "Inside"),
    ]


def test_several_choices_are_a_list_and_are_told_as_they_were_shown(cast, api, policy):
    german = {"de": {"text": "Welche Tage?", "choices": ["Montag", "Dienstag"]}}
    days = policy.questions.create(
        text="Which days?", kind=QuestionKind.CHOICES, choices=["mon", "tue"], translations=german
    )
    client = api(cast.rita)
    [asked] = client.get(f"{V1}/packages/{policy.package_id}/", headers={"accept-language": "de"}).json()["policies"]
    assert asked["questions"][0]["text"] == "Welche Tage?"
    assert asked["questions"][0]["choices"][1] == {"value": "tue", "shown": "Dienstag"}
    told = ask(client, policy.package, answers={str(days.pk): ["mon", "tue"]}).json()
    assert told["answers"] == [
        {
            "question": "Which days?",
            "kind": "choices",
            "value": "mon\ntue",
            "values": ["mon", "tue"],
            "shown": "mon, tue",
            "attribute": "",
        }
    ]


def test_a_period_is_asked_for_refused_and_asked_again(cast, api, policy):
    client, start = api(cast.rita), timezone.now() + timedelta(days=3)
    document = problem(ask(client, policy.package, starts_at=start.isoformat()), 422, "invalid-input")
    assert document["errors"][0]["pointer"] == "#/starts_at"
    policy.is_period_chosen = True
    policy.save()
    told = ask(client, policy.package, starts_at=start.isoformat()).json()
    assert (told["wanted_end"], told["status"]) == (None, "pendingApproval")
    address = f"{V1}/requests/{told['id']}"
    assert problem(client.post(f"{address}/resubmit/"), 409, "conflict")
    assert client.post(f"{address}/cancel/").status_code == 200
    again = client.post(f"{address}/resubmit/")
    assert again.status_code == 201
    assert again.json()["wanted_start"] == told["wanted_start"]
    assert problem(api(cast.olga).post(f"{address}/resubmit/"), 403, "not-permitted")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"answers": {"a/b~c": "x"}}, "#/answers/a~1b~0c"),
        ({"answers": {str(uuid4()): {"x": 1}}}, None),
        ({"answers": {str(uuid4()): ["x"]}}, "#/answers"),
        ({"starts_at": "tomorrow"}, "#/starts_at"),
        ({"ends_at": "9999-12-31T23:59:59-12:00"}, "#/ends_at"),
        ({"ends_at": "2040-01-01T00:00:00Z"}, "#/ends_at"),
        ({"answers": "x"}, "#/answers"),
        ({"policy": "x"}, "#/policy"),
        ({"policy": str(uuid4())}, "#/policy"),
        ({"package": str(uuid4())}, "#/package"),
        ({"package": None}, "#/package"),
        ({"justification": 7.5, "package": 3}, "#/package"),
        ({"justification": {}}, "#/justification"),
    ],
)
def test_what_makes_no_sense_is_pointed_to(cast, api, policy, fields, pointer):
    document = problem(ask(api(cast.rita), policy.package, **fields), 422, "invalid-input")
    [error] = document["errors"]
    assert error["pointer"] == (pointer or f"#/answers/{next(iter(fields['answers']))}")
    assert error["code"]
    assert document["detail"] == error["detail"]


def test_a_package_that_one_may_not_see_looks_like_none(cast, api, package):
    cast.policy(package, scope="notSpecified")
    hidden = problem(ask(api(cast.rita), package), 422, "invalid-input")["errors"]
    package.pk = uuid4()
    assert problem(ask(api(cast.rita), package), 422, "invalid-input")["errors"] == hidden


def test_a_package_that_one_may_see_and_not_ask_for_is_refused_with_a_sentence(cast, api, package):
    cast.policy(package, scope="specificDirectoryUsers")
    document = problem(ask(api(cast.rita), package), 403, "not-permitted")
    assert document["detail"] == "You cannot ask for Sales: Standard Access."


def test_where_several_policies_apply_one_is_chosen(cast, api, package):
    cast.policy(package, name="Short", duration_amount=5)
    long = cast.policy(package, name="Long", duration_amount=90)
    document = problem(ask(api(cast.rita), package), 422, "invalid-input")
    assert document["errors"][0]["pointer"] == "#/policy"
    assert ask(api(cast.rita), package, policy=str(long.pk)).json()["duration"] == "P90D"


def test_the_parties_cancel_and_only_once(cast, api, access_request):
    address = f"{V1}/requests/{access_request.pk}/cancel/"
    document = problem(api(cast.marco).post(address), 403, "not-permitted")
    assert document["detail"] == "Only those who asked may cancel a request."
    answer = api(cast.rita).post(address)
    assert answer.status_code == 200
    assert answer.json()["status"] == "canceled"
    assert answer.json()["approvals"][0]["status"] == "canceled"
    assert problem(api(cast.rita).post(address), 409, "conflict")["detail"] == "This request is canceled already."


def test_the_timeline_tells_the_story_to_those_who_see_the_request(cast, api, access_request):
    actions.deny(approval=access_request.approvals.get(), actor=cast.marco, justification="No", now=timezone.now())
    page = api(cast.rita).get(f"{V1}/requests/{access_request.pk}/timeline/").json()
    assert [row["verb"] for row in page["results"]] == ["request.denied", "approval.started", "request.submitted"]
    assert page["results"][0]["sentence"] == "Marco denied Rita's request for Sales: Standard Access: No"
    assert set(page["results"][0]) == {"id", "occurred_at", "verb", "actor", "sentence"}
    first = api(cast.rita).get(f"{V1}/requests/{access_request.pk}/timeline/?page_size=1").json()
    assert len(first["results"]) == 1
    assert api(cast.rita).get(first["next"]).json()["results"][0]["verb"] == "approval.started"


def test_the_list_is_narrowed(cast, api, access_request):
    other = cast.package("Sales: Campaign Access")
    cast.policy(other, approver=ApproverKind.MANAGER)
    actions.submit(package=other, actor=cast.charlie, justification="Me too", now=timezone.now())

    def listed(query):
        rows = api(cast.olga).get(f"{V1}/requests/?{query}").json()["results"]
        return [row["person"]["username"] for row in rows]

    assert listed("") == ["charlie", "rita"]
    assert listed(f"person={cast.rita.pk}") == ["rita"]
    assert listed(f"package={other.pk}") == ["charlie"]
    assert listed("status=pendingApproval") == ["charlie", "rita"]
    assert listed("status=denied") == []
    actions.cancel(access_request=access_request, actor=cast.rita, now=timezone.now())
    assert listed("status=canceled") == ["rita"]
    assert listed("status=canceled&status=pendingApproval") == ["charlie", "rita"]
