"""Connected organisations on their pages: domains, sponsors, what is refused and kept."""

import pytest
from django.urls import reverse

from audit.models import Event
from directory.actions import save_organisation
from directory.models import ConnectedOrganisation, PersonKind, User
from tests.cast import NOW

ADD = reverse("admin:directory_connectedorganisation_add")


@pytest.fixture
def northwind(db):
    organisation = ConnectedOrganisation(name="Northwind")
    return save_organisation(organisation=organisation, domains=["northwind.example"], actor=None, now=NOW)


def page_of(row):
    return reverse(f"admin:directory_{row._meta.model_name}_change", args=[row.pk])


def test_an_organisation_is_added_with_its_domains_and_sponsors(cast, ada, fill):
    sent = fill(
        ada.get(ADD),
        {"name": "Northwind", "domains-0-name": "@Northwind.example", "internal_sponsors": [cast.marco.pk]},
    )
    answer = ada.post(ADD, sent)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    made = ConnectedOrganisation.objects.get()
    assert [domain.name for domain in made.domains.all()] == ["northwind.example"]
    assert list(made.internal_sponsors.all()) == [cast.marco]
    assert Event.objects.latest("id").sentence == "Ada added the connected organisation Northwind"


def test_what_was_typed_is_kept_where_a_domain_is_refused(cast, ada, fill, northwind):
    page = ada.post(ADD, fill(ada.get(ADD), {"name": "Contoso", "domains-0-name": "not a domain"})).content.decode()
    assert "“not a domain” is not a mail domain" in page
    assert 'value="not a domain"' in page
    assert 'value="Contoso"' in page
    page = ada.post(
        ADD, fill(ada.get(ADD), {"name": "Contoso", "domains-0-name": "northwind.example"})
    ).content.decode()
    assert "already" in page
    page = ada.post(ADD, fill(ada.get(ADD), {"name": "Contoso"})).content.decode()
    assert "This field is required" in page
    assert ConnectedOrganisation.objects.count() == 1


def test_the_last_domain_stays(cast, ada, fill, northwind):
    address = page_of(northwind)
    page = ada.post(address, fill(ada.get(address), {"domains-0-DELETE": "on"})).content.decode()
    assert "Name at least one mail domain: without one, nobody belongs to “Northwind”." in page
    assert northwind.domains.count() == 1


def test_a_domain_and_the_state_are_changed_on_the_page(cast, ada, fill, northwind):
    address = page_of(northwind)
    sent = fill(ada.get(address), {"state": "proposed", "domains-0-name": "nw.example"})
    assert ada.post(address, sent).status_code == 302
    northwind.refresh_from_db()
    assert northwind.state == "proposed"
    assert [domain.name for domain in northwind.domains.all()] == ["nw.example"]
    assert "mail domains: + nw.example, − northwind.example" in Event.objects.latest("id").sentence


def test_the_list_says_how_many_guests_belong_to_it(cast, ada, northwind):
    User.objects.create(username="gus", kind=PersonKind.GUEST, organisation=northwind)
    page = ada.get(reverse("admin:directory_connectedorganisation_changelist")).content.decode()
    for words in ("northwind.example", "1 guest", "configured"):
        assert words in page


def test_deleting_one_that_has_people_is_refused_in_words(cast, ada, northwind):
    gus = User.objects.create(username="gus", display_name="Gus", kind=PersonKind.GUEST, organisation=northwind)
    address = reverse("admin:directory_connectedorganisation_delete", args=[northwind.pk])
    page = ada.post(address, {"post": "yes"}, follow=True).content.decode()
    assert "“Northwind” cannot be deleted: people (Gus) refer to it." in page
    gus.delete()
    assert ada.post(address, {"post": "yes"}).status_code == 302
    assert not ConnectedOrganisation.objects.exists()


def test_a_guest_gets_sponsors_and_an_organisation_on_their_page(cast, ada, fill, northwind):
    gus = User.objects.create(username="gus", display_name="Gus", kind=PersonKind.GUEST)
    address = page_of(gus)
    sent = fill(ada.get(address), {"sponsors": [cast.marco.pk], "organisation": northwind.pk})
    answer = ada.post(address, sent)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    gus.refresh_from_db()
    assert gus.organisation == northwind
    assert list(gus.sponsors.all()) == [cast.marco]
    page = ada.post(address, fill(ada.get(address), {"kind": "member", "organisation": northwind.pk})).content.decode()
    assert "error" not in page.lower() or "Only guests" in page
