"""What is said to custom extensions, as docs/extensions.md describes it, and the token by which they answer once."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.fields import DateTimeField

from directory.models import User
from directory.serializers import MomentField

from .models import AccessRequest, Answer, ApprovalAssignee, Assignment, Callout

SALT = "accessgov.callout"
_moment: DateTimeField = MomentField()


def payload_of(callout: Callout) -> dict[str, Any]:
    """The body: what happened, about which request and access, and how to answer where an answer is waited for.

    The callout comes `with_names()`. Written when it is sent, from the facts of that moment.
    """
    access_request = callout.access_request
    return {
        "type": callout.moment,
        "timestamp": _moment.to_representation(callout.created_at),
        "data": {
            "callout": str(callout.pk),
            "extension": {"id": str(callout.extension_id), "name": callout.extension.name},
            "callback": _callback(callout),
            "request": _request(access_request),
            "stage": callout.approval.position if callout.approval else None,
            "assignment": _assignment(access_request.assignment) if access_request.assignment else None,
            "package": {"id": str(access_request.package_id), "name": access_request.package.name},
            "catalog": {"id": str(access_request.package.catalog_id), "name": access_request.package.catalog.name},
            "policy": {
                "id": str(access_request.policy_id),
                "name": access_request.policy.name,
                "version": access_request.policy_version,
            },
            "person": _person(access_request.person),
        },
    }


def token_of(callout: Callout) -> str:
    """What proves that whoever answers was called about this very thing; nothing of it is stored."""
    return salted_hmac(SALT, str(callout.pk), algorithm="sha256").hexdigest()


def is_token_of(callout: Callout, token: str) -> bool:
    """Whether this is the callout's token; takes the same time whatever is wrong with it."""
    return constant_time_compare(token, token_of(callout))


def _callback(callout: Callout) -> dict[str, str] | None:
    if callout.answer_by is None:
        return None
    return {
        "url": settings.BASE_URL + reverse("callout-resume", args=[callout.pk]),
        "token": token_of(callout),
        "answer_by": _moment.to_representation(callout.answer_by) or "",
    }


def _request(access_request: AccessRequest) -> dict[str, Any]:
    requester = access_request.requested_by
    answers = Answer.objects.filter(access_request=access_request)
    decided = ApprovalAssignee.objects.filter(approval__access_request=access_request, is_approved=True)
    return {
        "id": str(access_request.pk),
        "kind": access_request.kind,
        "status": access_request.status,
        "requested_by": _person(requester) if requester else None,
        "justification": access_request.justification,
        "answers": [{"question": answer.question, "value": answer.value} for answer in answers],
        "approved_by": [_person(one.person) for one in decided.select_related("person").order_by("decided_at", "pk")],
        "submitted_at": _moment.to_representation(access_request.submitted_at),
    }


def _assignment(assignment: Assignment) -> dict[str, Any]:
    ends_at = assignment.ends_at
    return {
        "id": str(assignment.pk),
        "status": assignment.status,
        "starts_at": _moment.to_representation(assignment.starts_at),
        "ends_at": _moment.to_representation(ends_at) if ends_at else None,
    }


def _person(person: User) -> dict[str, str]:
    return {
        "id": str(person.pk),
        "username": person.username,
        "display_name": person.display_name,
        "email": person.email,
    }
