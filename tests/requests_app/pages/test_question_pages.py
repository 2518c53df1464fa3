"""The pages of questions and periods: each kind, in the reader's language, what is known, what is wrong, once more."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.choices import QuestionKind
from directory.models import PersonAttribute
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.lifecycle import RequestStatus
from requests_app.models import AccessRequest, Assignment
from requests_app.periods import Period
from tests.cast import break_directory, mend_directory

from .conftest import get_access

WHY: dict[str, Any] = {"justification": "I sell there"}


@pytest.fixture
def policy(cast):
    return cast.policy(cast.package("Sales: Campaigns", cast.role("Campaigns")[1]))


@pytest.fixture
def form(policy):
    return reverse("requests:ask", args=[policy.package_id])


def named(question):
    return f"question_{question.pk}"


def day(after):
    return (timezone.localdate() + timedelta(days=after)).isoformat()


def test_each_kind_has_its_field_and_all_are_kept(form, policy, cast, sign_in):
    short = policy.questions.create(position=1, text="Project", pattern="[A-Z]+", pattern_hint="Capitals.", example="X")
    long = policy.questions.create(position=2, text="Story", kind=QuestionKind.LONG_TEXT, max_length=99)
    several = policy.questions.create(
        position=3, text="Days", kind=QuestionKind.CHOICES, choices=["mon", "tue"], translations={}
    )
    client = sign_in(cast.rita)
    page = client.get(form).content.decode()
    assert f'<input type="text" name="{named(short)}" maxlength="200"' in page
    assert "Capitals. For example: X" in page
    assert f'<textarea name="{named(long)}"' in page
    assert page.count(f'type="checkbox" name="{named(several)}"') == 2
    sent = {named(short): "HARBOUR", named(long): "A\r\nB", named(several): ["mon", "tue"], **WHY}
    assert client.post(form, sent).status_code == 302
    assert [one.in_words for one in AccessRequest.objects.get().answers.all()] == ["HARBOUR", "A\nB", "mon, tue"]


def test_what_does_not_fit_is_said_at_its_field_and_nothing_typed_is_lost(form, policy, cast, sign_in):
    project = policy.questions.create(position=1, text="Project", pattern="[A-Z]+", pattern_hint="Capitals.")
    several = policy.questions.create(position=2, text="Days", kind=QuestionKind.CHOICES, choices=["mon", "tue"])
    answer = sign_in(cast.rita).post(form, {named(project): "harbour", named(several): ["tue", "wed"], **WHY})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert errors == {
        named(project): ["This does not look right. Capitals."],
        named(several): ["Choose among the answers."],
    }
    page = answer.content.decode()
    assert 'value="harbour"' in page
    assert "I sell there" in page
    assert not AccessRequest.objects.exists()


def test_questions_are_put_in_the_language_of_the_browser(form, policy, cast, sign_in):
    policy.questions.create(
        text="Which region?",
        kind=QuestionKind.CHOICE,
        choices=["EMEA", "APAC"],
        translations={"de": {"text": "Welche Region?", "choices": ["Europa", "Asien"]}},
    )
    client = sign_in(cast.rita)
    german = client.get(form, headers={"accept-language": "de-CH,fr;q=0.5"}).content.decode()
    assert "Welche Region?" in german
    assert "Asien" in german
    assert "Which region?" in client.get(form, headers={"accept-language": "fr"}).content.decode()


def test_what_is_known_of_the_person_is_filled_in_and_what_is_fixed_cannot_be_typed(form, policy, cast, sign_in):
    cast.rita.attributes = {"cost_centre": "4100", "badge": "B-7"}
    cast.rita.save()
    for position, (name, is_editable) in enumerate([("cost_centre", True), ("badge", False)], start=1):
        attribute = PersonAttribute.objects.create(name=name, is_editable=True)
        policy.questions.create(position=position, text=name, attribute=attribute, is_editable=is_editable)
    client = sign_in(cast.rita)
    centre, badge = policy.questions.all()
    page = client.get(form).content.decode()
    assert 'value="4100"' in page
    assert 'value="B-7"' in page
    assert "It is known already, and is not changed here." in page
    assert client.post(form, {named(centre): "4210", named(badge): "B-8", **WHY}).status_code == 302
    assert [one.value for one in AccessRequest.objects.get().answers.all()] == ["4210", "B-7"]


def test_whoever_assigns_or_asks_for_a_report_is_not_told_what_is_known(form, policy, cast, sign_in):
    cast.rita.attributes = {"cost_centre": "4100"}
    cast.rita.save()
    policy.is_on_behalf_allowed = True
    policy.save()
    attribute = PersonAttribute.objects.create(name="cost_centre", is_editable=True)
    question = policy.questions.create(text="Cost centre?", attribute=attribute)
    assigning = reverse("requests:assign", args=[policy.package_id])
    for person, url in (
        (cast.olga, f"{assigning}?person={cast.rita.pk}"),
        (cast.marco, f"{form}?for={cast.rita.pk}"),
    ):
        client = sign_in(person)
        page = client.get(url).content.decode()
        assert "4100" not in page
        assert "It is known already, and is not changed here." in page
    assert client.post(url, {named(question): "9999", **WHY}).status_code == 302
    asked = AccessRequest.objects.get()
    assert asked.answers.get().in_words == "known already"
    page = sign_in(cast.marco).get(reverse("requests:request", args=[asked.pk])).content.decode()
    assert "known already" in page
    assert "4100" not in page


def test_approvers_see_what_was_answered_and_from_when_until_when(policy, cast, sign_in):
    policy.is_period_chosen = True
    policy.save()
    question = policy.questions.create(text="Days?", kind=QuestionKind.CHOICES, choices=["mon", "tue"])
    now = timezone.now()
    asked = actions.submit(
        package=policy.package,
        actor=cast.rita,
        answers={str(question.pk): ["mon", "tue"]},
        period=Period(now + timedelta(days=3), now + timedelta(days=9)),
        now=now,
        **WHY,
    )
    page = sign_in(cast.marco).get(reverse("requests:approval", args=[asked.approvals.get().pk])).content.decode()
    assert "mon, tue" in page
    assert "Begins" in page


def test_a_period_is_asked_for_only_where_it_can_be_chosen(form, policy, cast, sign_in):
    assert "starts_at" not in sign_in(cast.rita).get(form).context["form"].fields
    policy.is_period_chosen = True
    policy.save()
    assert "starts_at" in sign_in(cast.rita).get(form).context["form"].fields


def test_from_the_first_day_to_the_scheduled_request_and_back(form, policy, cast, sign_in):
    policy.is_period_chosen = True
    policy.save()
    client = sign_in(cast.rita)
    answer = client.post(form, {"starts_at": day(3), "ends_at": day(9), **WHY})
    asked = AccessRequest.objects.get()
    assert answer.url == reverse("requests:request", args=[asked.pk])
    assert timezone.localtime(asked.wanted_start).isoformat()[:16] == f"{day(3)}T00:00"
    assert timezone.localtime(asked.wanted_end).isoformat()[:16] == f"{day(9)}T23:59"
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=timezone.now())
    page = client.get(answer.url)
    assert "Approved. It begins on" in page.content.decode()
    assert client.post(reverse("requests:cancel", args=[asked.pk])).status_code == 302
    asked.refresh_from_db()
    assert asked.status == RequestStatus.CANCELED


@pytest.mark.parametrize(
    ("first", "last", "field", "said"),
    [
        (-2, 5, "starts_at", "That is over already"),
        (5, 4, "ends_at", "The end comes before the start."),
        (None, 90, "ends_at", "is the latest that the policy permits"),
        (None, -1, "ends_at", "That is over already"),
        (500, None, "starts_at", "Choose a start within a year."),
    ],
)
def test_a_period_that_cannot_be_is_said_at_its_field(form, policy, cast, sign_in, first, last, field, said):
    policy.is_period_chosen = True
    policy.save()
    typed = {"starts_at": "" if first is None else day(first), "ends_at": "" if last is None else day(last)}
    answer = sign_in(cast.rita).post(form, {**typed, **WHY})
    assert answer.status_code == 422
    assert said in answer.context["form"].errors[field][0]
    assert f'value="{typed[field]}"' in answer.content.decode()


@pytest.mark.parametrize("typed", ["tomorrow", "9999-12-31", "0001-01-01", "2026-02-30", "\x00"])
def test_days_that_are_none_and_days_beyond_all_measure_are_refused(form, policy, cast, sign_in, typed):
    policy.is_period_chosen = True
    policy.save()
    answer = sign_in(cast.rita).post(form, {"starts_at": typed, "ends_at": typed, **WHY})
    assert answer.status_code == 422
    assert answer.context["form"].errors["starts_at"]


def test_today_is_at_once(form, policy, cast, sign_in):
    policy.is_period_chosen = True
    policy.save()
    assert sign_in(cast.rita).post(form, {"starts_at": day(0), **WHY}).status_code == 302
    assert AccessRequest.objects.get().wanted_start is None


def test_access_for_hours_is_asked_for_by_the_minute(cast, sign_in):
    package = cast.package("Sales: Fair Week", cast.role("Fair")[1])
    cast.policy(package, duration_kind="hours", duration_amount=8, is_period_chosen=True)
    form, client = reverse("requests:ask", args=[package.pk]), sign_in(cast.rita)
    assert 'type="datetime-local"' in client.get(form).content.decode()
    start = timezone.localtime() + timedelta(days=2)
    assert client.post(form, {"starts_at": start.strftime("%Y-%m-%dT%H:%M"), **WHY}).status_code == 302
    assert AccessRequest.objects.get().wanted_start == start.replace(second=0, microsecond=0)


def test_what_was_denied_is_asked_again_with_the_form_filled_in(form, policy, cast, sign_in):
    question = policy.questions.create(text="Days?", kind=QuestionKind.CHOICES, choices=["mon", "tue"])
    asked = actions.submit(
        package=policy.package, actor=cast.rita, answers={str(question.pk): ["tue"]}, now=timezone.now(), **WHY
    )
    client, page = sign_in(cast.rita), reverse("requests:request", args=[asked.pk])
    assert "Ask again" not in client.get(page).content.decode()
    actions.deny(approval=asked.approvals.get(), actor=cast.marco, now=timezone.now())
    assert f"again={asked.pk}" in client.get(page).content.decode()
    assert "Ask again" not in sign_in(cast.marco).get(page).content.decode()
    again = sign_in(cast.rita).get(f"{form}?again={asked.pk}").context["form"]
    assert (again["justification"].value(), again[named(question)].value()) == ("I sell there", ["tue"])
    assert sign_in(cast.rita).get(f"{form}?again=nonsense").status_code == 200


def test_nobody_reads_the_answers_of_others_by_asking_again(form, policy, cast, sign_in):
    asked = actions.submit(package=policy.package, actor=cast.rita, now=timezone.now(), **WHY)
    page = sign_in(cast.charlie).get(f"{form}?again={asked.pk}")
    assert "I sell there" not in page.content.decode()


def test_whoever_assigns_answers_for_the_person_and_chooses_the_period(policy, cast, sign_in):
    question = policy.questions.create(text="Cost centre?", pattern="[0-9]{4}", pattern_hint="Four digits.")
    url = f"{reverse('requests:assign', args=[policy.package_id])}?person={cast.rita.pk}"
    client, sent = sign_in(cast.olga), {"policy": policy.pk, "justification": "Urgent", "starts_at": day(2)}
    answer = client.post(url, {**sent, named(question): "12"})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {named(question): ["This does not look right. Four digits."]}
    assert client.post(url, {**sent, named(question): "4100"}).status_code == 302
    asked = AccessRequest.objects.get()
    assert asked.answers.get().value == "4100"
    assert timezone.localtime(asked.wanted_start).date().isoformat() == day(2)


def test_another_policy_that_asks_for_answers_shows_its_questions_first(policy, cast, sign_in):
    other = cast.policy(policy.package, name="Freelancers", scope="notSpecified", approver=None)
    question = other.questions.create(text="Agency?")
    url = f"{reverse('requests:assign', args=[policy.package_id])}?person={cast.rita.pk}"
    client = sign_in(cast.olga)
    sent = {"policy": other.pk, "shown": policy.pk, "justification": "Urgent", "ends_at": day(9)}
    page = client.post(url, sent)
    assert page.status_code == 200
    assert "asks for answers" in page.content.decode()
    assert "Agency?" in page.content.decode()
    assert "Urgent" in page.content.decode(), "what was typed is kept"
    assert client.post(url, {**sent, "shown": other.pk, named(question): "Harbour & Co"}).status_code == 302


def test_a_delivery_that_failed_is_tried_again_or_canceled_by_whoever_looks_after_the_package(cast, package, sign_in):
    break_directory()
    get_access(cast, package)
    asked = AccessRequest.objects.get()
    assert asked.status == RequestStatus.DELIVERY_FAILED
    page, again = (
        reverse("requests:request", args=[asked.pk]),
        reverse("requests:reprocess", args=[asked.assignment_id]),
    )
    assert again in sign_in(cast.olga).get(page).content.decode()
    assert again not in sign_in(cast.rita).get(page).content.decode()
    assert sign_in(cast.rita).post(again).status_code == 403
    mend_directory()
    assert sign_in(cast.olga).get(again).status_code == 200
    assert sign_in(cast.olga).post(again).status_code == 302
    perform_all_due(now=timezone.now())
    assert Assignment.objects.get().status == "delivered"
    assert again in sign_in(cast.olga).get(reverse("requests:assignment", args=[asked.assignment_id])).content.decode()


def test_what_begins_later_says_so_in_the_list_and_is_not_asked_for_every_other_second(form, policy, cast, sign_in):
    policy.is_period_chosen = True
    policy.stages.all().delete()
    policy.save()
    client = sign_in(cast.rita)
    page = client.get(client.post(form, {"starts_at": day(6), **WHY}).url).content.decode()
    assert "hx-get" not in page.split('id="progress"')[1].split(">")[0]
    assert "What it gives when it begins" in page
    assert "begins <time" in client.get(reverse("requests:mine")).content.decode()
