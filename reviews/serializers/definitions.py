"""The shape of reviews in the REST API: what they say, and how they are given."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.models import AccessPackage, Catalog, Policy, Resource, ResourceRole
from catalog.roles import Right
from directory.models import Group, User
from directory.permissions import is_administrator
from directory.serializers import DurationField, GroupNameSerializer, MomentField, OutputSerializer, PersonSerializer

from .. import wording
from ..actions.rules import NAMES, Stage
from ..choices import Verdict
from ..models import Review, ReviewStage
from ..models.reviews import NAMED_BY

TAKEN = {
    Verdict.APPROVE: "takes_approved",
    Verdict.DENY: "takes_denied",
    Verdict.DONT_KNOW: "takes_unknown",
    Verdict.NOT_REVIEWED: "takes_unreviewed",
}
NAMED = tuple(NAMED_BY.values())
CHOSEN = (
    "name", "description", "is_enabled", "scope", *NAMED, "is_for_guests", "is_for_privileged", "inactive_days",
    "includes_adopted", "trigger", "dormant_days", "frequency", "interval", "starts_on", "start_time", "ends_on",
    "occurrences", "if_no_response", "applies", "reason_needed", "shows_recommendations", "recommends_after",
    "sends_mails", "reminds", "note", "denied_guests", "told_at_end",
)  # fmt: skip
"""What whoever defines a review says of it."""


class ReviewStageSerializer(OutputSerializer[ReviewStage]):
    """One round of a review: who reviews, for how long, and which answers of the round before are asked again."""

    people = PersonSerializer(many=True, read_only=True)
    groups = GroupNameSerializer(many=True, read_only=True)
    fallback_people = PersonSerializer(many=True, read_only=True)
    fallback_groups = GroupNameSerializer(many=True, read_only=True)
    duration = DurationField(read_only=True)
    takes = serializers.ListField(child=serializers.ChoiceField(choices=Verdict.choices), read_only=True)

    class Meta:
        model = ReviewStage
        fields = (
            "position", "reviewers", "people", "groups", "fallback_people", "fallback_groups", "duration", "takes",
            "shows_earlier",
        )  # fmt: skip
        read_only_fields = fields


class ReviewSerializer(OutputSerializer[Review]):
    """A review, with what it means in words; of what it looks at, the one that `scope` names is filled in."""

    sentence = serializers.SerializerMethodField(help_text="What it means, in words.")
    warnings = serializers.SerializerMethodField(help_text="What whoever defines it ought to know.")
    stages = ReviewStageSerializer(many=True, read_only=True)
    told_at_end = PersonSerializer(many=True, read_only=True)
    next_at = MomentField(read_only=True, allow_null=True, help_text="When its next campaign starts; null: none is.")
    next_starts = serializers.SerializerMethodField(help_text="When its next campaigns start, five at most.")
    waiting = serializers.SerializerMethodField(help_text="What a campaign that is due waits for; empty: none is.")
    campaigns_started = serializers.IntegerField(source="started", read_only=True)

    class Meta:
        model = Review
        fields = ("id", "sentence", "warnings", *CHOSEN, "stages", "next_at", "next_starts", "waiting",
                  "campaigns_started", "created_at")  # fmt: skip
        read_only_fields = fields

    def get_sentence(self, review: Review) -> str:
        return wording.sentence(review)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_warnings(self, review: Review) -> list[str]:
        return wording.warnings(review)

    def get_waiting(self, review: Review) -> str:
        return wording.waiting_in_words(review, now=timezone.now())

    @extend_schema_field(serializers.ListField(child=MomentField()))
    def get_next_starts(self, review: Review) -> list[str]:
        starts = wording.next_starts(review, now=timezone.now())
        return [str(MomentField().to_representation(moment)) for moment in starts]


def _many(rows: Any, help_text: str = "") -> Any:
    return serializers.PrimaryKeyRelatedField(queryset=rows, many=True, default=list, help_text=help_text)


class StageInputSerializer(serializers.ModelSerializer[ReviewStage]):
    """A stage as it is to be; people and groups by their ids."""

    people = _many(User.objects.all(), "Those who review, where `reviewers` is `people`.")
    groups = _many(Group.objects.all(), "Groups whose members review, where `reviewers` is `people`.")
    fallback_people = _many(User.objects.all(), "Those who review where nobody else is found.")
    fallback_groups = _many(Group.objects.all())
    duration = DurationField(required=False)
    takes = serializers.MultipleChoiceField(
        choices=Verdict.choices,
        required=False,
        help_text="Of a later stage: which answers of the one before it are asked about again; all, unless said.",
    )

    class Meta:
        model = ReviewStage
        fields = (
            "reviewers", "people", "groups", "fallback_people", "fallback_groups", "duration", "takes",
            "shows_earlier",
        )  # fmt: skip


def stage_of(given: Mapping[str, Any], *, position: int) -> Stage:
    """A stage as the serializer read it, in its place."""
    values = dict(given)
    named = {name: values.pop(name, ()) for name in NAMES}
    takes = values.pop("takes", None)
    if takes is not None:
        values |= {field: verdict in takes for verdict, field in TAKEN.items()}
    return Stage(ReviewStage(position=position, **values), **named)


def _one(rows: Any) -> Any:
    return serializers.PrimaryKeyRelatedField(queryset=rows.none(), required=False, allow_null=True)


class ReviewInputSerializer(serializers.ModelSerializer[Review]):
    """A review as it is to be; `scope` says which of `policy`, `package`, `catalog`, … names what it looks at."""

    policy = _one(Policy.objects)
    package = _one(AccessPackage.objects)
    catalog = _one(Catalog.objects)
    resource = _one(Resource.objects)
    resource_role = _one(ResourceRole.objects)
    person = _one(User.objects)
    told_at_end = serializers.PrimaryKeyRelatedField(queryset=User.objects.all(), many=True, required=False)
    stages = StageInputSerializer(many=True, required=False, help_text="One to three, in their order.")

    class Meta:
        model = Review
        fields = (*CHOSEN, "stages")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """What the caller may not define a review of is answered like what is not there."""
        super().__init__(*args, **kwargs)
        if request := self.context.get("request"):
            for name, rows in offered(request.user).items():
                self.fields[name].queryset = rows  # type: ignore[attr-defined]  # a related field


def offered(user: User) -> dict[str, Any]:
    """What this person may define reviews of, by the field that names it."""
    catalogs = Catalog.objects.with_right(user, Right.PACKAGES)
    ids = catalogs.order_by().values("pk")
    everything = is_administrator(user)
    resources = Resource.objects.all() if everything else Resource.objects.owned_by(user)
    return {
        "policy": Policy.objects.filter(package__catalog__in=ids),
        "package": AccessPackage.objects.filter(catalog__in=ids),
        "catalog": catalogs,
        "resource": resources,
        "resource_role": ResourceRole.objects.filter(resource__in=resources.order_by().values("pk")),
        "person": User.objects.all() if everything else User.objects.none(),
    }
