"""Several packages asked for together: each judged by itself, what was refused stays in the basket with the reason."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from audit.models import Event
from requests_app import actions
from requests_app.actions.baskets import MOST, Wish
from requests_app.models import AccessRequest, BasketItem
from tests.cast import NOW


@pytest.fixture
def packages(cast):
    """Three packages that Marco decides on for Rita."""
    found = [cast.package(f"Sales: {name}", cast.role(name)[1]) for name in ("Leads", "Offers", "Prices")]
    for package in found:
        cast.policy(package)
    return found


def put(person, *packages):
    return [actions.put_in_basket(package=package, actor=person, now=NOW) for package in packages]


def ask(person, packages, **more):
    wishes = [Wish(package=package, justification="I sell there", **more) for package in packages]
    return actions.ask_together(wishes=wishes, actor=person, now=NOW)


def test_all_are_asked_for_and_share_an_id(cast, packages):
    basket, outcomes = ask(cast.rita, packages)
    assert [outcome.access_request.package for outcome in outcomes] == packages
    assert AccessRequest.objects.filter(basket=basket, status="pendingApproval").count() == 3
    assert Event.objects.filter(verb="request.submitted").count() == 3


def test_one_that_is_refused_loses_nothing_of_the_others_and_stays_with_the_reason(cast, packages):
    items = put(cast.rita, *packages)
    actions.submit(package=packages[1], actor=cast.rita, justification="Before", now=NOW)
    wishes = [Wish(package=item.package, justification="I sell there", item=item) for item in items]
    basket, outcomes = actions.ask_together(wishes=wishes, actor=cast.rita, now=NOW)
    assert [bool(outcome.access_request) for outcome in outcomes] == [True, False, True]
    [left] = BasketItem.objects.all()
    assert (left.package, left.basket) == (packages[1], basket)
    assert left.refusal == "There is an open request for this package already."


def test_what_was_asked_for_a_moment_ago_is_not_asked_for_again(cast, packages):
    items = put(cast.rita, *packages)
    wishes = [Wish(package=item.package, justification="I sell there", item=item) for item in items]
    actions.ask_together(wishes=wishes, actor=cast.rita, now=NOW)
    _basket, outcomes = actions.ask_together(wishes=wishes, actor=cast.rita, now=NOW)
    assert outcomes == []
    assert AccessRequest.objects.count() == 3


def test_a_basket_has_a_limit_and_holds_each_package_once(cast, packages):
    assert len({item.pk for item in put(cast.rita, packages[0], packages[0])}) == 1
    for number in range(MOST - 1):
        package = cast.package(f"Sales: Region {number}")
        cast.policy(package)
        put(cast.rita, package)
    with pytest.raises(ValidationError) as caught:
        put(cast.rita, packages[1])
    assert caught.value.code == "full"
    assert len(put(cast.charlie, packages[1])) == 1, "everybody has a basket of their own"


def test_only_what_one_may_ask_for_goes_in_and_only_the_owner_changes_it(cast, packages):
    closed = cast.package("Sales: Closed")
    with pytest.raises(PermissionDenied):
        put(cast.rita, closed)
    [item] = put(cast.rita, packages[0])
    with pytest.raises(PermissionDenied):
        actions.take_out_of_basket(item=item, actor=cast.charlie)
    with pytest.raises(PermissionDenied):
        actions.fill_in(item=item, actor=cast.charlie, policy=None, given={})


def test_each_package_costs_the_same_number_of_statements(cast, packages):
    counts = []
    for number in (1, 2):
        with CaptureQueriesContext(connection) as captured:
            ask(cast.rita, packages[:number] if number == 1 else packages[1:])
        counts.append(len(captured))
    assert counts[1] == 2 * counts[0]
    assert counts[0] <= 20


def test_the_pages_fill_save_ask_and_say_what_came_of_each(cast, client, packages):
    packages[2].policies.get().questions.create(position=1, text="Which region?", kind="text")
    client.force_login(cast.rita)
    assert "Your basket is empty" in client.get("/basket/").content.decode()
    for package in packages:
        assert client.post("/basket/add/", {"package": package.pk, "next": "/packages/"}).url == "/packages/"
    assert client.post("/basket/add/", {"package": packages[0].pk, "next": "//evil.example"}).url == "/basket/"
    items = {item.package: item for item in BasketItem.objects.all()}
    own = f"{items[packages[0]].pk}-justification"
    client.post("/basket/", {"do": "save", own: "For the leads"})
    assert "For the leads" in client.get("/basket/").content.decode(), "it survives until the next device"
    refused = client.post("/basket/", {"do": "ask"})
    assert refused.status_code == 422
    assert not AccessRequest.objects.exists()
    blank = {f"{item.pk}-justification": "" for item in items.values()}
    answer = client.post("/basket/", {**blank, own: "For the leads", "do": "ask", "justification": "I sell there"})
    assert answer.status_code == 302
    page = client.get(answer.url).content.decode()
    for package in packages:
        assert str(package) in page
    assert "Still missing or wrong: Which region?" in page
    said = {str(one.package): one.justification for one in AccessRequest.objects.all()}
    assert said == {"Sales: Leads": "For the leads", "Sales: Offers": "I sell there"}
    one = AccessRequest.objects.get(package=packages[0])
    assert "Asked together with" in client.get(f"/requests/{one.pk}/").content.decode()
    assert [item.package for item in BasketItem.objects.all()] == [packages[2]]
    client.force_login(cast.charlie)
    assert client.get(answer.url).status_code == 404
    assert str(packages[2]) not in client.get("/basket/").content.decode()


def test_a_second_click_asks_for_nothing_twice(cast, client, packages):
    client.force_login(cast.rita)
    [item] = put(cast.rita, packages[0])
    given = {"do": "ask", f"{item.pk}-justification": "I sell there"}
    assert client.post("/basket/", given).status_code == 302
    assert client.post("/basket/", given).url == "/requests/"
    assert AccessRequest.objects.count() == 1


def test_the_policy_is_chosen_where_several_apply(cast, client, packages):
    other = cast.policy(packages[0], name="Short", duration_amount=7)
    client.force_login(cast.rita)
    [item] = put(cast.rita, packages[0])
    key = f"{item.pk}-justification"
    assert client.post("/basket/", {"do": "ask", key: "I sell there"}).status_code == 422
    answer = client.post("/basket/", {"do": "ask", key: "I sell there", f"{item.pk}-policy": str(other.pk)})
    assert answer.status_code == 302
    assert AccessRequest.objects.get().duration == timedelta(days=7)


def test_what_lies_in_it_is_taken_out_by_its_owner_alone(cast, client, packages):
    [item] = put(cast.rita, packages[0])
    client.force_login(cast.charlie)
    client.post("/basket/", {"remove": str(item.pk)})
    assert BasketItem.objects.exists()
    client.force_login(cast.rita)
    assert client.post("/basket/", {"remove": str(item.pk)}).status_code == 302
    assert not BasketItem.objects.exists()
    assert client.post("/basket/", {"remove": str(item.pk)}).status_code == 302, "a second click is harmless"


def test_packages_and_their_list_offer_to_put_them_in(cast, client, packages):
    client.force_login(cast.rita)
    for address in ("/packages/", f"/packages/{packages[0].pk}/"):
        page = client.get(address).content.decode()
        assert 'action="/basket/add/"' in page
        assert str(packages[0].pk) in page
    actions.submit(package=packages[0], actor=cast.rita, justification="Needed", now=NOW)
    assert 'action="/basket/add/"' not in client.get(f"/packages/{packages[0].pk}/").content.decode()


def test_the_api_answers_for_each(cast, packages):
    client = APIClient()
    client.default_format = "json"
    client.force_login(cast.rita)
    actions.submit(package=packages[1], actor=cast.rita, justification="Before", now=NOW)
    items = [{"package": str(package.pk)} for package in packages]
    answer = client.post("/api/v1/baskets/", {"justification": "I sell there", "items": items})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [bool(result["request"]) for result in results] == [True, False, True]
    assert results[1]["refusal"]["code"] == "open_request"
    assert {result["request"]["basket"] for result in results if result["request"]} == {answer.json()["basket"]}
    twice = client.post("/api/v1/baskets/", {"items": [items[0], items[0]]})
    assert twice.status_code == 422
    assert client.post("/api/v1/baskets/", {"items": []}).status_code == 422
