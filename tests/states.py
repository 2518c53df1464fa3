"""Draws docs/states.md from the tables of the lifecycles: `python -m tests.states` writes it, test_states compares."""

from pathlib import Path

from django.db.models import TextChoices

PAGE = Path(__file__).parents[1] / "docs" / "states.md"
START = {
    "Requests": ["submitted", "pendingApproval", "delivering"],
    "Assignments": ["delivering"],
    "Approvals": ["waiting", "skipped"],
    "Exceptions to separation of duties": ["pendingApproval"],
    "Calls of custom extensions": ["pending"],
    "Reviews of emergency access": ["open"],
    "Grants": ["pending"],
    "Drift cases": ["open"],
    "Tasks by hand": ["open"],
    "Campaigns": ["starting"],
    "What comes of review items": ["new"],
}
"""The states in which rows are made."""


def page() -> str:
    """The whole page."""
    from provisioning import lifecycle as provisioning
    from requests_app import lifecycle as requests
    from reviews import lifecycle as reviews

    parts = [
        INTRODUCTION,
        _types(requests.RequestType),
        _chapter("Requests", requests.RequestStatus, requests.REQUEST_MOVES, REQUESTS),
        _chapter("Approvals", requests.ApprovalStatus, requests.APPROVAL_MOVES, APPROVALS),
        _chapter("Assignments", requests.AssignmentStatus, requests.ASSIGNMENT_MOVES, ASSIGNMENTS),
        _chapter("Exceptions to separation of duties", requests.ExceptionStatus, requests.EXCEPTION_MOVES, EXCEPTIONS),
        _chapter("Calls of custom extensions", requests.CalloutState, requests.CALLOUT_MOVES, CALLOUTS),
        _chapter("Reviews of emergency access", requests.EmergencyStatus, requests.EMERGENCY_MOVES, EMERGENCIES),
        _chapter("Grants", provisioning.GrantStatus, provisioning.MOVES, GRANTS),
        _chapter("Drift cases", provisioning.CaseState, provisioning.CASE_MOVES, CASES),
        _chapter("Tasks by hand", provisioning.TaskState, provisioning.TASK_MOVES, TASKS),
        _chapter("Campaigns", reviews.CampaignStatus, reviews.CAMPAIGN_MOVES, CAMPAIGNS),
        _chapter("What comes of review items", reviews.ApplyState, reviews.APPLY_MOVES, ITEMS),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _types(types: type[TextChoices]) -> str:
    rows = "\n".join(f"| `{one.value}` | {one.label} |" for one in types)
    return f"## Types of requests\n\n| value | what it is |\n|---|---|\n{rows}\n\n{TYPES.strip()}"


def _chapter(title: str, states: type[TextChoices], moves: dict[str, frozenset[str]], text: str) -> str:
    rows = "\n".join(f"| `{one.value}` | {one.label} | {_next(one.value, states, moves)} |" for one in states)
    arrows = [f"    [*] --> {start}" for start in START[title]]
    arrows += [f"    {old.value} --> {new.value}" for old in states for new in states if new in moves[old]]
    arrows += [f"    {one.value} --> [*]" for one in states if not moves[one]]
    drawing = "\n".join(["```mermaid", "stateDiagram-v2", *arrows, "```"])
    table = f"| state | shown as | may become |\n|---|---|---|\n{rows}"
    return f"## {title}\n\n{text.strip()}\n\n{drawing}\n\n{table}"


def _next(state: str, states: type[TextChoices], moves: dict[str, frozenset[str]]) -> str:
    return ", ".join(f"`{one.value}`" for one in states if one in moves[state]) or "nothing: it stays"


INTRODUCTION = """
# States

Drawn from the tables in `requests_app/lifecycle.py`, `provisioning/lifecycle.py` and `reviews/lifecycle.py`: every
status is written by way of these. `python -m tests.states` draws the page anew, and a test fails while it differs.
"""
TYPES = """
Values as in Microsoft Graph (`accessPackageRequestType`). Of the original's, `systemAdd` comes with automatic policies
and is not there before anything can make it; `systemUpdate` and `onBehalfAdd` are never made: a manager's request for a
report is a `userAdd` that somebody else submitted. Every removal is a request of its own.
"""
REQUESTS = """
`expired` is a state of its own, where the original has a denied request with a reason. `scheduled` is approved and
waits for the start that was chosen. What is `partiallyDelivered` or `deliveryFailed` is tried again by itself, and
at once when whoever looks after the package says so. Nothing deletes a request.
"""
APPROVALS = "One for each stage of the policy, copied when the request was submitted."
ASSIGNMENTS = """
One person having one package. `removalPending` lasts until every target system shows that it is gone; only then it is
`ended`.
"""
EXCEPTIONS = "Somebody may hold what is incompatible, for a reason, with a control in its place, until an end."
CALLOUTS = "One call of one custom extension at one moment of a request or an assignment."
EMERGENCIES = "Emergency access is given at once; the review that it leaves behind says whether that was justified."
GRANTS = """
One person holding one role of a resource, whatever number of assignments gives it. What was delivered is `pending`
again while it is put in place once more.
"""
CASES = """
One difference between what is wanted and what a target system has. An `ignored` case may be ignored for longer; it is
`open` again on its day. A case whose difference is gone closes by itself.
"""
TASKS = """
One change that a team makes by hand in a system without an interface: `done` with a proof, `refused` with a reason, or
`withdrawn` where it is not wanted any more. What was refused is `open` again when its operation is put back to work.
"""
CAMPAIGNS = """
One occurrence of a review. While it is `starting` its population is being frozen; while it is `completing` results are
being drawn from the answers; `decided` waits for somebody to apply them, where its review says so. It is `completed`
when nothing is left to be removed.
"""
ITEMS = """
What stays is `notNeeded`. What is to go is `applying` until every target system shows that it is gone, and `failed` in
the system's own words as long as it is refused; `notFound` was gone before the campaign came to it.
"""


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessgov.settings")
    os.environ.setdefault("ACCESSGOV_MODE", "test")
    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
