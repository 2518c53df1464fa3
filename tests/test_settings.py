"""Settings: what a reader of the environment makes of a value, and what production refuses to start without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from accessgov import env

ROOT = Path(__file__).resolve().parent.parent
NAME = "ACCESSGOV_EXAMPLE"
PRODUCTION = {
    "ACCESSGOV_MODE": "production",
    "ACCESSGOV_SECRET_KEY": "a-key-that-only-this-test-knows-and-that-is-long-enough-for-django",
    "ACCESSGOV_ENCRYPTION_KEYS": "7Q2Ff0hJd1uYF2d8qXv7k3m3o5V3Hq9c2n8sT1w6xZE=",
    "ACCESSGOV_BASE_URL": "https://accessgov.example/",
    "ACCESSGOV_ALLOWED_HOSTS": "accessgov.example, access.example",
}


def settings_in(**environment: str) -> subprocess.CompletedProcess[str]:
    """Reads the settings in a process of its own, with nothing but `environment`, and prints a few of them."""
    script = (
        "from accessgov import settings as s;"
        "print(s.BASE_URL, s.ALLOWED_HOSTS, s.SESSION_COOKIE_SECURE, s.DEBUG, s.SECURE_SSL_REDIRECT);"
        "print('demo' in s.INSTALLED_APPS)"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# --- Readers --------------------------------------------------------------------------------------------------------


def test_text_is_stripped_and_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "  some words ")
    assert env.text(NAME) == "some words"
    monkeypatch.setenv(NAME, "   ")
    assert env.text(NAME, "fallback") == "fallback"


def test_a_missing_text_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is not set"):
        env.text(NAME)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1", True),
        ("YES", True),
        ("true", True),
        ("On", True),
        ("0", False),
        ("no", False),
        ("False", False),
        ("off", False),
    ],
)
def test_flags_are_read(monkeypatch: pytest.MonkeyPatch, written: str, *, meant: bool) -> None:
    monkeypatch.setenv(NAME, written)
    assert env.flag(NAME, default=not meant) is meant


@pytest.mark.parametrize("default", [True, False])
def test_an_absent_flag_is_its_default(monkeypatch: pytest.MonkeyPatch, *, default: bool) -> None:
    monkeypatch.delenv(NAME, raising=False)
    assert env.flag(NAME, default=default) is default


def test_a_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "perhaps")
    with pytest.raises(ImproperlyConfigured, match="must be yes or no, not 'perhaps'"):
        env.flag(NAME, default=False)


def test_whole_numbers_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "8080")
    assert env.integer(NAME, default=1) == 8080


@pytest.mark.parametrize(
    ("written", "complaint"), [("many", "whole number"), ("1.5", "whole number"), ("0", "at least 1")]
)
def test_other_numbers_are_refused(monkeypatch: pytest.MonkeyPatch, written: str, complaint: str) -> None:
    monkeypatch.setenv(NAME, written)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} must be .*{complaint}"):
        env.integer(NAME, default=1, minimum=1)


@pytest.mark.parametrize(("written", "meant"), [("a, b ,,c", ["a", "b", "c"]), ("", ["d"]), (" one ", ["one"])])
def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch, written: str, meant: list[str]) -> None:
    monkeypatch.setenv(NAME, written)
    assert env.words(NAME, default=["d"]) == meant


def test_networks_are_read_and_what_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "10.20.0.0/16, fd00:20::/32")
    assert [str(network) for network in env.networks(NAME)] == ["10.20.0.0/16", "fd00:20::/32"]
    monkeypatch.setenv(NAME, "10.20.1.1/16")
    with pytest.raises(ImproperlyConfigured, match="must be networks"):
        env.networks(NAME)


def test_a_folder_is_named_by_its_whole_path_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "/srv/accessgov")
    assert env.folder(NAME) == Path("/srv/accessgov")
    monkeypatch.setenv(NAME, " ")
    assert env.folder(NAME) is None
    for wrong in ("files", "./files", "/srv/../etc"):
        monkeypatch.setenv(NAME, wrong)
        with pytest.raises(ImproperlyConfigured, match="must be the whole path of a folder"):
            env.folder(NAME)


def test_a_choice_outside_the_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "green")
    with pytest.raises(ImproperlyConfigured, match="must be one of red, blue, not 'green'"):
        env.choice(NAME, choices=("red", "blue"), default="red")


# --- The settings as a whole ----------------------------------------------------------------------------------------


def test_production_starts_with_its_secrets_and_is_strict() -> None:
    run = settings_in(**PRODUCTION)
    expected = "https://accessgov.example ['accessgov.example', 'access.example'] True False True\nFalse"
    assert (run.returncode, run.stdout.strip()) == (0, expected), run.stderr


@pytest.mark.parametrize("missing", ["ACCESSGOV_SECRET_KEY", "ACCESSGOV_ENCRYPTION_KEYS", "ACCESSGOV_BASE_URL"])
def test_production_refuses_to_start_without(missing: str) -> None:
    run = settings_in(**{name: value for name, value in PRODUCTION.items() if name != missing})
    assert run.returncode != 0
    assert f"{missing} is not set" in run.stderr


def test_production_is_what_an_unset_mode_means() -> None:
    run = settings_in()
    assert run.returncode != 0
    assert "ACCESSGOV_SECRET_KEY is not set" in run.stderr


def test_production_refuses_debug() -> None:
    run = settings_in(**PRODUCTION, ACCESSGOV_DEBUG="yes")
    assert run.returncode != 0
    assert "ACCESSGOV_DEBUG must be off in production" in run.stderr


def test_an_unknown_mode_is_refused() -> None:
    run = settings_in(ACCESSGOV_MODE="staging")
    assert run.returncode != 0
    assert "ACCESSGOV_MODE must be one of" in run.stderr
