"""The answers of custom extensions in the REST API: signed by the extension, or given in its place."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accessgov import signatures
from directory.api import caller
from directory.models import User

from .. import actions
from ..actions import CalloutAnswer
from ..deciders import Deciders, groups_called, people_called
from ..models import Callout
from ..payloads import is_token_of
from ..permissions import can_answer_callout
from ..serializers.callouts import DENY, CalloutAnswerSerializer, CalloutSerializer
from .shared import read

SIGNATURE = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, description="Standard Webhooks; not needed with an API token.")
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
]


class CalloutViewSet(GenericViewSet[Callout]):
    """Callouts that are waited for."""

    queryset = Callout.objects.none()

    @extend_schema(
        operation_id="callouts_resume",
        parameters=SIGNATURE,
        request=CalloutAnswerSerializer,
        responses=CalloutSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[AllowAny])
    def resume(self, request: Request, pk: str) -> Response:
        """Answer a callout: by the extension itself, signed and with the token of the call, or in its place by whoever
        looks after the package. A callout is answered once: 409 afterwards, 410 when its time is over.
        """
        signed = request.body  # before the data is read from it
        is_extension = not request.user.is_authenticated
        callout = _callout_of_extension(request, pk, signed) if is_extension else _callout_of(caller(request), pk)
        given = read(CalloutAnswerSerializer, request)
        if is_extension and not is_token_of(callout, given["token"]):
            raise PermissionDenied(_("The token is not that of this callout."))
        answered = actions.answer_callout(
            callout=callout,
            answer=CalloutAnswer(
                is_denial=given["result"] == DENY, detail=given["detail"], deciders=_deciders(given["approval_stage"])
            ),
            actor=None if is_extension else caller(request),
            now=timezone.now(),
        )
        return Response(CalloutSerializer(answered).data)


def _callout_of_extension(request: Request, pk: str, signed: bytes) -> Callout:
    """The callout, where the body is signed with a secret that holds of the extension that was called."""
    if "webhook-signature" not in request.headers:
        raise AuthenticationFailed(_("Sign the answer as the call is signed, or send an API token."))
    callout = get_object_or_404(Callout.objects.select_related("extension", "access_request"), pk=pk)
    now = timezone.now()
    try:
        signatures.verify(*callout.extension.valid_secrets(now), headers=request.headers, body=signed, now=now)
    except signatures.ForgeryError as forgery:
        raise AuthenticationFailed(str(forgery)) from forgery
    return callout


def _callout_of(user: User, pk: str) -> Callout:
    """The callout, for whoever may answer it in the extension's place."""
    visible = Callout.objects.visible_to(user).select_related("extension", "access_request__package__catalog")
    callout = get_object_or_404(visible, pk=pk)
    # Asked before anybody is looked up: outsiders are not to learn which usernames there are.
    if not can_answer_callout(user, callout.access_request):
        raise PermissionDenied(_("Only those who look after the package answer for an extension, and no party."))
    return callout


def _deciders(given: dict[str, Any] | None) -> Deciders | None:
    if given is None:
        return None
    faults: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for field, called in (("people", people_called), ("groups", groups_called)):
        try:
            found[field] = called(given[field])
        except ValidationError as error:
            faults["approval_stage"] = error
    if faults:
        raise ValidationError(faults)
    return Deciders(**found, approvals_required=given.get("approvals_required", 0), time_limit=given["time_limit"])
