"""Names in systems: an administrator says that somebody is renamed there, and their earlier name is free."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from audit.models import Event
from catalog.models import Resource, ResourceRole, TargetSystem
from directory.models import User
from provisioning import actions
from provisioning.connectors.aliases import Aliases
from provisioning.connectors.csv_files import CsvFolder
from provisioning.lifecycle import GrantStatus
from provisioning.models import Alias, Connector, ConnectorKind, Grant
from tests.cast import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def names(cast):
    """By which Rita holds something in a system of files; she is called rita.b by now."""
    system = TargetSystem.objects.create(name="Ledger", slug="ledger")
    options = CsvFolder.clean_options({"outgoing": "ledger/out", "incoming": "ledger/in"})
    connector = Connector.objects.create(system=system, kind=ConnectorKind.CSV, options=options)
    known = Aliases(connector, by=["username"])
    give(known, cast.rita)
    cast.rita.username = "rita.b"
    cast.rita.save()
    return known


def give(names, person):
    facts = {"system": names.row.system, "kind": "application", "origin_id": "ledger", "name": "L"}
    resource, _new = Resource.objects.get_or_create(**facts)
    role, _new = ResourceRole.objects.get_or_create(resource=resource, origin_id="keepers", name="Keepers")
    Grant.objects.create(person=person, resource_role=role, status=GrantStatus.VERIFIED, changed_at=NOW)
    assert not names.note([person])


def say(alias, actor, reason="Seen there"):
    actions.note_renamed(alias=alias, reason=reason, actor=actor, now=NOW)


def test_a_name_is_free_as_soon_as_its_bearer_is_renamed_there(cast, names):
    newcomer = User.objects.create(username="rita")
    assert "Names in systems" in str(names.note([newcomer])[newcomer.pk])
    say(Alias.objects.get(), cast.ada)
    assert [one.username for one in names.of([cast.rita])[cast.rita.pk]] == ["rita.b"]
    assert names.note([newcomer]) == {}
    assert [one.username for one in names.of([newcomer])[newcomer.pk]] == ["rita"]
    told = Event.objects.get(verb="account.renamed")
    assert (told.actor_id, told.person_id, told.details["reason"]) == (cast.ada.pk, cast.rita.pk, "Seen there")
    assert told.details["earlier"].startswith("rita ")


def test_nobody_is_renamed_to_what_another_is_called_there(cast, names):
    User.objects.filter(pk=cast.charlie.pk).update(username="rita")
    cast.rita.refresh_from_db()
    Alias.objects.create(connector=names.row, person=cast.charlie, username="charlie")
    with pytest.raises(ValidationError, match="was another person's name"):
        say(Alias.objects.get(person=cast.charlie), cast.ada)
    assert Alias.objects.get(person=cast.charlie).username == "charlie"
    say(Alias.objects.get(person=cast.rita), cast.ada)
    say(Alias.objects.get(person=cast.charlie), cast.ada)
    assert Alias.objects.get(person=cast.charlie).username == "rita"


def test_whoever_is_called_the_same_as_ever_is_not_renamed(cast, names):
    say(Alias.objects.get(), cast.ada)
    with pytest.raises(ValidationError, match="by an earlier name"):
        say(Alias.objects.get(), cast.ada)
    with pytest.raises(ValidationError, match="Say why"):
        say(Alias.objects.get(), cast.ada, reason=" ")


def test_only_administrators_say_it_and_not_of_themselves(cast, names):
    with pytest.raises(PermissionDenied):
        say(Alias.objects.get(), cast.olga)
    Alias.objects.update(person=cast.ada)
    with pytest.raises(PermissionDenied):
        say(Alias.objects.get(), cast.ada)


def test_it_is_said_on_the_page_of_the_name(ada, cast, names):
    alias = Alias.objects.get()
    assert "rita.b" in ada.get(reverse("admin:provisioning_alias_change", args=[alias.pk])).content.decode()
    address = reverse("admin:provisioning_alias_is_renamed", args=[alias.pk])
    for _twice in range(2):
        ada.post(address, {"_form_submitted": "on", "why": "Seen there"})
    assert Alias.objects.get().username == "rita.b"
    assert Event.objects.filter(verb="account.renamed").count() == 1
