"""People with a delegated role in the administration: they see and change exactly what is theirs."""

from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Event
from catalog.choices import DelegatedRole
from catalog.models import AccessPackage, Catalog, Resource, RoleAssignment
from directory.models import Group, User
from requests_app import actions
from tests.cast import NOW, appoint


@pytest.fixture
def other(cast):
    """A catalog that is nobody's of the cast, with a package and a resource."""
    other = Catalog.objects.create(name="Personnel", description="-")
    group = Group.objects.create(name="Personal Files")
    resource = Resource.objects.create(system=cast.system, kind="group", origin_id=str(group.pk), name="Personal Files")
    other.resources.add(resource)
    role = resource.roles.create(origin_id="member", name="Member")
    package = AccessPackage.objects.create(catalog=other, name="Personnel: Files", description="-", owner=cast.olga)
    package.package_roles.create(resource_role=role)
    cast.policy(package)
    return other


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


@pytest.fixture
def sign_in(cast, client):
    """Marco's browser, with a role in Sales."""

    def sign_in(role, catalog=cast.catalog, holder=cast.marco):
        appoint(catalog, holder, role=role)
        client.force_login(cast.marco)
        return client

    return sign_in


def page_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def told():
    return [event.sentence for event in Event.objects.order_by("id")]


def errors_of(answer):
    formsets = [inline.formset for inline in answer.context["inline_admin_formsets"]]
    return [answer.context["adminform"].form.errors, *(formset.errors for formset in formsets)]


@pytest.mark.parametrize(
    "role", ["catalogOwner", "accessPackageManager", "accessPackageAssignmentManager", "catalogReader"]
)
def test_lists_and_pages_hold_what_is_theirs_and_nothing_of_others(cast, other, package, sign_in, role):
    browser = sign_in(role)
    for model, mine, theirs in (
        (Catalog, "Sales", "Personnel"),
        (AccessPackage, "Sales: Standard Access", "Personnel: Files"),
        (Resource, "Sales EMEA", "Personal Files"),
    ):
        page = browser.get(list_of(model)).content.decode()
        assert mine in page
        assert theirs not in page
    for row in (other, other.packages.get(), other.packages.get().policies.get(), other.resources.get()):
        assert browser.get(page_of(row)).status_code in (302, 403), row
    for row in (cast.catalog, package, package.policies.get(), cast.catalog.resources.get()):
        assert browser.get(page_of(row)).status_code == 200, row


@pytest.mark.parametrize("role", ["accessPackageAssignmentManager", "catalogReader"])
def test_whoever_only_reads_finds_no_form(cast, package, sign_in, role):
    browser = sign_in(role)
    for row in (cast.catalog, package, package.policies.get(), cast.catalog.resources.get()):
        page = browser.get(page_of(row))
        assert 'name="_save"' not in page.content.decode(), row
        assert browser.post(page_of(row), {}).status_code == 403
    assert browser.get(reverse("admin:catalog_accesspackage_add")).status_code == 403
    assert browser.get(reverse("admin:catalog_catalog_add")).status_code == 403


def test_a_package_manager_makes_a_package_in_their_catalog_and_in_no_other(cast, other, package, sign_in, fill):
    browser = sign_in(DelegatedRole.PACKAGE_MANAGER)
    address = reverse("admin:catalog_accesspackage_add")
    typed = {
        "name": "Sales: Everything Else", "catalog": other.pk, "description": "-", "owner": cast.marco.pk,
        "is_enabled": "on", "package_roles-TOTAL_FORMS": 1,
        "package_roles-0-resource_role": package.roles.get().pk,
        "policies-TOTAL_FORMS": 0,
    }  # fmt: skip
    refused = browser.post(address, fill(browser.get(address), {**typed, "package_roles-TOTAL_FORMS": 0}))
    assert refused.status_code == 200
    assert "Select a valid choice" in refused.text
    assert "Personnel" not in refused.text, "a refusal does not tell the name of what they may not see"
    assert "Sales: Everything Else" in refused.text, "what was typed is kept"
    answer = browser.post(address, fill(browser.get(address), {**typed, "catalog": cast.catalog.pk}))
    assert answer.status_code == 302, errors_of(answer)
    assert told()[0] == "Marco created the access package Sales: Everything Else"
    assert browser.post(page_of(cast.catalog), {}).status_code == 403


