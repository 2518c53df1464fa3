"""What is staged is of no use after a crash, so PostgreSQL need not write it to its log."""

from django.db import migrations


def leave_out_of_the_log(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE provisioning_stagedholder SET UNLOGGED")


class Migration(migrations.Migration):

    dependencies = [
        ("provisioning", "0004_reconciliations_and_drift_cases"),
    ]

    operations = [migrations.RunPython(leave_out_of_the_log, migrations.RunPython.noop)]
