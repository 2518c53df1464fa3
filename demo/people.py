"""Makes demo/people.csv, the HR file of the invented organisation: the same at every run. `python -m demo.people`."""

import csv
import random
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path

from .organisation import COMPANY, DOMAIN, NAMES, OFFICES, PARTNERS, PEOPLE, TEAMS, Name, Partner, Team

FILE = Path(__file__).with_name("people.csv")
COLUMNS = (
    "employee_number", "user_name", "email", "given_name", "family_name", "department", "job_title", "company",
    "manager", "kind", "hired_on", "attributes.office", "attributes.team",
)  # fmt: skip
FOUNDED = date(2011, 4, 4)
LATEST_HIRE = date(2024, 9, 2)
SEED = 20110404
SPELLINGS = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "đ": "d", "ß": "ss"})

Row = dict[str, str]


def rows() -> list[Row]:
    """Everybody, managers before those who report to them."""
    chance = random.Random(SEED)  # nosec B311  # no secret, and always the same
    names = _names(chance)
    numbers = iter(range(1001, 9999))
    leads: dict[str, str] = {}
    found: list[Row] = []
    for team in TEAMS:
        for title in (team.lead, *_titles(team.members)):
            row = _member(team, title, name=_name(team.name, title, found, names), leads=leads, chance=chance)
            row["employee_number"] = f"MB{next(numbers)}"
            leads.setdefault(team.name, row["user_name"])
            found.append(row)
    for partner in PARTNERS:
        for title in _titles(partner.members):
            found.append(_guest(partner, title, name=_name(partner.name, title, found, names), leads=leads))
    return found


def write(path: Path = FILE) -> None:
    """Write the file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows())


def user_name(name: Name) -> str:
    """`tomas.arrieta`, in plain letters."""
    plain = unicodedata.normalize("NFKD", ".".join(name).lower().translate(SPELLINGS))
    return "".join(letter for letter in plain if letter.isascii() and (letter.isalpha() or letter == "."))


def _names(chance: random.Random) -> Iterator[Name]:
    """Every first name of a region with every family name of it, shuffled, none of them twice."""
    pairs = [
        (first, last.replace("_", " ")) for firsts, lasts in NAMES for first in firsts.split() for last in lasts.split()
    ]
    chance.shuffle(pairs)
    taken = {user_name(name) for name in PEOPLE.values()}
    for name in pairs:
        if user_name(name) not in taken:
            taken.add(user_name(name))
            yield name


def _name(team: str, title: str, found: list[Row], names: Iterator[Name]) -> Name:
    known = PEOPLE.get((team, title))
    is_taken = known is not None and any(row["user_name"] == user_name(known) for row in found)
    return next(names) if known is None or is_taken else known


def _titles(members: dict[str, int]) -> Iterator[str]:
    return chain.from_iterable([title] * count for title, count in members.items())


def _member(team: Team, title: str, *, name: Name, leads: dict[str, str], chance: random.Random) -> Row:
    boss = leads.get(team.name) or (leads[team.above] if team.above else "")
    days = (LATEST_HIRE - FOUNDED).days
    return {
        **_named(name, domain=DOMAIN),
        "department": team.department,
        "job_title": title,
        "company": COMPANY,
        "manager": boss,
        "kind": "member",
        "hired_on": (FOUNDED + timedelta(days=chance.randrange(days))).isoformat(),
        "attributes.office": chance.choices(OFFICES, weights=(5, 3, 3, 2))[0],
        "attributes.team": team.name,
    }


def _guest(partner: Partner, title: str, *, name: Name, leads: dict[str, str]) -> Row:
    return {
        **_named(name, domain=partner.domain),
        "job_title": title,
        "company": partner.name,
        "manager": leads[partner.contact],
        "kind": "guest",
        "attributes.team": partner.name,
    }


def _named(name: Name, *, domain: str) -> Row:
    key = user_name(name)
    return {"user_name": key, "email": f"{key}@{domain}", "given_name": name[0], "family_name": name[1]}


if __name__ == "__main__":
    write()
