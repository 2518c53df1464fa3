"""Several packages in one call of the REST API, each judged by itself."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from catalog.languages import languages_of
from catalog.models import AccessPackage
from directory.api import caller
from directory.models import User

from .. import actions
from ..actions.baskets import Outcome, Wish, in_words
from ..models import AccessRequest
from ..periods import Period
from ..serializers.access_requests import RequestSerializer
from ..serializers.baskets import AskedTogetherSerializer, BasketSerializer
from .shared import named, read, with_names


class BasketViewSet(GenericViewSet[AccessRequest]):
    """Asking for several packages at once."""

    queryset = AccessRequest.objects.none()
    serializer_class = RequestSerializer

    @extend_schema(request=BasketSerializer, responses={200: AskedTogetherSerializer})
    def create(self, request: Request) -> Response:
        """Ask for each of the packages, for oneself: what is refused loses nothing of the others.

        A package that there is not, or that the caller may not see, refuses the whole; so do malformed items.
        """
        given, user = read(BasketSerializer, request), caller(request)
        wishes = [_wish(item, user=user, common=given["justification"]) for item in given["items"]]
        basket, outcomes = actions.ask_together(
            wishes=wishes, actor=user, languages=languages_of(request.headers), now=timezone.now()
        )
        rows = {row.package_id: row for row in with_names(AccessRequest.objects.filter(basket=basket))}
        results = [_told(outcome, made=rows.get(outcome.wish.package.pk), request=request) for outcome in outcomes]
        return Response({"basket": str(basket), "results": results})


def _wish(item: dict[str, Any], *, user: User, common: str) -> Wish:
    package = named(AccessPackage.objects.visible_to(user), field="package", pk=item["package"])
    policy = named(package.policies.all(), field="policy", pk=item["policy"]) if item["policy"] else None
    return Wish(
        package=package,
        policy=policy,
        justification=item["justification"].strip() or common,
        answers=item["answers"],
        period=Period(item["starts_at"], item["ends_at"]),
    )


def _told(outcome: Outcome, *, made: AccessRequest | None, request: Request) -> dict[str, Any]:
    refusal = outcome.refusal
    code = "forbidden" if isinstance(refusal, PermissionDenied) else getattr(refusal, "code", None) or "invalid"
    return {
        "package": str(outcome.wish.package.pk),
        "request": RequestSerializer(made, context={"request": request}).data if made else None,
        "refusal": {"code": code, "detail": in_words(refusal)} if refusal else None,
    }
