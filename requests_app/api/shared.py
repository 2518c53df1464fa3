"""What the API of requests, approvals and assignments shares: reading a body, and answering with a request."""

from typing import Any, TypeVar
from uuid import UUID

import django_filters
from django.db.models import Model, Prefetch, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError as InvalidInput
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import Serializer

from ..models import AccessRequest, Inquiry
from ..querysets import AccessRequestQuerySet
from ..serializers import (
    RequestDetailSerializer,
)

Row = TypeVar("Row", bound=Model)
NAMED = ("package", "policy", "person", "requested_by", "shortened_by")


def read(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body as the serializer reads it. Raises InvalidInput."""
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def named(rows: QuerySet[Row], *, field: str, **wanted: Any) -> Row:
    """The row that a field of the body names. Raises InvalidInput, for what is hidden as for what is not there."""
    found = rows.filter(**wanted).first()
    if found is None:
        raise InvalidInput({field: [_("There is no such thing, or you may not see it.")]}, code="not_found")
    return found


def by_id_or_username(text: str) -> dict[str, Any]:
    try:
        return {"pk": UUID(text)}
    except ValueError:
        return {"username__iexact": text}


def with_names(requests: AccessRequestQuerySet) -> AccessRequestQuerySet:
    return requests.select_related(*NAMED)


def with_stages(requests: AccessRequestQuerySet) -> AccessRequestQuerySet:
    return (
        with_names(requests)
        .prefetch_related(
            "answers",
            Prefetch("approvals__inquiries", queryset=Inquiry.objects.with_people()),
        )
        .with_approvals()
    )


def answer(access_request: AccessRequest, request: Request, *, status: int = 200) -> Response:
    """A request as it stands after an action, to whoever took it."""
    row = with_stages(AccessRequest.objects.all()).get(pk=access_request.pk)
    told = RequestDetailSerializer(row, context={"request": request})
    address = reverse("request-detail", args=[row.pk], request=request)
    return Response(told.data, status=status, headers={"Location": address} if status == 201 else None)


class RunFilter(django_filters.FilterSet):
    """What lists of requests and of assignments can be narrowed to; `status` may be given several times."""

    package = django_filters.UUIDFilter(field_name="package", label="The id of a package")
    person = django_filters.UUIDFilter(field_name="person", label="The id of the person whose access it is")
