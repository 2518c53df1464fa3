"""How states and deciders are said."""

import pytest

from requests_app.lifecycle import ApprovalStatus, AssignmentStatus, RequestStatus
from requests_app.templatetags.states import names, state, tone
from requests_app.timeline import TELLINGS

from .conftest import carry_out, get_access


@pytest.mark.parametrize(
    ("people", "required", "said"),
    [
        ([], 1, ""),
        (["Marco"], 1, "Marco"),
        (["Olga", "Marco"], 1, "Marco or Olga"),
        (["Olga", "Marco"], 2, "Marco and Olga"),
        (["Olga"], 2, "Olga"),
        (["Olga", "Marco", "Ada"], 2, "2 of Ada, Marco and Olga"),
        (["Dee", "Cy", "Bo", "Al"], 1, "Al, Bo, Cy or Dee"),
        (["Eve", "Dee", "Cy", "Bo", "Al"], 1, "Al, Bo, Cy or 2 others"),
        (["Eve", "Dee", "Cy", "Bo", "Al"], 2, "2 of Al, Bo, Cy and 2 others"),
    ],
)
def test_deciders_are_named_and_many_are_counted(people, required, said):
    assert names(people, required) == said


@pytest.mark.parametrize("status", [*RequestStatus.values, *ApprovalStatus.values, *AssignmentStatus.values])
def test_only_what_is_over_without_a_verdict_has_no_tone(status):
    assert (tone(status) == "neutral") == (status in ("canceled", "waiting", "skipped", "ended"))


def test_a_removal_is_never_called_delivered(cast, package, sign_in):
    from requests_app.models import AccessRequest

    assignment = get_access(cast, package)
    sign_in(cast.rita).post(f"/access/{assignment.pk}/give-back/")
    removal = AccessRequest.objects.get(kind="userRemove")
    assert state(removal) == "Being removed"
    carry_out()
    removal.refresh_from_db()
    assert state(removal) == "Removed"


@pytest.mark.parametrize("verb", TELLINGS)
def test_every_telling_is_of_a_verb_that_an_app_records(verb):
    from audit import verbs

    assert verbs.is_defined(verb)
    assert str(TELLINGS[verb].title)
