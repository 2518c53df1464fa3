"""The shape of what reviewers are asked and answer."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from directory.serializers import MomentField, OutputSerializer, PersonSerializer

from ..actions.deciding import MOST, Answers
from ..choices import Verdict
from ..lifecycle import CampaignStatus
from ..models import Campaign, Decision, ReviewItem
from ..reading import told_to
from ..recommending import in_words

ANSWERABLE = [choice for choice in Verdict.choices if choice[0] != Verdict.NOT_REVIEWED]


class AskedCampaignSerializer(OutputSerializer[Campaign]):
    """A campaign in whose open stage the caller is asked."""

    status = serializers.ChoiceField(choices=CampaignStatus.choices, read_only=True)
    subject = serializers.CharField(source="rules.subject", read_only=True, help_text="What is looked at.")
    note = serializers.CharField(source="rules.note", read_only=True, help_text="What reviewers are to know.")
    closes_at = MomentField(read_only=True, help_text="Until when the caller may answer.")
    items = serializers.IntegerField(source="mine", read_only=True, help_text="What the caller is asked about.")
    open_items = serializers.IntegerField(source="mine_open", read_only=True, help_text="Of these, without an answer.")

    class Meta:
        model = Campaign
        fields = ("id", "name", "status", "subject", "note", "stage", "closes_at", "items", "open_items")
        read_only_fields = fields


@extend_schema_serializer(component_name="ReviewItemAnswer")
class AnswerSerializer(OutputSerializer[Decision]):
    """One answer, as it was given."""

    verdict = serializers.ChoiceField(choices=ANSWERABLE, read_only=True)
    decided_by = PersonSerializer(read_only=True)
    in_place_of = PersonSerializer(read_only=True, allow_null=True, help_text="For whom they stood in.")

    class Meta:
        model = Decision
        fields = (
            "stage", "verdict", "reason", "decided_by", "in_place_of", "decided_at", "is_bulk",
            "follows_recommendation",
        )  # fmt: skip
        read_only_fields = fields


class ItemSerializer(OutputSerializer[ReviewItem]):
    """One person's access that is asked about, as it was when the campaign started, with its answers."""

    person = PersonSerializer(read_only=True)
    recommended_because = serializers.SerializerMethodField(help_text="The reasons of the recommendation, in words.")
    has_ended = serializers.BooleanField(read_only=True, help_text="Whether this access ended meanwhile.")
    decisions = serializers.SerializerMethodField(help_text="What was answered so far, the latest first.")

    class Meta:
        model = ReviewItem
        fields = (
            "id", "campaign", "stage", "person", "person_name", "department", "job_title", "manager_name", "is_guest",
            "what", "where", "under", "is_privileged", "is_adopted", "held_since", "held_until", "last_used_at",
            "recommendation", "recommended_because", "covered_by", "conflicts_with", "has_ended", "is_open", "verdict",
            "reason", "decided_at", "decisions", "result", "state",
        )  # fmt: skip
        read_only_fields = fields

    def to_representation(self, item: ReviewItem) -> dict[str, Any]:
        """Of their own access callers read what they said themselves."""
        self.said = told_to(self.context["request"].user, item)
        return dict(super().to_representation(item))

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_recommended_because(self, item: ReviewItem) -> list[str]:
        return in_words(item) if item.campaign.rules.shows_recommendations else []

    @extend_schema_field(AnswerSerializer(many=True))
    def get_decisions(self, item: ReviewItem) -> Any:
        """Answers of earlier stages are left out where the stage does not show them."""
        shows_earlier = next(
            (stage.shows_earlier for stage in item.campaign.stages.all() if stage.position == item.stage), True
        )
        shown = [one for one in self.said if shows_earlier or one.stage == item.stage]
        return AnswerSerializer(shown, many=True).data


class ItemsField(serializers.ListField):
    """The ids of some items."""

    def __init__(self, **more: Any) -> None:
        super().__init__(child=serializers.UUIDField(), read_only=True, **more)

    def to_representation(self, items: Any) -> list[str]:
        return [str(item.pk) for item in items]


class DecidingSerializer(serializers.Serializer[Any]):
    """An answer on one item."""

    verdict = serializers.ChoiceField(choices=ANSWERABLE)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=4000)


class DecidingTogetherSerializer(DecidingSerializer):
    """One answer on several items of one campaign."""

    items = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST)


class AcceptingSerializer(serializers.Serializer[Any]):
    """Whose recommendations are accepted, and why where a reason is asked for."""

    campaign = serializers.UUIDField()
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=4000)


class HandingOnSerializer(serializers.Serializer[Any]):
    """Which items somebody else is to answer on; without items, all of the campaign that are open for the caller."""

    items = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=MOST)
    campaign = serializers.UUIDField(required=False, allow_null=True, default=None)
    to = serializers.CharField(max_length=150, help_text="The id or the username of an enabled member.")
    why = serializers.CharField(max_length=4000)


class AnswersSerializer(serializers.Serializer[Answers]):
    """What came of an answer, by the ids of items."""

    given = ItemsField(help_text="Answered so now.")
    same = ItemsField(help_text="The caller had said exactly that already.")
    privileged = ItemsField(help_text="Left out: privileged access is answered one by one.")
    removed = ItemsField(help_text="Left out: it is being removed already.")
    answered = ItemsField(help_text="Left out: somebody answered meanwhile.")
    ended = ItemsField(help_text="Of those given: the access ended meanwhile.")


class HandedOnSerializer(serializers.Serializer[Any]):
    """How many items somebody else answers on now."""

    count = serializers.IntegerField()
