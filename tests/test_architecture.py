"""The house rules that a machine can hold: imports run one way, status has one writer, views do not write.

Each rule is a function from a module's syntax tree to the lines that break it, and is shown a planted breach first.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "accessgov"
APPS = sorted(path.parent.name for path in ROOT.glob("*/apps.py"))
WRITES = {"save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
FACES = {"views", "api"}
MUTATORS = {"move_to", "turn_all", "move_all", "fail_all"}
"""The writers of a status, both of which ask the lifecycle first: of one row; of a locked set, by one statement."""

pytestmark = pytest.mark.one_database("about the sources alone")

Rule = Callable[[ast.Module], Iterator[tuple[int, str]]]


# --- The rules ------------------------------------------------------------------------------------------------------


def has_docstring(module: ast.Module) -> Iterator[tuple[int, str]]:
    """A module opens with one sentence that says what belongs in it; one without content needs none."""
    if module.body and not ast.get_docstring(module):
        yield 1, "opens without a docstring"


def leaves_status_alone(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Nothing assigns `.status`, directly, by setattr or by an update of a queryset."""
    for node in ast.walk(module):
        match node:
            case ast.Assign(targets=targets):
                written = [part for target in targets for part in ast.walk(target)]
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                written = [target]
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="status"), *_]):
                yield node.lineno, "setattr of status"
                continue
            case ast.Call(func=ast.Attribute(attr="update"), keywords=keywords):
                if any(keyword.arg == "status" for keyword in keywords):
                    yield node.lineno, "update(status=...)"
                continue
            case _:
                continue
        if any(isinstance(part, ast.Attribute) and part.attr == "status" for part in written):
            yield node.lineno, "assigns .status"


def writes_status_in_mutators_only(module: ast.Module) -> Iterator[tuple[int, str]]:
    """In a models' module, the mutators are the one place that writes a status."""
    allowed = {
        line
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef) and node.name in MUTATORS
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    yield from ((line, what) for line, what in leaves_status_alone(module) if line not in allowed)


def assigns_no_status(module: ast.Module) -> Iterator[tuple[int, str]]:
    """In an actions' module, sets of rows may be updated at once; a single row moves by a mutator."""
    yield from ((line, what) for line, what in leaves_status_alone(module) if not what.startswith("update"))


def moves_nothing(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Nothing calls a mutator."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
            yield node.lineno, f"calls .{node.func.attr}("


def writes_nothing(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Nothing is saved or created, and no transaction is opened: that is what actions are for."""
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in WRITES:
                yield node.lineno, f"calls .{name}("
            case ast.Attribute(attr="atomic") | ast.alias(name="atomic"):
                yield node.lineno, "opens a transaction"


# --- Where each holds -----------------------------------------------------------------------------------------------


def modules() -> list[Path]:
    """Every module of the apps and of the project, but for migrations."""
    folders = [ROOT / name for name in (*APPS, PROJECT)]
    found = (path for folder in folders for path in folder.rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def part(path: Path) -> str:
    """Which file of its app a module is: `models` for models.py and for models/people.py."""
    inside = path.relative_to(ROOT).parts[1:]
    return inside[0].removesuffix(".py")


def rules_for(path: Path) -> Iterator[Rule]:
    """The rules that hold for a module, by its place."""
    yield has_docstring
    if path.relative_to(ROOT).parts[0] == PROJECT:
        return
    match part(path):
        case "models":
            yield writes_status_in_mutators_only
        case name if name.startswith("actions"):
            yield assigns_no_status
        case name:
            yield leaves_status_alone
            yield moves_nothing
            if name in FACES:
                yield writes_nothing


def breaches() -> Iterator[str]:
    """Every breach as `file:line: what`."""
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for rule in rules_for(path):
            for line, what in rule(tree):
                yield f"{path.relative_to(ROOT)}:{line}: {what} ({rule.__name__})"


# --- Tests ----------------------------------------------------------------------------------------------------------


def test_every_app_is_looked_at() -> None:
    assert {"audit", "catalog", "directory", "provisioning", "requests_app"} <= set(APPS)


def test_no_module_breaks_a_house_rule() -> None:
    found = list(breaches())
    assert not found, "\n" + "\n".join(found)


def test_imports_run_one_way() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_import_upwards_would_be_noticed(tmp_path: Path) -> None:
    """The contract is given a copy of the packages in which the lowest app imports a higher one."""
    for folder in (*APPS, PROJECT):
        copied = tmp_path / folder
        copied.mkdir()
        for path in (ROOT / folder).glob("*.py"):
            (copied / path.name).write_text('"""Emptied."""\n', encoding="utf-8")
    (tmp_path / "audit" / "models.py").write_text("import requests_app\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([program, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "audit.models -> requests_app" in run.stdout


@pytest.mark.parametrize(
    ("rule", "planted"),
    [
        (has_docstring, "x = 1"),
        (leaves_status_alone, "row.status = 'approved'"),
        (leaves_status_alone, "a, row.status = 1, 'approved'"),
        (leaves_status_alone, "row.status: str = 'approved'"),
        (leaves_status_alone, "setattr(row, 'status', 'approved')"),
        (leaves_status_alone, "rows.update(status='approved')"),
        (assigns_no_status, "row.status = 'approved'"),
        (writes_status_in_mutators_only, "class Row:\n    def approve(self):\n        self.status = 'approved'"),
        (moves_nothing, "row.move_to('approved', at=now)"),
        (moves_nothing, "Row.turn_all(rows, status='approved', at=now)"),
        (writes_nothing, "form.save()"),
        (writes_nothing, "Row.objects.create()"),
        (writes_nothing, "with transaction.atomic():\n    pass"),
        (writes_nothing, "from django.db.transaction import atomic"),
    ],
)
def test_a_planted_breach_is_found(rule: Rule, planted: str) -> None:
    assert list(rule(ast.parse(planted)))


@pytest.mark.parametrize(
    ("rule", "innocent"),
    [
        (has_docstring, '"""Says what belongs here."""\nx = 1'),
        (has_docstring, ""),
        (leaves_status_alone, "status = row.status\nif row.status == 'x': rows.update(name='y')"),
        (assigns_no_status, "rows.update(status='expired')"),
        (writes_status_in_mutators_only, "class Row:\n    def move_to(self, status):\n        self.status = status"),
        (moves_nothing, "move_to = 1"),
        (writes_nothing, "access_request = actions.submit(actor=request.user)"),
    ],
)
def test_innocent_code_is_left_alone(rule: Rule, innocent: str) -> None:
    assert not list(rule(ast.parse(innocent)))
