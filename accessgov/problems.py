"""The one exception handler of the REST API: whatever goes wrong is told as problem details (RFC 9457)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, BadRequest, PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DomainError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from audit.context import current
from provisioning.lifecycle import IllegalMove as IllegalGrantMove
from requests_app.actions.answering import CalloutAnswered, CalloutTooLate
from requests_app.actions.deciding import AlreadyDecided
from requests_app.conflicts import INCOMPATIBLE
from requests_app.lifecycle import IllegalMove
from reviews.lifecycle import IllegalMove as IllegalReviewMove

MEDIA_TYPE = "application/problem+json"
SAFE = ("GET", "HEAD", "OPTIONS")
ANSWER = "question_"
"""What the fields of answers are called in the errors of `submit`, before the id of their question."""


@dataclass(frozen=True)
class Problem:
    """One kind of problem: its type's last word, its status, and what it means, for people."""

    slug: str
    status: int
    title: str | Promise
    meaning: str | Promise = ""

    @property
    def type(self) -> str:
        """The address that names this kind of problem, and explains it."""
        return f"/api/problems/{self.slug}/"


PARAMETERS = Problem(
    "invalid-parameters",
    400,
    _("A parameter of the address makes no sense"),
    _("`errors` names each parameter and what is wrong with it. A cursor is only good for the list that gave it."),
)
INPUT = Problem(
    "invalid-input",
    422,
    _("The body is well-formed, but cannot be accepted"),
    _("`errors` points to each field (RFC 6901) and says what is wrong; nothing was changed."),
)
ALREADY_HELD = Problem(
    "already-held", 409, _("The person has this package already"), _("One person has a package once.")
)
ALREADY_REQUESTED = Problem(
    "already-requested",
    409,
    _("There is an open request already"),
    _("One person asks for a package once at a time: wait for the decision, or cancel the open request."),
)
INCOMPATIBLE_ACCESS = Problem(
    "incompatible-access",
    409,
    _("The person has something that cannot be held together with it"),
    _("`detail` names it. Once it is given back, or its request is canceled, the package can be had."),
)
ALREADY_DECIDED = Problem(
    "already-decided",
    409,
    _("Somebody decided before"),
    _("`detail` says who, and how. Your decision was not taken; read the request again."),
)
CONFLICT = Problem(
    "conflict",
    409,
    _("It is no longer in a state in which this can be done"),
    _("Read it again: something else happened in the meantime."),
)
ALREADY_ANSWERED = Problem(
    "already-answered",
    409,
    _("Nobody waits for this answer"),
    _("A callout is answered once. `detail` says what became of it; there is nothing to repeat."),
)
ANSWERED_TOO_LATE = Problem(
    "answered-too-late",
    410,
    _("The time for this answer is over"),
    _("What the policy says of silence holds. The request can be asked again."),
)
BY_KIND: tuple[tuple[type[Exception], Problem], ...] = (
    (CalloutAnswered, ALREADY_ANSWERED),
    (CalloutTooLate, ANSWERED_TOO_LATE),
    (AlreadyDecided, ALREADY_DECIDED),
    (Exception, CONFLICT),
)
"""What moves are refused as that can no longer be made; the first that fits."""
BY_STATUS = {
    problem.status: problem
    for problem in (
        Problem("malformed-request", 400, _("The request could not be read"), _("The body is not JSON.")),
        Problem(
            "not-authenticated",
            401,
            _("Say who you are"),
            _("Send a valid token, “Authorization: Bearer …”. Those of disabled people are refused."),
        ),
        Problem(
            "not-permitted",
            403,
            _("You may not do this"),
            _("`detail` says why. A session must send its CSRF token with whatever changes something."),
        ),
        Problem(
            "not-found", 404, _("Nothing is here"), _("It does not exist, or you may not see it: both look the same.")
        ),
        Problem("method-not-allowed", 405, _("This cannot be done here"), _("The header `Allow` says what can.")),
        Problem("not-acceptable", 406, _("It is not to be had in this form"), _("The API answers in JSON.")),
        Problem("body-too-large", 413, _("The body is too large"), _("Nothing that the API takes is that long.")),
        Problem("unsupported-media-type", 415, _("The body is in the wrong form"), _("Send `application/json`.")),
        Problem(
            "too-many-requests", 429, _("Too many requests"), _("`Retry-After` says after how many seconds to go on.")
        ),
    )
}
BY_CODE = {"has_it": ALREADY_HELD, "open_request": ALREADY_REQUESTED, INCOMPATIBLE: INCOMPATIBLE_ACCESS}
"""Refusals of the domain that are about its state rather than about the input, by the code of their error."""
ALL = {
    problem.slug: problem
    for problem in (
        PARAMETERS, INPUT, ALREADY_HELD, ALREADY_REQUESTED, INCOMPATIBLE_ACCESS, ALREADY_DECIDED, CONFLICT,
        ALREADY_ANSWERED, ANSWERED_TOO_LATE,
        *BY_STATUS.values(),
    )
}  # fmt: skip


