"""Packages, policies, resources and catalogs on their pages: everything that is saved goes through the actions."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit.models import Event
from catalog.models import AccessPackage, Catalog, Policy, Resource, TargetSystem
from directory.models import Group
from provisioning.models import Operation
from requests_app import actions as requests
from tests.cast import NOW

ADD = "/admin/catalog/accesspackage/add/"


@pytest.fixture
def roles(cast):
    return [cast.role(name)[1] for name in ("Sales EMEA", "Sales Wiki")]


@pytest.fixture
def package(cast, roles):
    package = cast.package("Sales: Standard Access", roles[0])
    cast.policy(package)
    return package


def page_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def told():
    return [event.sentence for event in Event.objects.order_by("id")]


def errors_of(answer):
    """What the page says is wrong, form by form; for the message of a test that fails."""
    formsets = [inline.formset for inline in answer.context["inline_admin_formsets"]]
    return [answer.context["adminform"].form.errors, *(formset.errors for formset in formsets)]


def test_a_package_with_roles_and_a_policy_is_saved_and_journalled_from_one_page(cast, ada, fill, roles):
    typed = {
        "name": "Sales: Standard Access",
        "catalog": cast.catalog.pk,
        "description": "What everybody in Sales needs",
        "owner": cast.olga.pk,
        "is_enabled": "on",
        "package_roles-TOTAL_FORMS": 2,
        "package_roles-0-resource_role": roles[0].pk,
        "package_roles-1-resource_role": roles[1].pk,
        "policies-TOTAL_FORMS": 1,
        "policies-0-name": "Everybody",
        "policies-0-is_enabled": "on",
        "policies-0-scope": "allMemberUsers",
        "policies-0-decided_by": "manager",
        "policies-0-requires_justification": "on",
        "policies-0-duration_kind": "days",
        "policies-0-duration_amount": 30,
    }
    answer = ada.post(ADD, fill(ada.get(ADD), typed))
    assert answer.status_code == 302, errors_of(answer)
    assert told() == [
        "Ada created the access package Sales: Standard Access",
        "Ada created the policy Everybody of Sales: Standard Access",
        "Ada added Member of Sales EMEA to the access package Sales: Standard Access",
        "Ada added Member of Sales Wiki to the access package Sales: Standard Access",
    ]
    package = AccessPackage.objects.get()
    assert set(package.roles.all()) == set(roles)
    page = ada.get(page_of(package)).content.decode()
    assert "All members may ask; their manager decides within 14 days; lasts 30 days." in page
    assert page_of(package.policies.get()) in page


def test_a_role_taken_out_on_the_page_is_taken_from_those_who_hold_it(cast, ada, fill, package):
    Policy.objects.get().stages.all().delete()
    requests.submit(package=package, actor=cast.rita, justification="Needed", now=NOW)
    address = page_of(package)
    answer = ada.post(address, fill(ada.get(address), {"package_roles-0-DELETE": "on", "_roles_confirmed": "1"}))
    assert answer.status_code == 302
    assert not package.package_roles.exists()
    assert not Operation.objects.pending().filter(kind="grant").exists()


def test_saving_a_page_as_it_is_changes_and_journals_nothing(ada, fill, package, cast):
    for row in (package, package.policies.get(), cast.catalog, package.roles.get().resource, cast.system):
        address = page_of(row)
        assert ada.post(address, fill(ada.get(address), {})).status_code == 302, row
    assert told() == []
    assert package.policies.get().version == 1


def test_what_the_action_refuses_is_shown_with_what_was_typed_and_nothing_is_half_done(cast, ada, fill, package):
    resource = package.roles.get().resource
    Resource.objects.filter(pk=resource.pk).update(is_privileged=True)
    address = page_of(package)
    answer = ada.post(
        address,
        fill(ada.get(address), {"description": "A new description", "policies-0-decided_by": "nobody"}),
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "can neither be given without approval nor without an end" in page
    assert "A new description" in page
    package.refresh_from_db()
    assert package.description == "Sales: Standard Access"
    assert package.policies.get().stages.count() == 1
    assert told() == []


def test_a_role_from_outside_the_catalog_is_named(cast, ada, fill, package, roles):
    cast.catalog.resources.remove(roles[1].resource)
    address = page_of(package)
    typed = {"package_roles-TOTAL_FORMS": 2, "package_roles-1-resource_role": roles[1].pk}
    page = ada.post(address, fill(ada.get(address), typed)).content.decode()
    assert "Sales Wiki is not in the catalog Sales" in page
    assert package.package_roles.count() == 1


def test_a_new_package_without_a_catalog_is_asked_for_one(cast, ada, fill, roles):
    typed = {"name": "Sales: Standard Access", "package_roles-TOTAL_FORMS": 1}
    answer = ada.post(ADD, fill(ada.get(ADD), {**typed, "package_roles-0-resource_role": roles[0].pk}))
    assert answer.status_code == 200
    assert "catalog" in answer.context["adminform"].form.errors


def test_stages_and_questions_are_set_on_the_policys_own_page(cast, ada, fill, package):
    address = page_of(package.policies.get())
    typed = {
        "stages-TOTAL_FORMS": 2,
        "stages-0-people": [cast.olga.pk],
        "stages-0-fallback_people": [cast.ada.pk],
        "stages-1-position": 2,
        "stages-1-approvals_required": 1,
        "stages-1-time_limit_0": 3,
        "stages-1-time_limit_1": "days",
        "stages-1-audience": "everybody",
        "stages-1-least_risk": 0,
        "stages-1-people": [cast.ada.pk],
        "questions-TOTAL_FORMS": 1,
        "questions-0-position": 1,
        "questions-0-kind": "choice",
        "questions-0-text": "Which region?",
        "questions-0-choices": "EMEA\r\nAPAC\r\n",
        "questions-0-is_required": "on",
    }
    answer = ada.post(address, fill(ada.get(address), typed))
    assert answer.status_code == 302, errors_of(answer)
    policy = package.policies.get()
    assert policy.version == 2
    assert policy.questions.get().choices == ["EMEA", "APAC"]
    assert Event.objects.get(verb="policy.changed").details["fields"]["stages"][1] == [
        "1. their manager or Olga decides within 14 days (else Ada)",
        "2. Ada decides within 3 days",
    ]
    again = ada.post(address, fill(ada.get(address), {}))
    assert again.status_code == 302
    assert package.policies.get().version == 2, "what was shown is what was saved"


def test_alternates_and_everybody_are_set_on_the_policys_own_page(cast, ada, fill, package):
    address = page_of(package.policies.get())
    typed = {
        "stages-0-approvals_required": "",
        "stages-0-time_limit_0": 5,
        "stages-0-alternates_after_0": 5,
        "stages-0-alternate_people": [cast.olga.pk],
    }
    refused = ada.post(address, fill(ada.get(address), typed))
    assert "Alternates are asked before the stage" in refused.content.decode()
    answer = ada.post(address, fill(ada.get(address), {**typed, "stages-0-alternates_after_0": 2}))
    assert answer.status_code == 302, errors_of(answer)
    stage = package.policies.get().stages.get()
    assert (stage.approvals_required, stage.alternates_after) == (None, timedelta(days=2))
    assert [one.person for one in stage.approvers.filter(use="alternate")] == [cast.olga]
    again = ada.post(address, fill(ada.get(address), {}))
    assert again.status_code == 302
    assert package.policies.get().version == 2, "what was shown is what was saved"


def test_owners_managers_hours_and_conditions_are_set_on_the_policys_own_page(ada, fill, package):
    address = page_of(package.policies.get())
    typed = {
        "stages-0-time_limit_0": 36,
        "stages-0-time_limit_1": "hours",
        "stages-0-places": ["manager:2", "resourceOwners:1"],
        "stages-0-fallback_places": ["packageOwners:1"],
        "stages-0-audience": "guests",
        "stages-0-least_risk": 2,
        "stages-0-is_for_privileged": "on",
    }
    answer = ada.post(address, fill(ada.get(address), typed))
    assert answer.status_code == 302, errors_of(answer)
    (said,) = Event.objects.get(verb="policy.changed").details["fields"]["stages"][1]
    assert said == (
        "1. their manager's manager or an owner of what it gives decides within 36 hours (else the package's owner) "
        "(only for guests, where it gives a privileged resource and from medium risk on)"
    )
    again = ada.post(address, fill(ada.get(address), {}))
    assert again.status_code == 302
    assert package.policies.get().version == 2, "what was shown is what was saved"


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"stages-0-places": []}, "places", "Say who decides in stage 1"),
        ({"stages-0-approvals_required": 2}, "approvals_required", "asks for 2 approvals"),
        ({"stages-0-alternate_places": ["manager:2"]}, "alternates_after", "Say after what time"),
        ({"stages-0-time_limit_0": 0}, "time_limit", "greater than or equal to 1"),
        ({"stages-0-time_limit_0": ""}, "time_limit", "required"),
        ({"stages-0-time_limit_0": 400}, "time_limit", "at most 365 days"),
    ],
)
def test_what_is_wrong_with_a_stage_is_said_at_its_field(ada, fill, package, typed, field, said):
    address = page_of(package.policies.get())
    answer = ada.post(address, fill(ada.get(address), typed))
    assert answer.status_code == 200
    (errors,) = answer.context["inline_admin_formsets"][0].formset.errors
    assert said in " ".join(errors[field])
    assert told() == []


def test_a_policy_takes_no_sixth_stage(ada, fill, package):
    address = page_of(package.policies.get())
    typed: dict[str, object] = {"stages-TOTAL_FORMS": 6}
    for number in range(1, 6):
        typed |= {f"stages-{number}-{name}": value for name, value in SIMPLE_STAGE.items()}
        typed[f"stages-{number}-position"] = number + 1
    answer = ada.post(address, fill(ada.get(address), typed))
    assert answer.status_code == 200
    assert package.policies.get().stages.count() == 1


SIMPLE_STAGE = {
    "approvals_required": 1,
    "time_limit_0": 3,
    "time_limit_1": "days",
    "audience": "everybody",
    "least_risk": 0,
    "places": ["manager:1"],
}


def test_a_stage_without_anybody_is_refused_on_the_page(ada, fill, package):
    address = page_of(package.policies.get())
    sent = fill(ada.get(address), {})
    del sent["stages-0-places"]
    answer = ada.post(address, sent)
    assert "Say who decides in stage 1" in answer.content.decode()
    assert package.policies.get().stages.get().approvers.exists()


def test_a_package_in_use_is_not_deleted_and_the_page_says_why(cast, ada, package):
    requests.submit(package=package, actor=cast.rita, justification="Needed", now=NOW)
    answer = ada.post(reverse("admin:catalog_accesspackage_delete", args=[package.pk]), {"post": "yes"}, follow=True)
    assert "access requests refer to it. Disable it instead." in answer.content.decode()
    assert AccessPackage.objects.filter(pk=package.pk).exists()


@pytest.mark.parametrize("model", ["accesspackage", "policy", "catalog", "resource", "targetsystem"])
def test_nothing_is_deleted_in_bulk(cast, ada, package, model):
    page = ada.get(f"/admin/catalog/{model}/")
    assert "delete_selected" not in page.content.decode()


def test_what_nobody_uses_is_deleted_from_its_page(cast, ada):
    rows = [
        Catalog.objects.create(name="HR", description="HR"),
        TargetSystem.objects.create(name="Wiki", slug="wiki"),
        cast.role("Spare")[1].resource,
        cast.package("Sales: Spare Access"),
        cast.policy(cast.package("Sales: Other Access"), name="Spare"),
    ]
    for row in rows:
        address = reverse(f"admin:catalog_{row._meta.model_name}_delete", args=[row.pk])
        assert ada.get(address).status_code == 200
        assert ada.post(address, {"post": "yes"}).status_code == 302
        assert not type(row).objects.filter(pk=row.pk).exists()
    assert len(told()) == len(rows)


def test_a_resource_is_put_into_catalogs_and_gets_roles_on_its_page(cast, ada, fill):
    address = "/admin/catalog/resource/add/"
    typed = {
        "name": "Wiki",
        "kind": "group",
        "system": cast.system.pk,
        "origin_id": "1",
        "catalogs": [cast.catalog.pk],
        "roles-TOTAL_FORMS": 1,
        "roles-0-name": "Member",
        "roles-0-origin_id": "member",
    }
    answer = ada.post(address, fill(ada.get(address), typed))
    assert answer.status_code == 302, errors_of(answer)
    resource = Resource.objects.get()
    assert list(cast.catalog.resources.all()) == [resource]
    assert str(resource.roles.get()) == "Member of Wiki"
    assert told() == ["Ada added the resource Wiki"]


def test_incompatible_packages_and_groups_are_ruled_on_the_package_s_page(cast, ada, fill, package):
    other, group = cast.package("Sales: Approving Discounts"), Group.objects.create(name="Externals")
    address = page_of(package)
    rows = {
        "incompatibilities-TOTAL_FORMS": 2,
        "incompatibilities-0-other_package": other.pk,
        "incompatibilities-0-is_mutual": "on",
        "incompatibilities-1-group": group.pk,
    }
    answer = ada.post(address, fill(ada.get(address), rows))
    assert answer.status_code == 302, errors_of(answer)
    assert told() == [
        "Ada ruled that nobody gets Sales: Standard Access who has Sales: Approving Discounts, and the other way round",
        "Ada ruled that nobody gets Sales: Standard Access who has Externals",
    ]
    position = next(n for n, one in enumerate(package.incompatibilities.all()) if one.group_id)
    answer = ada.post(address, fill(ada.get(address), {f"incompatibilities-{position}-DELETE": "on"}))
    assert answer.status_code == 302, errors_of(answer)
    assert package.incompatibilities.get().other_package == other


def test_an_incompatibility_without_sense_is_refused_on_the_page(cast, ada, fill, package):
    address = page_of(package)
    row = {"incompatibilities-TOTAL_FORMS": 1, "incompatibilities-0-other_package": package.pk}
    answer = ada.post(address, fill(ada.get(address), row))
    assert answer.status_code == 200
    assert "not incompatible with itself" in answer.content.decode()
    assert told() == []
