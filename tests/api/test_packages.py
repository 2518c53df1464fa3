"""Catalogs and packages: what each of the cast finds, and what a package tells them."""

import pytest

from catalog.choices import QuestionKind
from catalog.models import Catalog, Incompatibility
from directory.models import User
from tests.cast import appoint

from .conftest import V1, problem


def found(answer):
    assert answer.status_code == 200, answer.json()
    return {row["name"] for row in answer.json()["results"]}


def test_everybody_finds_what_anybody_may_ask_for(cast, api, policy):
    for person in (cast.rita, cast.charlie, cast.olga, cast.ada):
        assert found(api(person).get(f"{V1}/packages/")) == {"Sales: Standard Access"}


def test_a_package_that_nobody_may_ask_for_is_found_by_those_who_look_after_it(cast, api, package):
    cast.policy(package, scope="notSpecified")
    appoint(cast.catalog, cast.marco)
    for person in (cast.olga, cast.marco, cast.ada):
        assert found(api(person).get(f"{V1}/packages/")) == {"Sales: Standard Access"}
        assert api(person).get(f"{V1}/packages/{package.pk}/").status_code == 200
    for person in (cast.rita, cast.charlie):
        assert found(api(person).get(f"{V1}/packages/")) == set()
        assert problem(api(person).get(f"{V1}/packages/{package.pk}/"), 404, "not-found")


def test_an_auditor_finds_everything_and_may_assign_nothing(cast, api, package):
    cast.policy(package, scope="notSpecified")
    auditor = User.objects.create(username="audrey", is_auditor=True)
    told = api(auditor).get(f"{V1}/packages/{package.pk}/").json()
    assert told["policies"] == told["assignable_policies"] == []


def test_a_hidden_package_opens_by_its_id_only(cast, api, policy):
    policy.package.is_hidden = True
    policy.package.save()
    assert found(api(cast.rita).get(f"{V1}/packages/")) == set()
    assert api(cast.rita).get(f"{V1}/packages/{policy.package_id}/").status_code == 200


def test_the_list_is_narrowed(cast, api, policy):
    other = Catalog.objects.create(name="Finance", description="Money")
    named = cast.package("Finance: Month-end Closing")
    named.catalog = other
    named.save()
    cast.policy(named, scope="specificDirectoryUsers").people.add(cast.charlie)
    rita, charlie = api(cast.rita), api(cast.charlie)
    assert found(rita.get(f"{V1}/packages/")) == {"Sales: Standard Access", "Finance: Month-end Closing"}
    assert found(rita.get(f"{V1}/packages/?q=month closing")) == {"Finance: Month-end Closing"}
    assert found(rita.get(f"{V1}/packages/?q=emea")) == {"Sales: Standard Access"}, "by what it gives"
    assert found(rita.get(f"{V1}/packages/?catalog={other.pk}")) == {"Finance: Month-end Closing"}
    assert found(rita.get(f"{V1}/packages/?requestable=true")) == {"Sales: Standard Access"}
    assert len(found(charlie.get(f"{V1}/packages/?requestable=true"))) == 2


def test_a_package_tells_what_it_gives_and_on_what_conditions(cast, api, policy):
    question = policy.questions.create(text="Which region?", kind=QuestionKind.CHOICE, choices=["EMEA", "APAC"])
    told = api(cast.rita).get(f"{V1}/packages/{policy.package_id}/").json()
    [role] = told["roles"]
    assert role["name"] == "Member"
    assert role["resource"] | {"id": 0} == {
        "id": 0, "name": "Sales EMEA", "kind": "group", "system": "Directory", "is_privileged": False,
    }  # fmt: skip
    [condition] = told["policies"]
    assert condition["duration"] == "P30D"
    assert condition["ends_at"] is None
    assert condition["questions"] == [
        {
            "id": str(question.pk),
            "text": "Which region?",
            "kind": "choice",
            "choices": [{"value": "EMEA", "shown": "EMEA"}, {"value": "APAC", "shown": "APAC"}],
            "is_required": True,
            "max_length": 4000,
            "pattern": "",
            "pattern_hint": "",
            "example": "",
            "attribute": None,
            "is_editable": True,
        }
    ]
    [stage] = condition["stages"]
    assert stage["time_limit"] == "P14D"
    manager = {"use": "primary", "kind": "manager", "level": 1, "person": None, "group": None, "extension": None}
    assert stage["approvers"] == [manager]
    assert told["owner"] == {"id": str(cast.olga.pk), "username": "olga", "display_name": "Olga"}
    assert told["assignable_policies"] == []


