"""The state machine holds, and finds each of the bugs that are planted for it."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import RequestsMachine
from .world import make_world

IS_RANDOM = os.environ.get("ACCESSGOV_TEST_RANDOM") == "1"
"""New interleavings at every run; without it the same ones, so that a red test is red again."""
HOLDS = settings(
    max_examples=int(os.environ.get("ACCESSGOV_TEST_EXAMPLES", "15")),
    stateful_step_count=40,
    deadline=None,
    derandomize=not IS_RANDOM,
    suppress_health_check=list(HealthCheck),
)

pytestmark = pytest.mark.django_db


def play(how: settings) -> None:
    """Make the world, and let the machine loose in it."""
    world = make_world()

    class Machine(RequestsMachine):
        made = world

    run_state_machine_as_test(Machine, settings=how)


def test_whatever_people_do_and_whenever_the_promises_hold():
    play(HOLDS)
