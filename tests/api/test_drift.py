"""Drift in the REST API: the cases that one may see, and answers to them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from directory.models import Membership
from provisioning import reconciling
from provisioning.actions import start_reconciliation
from provisioning.models import Connector, DriftCase

from .conftest import V1, problem


@pytest.fixture
def case(cast):
    """Charlie was added by hand to a group of Olga's."""
    group, role = cast.role("Brochures")
    role.resource.owners.add(cast.olga)
    Membership.objects.create(group=group, person=cast.charlie, added_at=timezone.now())
    start_reconciliation(connector=Connector.objects.get(), actor=None, now=timezone.now())
    reconciling.perform_all_due(now=timezone.now())
    return DriftCase.objects.get()


def answer(client, case, **body):
    return client.post(f"{V1}/drift/{case.pk}/answer/", body, format="json")


def test_owners_list_and_answer_their_cases(cast, api, case):
    [row] = (
        api(cast.olga).get(f"{V1}/drift/", {"state": "open", "kind": "extra", "system": "directory"}).json()["results"]
    )
    assert (row["id"], row["person"]["username"], row["system"]["slug"]) == (str(case.pk), "charlie", "directory")
    assert row["sentence"] == "Charlie has Member of Brochures in Directory, and nobody here gave it"
    told = answer(api(cast.olga), case, answer="adopt", why="Known.").json()
    assert (told["state"], told["answer"], told["answered_by"]["username"]) == ("answered", "adopt", "olga")
    problem(answer(api(cast.olga), case, answer="remove", why="No."), 409, "conflict")


def test_others_see_nothing_and_answer_nothing(cast, api, case):
    for person in (cast.rita, cast.charlie):
        assert api(person).get(f"{V1}/drift/").json()["results"] == []
        assert answer(api(person), case, answer="adopt", why="Mine.").status_code == 404


def test_an_answer_that_makes_no_sense_is_refused(cast, api, case):
    until = (timezone.now() - timedelta(days=1)).isoformat()
    for body in (
        {"answer": "restore", "why": "So."},
        {"answer": "adopt"},
        {"answer": "ignore", "why": "So.", "until": until},
        {"answer": "link", "why": "So.", "person": "nobody.at.all"},
    ):
        assert answer(api(cast.olga), case, **body).status_code == 422, body
