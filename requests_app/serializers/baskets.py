"""The shape of several packages asked for together, and of what came of each."""

from django.utils.translation import gettext as _
from rest_framework import serializers

from ..actions.baskets import MOST, Outcome
from .access_requests import RequestSerializer
from .inputs import AnsweredSerializer, JustificationSerializer, PeriodSerializer


class BasketItemSerializer(AnsweredSerializer, PeriodSerializer):
    """One package; its justification may be left to the one for all."""

    package = serializers.UUIDField()
    policy = serializers.UUIDField(default=None, allow_null=True)


class BasketSerializer(JustificationSerializer):
    """Several packages for the caller; `justification` is for each that has none of its own."""

    items = serializers.ListField(child=BasketItemSerializer(), min_length=1, max_length=MOST)

    def validate_items(self, items: list[dict[str, object]]) -> list[dict[str, object]]:
        """Each package once."""
        if len({item["package"] for item in items}) < len(items):
            raise serializers.ValidationError(_("Name each package once."))
        return items


class RefusalSerializer(serializers.Serializer[None]):
    """Why a package was not asked for."""

    code = serializers.CharField(read_only=True, help_text="As in the problems of a single request; else `invalid`.")
    detail = serializers.CharField(read_only=True)


class OutcomeOfWishSerializer(serializers.Serializer[Outcome]):
    """What came of one package: the request that was made, or the refusal."""

    package = serializers.UUIDField(source="wish.package.pk", read_only=True)
    request = RequestSerializer(source="access_request", read_only=True, allow_null=True)
    refusal = RefusalSerializer(read_only=True, allow_null=True)


class AskedTogetherSerializer(serializers.Serializer[None]):
    """What came of each, and the id that the requests share."""

    basket = serializers.UUIDField(read_only=True)
    results = OutcomeOfWishSerializer(many=True, read_only=True)
