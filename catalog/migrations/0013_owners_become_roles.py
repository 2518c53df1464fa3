"""Owners of catalogs become holders of the role."""

from django.db import migrations


def give_roles(apps, schema_editor):
    RoleAssignment = apps.get_model("catalog", "RoleAssignment")
    Catalog = apps.get_model("catalog", "Catalog")
    links = Catalog.owners.through.objects.order_by("pk").values_list("catalog_id", "user_id")
    RoleAssignment.objects.bulk_create(
        [RoleAssignment(role="catalogOwner", catalog_id=catalog, person_id=person) for catalog, person in links],
        ignore_conflicts=True,
    )


def take_roles(apps, schema_editor):
    RoleAssignment = apps.get_model("catalog", "RoleAssignment")
    for given in RoleAssignment.objects.filter(role="catalogOwner", group=None).select_related("catalog"):
        given.catalog.owners.add(given.person_id)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0012_custom_extensions")]

    operations = [migrations.RunPython(give_roles, take_roles)]
