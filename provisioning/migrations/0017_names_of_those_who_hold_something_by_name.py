"""Whoever holds something in a system that knows people by names got it, as far as we know, by what they are called now."""

from django.db import migrations

BATCH = 1000


def keep_names(apps, schema_editor):
    using = schema_editor.connection.alias
    connectors = apps.get_model("provisioning", "Connector").objects.using(using)
    grants = apps.get_model("provisioning", "Grant").objects.using(using)
    alias = apps.get_model("provisioning", "Alias")
    people = apps.get_model("directory", "User").objects.using(using)
    for connector in connectors.filter(kind__in=("webhook", "sql", "csv")):
        held = grants.filter(resource_role__resource__system=connector.system_id).exclude(status="removed")
        ids = sorted(set(held.values_list("person", flat=True)))
        for start in range(0, len(ids), BATCH):
            alias.objects.using(using).bulk_create(
                [
                    alias(
                        connector=connector,
                        person=one,
                        username=one.username,
                        email=one.email,
                        employee_number=one.employee_number or "",
                    )
                    for one in people.filter(pk__in=ids[start : start + BATCH])
                ],
                ignore_conflicts=True,
            )


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0016_names_by_which_something_was_given")]

    operations = [migrations.RunPython(keep_names, migrations.RunPython.noop, elidable=True)]
