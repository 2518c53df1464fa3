"""What every test may count on: clean-up that the journal lets pass, quick passwords, a browser if there is one."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import TransactionTestCase, override_settings

from tests import servers

BROWSER_TESTS = Path(__file__).parent / "browser"
CHROMIUM = os.environ.get("ACCESSGOV_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
NO_CHROMIUM = "no Chromium here: install the package `chromium`, or name one in ACCESSGOV_CHROMIUM"
NO_SLAPD = "no OpenLDAP server here: install the packages `slapd` and `ldap-utils`"
CHROMIUM_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

# Playwright keeps an event loop in the main thread, and Django would refuse the ORM beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def _flush_through_the_door(case: TransactionTestCase) -> None:
    """The journal refuses to be emptied; tests with real commits empty it through the one door that retention uses."""
    from audit.protection import door_open

    with door_open():
        _flush(case)


TransactionTestCase._fixture_teardown = _flush_through_the_door  # type: ignore[attr-defined]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests are marked as such, share one worker (one Chromium), and are skipped where there is none.

    What does not depend on the database is skipped on the second one.
    """
    is_second = servers.chosen(os.environ) == "postgres"
    for item in items:
        if is_second and (marker := item.get_closest_marker("one_database")):
            item.add_marker(pytest.mark.skip(reason=f"on SQLite alone: {marker.args[0]}"))
        if BROWSER_TESTS in item.path.parents:
            item.add_marker(pytest.mark.browser)
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector need not walk through all of it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skipped test of pages or of LDAP must not pass for one that ran."""
    for kind, why in (("BROWSER", NO_CHROMIUM), ("LDAP", NO_SLAPD)):
        if skipped := [each for each in terminalreporter.stats.get("skipped", []) if why in str(each.longrepr)]:
            terminalreporter.write_sep("!", f"{len(skipped)} {kind} TESTS DID NOT RUN: {why}", red=True, bold=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as in earnest: in memory, threads would share one connection and there is no WAL."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="module")
def module_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What a module's fixtures write once, for tests that read it; what a test itself writes ends with the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Argon2 is slow on purpose; no test is about its strength."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real OpenLDAP server for the whole run (tests.provisioning.slapd)."""
    from tests.provisioning.slapd import HAS_SLAPD, running_slapd

    if not HAS_SLAPD:
        pytest.skip(NO_SLAPD)
    with running_slapd(tmp_path_factory.mktemp("slapd")) as server:
        yield server


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium, which asks nobody outside for anything."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": CHROMIUM_FLAGS + sandbox}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A desktop of ordinary size, in one language and one time zone on every machine."""
    return {
        **browser_context_args,
        "locale": "en-GB",
        "timezone_id": "UTC",
        "viewport": {"width": 1280, "height": 900},
        "reduced_motion": "reduce",
    }
