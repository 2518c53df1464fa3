"""When each approver was asked, whether as an alternate, when alternates are due, and stages that all approve."""

from typing import Any

from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce


def say_when_they_were_asked(apps: Any, schema_editor: Any) -> None:
    """Until now nobody was asked later than the stage began, but for those who stepped in for somebody who left."""
    approval = apps.get_model("requests_app", "Approval").objects.filter(pk=OuterRef("approval"))
    began = approval.annotate(at=Coalesce(F("started_at"), F("access_request__submitted_at"))).values("at")
    apps.get_model("requests_app", "ApprovalAssignee").objects.update(asked_at=Subquery(began))


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0002_indexes_of_lists"),
    ]

    operations = [
        migrations.AlterField(
            model_name="approval",
            name="approvals_required",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="approval",
            name="alternates_after",
            field=models.DurationField(null=True),
        ),
        migrations.AddField(
            model_name="approval",
            name="alternates_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("alternates_due_at__isnull", False), ("status", "inProgress")),
                fields=["alternates_due_at"],
                name="requests_approval_alternates",
            ),
        ),
        migrations.AddField(
            model_name="approvalassignee",
            name="is_alternate",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="approvalassignee",
            name="asked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(say_when_they_were_asked, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="approvalassignee",
            name="asked_at",
            field=models.DateTimeField(),
        ),
    ]