def test_an_owner_appoints_people_and_groups_on_the_catalogs_page(cast, sign_in, fill):
    browser = sign_in(DelegatedRole.CATALOG_OWNER)
    leads = Group.objects.create(name="Leads")
    address = page_of(cast.catalog)
    rows = {
        "role_assignments-TOTAL_FORMS": 3,
        "role_assignments-1-role": "accessPackageManager",
        "role_assignments-1-person": cast.charlie.pk,
        "role_assignments-2-role": "catalogReader",
        "role_assignments-2-group": leads.pk,
    }
    answer = browser.post(address, fill(browser.get(address), rows))
    assert answer.status_code == 302, errors_of(answer)
    assert told() == [
        "Marco gave Charlie the role access package manager in Sales",
        "Marco gave Leads the role catalog reader in Sales",
    ]
    page = browser.get(address)
    formset = page.context["inline_admin_formsets"][0].formset
    position = next(n for n, form in enumerate(formset.forms) if form.instance.person == cast.charlie)
    answer = browser.post(address, fill(page, {f"role_assignments-{position}-DELETE": "on"}))
    assert answer.status_code == 302, errors_of(answer)
    assert told()[2:] == ["Marco took the role access package manager in Sales from Charlie"]


def test_a_catalog_creator_makes_a_catalog_and_owns_it(cast, other, sign_in, fill):
    browser = sign_in(DelegatedRole.CATALOG_CREATOR, catalog=None)
    assert "Personnel" not in browser.get(list_of(Catalog)).content.decode()
    address = reverse("admin:catalog_catalog_add")
    typed = {"name": "Labs", "description": "Labs", "is_enabled": "on", "role_assignments-TOTAL_FORMS": 0}
    answer = browser.post(address, fill(browser.get(address), typed))
    assert answer.status_code == 302, errors_of(answer)
    assert list(Catalog.objects.get(name="Labs").owners) == [cast.marco]
    assert browser.get(page_of(other)).status_code in (302, 403)


def test_an_owner_puts_what_they_own_into_their_catalog_and_leaves_others_alone(cast, other, sign_in, fill):
    browser = sign_in(DelegatedRole.CATALOG_OWNER)
    resource = other.resources.get()
    assert browser.get(page_of(resource)).status_code in (302, 403)
    resource.owners.add(cast.marco)
    address = page_of(resource)
    answer = browser.post(address, fill(browser.get(address), {"catalogs": [cast.catalog.pk], "name": "Stolen"}))
    assert answer.status_code == 302, errors_of(answer)
    assert set(resource.catalogs.all()) == {cast.catalog, other}
    assert told() == ["Marco changed the resource Personal Files: catalogs: + Sales"]


def test_nothing_is_linked_that_does_not_open(cast, package, sign_in, client):
    browser = sign_in(DelegatedRole.CATALOG_OWNER)
    of_system, of_person = page_of(cast.system), page_of(cast.rita)
    assigned = actions.assign_directly(policy=package.policies.get(), person=cast.rita, actor=cast.ada, now=NOW)
    pages = {page_of(package): of_system, page_of(assigned): of_person}
    for address, link in pages.items():
        page = browser.get(address).content.decode()
        assert link not in page
        assert (page_of(package) in page) or address == page_of(package)
        assert browser.get(link).status_code != 200
    client.force_login(cast.ada)
    assert all(link in client.get(address).content.decode() for address, link in pages.items())


