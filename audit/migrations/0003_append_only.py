"""Has the database itself refuse changes of the journal."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from audit import protection


def install(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    protection.install(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_initial")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
