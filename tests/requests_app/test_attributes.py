"""Answers that are stored on the person: permitted ones only, written at delivery, gone with the last access."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import Event
from catalog.choices import QuestionKind
from directory.actions import delete_attribute, save_attribute
from directory.models import PersonAttribute
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.models import Assignment
from tests.cast import NOW

DAY = timedelta(days=1)


@pytest.fixture
def cost_centre(cast):
    return save_attribute(attribute=PersonAttribute(name="cost_centre", is_editable=True), actor=cast.ada, now=NOW)


@pytest.fixture
def asking(cast, cost_centre):
    """Packages that store the cost centre of whoever gets them."""

    def make(name="Sales: Standard Access", **fields):
        policy = cast.policy(cast.package(name, cast.role(name)[1]), approver=None)
        values = {"text": "Which cost centre?", "attribute": cost_centre, **fields}
        return policy, policy.questions.create(**values)

    return make


def give(cast, policy, answers, *, now=NOW):
    actions.submit(
        package=policy.package,
        actor=cast.rita,
        justification="New",
        answers={str(question.pk): answer for question, answer in answers.items()},
        now=now,
    )
    return Assignment.objects.live().get(package=policy.package)


def attributes_of(person):
    person.refresh_from_db()
    return person.attributes


def test_it_is_written_at_delivery_not_before_and_in_the_journal(cast, asking):
    policy, question = asking()
    give(cast, policy, {question: "4100"})
    assert attributes_of(cast.rita) == {}, "nothing is delivered yet"
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": "4100"}
    told = Event.objects.get(verb="person.attributes_set")
    assert told.sentence == "Rita's attributes follow what was answered: cost_centre: — → 4100"
    assert told.correlation_id == policy.access_requests.get().pk


def test_corner_33_it_is_taken_away_when_the_last_access_that_brought_it_ends(cast, asking):
    (first, one), (second, two) = asking(), asking("Sales: Campaigns")
    earlier, later = give(cast, first, {one: "4100"}), give(cast, second, {two: "4210"})
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": "4210"}
    actions.give_back(assignment=later, actor=cast.rita, now=NOW + DAY)
    assert attributes_of(cast.rita) == {"cost_centre": "4210"}, "the other access still asks for it"
    actions.give_back(assignment=earlier, actor=cast.rita, now=NOW + 2 * DAY)
    assert attributes_of(cast.rita) == {}
    last = Event.objects.filter(verb="person.attributes_set").latest("occurred_at")
    assert last.sentence.endswith("cost_centre: 4210 → —")


def test_what_was_there_before_comes_back_and_what_others_changed_since_stays(cast, asking):
    cast.rita.attributes = {"cost_centre": "1000", "office": "Bergen"}
    cast.rita.save()
    policy, question = asking()
    assignment = give(cast, policy, {question: "4100"})
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": "4100", "office": "Bergen"}
    actions.give_back(assignment=assignment, actor=cast.rita, now=NOW + DAY)
    assert attributes_of(cast.rita) == {"cost_centre": "1000", "office": "Bergen"}
    again = give(cast, policy, {question: "4100"}, now=NOW + 2 * DAY)
    perform_all_due(now=NOW + 2 * DAY)
    cast.rita.refresh_from_db()
    cast.rita.attributes["cost_centre"] = "9999"
    cast.rita.save()
    actions.give_back(assignment=again, actor=cast.rita, now=NOW + 3 * DAY)
    assert attributes_of(cast.rita)["cost_centre"] == "9999", "somebody else said so since"


def hold(person, value):
    """As a feed or the person themselves would have it."""
    person.refresh_from_db()
    person.attributes = {"cost_centre": value} if value else {}
    person.save()


def assign(cast, policy, **more):
    return actions.assign_directly(policy=policy, person=cast.rita, actor=cast.ada, now=NOW, **more)


@pytest.mark.parametrize("closed_by", ["the question", "the attribute"])
def test_corner_34_a_value_that_may_not_be_changed_is_overwritten_by_nobody(cast, asking, cost_centre, closed_by):
    hold(cast.rita, "1000")
    policy, question = asking(is_editable=closed_by != "the question")
    cost_centre.is_editable = closed_by != "the attribute"
    save_attribute(attribute=cost_centre, actor=cast.ada, now=NOW)
    with pytest.raises(ValidationError) as refusal:
        give(cast, policy, {question: "4100"})
    assert refusal.value.message_dict == {f"question_{question.pk}": ["It is “1000” already, and is not changed here."]}
    give(cast, policy, {})
    assert policy.access_requests.get().answers.get().value == "1000", "what is known is the answer"
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": "1000"}
    actions.give_back(assignment=Assignment.objects.get(), actor=cast.rita, now=NOW + DAY)
    assert attributes_of(cast.rita) == {"cost_centre": "1000"}, "it was there before"


def test_whoever_assigns_neither_reads_nor_overwrites_what_the_person_has(cast, asking):
    hold(cast.rita, "1000")
    policy, question = asking()
    with pytest.raises(ValidationError) as refusal:
        assign(cast, policy, answers={str(question.pk): "4100"})
    assert refusal.value.message_dict == {f"question_{question.pk}": ["It is known already, and is not changed here."]}
    answer = assign(cast, policy).answers.get()
    assert (answer.value, answer.in_words) == ("", "known already")
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": "1000"}
    actions.give_back(assignment=Assignment.objects.get(), actor=cast.rita, now=NOW + DAY)
    assert attributes_of(cast.rita) == {"cost_centre": "1000"}


def test_whoever_assigns_fills_in_what_is_empty_but_not_what_came_before_the_delivery(cast, asking):
    policy, question = asking()
    assign(cast, policy, answers={str(question.pk): "4100"})
    hold(cast.rita, "1000")
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": "1000"}


def test_what_was_known_to_whoever_assigned_and_is_gone_at_delivery_is_not_made_up(cast, asking):
    hold(cast.rita, "1000")
    policy, _question = asking()
    assign(cast, policy)
    hold(cast.rita, None)
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {}


def test_access_that_was_assigned_keeps_there_what_another_access_brought(cast, asking):
    (first, one), (second, _two) = asking(), asking("Sales: Campaigns")
    brought = give(cast, first, {one: "4100"})
    perform_all_due(now=NOW)
    assign(cast, second)
    perform_all_due(now=NOW)
    actions.give_back(assignment=brought, actor=cast.rita, now=NOW + DAY)
    assert attributes_of(cast.rita) == {"cost_centre": "4100"}
    actions.give_back(assignment=Assignment.objects.live().get(), actor=cast.rita, now=NOW + 2 * DAY)
    assert attributes_of(cast.rita) == {}


@pytest.mark.parametrize("closing", ["to changes", "altogether"])
def test_an_attribute_that_was_closed_since_is_not_written_at_delivery(cast, asking, cost_centre, closing):
    hold(cast.rita, "1000")
    policy, question = asking()
    give(cast, policy, {question: "4100"})
    cost_centre.is_editable = False
    save_attribute(attribute=cost_centre, actor=cast.ada, now=NOW)
    if closing == "altogether":
        policy.questions.all().delete()
        delete_attribute(attribute=cost_centre, actor=cast.ada, now=NOW)
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": "1000"}


@pytest.mark.parametrize("is_editable", [True, False])
def test_what_a_feed_said_between_two_accesses_is_what_comes_back(cast, asking, is_editable):
    (first, one), (second, two) = asking(), asking("Sales: Campaigns", is_editable=is_editable)
    earlier = give(cast, first, {one: "4100"})
    perform_all_due(now=NOW)
    hold(cast.rita, "9999")
    later = give(cast, second, {two: "4210"} if is_editable else {})
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": "4210" if is_editable else "9999"}
    actions.give_back(assignment=later, actor=cast.rita, now=NOW + DAY)
    actions.give_back(assignment=earlier, actor=cast.rita, now=NOW + 2 * DAY)
    assert attributes_of(cast.rita) == {"cost_centre": "9999"}, "the feed's value, not what was there before it"


def test_corner_34_holds_also_where_the_value_came_between_asking_and_delivery(cast, asking):
    policy, question = asking(is_editable=False)
    give(cast, policy, {question: "4100"})
    cast.rita.attributes = {"cost_centre": "1000"}
    cast.rita.save()
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": "1000"}


def test_several_choices_are_stored_as_a_list(cast, asking):
    policy, question = asking(kind=QuestionKind.CHOICES, choices=["4100", "4210"])
    give(cast, policy, {question: ["4100", "4210"]})
    perform_all_due(now=NOW)
    assert attributes_of(cast.rita) == {"cost_centre": ["4100", "4210"]}


def test_an_extension_may_answer_otherwise(cast, asking):
    policy, question = asking()
    assignment = give(cast, policy, {question: "4100"})
    perform_all_due(now=NOW)
    policy.does_extension_need_approval = False
    policy.save()
    late = NOW + 20 * DAY
    actions.extend(
        assignment=assignment, actor=cast.rita, justification="More", answers={str(question.pk): "4210"}, now=late
    )
    assert attributes_of(cast.rita) == {"cost_centre": "4210"}
    actions.give_back(assignment=assignment, actor=cast.rita, now=late + DAY)
    assert attributes_of(cast.rita) == {}


@pytest.mark.parametrize(
    "name",
    ["email", "is_superuser", "manager", "employee_number", "password", "roles", "groups", "Cost", "a-b", "9x", ""],
)
def test_no_question_fills_in_who_somebody_is(cast, name):
    with pytest.raises(ValidationError) as refusal:
        save_attribute(attribute=PersonAttribute(name=name), actor=cast.ada, now=NOW)
    assert "name" in refusal.value.error_dict


def test_only_administrators_open_attributes_and_none_is_closed_that_a_question_stores(cast, asking, cost_centre):
    with pytest.raises(PermissionDenied):
        save_attribute(attribute=PersonAttribute(name="badge"), actor=cast.olga, now=NOW)
    asking()
    with pytest.raises(ValidationError, match="Questions of policies still store it"):
        delete_attribute(attribute=cost_centre, actor=cast.ada, now=NOW)
    cost_centre.name = "cost_center"
    with pytest.raises(ValidationError, match="open another one"):
        save_attribute(attribute=cost_centre, actor=cast.ada, now=NOW)
