"""`kill -9` of a process that talks to a custom extension: it is called again afterwards, with the same id."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from catalog.actions import save_custom_extension, save_policy
from catalog.choices import CalloutMoment, LaunchBehaviour
from catalog.models import CustomExtension, PolicyCallout
from requests_app import actions, calling_out
from requests_app.lifecycle import CalloutState
from requests_app.models import Callout

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def database_url() -> str:
    """Where the database of this test is, for another process."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"


def worker(callout: Callout) -> "subprocess.Popen[bytes]":
    """A process that makes one call, as a worker does; of the mode that this one has, so that it reads the secret."""
    environment = {**os.environ, "ACCESSGOV_MODE": "test", "DATABASE_URL": database_url()}
    program = f"from requests_app.tasks import send_callout; send_callout('{callout.pk}')"
    return subprocess.Popen([sys.executable, "manage.py", "shell", "-v", "0", "-c", program], cwd=ROOT, env=environment)


def test_a_worker_killed_while_the_extension_thinks(cast, server):
    now = timezone.now()
    policy = cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]))
    extension = CustomExtension(catalog=cast.catalog, name="Ticketing", url=server.url, behaviour=LaunchBehaviour.WAIT)
    save_custom_extension(extension=extension, actor=cast.ada, now=now)
    server.secret, server.is_holding = extension.unsealed_secret(), True
    row = PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=extension)
    save_policy(policy=policy, actor=cast.ada, now=now, callouts=[row])
    actions.submit(package=policy.package, actor=cast.rita, justification="New", now=now)

    process = worker(Callout.objects.get())
    try:
        assert server.was_called.wait(PATIENCE), "the worker reached the extension"
    finally:
        process.kill()
        process.wait(timeout=10)
    server.is_holding = False
    server.released.set()
    callout = Callout.objects.get()
    assert (callout.status, callout.state, callout.attempts) == ("pending", CalloutState.PENDING, 1)

    assert calling_out.perform_all_due(now=timezone.now()) == 0, "the dead worker's lease still holds"
    Callout.objects.update(leased_until=now)  # the lease runs out, without a minute's waiting
    calling_out.perform_all_due(now=timezone.now())
    callout.refresh_from_db()
    assert (callout.state, callout.attempts) == (CalloutState.WAITING, 2)
    assert [call.id for call in server.calls] == [str(callout.pk)] * 2
