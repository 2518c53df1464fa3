"""A row of somebody who is asked names who decided as soon as it is decided, and not before."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0011_who_decided")]

    operations = [
        migrations.AddConstraint(
            model_name="approvalassignee",
            constraint=models.CheckConstraint(
                condition=Q(
                    Q(decided_at=None, decided_by=None),
                    Q(decided_at__isnull=False, decided_by__isnull=False),
                    _connector="OR",
                ),
                name="requests_assignee_decided_by_somebody_iff_decided",
            ),
        ),
    ]