class _Refusal(exceptions.APIException):
    """A problem of the domain in the terms of the framework, which knows how to roll back."""

    def __init__(self, problem: Problem, detail: Any) -> None:
        self.status_code = problem.status
        self.problem = problem
        super().__init__(detail)


def problem_details(exc: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to what a view raised; None, and so a plain 500, for what nobody foresaw."""
    is_safe = context["request"].method in SAFE
    refusal = _in_terms_of_the_framework(exc, is_safe=is_safe)
    response = exception_handler(refusal, context)
    if response is None or not isinstance(refusal, exceptions.APIException):
        return None
    problem = getattr(refusal, "problem", None) or BY_STATUS.get(response.status_code)
    if problem is None:
        return response
    response.data = _document(problem, refusal.detail, is_safe=is_safe)
    response.content_type = MEDIA_TYPE
    # Whatever was asked for (the description is YAML, its page HTML), a problem is JSON.
    context["request"].accepted_renderer, context["request"].accepted_media_type = JSONRenderer(), MEDIA_TYPE
    return response


@require_safe
def explain(request: HttpRequest, slug: str) -> JsonResponse:
    """What a kind of problem means, at the address that its `type` gives."""
    if slug not in ALL:
        raise Http404
    problem = ALL[slug]
    facts = {"type": problem.type, "status": problem.status, "title": problem.title, "meaning": problem.meaning}
    return JsonResponse(facts)


def _in_terms_of_the_framework(exc: Exception, *, is_safe: bool) -> Exception:
    match exc:
        case IllegalMove() | IllegalGrantMove() | IllegalReviewMove():
            problem = next(problem for kind, problem in BY_KIND if isinstance(exc, kind))
            return _Refusal(problem, str(exc))
        case DomainError():
            problem = BY_CODE.get(getattr(exc, "code", None) or "", PARAMETERS if is_safe else INPUT)
            return _Refusal(problem, _told(exc))
        case exceptions.ValidationError():
            return _Refusal(PARAMETERS if is_safe else INPUT, exc.detail)
        case BadRequest():
            return _Refusal(PARAMETERS, str(exc))
        case RequestDataTooBig():
            return _Refusal(BY_STATUS[413], _("The body is larger than this installation reads."))
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied(str(exc) or None)
        case _:
            return exc


def _told(exc: DomainError) -> Any:
    """Django's errors as the framework keeps them: by field where they name fields, each with its code."""
    by_field = exc.error_dict.items() if hasattr(exc, "error_dict") else [(NON_FIELD_ERRORS, exc.error_list)]
    return {
        field: [exceptions.ErrorDetail(error.messages[0], error.code or "invalid") for error in errors]
        for field, errors in by_field
    }


def _document(problem: Problem, told: Any, *, is_safe: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"type": problem.type, "title": str(problem.title), "status": problem.status}
    errors = [{**_place(path, is_safe=is_safe), "detail": error, "code": error.code} for path, error in _each(told)]
    document["detail"] = errors[0]["detail"] if len(errors) == 1 else document["title"]
    if isinstance(told, dict | list) and problem.status in (PARAMETERS.status, INPUT.status):
        document["errors"] = errors
    if story := current().correlation_id:
        document["instance"] = f"urn:uuid:{story}"
    return document


def _each(told: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every error with the way to its field."""
    match told:
        case dict():
            for key, value in told.items():
                is_field = key not in (NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY)
                yield from _each(value, (*path, str(key)) if is_field else path)
        case list():
            for position, value in enumerate(told):
                yield from _each(value, path if isinstance(value, str) else (*path, str(position)))
        case _:
            yield path, told


def _place(path: tuple[str, ...], *, is_safe: bool) -> dict[str, str]:
    """Where an error is: a parameter of the address, or a field of the body by a JSON pointer."""
    if not path:
        return {}
    if is_safe:
        return {"parameter": path[0]}
    if path[0].startswith(ANSWER):
        path = ("answers", path[0].removeprefix(ANSWER))
    return {"pointer": "#/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in path)}


def describe(result: dict[str, Any], **_about: Any) -> dict[str, Any]:
    """Add problem details to the OpenAPI description, as what any operation may answer."""
    text = {"type": "string"}
    error = {"pointer": text, "parameter": text, "detail": text, "code": text}
    result["components"].setdefault("schemas", {})["Problem"] = {
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "enum": [problem.type for problem in ALL.values()]},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "instance": {"type": "string", "format": "uri"},
            "errors": {
                "type": "array",
                "items": {"type": "object", "required": ["detail", "code"], "properties": error},
            },
        },
    }
    told = {
        "description": "A problem; `type` says which.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", told)
    return result
