"""Of several people whose account one id was said to be, only the first keeps it; the others are looked up anew."""

from django.db import migrations
from django.db.models import Exists, OuterRef


def forget_all_but_one(apps, schema_editor):
    accounts = apps.get_model("provisioning", "Account").objects.using(schema_editor.connection.alias)
    same = accounts.filter(connector=OuterRef("connector"), external_id=OuterRef("external_id"))
    later = accounts.filter(Exists(same.filter(pk__lt=OuterRef("pk"))))
    ids = list(later.values_list("pk", flat=True))
    for start in range(0, len(ids), 500):
        accounts.filter(pk__in=ids[start : start + 500]).delete()


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0010_last_uses")]

    operations = [migrations.RunPython(forget_all_but_one, migrations.RunPython.noop, elidable=True)]
