"""Separation of duties in the catalog: who rules it, what is refused, what is journalled."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import Event
from catalog import actions
from catalog.models import AccessPackage, Catalog, Incompatibility
from directory.models import Group
from tests.cast import NOW, appoint


@pytest.fixture
def paying(cast):
    return cast.package("Finance: Paying Invoices")


@pytest.fixture
def entering(cast):
    return cast.package("Finance: Entering Invoices")


@pytest.fixture
def externals(cast):
    return Group.objects.create(name="Externals")


def rule(actor, **fields):
    return actions.save_incompatibility(incompatibility=Incompatibility(**fields), actor=actor, now=NOW)


def told():
    return [event.sentence for event in Event.objects.order_by("id")]


def test_incompatible_packages_and_groups_come_change_and_go_and_each_is_told(cast, paying, entering, externals):
    appoint(cast.catalog, cast.marco)
    between = rule(cast.marco, package=paying, other_package=entering)
    rule(cast.ada, package=paying, group=externals)
    between.is_mutual = True
    actions.save_incompatibility(incompatibility=between, actor=cast.marco, now=NOW)
    actions.save_incompatibility(incompatibility=between, actor=cast.marco, now=NOW)
    actions.delete_incompatibility(incompatibility=between, actor=cast.marco, now=NOW)
    assert told() == [
        "Marco ruled that nobody gets Finance: Paying Invoices who has Finance: Entering Invoices",
        "Ada ruled that nobody gets Finance: Paying Invoices who has Externals",
        f"Marco changed the incompatibility of {paying} with {entering}: both ways: no → yes",
        "Marco ended the incompatibility of Finance: Paying Invoices with Finance: Entering Invoices",
    ]
    assert [str(left) for left in Incompatibility.objects.all()] == ["Externals"]


def test_outsiders_and_owners_of_a_package_rule_nothing(cast, paying, entering):
    for outsider in (cast.charlie, cast.olga):
        with pytest.raises(PermissionDenied):
            rule(outsider, package=paying, other_package=entering)
    made = rule(cast.ada, package=paying, other_package=entering)
    with pytest.raises(PermissionDenied):
        actions.delete_incompatibility(incompatibility=made, actor=cast.charlie, now=NOW)


def test_both_ways_takes_the_right_in_both_catalogs(cast, paying, entering):
    theirs = Catalog.objects.create(name="Finance", description="Finance")
    appoint(theirs, cast.marco)
    paying.catalog = theirs
    paying.save()
    with pytest.raises(PermissionDenied, match="Sales"):
        rule(cast.marco, package=paying, other_package=entering, is_mutual=True)
    one_way = rule(cast.marco, package=paying, other_package=entering)
    one_way.is_mutual = True
    with pytest.raises(PermissionDenied, match="Sales"):
        actions.save_incompatibility(incompatibility=one_way, actor=cast.marco, now=NOW)
    both = rule(cast.ada, package=entering, other_package=paying, is_mutual=True)
    with pytest.raises(PermissionDenied, match="Sales"):
        actions.delete_incompatibility(incompatibility=both, actor=cast.marco, now=NOW)


def test_naming_who_decides_on_exceptions_takes_the_right_in_both_catalogs(cast, paying):
    """An exception holds in both directions: one side alone is not to let people out of the other's rule."""
    elsewhere = Catalog.objects.create(name="Treasury", description="Elsewhere")
    other = AccessPackage.objects.create(
        catalog=elsewhere, name="Treasury: Bank Portal", description="B", owner=cast.olga
    )
    appoint(elsewhere, cast.marco)
    between = Incompatibility(package=other, other_package=paying)
    with pytest.raises(PermissionDenied):
        actions.save_incompatibility(incompatibility=between, exception_people=[cast.marco], actor=cast.marco, now=NOW)
    appoint(cast.catalog, cast.marco)
    actions.save_incompatibility(incompatibility=between, exception_people=[cast.marco], actor=cast.marco, now=NOW)
    assert list(between.exception_people.all()) == [cast.marco]


def test_what_makes_no_sense_is_refused_in_words(cast, paying, entering, externals):
    rule(cast.ada, package=paying, other_package=entering)
    senseless = {
        "one of the two": {},
        "not incompatible with itself": {"other_package": paying},
        "there already": {"other_package": entering},
        "nobody asks for a group": {"group": externals, "is_mutual": True},
    }
    for words, fields in senseless.items():
        with pytest.raises(ValidationError, match=words):
            rule(cast.ada, package=paying, **fields)
    with pytest.raises(ValidationError, match="one of the two"):
        rule(cast.ada, package=paying, other_package=entering, group=externals)
    assert Incompatibility.objects.count() == 1


def test_a_package_that_is_deleted_takes_its_incompatibilities_with_it(cast, paying, entering):
    rule(cast.ada, package=paying, other_package=entering)
    actions.delete_package(package=entering, actor=cast.ada, now=NOW)
    assert not Incompatibility.objects.exists()
