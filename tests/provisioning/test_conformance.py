"""Every connector passes the conformance kit, against the real thing; a planted fault does not."""

from typing import Any

import pytest

from provisioning.connectors.base import Progress
from provisioning.connectors.builtin import BuiltinDirectory
from provisioning.connectors.conformance import CHECKS, NotConformant

from .targets import TARGETS, BuiltinTarget

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("each", CHECKS, ids=lambda one: one.name)
@pytest.mark.parametrize("kind", TARGETS)
def test_the_connector_conforms(kind, each, request):
    target = TARGETS[kind](request)
    if not each.applies_to(target.connect()):
        pytest.skip("the connector does not claim this capability")
    each.run(target)


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
