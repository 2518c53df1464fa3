"""`import_access`: access that was there before becomes adopted grants, in either format, once."""

import os
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from audit.models import Event
from catalog.models import Resource, ResourceRole, TargetSystem
from directory.models import User
from provisioning.lifecycle import GrantStatus
from provisioning.models import Grant, Operation

pytestmark = pytest.mark.django_db

PAIRS = "        1          1\n        1          2\n\n        2          2\n"
REAL = Path(os.environ.get("ACCESSGOV_SHARED", settings.BASE_DIR.parent / "shared")) / "data" / "role-mining"


def run(path, *switches, system="erp"):
    out = StringIO()
    call_command("import_access", str(path), "--system", system, *switches, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def importer(tmp_path):
    def write_and_run(text, *switches):
        path = tmp_path / "access.txt"
        path.write_text(text, encoding="utf-8")
        return run(path, *switches)

    return write_and_run


@pytest.fixture
def people():
    return [User.objects.create_user(f"user{number}", employee_number=str(number)) for number in (1, 2)]


def counts():
    return tuple(model.objects.count() for model in (User, TargetSystem, Resource, ResourceRole, Grant, Event))


def refused(importer, text, *switches, tmp_path=None):
    before = counts()
    err = StringIO()
    path = tmp_path / "access.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError) as refusal:
        call_command("import_access", str(path), "--system", "erp", *switches, stdout=StringIO(), stderr=err)
    assert counts() == before, "a refused import leaves nothing behind"
    return f"{err.getvalue()}\n{refusal.value}"


def test_pairs_become_adopted_grants(importer, people):
    assert "3 grants adopted, 0 as they were; 2 resources and 0 people created" in importer(PAIRS)
    grant = Grant.objects.get(person=people[1])
    assert (grant.status, grant.is_adopted, grant.was_present) == (GrantStatus.DELIVERED, True, True)
    role = grant.resource_role
    assert (role.name, role.origin_id, role.resource.name, role.resource.origin_id) == (
        "Member",
        "member",
        "Permission 2",
        "2",
    )
    assert role.resource.system.slug == "erp"
    assert not Operation.objects.exists(), "what is there already is not delivered again"


def test_adopted_grants_are_wanted(importer, people):
    importer(PAIRS)
    assert Grant.objects.wanted().count() == 3


def test_every_adoption_is_recorded_in_one_story(importer, people):
    importer(PAIRS)
    assert Event.objects.filter(verb="grant.adopted").count() == 3
    assert len(set(Event.objects.values_list("correlation_id", flat=True))) == 1
    told = Event.objects.filter(verb="grant.adopted", person_id=people[1].pk).get().sentence
    assert told == "user2 already had Member of Permission 2, and keeps it"
    assert "3 grants adopted, 0 as they were" in Event.objects.get(verb="access.imported").sentence


def test_a_second_run_changes_and_records_nothing(importer, people):
    importer(PAIRS)
    before = counts()
    assert "0 grants adopted, 3 as they were; 0 resources" in importer(PAIRS)
    assert counts() == before


def test_a_repeated_pair_is_adopted_once(importer, people):
    assert "1 grants adopted" in importer("1 1\n1 1\n")
    assert Grant.objects.count() == 1


def test_an_unknown_person_is_a_bad_row(importer, people, tmp_path):
    words = refused(importer, PAIRS + "3 1\n", tmp_path=tmp_path)
    assert "line 5: nobody has the employee number or user name 3" in words


def test_unknown_people_are_created_when_asked_for(importer):
    assert "2 people created" in importer(PAIRS, "--create-people")
    person = User.objects.get(employee_number="2")
    assert (person.username, person.display_name) == ("person-2", "Person 2")
    assert not person.has_usable_password()
    assert Event.objects.filter(verb="person.created").count() == 2


def test_good_rows_are_imported_when_asked_for(importer, people):
    assert "3 grants adopted" in importer(PAIRS + "3 1\nnonsense\n", "--skip-bad-rows")


def test_a_line_that_is_no_pair_is_named(importer, people, tmp_path):
    words = refused(importer, "1 1\n1 2 3\n", tmp_path=tmp_path)
    assert "line 2: it is not a person number and a permission number" in words


def test_a_table_names_resources_roles_and_people_by_either_key(importer, people):
    importer(
        "person;permission;resource;role;description\n"
        "USER1;sales;Sales ledger;Admin;Bookings\n2;sales;Sales ledger;;Bookings\n"
    )
    resource = Resource.objects.get()
    assert (resource.name, resource.description) == ("Sales ledger", "Bookings")
    held = Grant.objects.values_list("person__username", "resource_role__name", "resource_role__origin_id")
    assert set(held) == {("user1", "Admin", "admin"), ("user2", "Member", "member")}


def test_a_table_with_other_columns_is_refused(importer, people, tmp_path):
    words = refused(importer, "who,what\n1,2\n", tmp_path=tmp_path)
    assert "unknown columns: who, what" in words
    assert "missing columns: person, permission" in words


def test_what_was_removed_here_is_not_brought_back(importer, people):
    importer("1 1\n")
    Grant.objects.update(status=GrantStatus.REMOVED, is_adopted=False)
    assert "1 are pending, failed or removed here" in importer("1 1\n")
    assert Grant.objects.get().status == GrantStatus.REMOVED


def test_names_in_the_catalog_are_not_overwritten(importer, people):
    system = TargetSystem.objects.create(name="Ledger", slug="erp")
    Resource.objects.create(system=system, kind="application", origin_id="1", name="Accounts")
    importer("1 1\n", "--system-name", "Something else")
    assert ResourceRole.objects.get().resource.name == "Accounts"
    assert TargetSystem.objects.get().name == "Ledger"


def test_a_dry_run_keeps_nothing(importer, people):
    before = counts()
    assert "3 grants adopted" in importer(PAIRS, "--dry-run")
    assert counts() == before


def test_a_short_name_must_be_one(people, tmp_path):
    path = tmp_path / "access.txt"
    path.write_text(PAIRS, encoding="utf-8")
    with pytest.raises(CommandError, match="--system"):
        run(path, system="not a slug")


@pytest.mark.parametrize(("name", "expected"), [("hc.txt", (46, 46, 1486)), ("domino.txt", (79, 231, 730))])
def test_real_access_is_adopted_whole(name, expected):
    if not (REAL / name).exists():
        pytest.skip(f"NO REAL DATA: {name} is not there; name its folder in ACCESSGOV_SHARED")
    run(REAL / name, "--create-people")
    assert (User.objects.count(), Resource.objects.count(), Grant.objects.count()) == expected
    assert f"0 grants adopted, {expected[2]} as they were" in run(REAL / name)
