"""The page about states says what the code's own tables say."""

from provisioning import lifecycle as provisioning
from requests_app import lifecycle as requests
from requests_app.lifecycle import RequestStatus, RequestType
from reviews import lifecycle as reviews
from tests.states import PAGE, page


def test_the_drawn_states_are_those_of_the_code():
    assert PAGE.read_text(encoding="utf-8") == page(), "draw it anew: python -m tests.states"


def test_no_table_of_moves_is_left_out():
    tables = [name for module in (requests, provisioning, reviews) for name in vars(module) if name.endswith("MOVES")]
    assert page().count("stateDiagram-v2") == len(tables)


def test_request_types_are_the_originals_as_far_as_anything_makes_them():
    assert {kind.value for kind in RequestType} <= {
        "userAdd", "userUpdate", "userRemove", "adminAdd", "adminUpdate", "adminRemove", "systemAdd", "systemRemove",
    }  # fmt: skip


def test_request_states_are_the_originals_and_expired():
    assert set(RequestStatus.values) == {
        "submitted", "pendingApproval", "scheduled", "delivering", "delivered", "partiallyDelivered", "deliveryFailed",
        "denied", "expired", "canceled",
    }  # fmt: skip
