"""The program of the demo's custom extension: it takes what AccessGov signed, and says who decides."""

import threading
import time
from wsgiref.simple_server import make_server

import pytest
from django.utils import timezone

from catalog.actions import Stage, save_custom_extension, save_policy
from catalog.choices import ApproverKind, LaunchBehaviour
from catalog.models import ApprovalStage, CustomExtension, StageApprover
from demo.cost_centres import HOLDERS, PATH, CostCentres
from demo.scim_app import QuietHandler, Server, with_extension
from directory.models import User
from requests_app import actions, calling_out
from requests_app.models import ApprovalAssignee, Callout
from tests.cast import make_cast

pytestmark = pytest.mark.one_database("the demo brings its own SQLite")


def nothing_else(environ, start_response):
    start_response("404 Not Found", [("Content-Length", "0")])
    return []


@pytest.fixture
def program():
    """It listens, and is given its secret by `with_secret`."""
    with make_server("127.0.0.1", 0, nothing_else, server_class=Server, handler_class=QuietHandler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def asked(transactional_db, live_server, program, settings):
    """Rita asked for what her cost centre pays, and whoever answers for that is to decide."""
    settings.BASE_URL = live_server.url
    cast, now = make_cast(), timezone.now()
    User.objects.create(username=HOLDERS["4100"][0], display_name="Zola")
    package = cast.package("Sales: Travel", cast.role("Travel desk")[1])
    policy = cast.policy(package)
    question = policy.questions.create(position=1, text="Which cost centre pays for it?")
    extension = CustomExtension(
        catalog=cast.catalog,
        name="Cost centres",
        url=f"http://127.0.0.1:{program.server_port}{PATH}",
        behaviour=LaunchBehaviour.WAIT,
    )
    save_custom_extension(extension=extension, actor=cast.ada, now=now)
    program.set_app(with_extension(nothing_else, secret=extension.unsealed_secret()))
    named = StageApprover(kind=ApproverKind.EXTENSION, extension=extension)
    save_policy(policy=policy, stages=[Stage(ApprovalStage(), [named])], actor=cast.ada, now=now)
    answers = {str(question.pk): "4100"}
    return actions.submit(package=package, actor=cast.rita, justification="The fair.", answers=answers, now=now)


def test_it_names_whoever_answers_for_the_cost_centre(asked):
    calling_out.perform_all_due(now=timezone.now())
    deadline = time.monotonic() + 10
    while not (asked_now := ApprovalAssignee.objects.undecided()).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [one.person.username for one in asked_now] == [HOLDERS["4100"][0]]
    callout = Callout.objects.get()
    assert (callout.state, callout.detail) == ("callbackReceived", "Cost centre 4100 belongs to Sales.")


def test_it_takes_nothing_that_was_not_signed_with_its_secret(asked, program):
    program.set_app(CostCentres("whsec_" + "c2VjcmV0" * 4))
    calling_out.perform_all_due(now=timezone.now())
    assert "401" in Callout.objects.get().last_error
