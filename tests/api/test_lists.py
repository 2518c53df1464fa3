"""Lists: pages that lose and repeat nothing while rows come and go, at a cost that stays the same."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import AccessPackage, Catalog
from requests_app import actions
from requests_app.models import AccessRequest, Approval, Assignment
from tests.cast import NOW

from .conftest import V1

LISTS: dict[str, tuple[str, Any]] = {
    "catalogs": ("ada", Catalog),
    "packages": ("rita", AccessPackage),
    "requests": ("rita", AccessRequest),
    "approvals": ("marco", Approval),
    "assignments": ("rita", Assignment),
}
"""Each list with one of the cast who sees all of it."""

SIGNING_IN = '"directory_user"."password"'
"""What only the statement reads that signs the caller in, which also counts what waits for them."""


@pytest.fixture
def fill(cast):
    """Makes so many more of everything, all of it at the same moment."""

    def make(number):
        for _ in range(number):
            name = f"Sales region {uuid4().hex[:8]}"
            cast.catalog = Catalog.objects.create(name=name, description=name)
            asked, given = cast.package(f"{name}, asked for"), cast.package(f"{name}, given", cast.role(name)[1])
            cast.policy(asked).questions.create(text="Why?")
            cast.policy(given, approver=None)
            answers = {str(asked.policies.get().questions.get().pk): "So"}
            facts = {"actor": cast.rita, "justification": "x", "now": NOW}
            actions.submit(package=asked, answers=answers, **facts)
            actions.submit(package=given, **facts)
        AccessPackage.objects.update(created_at=NOW)

    return make


@pytest.fixture
def caller(cast, api):
    return lambda name: api(getattr(cast, LISTS[name][0]))


def walk(client, address, way="next"):
    pages = []
    while address:
        page = client.get(address).json()
        pages.append([row["id"] for row in page["results"]])
        address = page[way]
    return pages


@pytest.mark.parametrize("name", LISTS)
def test_the_pages_hold_every_row_once(caller, fill, name):
    fill(5)
    pages = walk(caller(name), f"{V1}/{name}/?page_size=2")
    rows = [row for page in pages for row in page]
    assert all(len(page) == 2 for page in pages[:-1])
    assert len(rows) == len(set(rows))
    expected = LISTS[name][1].objects.all()
    if name == "approvals":
        expected = expected.filter(status="inProgress")
    assert set(rows) == {str(pk) for pk in expected.values_list("pk", flat=True)}


@pytest.mark.parametrize("name", LISTS)
def test_rows_that_come_in_between_shift_nothing(caller, fill, name):
    fill(4)
    client = caller(name)
    before = [row for page in walk(client, f"{V1}/{name}/") for row in page]
    first = client.get(f"{V1}/{name}/?page_size=3").json()
    fill(2)
    rest = [row for page in walk(client, first["next"]) for row in page]
    seen = [row["id"] for row in first["results"]] + rest
    assert len(seen) == len(set(seen))
    assert [row for row in seen if row in before] == before, "what was there before is seen once, in its order"


@pytest.mark.parametrize("name", LISTS)
def test_one_finds_the_way_back(caller, fill, name):
    fill(4)
    client = caller(name)
    there = walk(client, f"{V1}/{name}/?page_size=2")
    address = f"{V1}/{name}/?page_size=2"
    while following := client.get(address).json()["next"]:
        address = following
    back = walk(client, address, way="previous")
    assert [row for page in reversed(back) for row in page] == [row for page in there for row in page]


@pytest.mark.parametrize("name", LISTS)
def test_a_page_costs_the_same_with_few_and_with_many(caller, fill, name):
    client = caller(name)
    client.get(f"{V1}/{name}/")
    costs = []
    for number in (2, 8):
        fill(number)
        with CaptureQueriesContext(connection) as statements:
            assert len(client.get(f"{V1}/{name}/").json()["results"]) >= number
        asked = [statement["sql"].upper() for statement in statements if SIGNING_IN not in statement["sql"]]
        assert not [sql for sql in asked if "OFFSET" in sql or "COUNT(" in sql]
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 6


@pytest.mark.parametrize("name", LISTS)
def test_one_row_costs_the_same_whatever_hangs_on_it(cast, api, fill, name):
    """Session and person are two of these statements."""
    costs = []
    for number in (1, 5):
        fill(1)
        package = AccessPackage.objects.filter(assignments__isnull=False).latest("pk")
        for more in range(1, number):
            package.package_roles.create(resource_role=cast.role(f"Sales {number}.{more}")[1])
        policy = package.policies.get()
        for position in range(number):
            policy.questions.create(text=f"Question {position}?", position=position)
            stage = policy.stages.create(position=position + 1)
            stage.approvers.create(kind="person", person=cast.marco)
            stage.approvers.create(kind="manager")
        answers = {str(question.pk): "So" for question in policy.questions.all()}
        made = actions.submit(package=package, actor=cast.charlie, justification="x", answers=answers, now=NOW)
        one = {
            "catalogs": cast.catalog,
            "packages": package,
            "requests": made,
            "approvals": made.approvals.first(),
            "assignments": package.assignments.get(person=cast.rita),
        }[name]
        ada = api(cast.ada)
        with CaptureQueriesContext(connection) as statements:
            assert ada.get(f"{V1}/{name}/{one.pk}/").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1] <= {"packages": 12, "requests": 8, "approvals": 6}.get(name, 5)


def test_a_write_costs_what_its_action_costs_and_a_little(cast, api, fill):
    costs = []
    for number in (1, 6):
        fill(number)
        package = cast.package(f"Sales: Package of {number}", *(cast.role(f"{number}.{n}")[1] for n in range(number)))
        cast.policy(package)
        rita, marco = api(cast.rita), api(cast.marco)
        with CaptureQueriesContext(connection) as asking:
            made = rita.post(f"{V1}/requests/", {"package": str(package.pk), "justification": "x"})
        approval = made.json()["approvals"][0]["id"]
        with CaptureQueriesContext(connection) as approving:
            assert marco.post(f"{V1}/approvals/{approval}/approve/", {}).status_code == 200
        costs.append([len([s for s in some if "SAVEPOINT" not in s["sql"]]) for some in (asking, approving)])
    assert costs[0] == costs[1]
    assert costs[0][0] <= 12 + 10, "submit, with the session, the package and the answer"
    assert costs[0][1] <= 20 + 12, "approve, with the session, the approval and the answer"
