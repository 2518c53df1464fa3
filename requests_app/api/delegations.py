"""Delegations in the REST API: who decides in one's place while one is away."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from catalog.models import Catalog
from directory.api import caller
from directory.models import User

from .. import actions
from ..models import Delegation
from ..permissions import can_delegate_for
from ..querysets import DelegationQuerySet
from ..serializers import DelegatingSerializer, DelegationSerializer, SettingDelegationSerializer
from .shared import by_id_or_username, named, read


class DelegationPages(KeysetPagination):
    keyset = Keyset("starts_at")


class DelegationViewSet(ReadOnlyModelViewSet[Delegation]):
    """One's own delegations, given and received, the latest first; administrators and auditors see all."""

    serializer_class = DelegationSerializer
    pagination_class = DelegationPages
    queryset = Delegation.objects.none()

    def get_queryset(self) -> DelegationQuerySet:
        return Delegation.objects.visible_to(caller(self.request)).with_names()

    @extend_schema(request=SettingDelegationSerializer, responses={201: DelegationSerializer})
    def create(self, request: Request) -> Response:
        """Have somebody decide in one's place; administrators set it for others, too."""
        given, user = read(SettingDelegationSerializer, request), caller(request)
        delegator = given.pop("delegator")
        person = user if not delegator else _person("delegator", delegator)
        made = actions.set_delegation(delegator=person, actor=user, now=timezone.now(), **self._facts(given, user=user))
        return Response(self._told(made), status=201)

    @extend_schema(operation_id="delegations_change", request=DelegatingSerializer, responses=DelegationSerializer)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: str) -> Response:
        """Write a delegation that is not over anew, as it is to be."""
        delegation = self._mine()
        facts = self._facts(read(DelegatingSerializer, request), user=caller(request))
        changed = actions.change_delegation(delegation=delegation, actor=caller(request), now=timezone.now(), **facts)
        return Response(self._told(changed))

    @extend_schema(operation_id="delegations_end", request=None, responses=DelegationSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End a delegation before its time, or call it off."""
        ended = actions.end_delegation(delegation=self._mine(), actor=caller(request), now=timezone.now())
        return Response(self._told(ended))

    def _mine(self) -> Delegation:
        """The delegation, for whoever may change it: others are not to learn by its fields who there is."""
        delegation: Delegation = self.get_object()
        if not can_delegate_for(caller(self.request), delegation.delegator):
            raise PermissionDenied
        return delegation

    def _facts(self, given: dict[str, Any], *, user: User) -> dict[str, Any]:
        """The body with the rows that it names."""
        visible = Catalog.objects.visible_to(user)
        catalogs = [named(visible, field="catalogs", pk=pk) for pk in dict.fromkeys(given["catalogs"])]
        return {**given, "delegate": _person("delegate", given["delegate"]), "catalogs": catalogs}

    def _told(self, delegation: Delegation) -> Any:
        return DelegationSerializer(Delegation.objects.with_names().get(pk=delegation.pk)).data


def _person(field: str, text: str) -> User:
    return named(User.objects.all(), field=field, **by_id_or_username(text))
