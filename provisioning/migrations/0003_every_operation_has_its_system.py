"""Every operation knows its system by now; the ones that are open are found by it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0002_connectors_with_options_and_operations_by_system")]

    operations = [
        migrations.AlterField(
            "operation",
            "system",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="operations", to="catalog.targetsystem"
            ),
        ),
        migrations.AddIndex(
            "operation",
            models.Index(
                condition=models.Q(("status", "pending")),
                fields=["system", "due_at"],
                name="provisioning_operation_open",
            ),
        ),
    ]
