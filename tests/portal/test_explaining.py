"""Why somebody can or cannot have a package: what is said, to whom, on the page and in the API."""

import pytest
from django.utils import timezone

from catalog.models import AccessPackage, Incompatibility
from portal.explaining import Explanation, explain
from provisioning.models import Grant
from requests_app import actions
from tests.cast import Cast

from .conftest import Ask, Browser


def about(package: AccessPackage, person, reader=None) -> Explanation:
    fresh = AccessPackage.objects.with_contents().get(pk=package.pk)
    return explain(fresh, person=person, reader=reader or person, now=timezone.now())


def asked(explanation: Explanation) -> str:
    return explanation.answers[2].answer


def test_whoever_can_ask_is_told_who_decides_and_what_it_gives(cast: Cast, package) -> None:
    told = about(package, cast.rita)
    assert (told.is_visible, told.can_ask, told.has_it) == (True, True, False)
    [policy] = told.policies
    assert policy.why == "It takes Rita in."
    assert policy.text == "Their manager decides within 14 days; lasts 30 days."
    [policy] = about(package, cast.rita, cast.ada).policies
    assert policy.text == "All members may ask; their manager decides within 14 days; lasts 30 days."
    assert policy.deciders == "Marco"
    assert told.contents == ("Member of Sales EMEA in Directory",)


def test_each_policy_says_why_it_does_not_apply(cast: Cast, package, gus) -> None:
    named = cast.policy(package, name="Leads", scope="specificDirectoryUsers")
    named.people.add(cast.marco)
    cast.policy(package, name="By hand", scope="notSpecified")
    cast.policy(package, name="Old", is_enabled=False)
    assert {policy.name: policy.why for policy in about(package, cast.rita, cast.olga).policies} == {
        "Everybody": "It takes Rita in.",
        "Leads": "Rita is not among the people and groups that it names.",
        "By hand": "Nobody asks under it: it is for direct assignment.",
        "Old": "It is disabled.",
    }
    assert {policy.name: policy.why for policy in about(package, cast.marco).policies} == {
        "Everybody": "A more specific policy applies instead.",
        "Leads": "It takes Marco in.",
        "By hand": "Nobody asks under it: it is for direct assignment.",
    }
    leads = next(policy for policy in about(package, cast.rita).policies if policy.name == "Leads")
    assert leads.text == "", "whom it names is not for those whom it does not take in"
    guest = about(package, gus)
    assert not guest.is_visible
    assert [policy.why for policy in guest.policies if policy.name == "Everybody"] == [
        "Gus is a guest, and it is for members only."
    ]


def test_it_says_what_stands_against_it(cast: Cast, package, ask: Ask) -> None:
    other = cast.package("Sales: Approving Discounts")
    cast.policy(other, approver=None)
    Incompatibility.objects.create(package=package, other_package=other)
    actions.submit(package=other, actor=cast.rita, justification="Needed", now=timezone.now())
    assert asked(about(package, cast.rita)) == (
        "No. You have Sales: Approving Discounts, which is incompatible with Sales: Standard Access."
    )
    assert "Rita has Sales: Approving Discounts" in asked(about(package, cast.rita, cast.ada))
    ask(package, cast.charlie)
    assert asked(about(package, cast.charlie)) == "No: there is an open request already."
    cast.olga.is_active = False
    cast.olga.save()
    assert not about(package, cast.olga).can_ask
    package.is_enabled = False
    package.save()
    assert "disabled" in asked(about(package, cast.marco))


def test_of_others_it_is_told_to_those_who_look_after_the_package(
    cast: Cast, package, audrey, browser_of: Browser
) -> None:
    page, api = f"/packages/{package.pk}/explain/", f"/api/v1/packages/{package.pk}/explanation/"
    for reader in (cast.olga, cast.ada, audrey):
        text = browser_of(reader).get(page, {"person": str(cast.rita.pk)}).content.decode()
        assert "It takes Rita in." in text
        assert browser_of(reader).get(api, {"person": str(cast.rita.pk)}).json()["can_ask"] is True
    outsider = browser_of(cast.charlie)
    text = outsider.get(page, {"person": str(cast.rita.pk)}).content.decode()
    assert "It takes Charlie in." in text
    assert "Rita" not in text
    assert outsider.get(api, {"person": str(cast.rita.pk)}).status_code == 403
    assert outsider.get(api).json()["policies"][0]["why"] == "It takes Charlie in."
    assert outsider.get(api, {"person": "nonsense"}).status_code == 400


def test_the_person_is_found_by_name(cast: Cast, package, browser_of: Browser) -> None:
    text = browser_of(cast.olga).get(f"/packages/{package.pk}/explain/", {"q": "rit"}).content.decode()
    assert f"?person={cast.rita.pk}" in text


def test_what_is_there_already_is_named(cast: Cast, package) -> None:
    assert about(package, cast.rita).held == ()
    role = package.roles.get()
    Grant.objects.create(person=cast.rita, resource_role=role, status="delivered", changed_at=timezone.now())
    assert about(package, cast.rita).held == (str(role),)


@pytest.mark.parametrize("number", [1, 5])
def test_the_number_of_statements_does_not_grow_with_the_policies(
    cast: Cast, package, number: int, django_assert_max_num_queries
) -> None:
    for extra in range(number):
        cast.policy(package, name=f"By hand {extra}", scope="notSpecified")
    fresh = AccessPackage.objects.with_contents().get(pk=package.pk)
    with django_assert_max_num_queries(18):
        explain(fresh, person=cast.rita, reader=cast.ada, now=timezone.now())
