"""The shape of campaigns in the REST API: what they look at, how far they are, and what proves their population."""

from typing import Any

from django.db.models import Sum
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from directory.serializers import DurationField, MomentField, OutputSerializer, PersonSerializer

from ..choices import Verdict
from ..lifecycle import CampaignStatus
from ..models import Campaign, CampaignStage, Review


class WhySerializer(serializers.Serializer[Any]):
    """Why something is done to a campaign."""

    why = serializers.CharField(max_length=4000, help_text="Kept in the journal, and in the report.")


class UntilSerializer(serializers.Serializer[Any]):
    """Until when the open stage stays open."""

    until = serializers.DateTimeField(help_text="A moment later than its end is now.")


class ReviewNameSerializer(OutputSerializer[Review]):
    """A review, where it is only named."""

    class Meta:
        model = Review
        fields = ("id", "name")
        read_only_fields = fields


class CampaignStageSerializer(OutputSerializer[CampaignStage]):
    """One round of a campaign, as its review had it when the campaign started."""

    duration = DurationField(read_only=True)
    takes = serializers.ListField(child=serializers.ChoiceField(choices=Verdict.choices), read_only=True)

    class Meta:
        model = CampaignStage
        fields = ("position", "reviewers", "duration", "takes", "shows_earlier", "starts_at", "ends_at", "closed_at")
        read_only_fields = fields


class CampaignSerializer(OutputSerializer[Campaign]):
    """A campaign in a list."""

    review = ReviewNameSerializer(read_only=True)
    status = serializers.ChoiceField(choices=CampaignStatus.choices, read_only=True)
    person = PersonSerializer(read_only=True, allow_null=True, help_text="Whom it is about, where an event started it.")
    total = serializers.IntegerField(read_only=True, help_text="Items in its population.")

    class Meta:
        model = Campaign
        fields: tuple[str, ...] = (
            "id", "name", "review", "status", "person", "stage", "total", "created_at", "starts_at", "ends_at",
            "closed_at", "completed_at",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields


class CampaignDetailSerializer(CampaignSerializer):
    """A campaign with the terms and stages that it started under, and the proof of its frozen population."""

    stages = CampaignStageSerializer(many=True, read_only=True)
    started_by = PersonSerializer(read_only=True, allow_null=True, help_text="Who started it by hand; else null.")
    terms = serializers.SerializerMethodField(help_text="What the review said when it started.")
    open_items = serializers.SerializerMethodField(help_text="Items of this stage that nobody has answered yet.")
    digest = serializers.CharField(read_only=True, help_text="SHA-256 of its population, which the journal has too.")
    freshness = serializers.SerializerMethodField(help_text="How old each source was when it started.")

    class Meta(CampaignSerializer.Meta):
        fields = (*CampaignSerializer.Meta.fields, "started_by", "stages", "terms", "open_items", "digest", "freshness")
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_terms(self, campaign: Campaign) -> dict[str, Any]:
        return campaign.rules.as_json()

    def get_open_items(self, campaign: Campaign) -> int:
        if not campaign.is_open:
            return 0
        found = campaign.panels.filter(stage=campaign.stage).aggregate(open=Sum("open_items"))
        return found["open"] or 0

    @extend_schema_field(serializers.DictField(child=MomentField(allow_null=True)))
    def get_freshness(self, campaign: Campaign) -> dict[str, str | None]:
        return dict(campaign.freshness)