def test_who_owns_a_resource_is_not_told_of_catalogs_of_others_that_hold_it(cast, other, sign_in, fill):
    browser, resource = sign_in(DelegatedRole.CATALOG_OWNER), other.resources.get()
    resource.owners.add(cast.marco)
    page = browser.get(page_of(resource))
    assert str(other.pk) not in page.content.decode()
    for pk in (other.pk, uuid4()):
        answer = browser.post(page_of(resource), fill(page, {"catalogs": [str(pk)]}))
        assert f"{pk} is not one of the available choices" in answer.content.decode(), "there or not"
        assert other.name not in answer.content.decode()
    assert set(resource.catalogs.all()) == {other}


@pytest.mark.parametrize("role", [DelegatedRole.CATALOG_OWNER, DelegatedRole.PACKAGE_MANAGER])
def test_people_and_groups_are_chosen_by_typing_without_their_pages(cast, other, package, sign_in, role):
    browser = sign_in(role)
    Group.objects.create(name="Leads")

    def offered(model, field, term):
        query = {"term": term, "app_label": "catalog", "model_name": model, "field_name": field}
        answer = browser.get(f"{reverse('admin:autocomplete')}?{urlencode(query)}")
        return [one["text"] for one in answer.json()["results"]]

    assert offered("accesspackage", "owner", "Charl") == ["Charlie"]
    assert offered("policy", "groups", "Leads") == ["Leads"]
    assert offered("accesspackage", "catalog", "") == ["Sales"]
    assert offered("packagerole", "resource_role", "") == ["Member of Sales EMEA"]
    assert browser.get(list_of(User)).status_code == 403
    assert browser.get(list_of(Group)).status_code == 403


def test_a_reader_chooses_nothing_by_typing(cast, sign_in):
    browser = sign_in(DelegatedRole.CATALOG_READER)
    query = {"term": "Charl", "app_label": "catalog", "model_name": "accesspackage", "field_name": "owner"}
    assert browser.get(f"{reverse('admin:autocomplete')}?{urlencode(query)}").status_code == 403


def test_a_role_by_a_group_opens_the_same_pages(cast, package, sign_in):
    group = Group.objects.create(name="Leads")
    group.memberships.create(person=cast.marco, added_at=NOW)
    browser = sign_in(DelegatedRole.PACKAGE_MANAGER, holder=group)
    assert "_save" in browser.get(page_of(package)).content.decode()
    assert "Administration" in browser.get("/").content.decode()
    group.memberships.all().delete()
    assert browser.get(page_of(package)).status_code == 302
    assert "Administration" not in browser.get("/").content.decode()


def test_roles_that_hold_everywhere_are_given_by_administrators(cast, ada, fill):
    address = reverse("admin:catalog_roleassignment_add")
    answer = ada.post(address, fill(ada.get(address), {"role": "catalogCreator", "person": cast.charlie.pk}))
    assert answer.status_code == 302, errors_of(answer)
    assert told() == ["Ada gave Charlie the role catalog creator in the whole installation"]
    ada.post(reverse("admin:catalog_roleassignment_delete", args=[RoleAssignment.objects.get().pk]), {"post": "yes"})
    assert told()[1:] == ["Ada took the role catalog creator in the whole installation from Charlie"]


@pytest.mark.parametrize("model", [Catalog, AccessPackage, Resource, RoleAssignment])
def test_a_list_costs_the_same_however_many_catalogs_somebody_has(cast, other, package, sign_in, model):
    browser = sign_in(DelegatedRole.CATALOG_OWNER)
    costs = []
    for number in range(2):
        for count in range(1 + 3 * number):
            catalog = Catalog.objects.create(name=f"Catalog {number} {count}", description="-")
            appoint(catalog, cast.marco)
            AccessPackage.objects.create(catalog=catalog, name=f"Package {number} {count}", owner=cast.olga)
        browser.get(list_of(model))
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(list_of(model)).status_code == 200
        costs.append(len(asked))
    assert costs[0] == costs[1]
