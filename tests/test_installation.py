"""The image, compose.yaml, .env.example and the operations guide: all that they name is there, and fits together."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.bin.celery import celery
from django.conf import settings
from django.core.management import get_commands
from django.urls import resolve
from gunicorn.config import Config

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("accessgov:")}
GUIDE = (ROOT / "docs" / "operations.md").read_text()
SERVED_BY = shlex.split(re.findall(r"exec gunicorn (.+)\"\]", DOCKERFILE)[0])
NOT_FOR_INSTALLATIONS = {"ACCESSGOV_DEBUG", "PORT"}


def assigned(text: str) -> dict[str, str]:
    """The variables of a file like .env, with their values as they are written there."""
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, flags=re.MULTILINE))


def read_by_the_code() -> set[str]:
    apps = [ROOT / app for app in (*local_apps(), "accessgov")]
    sources = [path.read_text() for app in apps for path in app.rglob("*.py")]
    return {name for source in sources for name in re.findall(r"\benv\.[a-z]+\(\s*\"([A-Z_]+)\"", source)}


def described() -> set[str]:
    """The variables of the guide's table, where a name may begin as the one before it in the row."""
    names: set[str] = set()
    for row in re.findall(r"^\| (`[A-Z]+_?[A-Z_]*`.*?) \|", GUIDE, flags=re.MULTILINE):
        first, *others = re.findall(r"`([A-Z_]+)`", row)
        names |= {first, *(first.rpartition("_")[0] + other for other in others)}
    return names


def local_apps() -> set[str]:
    return {app.split(".")[0] for app in settings.INSTALLED_APPS if (ROOT / app.split(".")[0]).is_dir()} - {"demo"}


def seconds(period: str) -> int:
    return int(period[:-1]) * {"s": 1, "m": 60}[period[-1]]


def after(option: str) -> str:
    """What gunicorn is given for an option."""
    return SERVED_BY[SERVED_BY.index(option) + 1]


def test_the_image_holds_every_app_and_nothing_that_is_not_there() -> None:
    admitted = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert local_apps() | {"accessgov", "templates", "manage.py", "requirements.txt"} <= admitted
    assert [name for name in admitted if not (ROOT / name).exists()] == []


def test_every_variable_that_the_code_reads_is_in_the_guide_and_every_one_in_the_guide_is_read() -> None:
    read = read_by_the_code() | set(re.findall(r"\$\{(ACCESSGOV_[A-Z_]+)", DOCKERFILE))
    assert described() == read - NOT_FOR_INSTALLATIONS


def test_every_variable_that_an_installation_sets_is_read_by_somebody() -> None:
    filled_in = assigned((ROOT / ".env.example").read_text())
    given = {name for service in OURS.values() for name in service["environment"]}
    baked = set(re.findall(r"\b(ACCESSGOV_[A-Z_]+|PORT)=", DOCKERFILE))
    interpolated = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_TEXT))
    assert {*filled_in, *given, *baked} - read_by_the_code() <= interpolated
    required = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE_TEXT))
    assert required <= filled_in.keys()


def test_the_example_is_read_alike_by_compose_and_by_a_shell() -> None:
    for name, value in assigned((ROOT / ".env.example").read_text()).items():
        outside_quotes = re.sub("'[^']*'", "", value)
        assert not re.search(r"[\s$<>#&;\"]", outside_quotes), name


def test_gunicorn_knows_its_options_and_the_application_is_there() -> None:
    line = [word.replace("$PORT", "8000").replace("${ACCESSGOV_WEB_WORKERS:-3}", "3") for word in SERVED_BY]
    application = settings.WSGI_APPLICATION.replace(".application", ":application")
    assert Config().parser().parse_args(line).args == [application]


@pytest.mark.parametrize("service", sorted(OURS.keys() - {"web"}))
def test_what_a_service_starts_is_there_and_knows_its_options(service: str) -> None:
    program, *words = OURS[service]["command"]
    if program == "python":
        assert (ROOT / words[0]).is_file()
        assert words[1] in get_commands()
        return
    assert (program, words[:2]) == ("celery", ["--app", "accessgov"])
    known = {option for parameter in celery.commands[words[2]].params for option in parameter.opts}
    assert {word for word in words[3:] if word.startswith("--")} <= known


def test_commands_in_the_guide_are_there() -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", GUIDE + COMPOSE_TEXT))
    assert named - get_commands().keys() == set()
    services = set(re.findall(r"docker compose (?:exec(?: -T)?|run --rm) (?:--volume \S+ )?([a-z]+)", GUIDE))
    assert {"web", "postgres"} <= services <= SERVICES.keys()


def test_whoever_is_told_to_stop_has_the_time_to_finish() -> None:
    assert seconds(SERVICES["web"]["stop_grace_period"]) > int(after("--graceful-timeout"))
    assert seconds(SERVICES["worker"]["stop_grace_period"]) >= settings.CELERY_TASK_TIME_LIMIT


def test_the_web_is_asked_for_its_health_where_it_answers() -> None:
    asks = SERVICES["web"]["healthcheck"]["test"][-1]
    [(port, path)] = re.findall(r"http://127\.0\.0\.1:(\d+)(/[a-z]+)", asks)
    assert resolve(path).url_name == "readyz"
    assert port == SERVICES["web"]["environment"]["PORT"] == SERVICES["web"]["ports"][0].rpartition(":")[2]


def test_nothing_of_ours_may_write_to_its_image_or_gain_rights() -> None:
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, flags=re.MULTILINE) == ["accessgov"]


def test_one_service_builds_the_image_that_all_others_wait_for() -> None:
    """Two that built it at once would both write its name, and one of them could fail."""
    assert [name for name, service in OURS.items() if "build" in service] == ["migrate"]
    assert all("migrate" in service["depends_on"] for name, service in OURS.items() if name != "migrate")
