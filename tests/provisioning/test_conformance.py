"""Every connector passes the conformance kit, against the real thing; a planted fault does not."""

from typing import Any

import pytest

from provisioning.connectors.base import Holder, Progress
from provisioning.connectors.builtin import BuiltinDirectory
from provisioning.connectors.conformance import CHECKS, NotConformant
from provisioning.connectors.conformance_faults import FAULT_CHECKS
from provisioning.connectors.webhook import Webhook
from provisioning.connectors.webhook_options import GRANT, HOLDERS
from provisioning.models import ConnectorKind

from .targets import SPEAK_HTTP, TARGETS, BuiltinTarget

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("each", CHECKS, ids=lambda one: one.name)
@pytest.mark.parametrize("kind", TARGETS)
def test_the_connector_conforms(kind, each, request):
    target = TARGETS[kind](request)
    if not each.applies_to(target.connect()):
        pytest.skip("the connector does not claim this capability")
    each.run(target)


@pytest.mark.parametrize("each", FAULT_CHECKS, ids=lambda one: one.name)
@pytest.mark.parametrize("kind", SPEAK_HTTP)
def test_the_connector_bears_what_goes_wrong_on_the_wire(kind, each, request):
    target = TARGETS[kind](request)
    if not each.applies_to(target.connect()):
        pytest.skip("the connector does not claim this capability")
    each.run(target)


BELIEVES: dict[str, tuple[str, Any]] = {
    "believes what it is told": ("read", lambda self, person, entitlement: True),
    "lists everybody as often as it is told": (
        "holders",
        lambda self, role: (
            Holder(self._reader.account(item))
            for item in self._items(
                HOLDERS, self._values(HOLDERS, entitlement=role), pointer=self.options["holders_pointer"]
            )
        ),
    ),
    "calls it done whatever the answer is": (
        "grant",
        lambda self, person, role, *, key: self._requests.make(
            GRANT, self._values(GRANT, person, role, key=key), key=key
        ),
    ),
}


@pytest.mark.parametrize("fault", BELIEVES)
def test_the_kit_finds_by_its_wire_a_connector_that(fault, request, monkeypatch):
    monkeypatch.setattr(Webhook, *BELIEVES[fault])
    found = []
    for each in FAULT_CHECKS:
        try:
            each.run(TARGETS[ConnectorKind.WEBHOOK](request))
        except NotConformant as error:
            found.append(str(error))
    assert found


FAULTS: dict[str, dict[str, Any]] = {
    "says done and does nothing": {"grant": lambda self, person, entitlement, *, key: Progress.DONE},
    "forgets to revoke": {"revoke": lambda self, person, entitlement, *, key: Progress.DONE},
    "reads what it likes": {"read": lambda self, person, entitlement: True},
    "lists nobody": {"holders": lambda self, entitlement: iter(())},
    "lists everybody twice": {"holders": lambda self, role: [*BuiltinDirectory.holders(self, role)] * 2},
    "discovers nothing": {"discover": lambda self: iter(())},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_kit_finds_a_connector_that(fault, request):
    class Faulty(BuiltinTarget):
        def connect(self):
            connector = super().connect()
            connector.__class__ = type("Faulty", (BuiltinDirectory,), FAULTS[fault])
            return connector

    found = []
    for each in CHECKS:
        target = Faulty(request)
        if not each.applies_to(target.connect()):
            continue
        try:
            each.run(target)
        except NotConformant as error:
            found.append(str(error))
        except pytest.skip.Exception:
            continue  # what our own directory cannot show
    assert found
