"""The HR file of the invented organisation, as it is committed."""

import csv
from collections import Counter
from datetime import UTC, datetime

from demo import organisation, people
from directory.models import User
from directory.people_import import Options, import_people


def test_the_committed_file_is_what_its_maker_makes(tmp_path):
    people.write(tmp_path / "people.csv")
    assert (tmp_path / "people.csv").read_bytes() == people.FILE.read_bytes(), "run: python -m demo.people"


def test_it_is_a_company_of_about_two_hundred_with_everybody_whom_the_demo_names():
    with people.FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert 190 <= len(rows) <= 210
    names = {row["user_name"] for row in rows}
    assert {
        organisation.REQUESTER, organisation.MANAGER, organisation.OWNER, organisation.ENGINEER, organisation.GUEST,
        *organisation.ADMINISTRATORS, *organisation.AUDITORS,
    } <= names  # fmt: skip
    assert Counter(row["kind"] for row in rows)["guest"] >= 10
    assert all(row["email"].endswith(".example") for row in rows), "no address of anybody"
    boss = {row["user_name"]: row["manager"] for row in rows}
    assert boss[organisation.REQUESTER] == organisation.MANAGER
    assert [name for name, manager in boss.items() if not manager] == [rows[0]["user_name"]], "one tree"


def test_the_import_takes_it_as_it_is(db):
    outcome = import_people(path=people.FILE, options=Options(), now=datetime(2026, 1, 5, tzinfo=UTC))
    assert outcome.created == User.objects.count() > 190
    assert not outcome.bad_rows
