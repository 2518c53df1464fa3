"""Connected organisations in the API: for administrators and auditors to read, for nobody to change."""

import pytest
from django.utils import timezone

from directory.actions import save_organisation
from directory.models import ConnectedOrganisation, OrganisationState, User

from .conftest import V1, problem


@pytest.fixture
def northwind(cast):
    return save_organisation(
        organisation=ConnectedOrganisation(name="Northwind", description="Our carrier"),
        domains=["northwind.example", "nw.example"],
        internal_sponsors=[cast.marco],
        actor=None,
        now=timezone.now(),
    )


def test_administrators_and_auditors_read_them_in_full(cast, api, northwind):
    iris = User.objects.create(username="iris", is_auditor=True)
    for person in (cast.ada, iris):
        [told] = api(person).get(f"{V1}/organisations/").json()["results"]
        assert told == api(person).get(f"{V1}/organisations/{northwind.pk}/").json()
        assert told.pop("created_at").endswith("Z")
        assert told == {
            "id": str(northwind.pk),
            "name": "Northwind",
            "description": "Our carrier",
            "state": "configured",
            "domains": ["northwind.example", "nw.example"],
            "internal_sponsors": [{"id": str(cast.marco.pk), "username": "marco", "display_name": "Marco"}],
            "internal_sponsor_groups": [],
            "external_sponsors": [],
            "external_sponsor_groups": [],
        }


def test_nobody_else_reads_them(cast, api, northwind):
    for person in (cast.rita, cast.olga):
        assert problem(api(person).get(f"{V1}/organisations/"), 403, "not-permitted")
        assert problem(api(person).get(f"{V1}/organisations/{northwind.pk}/"), 403, "not-permitted")


def test_they_are_narrowed_down_by_state_and_domain(cast, api, northwind):
    save_organisation(
        organisation=ConnectedOrganisation(name="Contoso", state=OrganisationState.PROPOSED),
        domains=["contoso.example"],
        actor=None,
        now=timezone.now(),
    )

    def names(query):
        return [row["name"] for row in api(cast.ada).get(f"{V1}/organisations/?{query}").json()["results"]]

    assert names("") == ["Contoso", "Northwind"]
    assert names("state=proposed") == ["Contoso"]
    assert names("domain=NW.example") == ["Northwind"]


def test_a_guest_is_told_where_they_come_from(cast, api, northwind):
    gus = User.objects.create(username="gus", kind="guest", organisation=northwind)
    assert api(gus).get(f"{V1}/me/").json()["organisation"] == {"id": str(northwind.pk), "name": "Northwind"}
    assert api(cast.rita).get(f"{V1}/me/").json()["organisation"] is None
