"""Approvals that are handed over to somebody else."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("requests_app", "0004_extensions"),
    ]

    operations = [
        migrations.AddField(
            model_name="approvalassignee",
            name="instead_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="approvals_handed_over",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="approvalassignee",
            name="handed_over_why",
            field=models.TextField(blank=True),
        ),
    ]
