"""The table of behaviours says the truth about the tests that hold them."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "behaviours.md"
ROW = re.compile(r"^\| *(\d+) \| (.+?) \|(.*)\|$", re.M)


def rows() -> dict[int, tuple[str, list[str]]]:
    """By number: what it says, and the tests that it names."""
    return {
        int(number): (text, re.findall(r"`([^`]+)`", tests)) for number, text, tests in ROW.findall(TABLE.read_text())
    }


def existing() -> set[str]:
    """Every test, by its path and name."""
    return {
        f"{path.relative_to(ROOT / 'tests')}::{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }


def test_all_forty_are_there():
    assert list(rows()) == list(range(1, 41))


def test_every_test_that_the_table_names_exists():
    known = existing()
    missing = {number: name for number, (_, names) in rows().items() for name in names if name not in known}
    assert not missing


def test_what_has_no_test_says_that_it_is_to_come():
    untested = {number: text for number, (text, names) in rows().items() if not names}
    assert {number for number, text in untested.items() if "to come" not in text} == set()
