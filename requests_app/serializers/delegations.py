"""The shape of delegations, and of what came of decisions on several requests."""

from rest_framework import serializers

from catalog.serializers import CatalogNameSerializer
from directory.serializers import OutputSerializer, PersonSerializer

from ..actions.deciding_many import Outcome, Result
from ..models import Delegation


class DelegationSerializer(OutputSerializer[Delegation]):
    """Who decides in whose place, from when until when; `ended_at` is null while it holds or is still to come."""

    delegator = PersonSerializer(read_only=True)
    delegate = PersonSerializer(read_only=True)
    set_by = PersonSerializer(read_only=True)
    catalogs = CatalogNameSerializer(many=True, read_only=True)

    class Meta:
        model = Delegation
        fields = (
            "id",
            "delegator",
            "delegate",
            "starts_at",
            "ends_at",
            "is_for_all_catalogs",
            "catalogs",
            "takes_waiting",
            "set_by",
            "set_at",
            "ended_at",
        )
        read_only_fields = fields


class OutcomeSerializer(serializers.Serializer[Outcome]):
    """What came of one of several decisions."""

    approval = serializers.UUIDField(source="approval.pk", read_only=True)
    request = serializers.UUIDField(source="approval.access_request_id", read_only=True)
    result = serializers.ChoiceField(choices=Result.choices, read_only=True)
    detail = serializers.CharField(read_only=True)
