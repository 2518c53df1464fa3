"""The risk of people: set by administrators, by imports and by the API; kept from everybody else."""

import pytest
from django.core.exceptions import PermissionDenied
from rest_framework.test import APIClient

from audit.models import Event
from directory.actions import set_risk
from directory.imports import ImportRefused
from directory.models import Risk
from directory.people_import import Options, import_people
from tests.cast import NOW, make_cast


@pytest.fixture
def cast(db):
    return make_cast()


def client(person):
    made = APIClient()
    made.force_authenticate(person)
    return made


def send(person, risk, *, of="rita"):
    return client(person).post(f"/api/v1/people/{of}/risk/", {"risk": risk}, format="json")


def test_an_administrator_sets_it_and_the_journal_says_so(cast):
    set_risk(person=cast.rita, risk=Risk.HIGH, actor=cast.ada, now=NOW)
    cast.rita.refresh_from_db()
    assert cast.rita.risk == Risk.HIGH
    assert Event.objects.get().sentence == "Ada changed Rita's record: risk: none → high"
    set_risk(person=cast.rita, risk=Risk.HIGH, actor=cast.ada, now=NOW)
    assert Event.objects.count() == 1


def test_nobody_else_sets_it(cast):
    for outsider in (cast.rita, cast.marco, cast.olga):
        with pytest.raises(PermissionDenied):
            set_risk(person=cast.rita, risk=Risk.HIGH, actor=outsider, now=NOW)


def test_whatever_watches_over_accounts_sets_it_by_the_api(cast):
    answer = send(cast.ada, "medium", of="RITA")
    assert (answer.status_code, answer.json()) == (200, {"risk": "medium"})
    cast.rita.refresh_from_db()
    assert cast.rita.risk == Risk.MEDIUM


def test_the_api_refuses_others_unknown_people_and_unknown_risks(cast):
    assert send(cast.olga, "high").status_code == 403
    assert send(cast.ada, "high", of="nobody").status_code == 404
    assert send(cast.ada, "enormous").status_code == 422
    assert not Event.objects.exists()


def test_people_do_not_read_their_own(cast):
    assert "risk" not in client(cast.rita).get("/api/v1/me/").json()


@pytest.mark.parametrize(("word", "risk"), [("high", Risk.HIGH), ("None", Risk.NONE), ("", Risk.LOW)])
def test_an_import_sets_it_by_its_word_and_an_empty_cell_leaves_it(cast, tmp_path, word, risk):
    cast.rita.risk = Risk.LOW
    cast.rita.save()
    file = tmp_path / "people.csv"
    file.write_text(f"user_name,risk\nrita,{word}\n", encoding="utf-8")
    import_people(path=file, options=Options(), now=NOW)
    cast.rita.refresh_from_db()
    assert cast.rita.risk == risk


def test_an_import_names_a_risk_that_is_none(cast, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("user_name,risk\nrita,7\n", encoding="utf-8")
    with pytest.raises(ImportRefused) as refusal:
        import_people(path=file, options=Options(), now=NOW)
    assert "risk: “7” is none of none, low, medium, high" in str(refusal.value.bad_rows[0])
