"""The report of incompatible access that people hold already: who sees what of it, page by page and as a file."""

import csv

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.pagination import Keyset
from catalog.models import Incompatibility
from directory import actions as directory
from directory.models import Group, User
from requests_app import actions, overlaps
from requests_app.models import Assignment
from tests.cast import NOW


@pytest.fixture
def paying(cast):
    package = cast.package("Finance: Paying Invoices")
    cast.policy(package, approver=None)
    return package


@pytest.fixture
def entering(cast):
    package = cast.package("Finance: Entering Invoices")
    cast.policy(package, approver=None)
    return package


def browser(person):
    client = Client()
    client.force_login(person)
    return client


def hold(person, *packages):
    for package in packages:
        actions.submit(package=package, actor=person, justification="Needed", now=NOW)


@pytest.fixture
def overlap(cast, paying, entering):
    """Rita holds both since before it was ruled; Charlie only one of them."""
    hold(cast.rita, paying, entering)
    hold(cast.charlie, paying)
    Incompatibility.objects.create(package=paying, other_package=entering, is_mutual=True)


def told(user):
    rows = overlaps.page(user, cursor=None).rows
    return [(str(row.assignment.person), str(row.assignment), [other.name for other in row.others]) for row in rows]


def test_auditors_administrators_and_owners_see_who_holds_both(cast, overlap):
    audrey = User.objects.create(username="audrey", display_name="Audrey", is_auditor=True)
    expected = [("Rita", "Finance: Paying Invoices", ["Finance: Entering Invoices"])]
    for person in (cast.ada, audrey, cast.olga):
        assert told(person) == expected
        page = browser(person).get("/conflicts/").content.decode()
        assert "Finance: Entering Invoices" in page
        assert "Rita" in page
        assert "Charlie" not in page


def test_outsiders_get_no_report_and_owners_of_others_nothing_of_it(cast, overlap):
    assert browser(cast.rita).get("/conflicts/").status_code == 403
    assert Client().get("/conflicts/").status_code == 302
    theirs = cast.package("Sales: Standard Access")
    theirs.owner = cast.marco
    theirs.save()
    assert told(cast.marco) == []
    assert "Nobody holds incompatible access" in browser(cast.marco).get("/conflicts/").content.decode()


def test_members_of_an_incompatible_group_are_listed_with_since_when(cast, paying):
    outer, inner = Group.objects.create(name="Externals"), Group.objects.create(name="Agency")
    directory.nest_group(parent=outer, child=inner, actor=None, now=NOW)
    directory.add_member(group=inner, person=cast.rita, actor=None, now=NOW)
    hold(cast.rita, paying)
    Incompatibility.objects.create(package=paying, group=outer)
    [row] = overlaps.page(cast.ada, cursor=None).rows
    assert [(other.name, other.since) for other in row.others] == [("Externals", NOW)]


def test_what_ended_is_no_overlap_any_more(cast, overlap, entering):
    Assignment.objects.filter(person=cast.rita, package=entering).update(status="ended", ended_at=NOW)
    assert told(cast.ada) == []


def test_the_file_holds_every_overlap_and_no_formula(cast, overlap):
    User.objects.filter(pk=cast.rita.pk).update(display_name="=Rita()")
    answer = browser(cast.ada).get("/conflicts/?format=csv")
    rows = list(csv.DictReader(b"".join(answer).decode().splitlines()))
    assert [(row["person"], row["package"], row["incompatible_with"]) for row in rows] == [
        ("'=Rita()", "Finance: Paying Invoices", "Finance: Entering Invoices")
    ]


def test_pages_go_by_key_and_the_number_of_statements_stays(cast, paying, entering, monkeypatch):
    Incompatibility.objects.create(package=paying, other_package=entering)
    Incompatibility.objects.create(package=paying, group=Group.objects.create(name="Externals"))
    policies = {package: package.policies.get() for package in (paying, entering)}
    counts = []
    for number in range(5):
        person = User.objects.create(username=f"holder{number}", display_name=f"Holder {number}")
        for package, policy in policies.items():
            Assignment.objects.create(
                person=person, package=package, policy=policy, status="delivered", starts_at=NOW, delivered_at=NOW
            )
        with CaptureQueriesContext(connection) as captured:
            rows = overlaps.page(cast.ada, cursor=None).rows
        assert len(rows) == number + 1
        counts.append(len(captured))
    assert set(counts) == {5}
    monkeypatch.setattr(overlaps, "OVERLAPS", Keyset("starts_at", size=2))
    monkeypatch.setattr(overlaps, "EXPORTED", Keyset("starts_at", size=2))
    assert len({row.assignment.person_id for row in overlaps.everything(cast.ada)}) == 5
