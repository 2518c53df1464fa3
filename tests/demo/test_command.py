"""`manage.py demo` where it must not run, and what its --reset removes."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from demo import application
from demo.management.commands import demo as command


@pytest.mark.parametrize("mode", ["production", "development", "test"])
def test_it_refuses_outside_the_demo(settings, mode):
    settings.MODE, settings.DEMO = mode, False
    with pytest.raises(CommandError, match="make demo"):
        call_command("demo")


def test_a_reset_removes_the_demos_own_files_and_no_others(settings, tmp_path, monkeypatch):
    names = ("demo.sqlite3", "demo.sqlite3-wal", "demo-atlas-crm.sqlite3", "accessgov.sqlite3", "people.csv")
    for name in names:
        (tmp_path / name).write_text("kept?")
    monkeypatch.setattr(command, "OWN_DATABASE", tmp_path / "demo.sqlite3")
    monkeypatch.setattr(application, "FILE", tmp_path / "demo-atlas-crm.sqlite3")
    monkeypatch.setattr(connections, "close_all", lambda: None)
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(tmp_path / "demo.sqlite3"))
    command._forget()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accessgov.sqlite3", "people.csv"]


def test_a_reset_refuses_to_touch_a_database_that_is_not_the_demos(settings, tmp_path, monkeypatch):
    theirs = tmp_path / "ours.sqlite3"
    theirs.write_text("precious")
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(theirs))
    with pytest.raises(CommandError, match="only its own database"):
        command._forget()
    assert theirs.read_text() == "precious"
