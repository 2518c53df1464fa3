"""What targets say is staged by pages of many holders; what an unfinished run has staged is read again.

PostgreSQL need not log it, as it is of no use after a crash, nor spend time on compressing what lives for seconds.
"""

from django.db import migrations, models


def leave_out_of_the_log(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE provisioning_stagedpage SET UNLOGGED")
        schema_editor.execute("ALTER TABLE provisioning_stagedpage ALTER COLUMN holders SET STORAGE EXTERNAL")


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0008_account_ids_as_long_as_what_systems_say'),
    ]

    operations = [
        migrations.CreateModel(
            name='StagedPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.UUIDField()),
                ('holders', models.JSONField()),
            ],
        ),
        migrations.DeleteModel(
            name='StagedHolder',
        ),
        migrations.AddIndex(
            model_name='stagedpage',
            index=models.Index(fields=['run'], name='provisioning_stagedpage_run'),
        ),
        migrations.RunPython(leave_out_of_the_log, migrations.RunPython.noop),
    ]
