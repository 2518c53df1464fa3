"""Connected organisations: their domains, who belongs to them, what is refused, and what the journal says."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from directory import actions
from directory.models import ConnectedOrganisation, Group, OrganisationDomain, PersonKind, User, normalised_domain

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def save(name="Northwind", *domains, **fields):
    organisation = ConnectedOrganisation.objects.filter(name=name).first() or ConnectedOrganisation(name=name)
    return actions.save_organisation(organisation=organisation, domains=domains, actor=None, now=NOW, **fields)


def guest(name="gus", domain="northwind.example", **fields):
    person = User(username=name, email=f"{name}@{domain}", kind=PersonKind.GUEST, **fields)
    return actions.save_person(person=person, actor=None, now=NOW)


def change(person, **fields):
    for name, value in fields.items():
        setattr(person, name, value)
    return actions.save_person(person=person, actor=None, now=NOW).organisation


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Northwind.Example ", "northwind.example"),
        ("@northwind.example", "northwind.example"),
        ("northwind.example.", "northwind.example"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_kept_in_one_form(typed, kept):
    assert normalised_domain(typed) == kept
    assert save("Northwind", typed).domains.get().name == kept


@pytest.mark.parametrize("typed", ["", "northwind", "a b.example", "http://northwind.example", "-x.example", "a..b"])
def test_what_is_no_domain_is_refused(typed):
    with pytest.raises(ValidationError, match="is not a mail domain"):
        save("Northwind", typed)
    assert not ConnectedOrganisation.objects.exists()


def test_a_domain_named_twice_is_refused():
    with pytest.raises(ValidationError, match=r"Named twice: northwind\.example"):
        save("Northwind", "northwind.example", "NORTHWIND.example")


def test_a_domain_belongs_to_one_organisation():
    save("Contoso", "contoso.example")
    with pytest.raises(ValidationError, match="belongs to “Contoso” already"):
        save("Northwind", "contoso.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        OrganisationDomain.objects.create(
            organisation=ConnectedOrganisation.objects.create(name="Other"), name="contoso.example"
        )


def test_the_database_keeps_domains_in_lower_case():
    with pytest.raises(IntegrityError), transaction.atomic():
        OrganisationDomain.objects.create(
            organisation=ConnectedOrganisation.objects.create(name="Other"), name="Contoso.example"
        )


def test_an_organisation_of_nobody_is_refused():
    with pytest.raises(ValidationError, match="Name at least one mail domain"):
        save("Northwind")
    assert not ConnectedOrganisation.objects.exists()


def test_a_guest_belongs_to_the_organisation_of_their_address():
    northwind = save("Northwind", "northwind.example")
    assert guest(domain="NORTHWIND.example").organisation == northwind
    assert guest("mia", "sub.northwind.example").organisation is None
    assert guest("ida", "elsewhere.example").organisation is None


def test_an_organisation_that_is_named_wins_over_the_address():
    save("Northwind", "northwind.example")
    contoso = save("Contoso", "contoso.example")
    gus = guest(organisation=contoso)
    assert gus.organisation == contoso
    assert change(gus, job_title="Consultant") == contoso
    assert change(gus, email="gus@elsewhere.example") == contoso


def test_whoever_belongs_by_their_address_follows_it():
    northwind, contoso = save("Northwind", "northwind.example"), save("Contoso", "contoso.example")
    gus = guest()
    assert gus.organisation == northwind
    assert change(gus, email="gus@contoso.example") == contoso
    assert change(gus, email="gus@elsewhere.example") is None
    assert change(gus, organisation=northwind) == northwind
    assert change(gus, organisation=None, email="gus@contoso.example") == contoso


def test_a_member_belongs_to_no_connected_organisation():
    northwind = save("Northwind", "northwind.example")
    mel = actions.save_person(person=User(username="mel", email="mel@northwind.example"), actor=None, now=NOW)
    assert mel.organisation is None
    with pytest.raises(ValidationError, match="Only guests belong"):
        change(mel, organisation=northwind)
    gus = guest()
    assert change(gus, kind=PersonKind.MEMBER) is None


def test_a_new_domain_takes_in_the_guests_who_have_it_and_a_lost_one_lets_them_go():
    gus, mia = guest(), guest("mia", "contoso.example")
    northwind = save("Northwind", "northwind.example")
    gus.refresh_from_db()
    assert gus.organisation == northwind
    save("Northwind", "contoso.example")
    for person in (gus, mia):
        person.refresh_from_db()
    assert gus.organisation is None
    assert mia.organisation == northwind
    told = [event.sentence for event in Event.objects.filter(person_id=gus.pk, verb="person.changed").order_by("id")]
    assert told == [
        "AccessGov changed gus's record: connected organisation: — → Northwind",
        "AccessGov changed gus's record: connected organisation: Northwind → —",
    ]


def test_the_statements_do_not_grow_with_the_guests():
    counts = []
    for tag, size in (("one", 1), ("many", 30)):
        for number in range(size):
            guest(f"{tag}{number}", f"{tag}.example")
        with CaptureQueriesContext(connection) as captured:
            save(tag, f"{tag}.example")
        counts.append(len(captured))
        assert User.objects.filter(organisation__name=tag).count() == size
    assert counts[0] == counts[1]


def test_a_change_is_journalled_in_words():
    anna = User.objects.create(username="anna", display_name="Anna")
    legal = Group.objects.create(name="Legal")
    save("Northwind", "northwind.example")
    save("Northwind", "northwind.example", "nw.example", internal_sponsors=[anna], external_sponsor_groups=[legal])
    save("Northwind", "northwind.example", "nw.example")
    told = [event.sentence for event in Event.objects.order_by("id")]
    assert told[0] == "AccessGov added the connected organisation Northwind"
    assert told[1:] == [
        (
            "AccessGov changed the connected organisation Northwind: mail domains: + nw.example; "
            "internal sponsors: + Anna; external sponsors: + Legal"
        )
    ]


def test_an_organisation_with_people_is_not_deleted():
    northwind = save("Northwind", "northwind.example")
    gus = guest()
    with pytest.raises(ValidationError, match=r"cannot be deleted: people \(gus\) refer to it"):
        actions.delete_organisation(organisation=northwind, actor=None, now=NOW)
    change(gus, kind=PersonKind.MEMBER)
    actions.delete_organisation(organisation=northwind, actor=None, now=NOW)
    assert not ConnectedOrganisation.objects.exists()
    assert Event.objects.filter(verb="organisation.deleted").get().sentence.endswith("organisation Northwind")


def test_only_administrators_change_organisations():
    northwind = save("Northwind", "northwind.example")
    charlie = User.objects.create(username="charlie")
    with pytest.raises(PermissionDenied):
        actions.save_organisation(organisation=northwind, actor=charlie, now=NOW)
    with pytest.raises(PermissionDenied):
        actions.delete_organisation(organisation=northwind, actor=charlie, now=NOW)


def test_sponsors_come_from_names_and_from_groups_in_groups():
    anna, ben, cara = (User.objects.create(username=name) for name in ("anna", "ben", "cara"))
    outer, inner = Group.objects.create(name="Outer"), Group.objects.create(name="Inner")
    actions.nest_group(parent=outer, child=inner, actor=None, now=NOW)
    actions.add_member(group=inner, person=ben, actor=None, now=NOW)
    northwind = save(
        "Northwind", "northwind.example", internal_sponsors=[anna], internal_sponsor_groups=[outer],
        external_sponsors=[cara],
    )  # fmt: skip
    assert set(User.objects.internal_sponsors_of(northwind.pk)) == {anna, ben}
    assert set(User.objects.external_sponsors_of(northwind.pk)) == {cara}


def test_a_person_has_sponsors_and_is_not_their_own():
    anna, gus = User.objects.create(username="anna", display_name="Anna"), guest()
    actions.save_person(person=gus, sponsors=[anna], actor=None, now=NOW)
    assert list(gus.sponsors.all()) == [anna]
    assert Event.objects.latest("id").sentence == "AccessGov changed gus's record: sponsors: + Anna"
    actions.save_person(person=gus, actor=None, now=NOW)
    assert list(gus.sponsors.all()) == [anna]
    with pytest.raises(ValidationError, match="Nobody is their own sponsor"):
        actions.save_person(person=gus, sponsors=[gus], actor=None, now=NOW)