def test_policies_are_those_of_the_caller(cast, api, package):
    cast.policy(package, name="Everybody", duration_kind="hours", duration_amount=36)
    named = cast.policy(package, name="Charlie", scope="specificDirectoryUsers", approver=None)
    named.people.add(cast.charlie)
    direct = cast.policy(package, name="Direct", scope="notSpecified", approver=None)
    cast.policy(package, name="Off", is_enabled=False)

    def policies(person, which="policies"):
        return {row["name"]: row for row in api(person).get(f"{V1}/packages/{package.pk}/").json()[which]}

    assert set(policies(cast.rita)) == {"Everybody"}
    assert policies(cast.rita)["Everybody"]["duration"] == "P1DT12H"
    assert set(policies(cast.charlie)) == {"Charlie"}, "the most specific tier alone"
    assert set(policies(cast.olga, "assignable_policies")) == {"Everybody", "Charlie", "Direct"}
    assert policies(cast.olga, "assignable_policies")["Direct"] == {
        "id": str(direct.pk),
        "name": "Direct",
        "scope": "notSpecified",
    }


def test_a_disabled_package_is_for_nobody_to_ask(cast, api, policy):
    policy.package.is_enabled = False
    policy.package.save()
    assert problem(api(cast.rita).get(f"{V1}/packages/{policy.package_id}/"), 404, "not-found")
    assert api(cast.olga).get(f"{V1}/packages/{policy.package_id}/").json()["policies"] == []


def test_catalogs_are_listed_as_far_as_one_may_see_them(cast, api):
    off = Catalog.objects.create(name="Old", description="No longer", is_enabled=False)
    inner = Catalog.objects.create(name="Inner", description="Members only", is_externally_visible=False)
    guest = User.objects.create(username="guest", kind="guest")
    appoint(cast.catalog, cast.olga)
    appoint(off, cast.olga)
    assert found(api(cast.rita).get(f"{V1}/catalogs/")) == {"Sales", "Inner"}
    assert found(api(guest).get(f"{V1}/catalogs/")) == {"Sales"}
    assert found(api(cast.olga).get(f"{V1}/catalogs/")) == {"Sales", "Inner", "Old"}
    assert found(api(cast.ada).get(f"{V1}/catalogs/")) == {"Sales", "Inner", "Old"}
    assert problem(api(guest).get(f"{V1}/catalogs/{inner.pk}/"), 404, "not-found")
    assert problem(api(cast.rita).get(f"{V1}/catalogs/{off.pk}/"), 404, "not-found")


@pytest.mark.parametrize("address", ["packages", "catalogs"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_configuration_is_not_changed_here(cast, api, package, address, method):
    one = f"{V1}/{address}/{package.pk if address == 'packages' else cast.catalog.pk}/"
    assert problem(getattr(api(cast.ada), method)(one, {}), 405, "method-not-allowed")


def test_a_package_tells_what_it_cannot_be_held_together_with(cast, api, policy):
    package, other = policy.package, cast.package("Sales: Approving Discounts")
    Incompatibility.objects.create(package=package, other_package=other)
    told = api(cast.olga).get(f"{V1}/packages/{package.pk}/").json()["incompatible_with"]
    nothing = {"packages": [], "groups": [], "ruled_out": [], "hidden": 0}
    assert told == nothing | {"packages": [{"id": str(other.pk), "name": "Sales: Approving Discounts"}]}
    assert api(cast.rita).get(f"{V1}/packages/{package.pk}/").json()["incompatible_with"] == nothing | {"hidden": 1}
