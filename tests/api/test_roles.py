"""Delegated roles in the API: what is refused says nothing about what the caller cannot see."""

from uuid import uuid4

from catalog.choices import DelegatedRole
from catalog.models import Catalog, RoleAssignment
from tests.cast import appoint

from .conftest import V1


def test_a_catalog_that_one_cannot_see_is_answered_like_one_that_is_not_there(cast, api):
    appoint(cast.catalog, cast.marco)
    hidden = Catalog.objects.create(name="Merger", description="-", is_enabled=False)
    asked = {"role": DelegatedRole.CATALOG_READER, "person": str(cast.marco.pk)}
    said = []
    for pk in (hidden.pk, uuid4()):
        answer = api(cast.marco).post(f"{V1}/role-assignments/", {**asked, "catalog": str(pk)}, format="json")
        assert answer.status_code == 422
        said.append([(fault["pointer"], fault["detail"].replace(str(pk), "…")) for fault in answer.json()["errors"]])
    assert said[0] == said[1]
    assert RoleAssignment.objects.count() == 1


def test_a_role_is_given_at_the_time_that_the_action_says(cast, api):
    appoint(cast.catalog, cast.marco)
    body = {"role": DelegatedRole.CATALOG_READER, "person": str(cast.charlie.pk), "catalog": str(cast.catalog.pk)}
    answer = api(cast.marco).post(f"{V1}/role-assignments/", body, format="json")
    assert answer.status_code == 201
    assert answer.json()["granted_at"]
