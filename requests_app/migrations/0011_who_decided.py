"""Every decision that was made says who made it: so far that was always the person who was asked."""

from django.db import migrations
from django.db.models import F


def say_who_decided(apps, schema_editor):
    decided = apps.get_model("requests_app", "ApprovalAssignee").objects.filter(decided_at__isnull=False)
    decided.filter(decided_by=None).update(decided_by=F("person"))


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0010_callouts")]

    operations = [migrations.RunPython(say_who_decided, migrations.RunPython.noop)]
