"""The shape of a campaign's results in the REST API."""

from dataclasses import fields
from typing import Any

from rest_framework import serializers

from directory.serializers import MomentField

from ..reports.rows import COLUMNS
from ..results import Tally


class ProgressSerializer(serializers.Serializer[Any]):
    """How far reviewers are in the stage that is open, or was the last one."""

    total = serializers.IntegerField()
    answered = serializers.IntegerField()
    open_items = serializers.IntegerField()
    panels = serializers.IntegerField(help_text="Groups of reviewers of the same items.")
    panels_done = serializers.IntegerField()
    percent = serializers.IntegerField()


class TallySerializer(serializers.Serializer[Any]):
    """What was answered on some items, and what came of them."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {one.name: serializers.IntegerField() for one in fields(Tally)}


class DepartmentTallySerializer(serializers.Serializer[Any]):
    """The same of one department; empty of people without one."""

    department = serializers.CharField()
    results = TallySerializer()


class CampaignResultsSerializer(serializers.Serializer[Any]):
    """How a campaign stands, and what came of it."""

    progress = ProgressSerializer()
    as_of = MomentField(help_text="Of a large campaign up to a minute ago.")
    results = TallySerializer()
    departments = DepartmentTallySerializer(many=True)


class ItemRowSerializer(serializers.Serializer[Any]):
    """An item with what was answered on it and what came of it, as reports tell it."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: serializers.JSONField(allow_null=True) for name in COLUMNS}


class ItemPageSerializer(serializers.Serializer[Any]):
    """A page of items, and where the next one is."""

    next = serializers.URLField(allow_null=True)
    results = ItemRowSerializer(many=True)
