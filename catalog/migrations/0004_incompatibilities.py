"""What must not be held together with a package."""

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_alternates_and_everybody"),
        ("directory", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Incompatibility",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="incompatibilities",
                        to="catalog.accesspackage",
                    ),
                ),
                (
                    "other_package",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ruled_out_by",
                        to="catalog.accesspackage",
                        verbose_name="package",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rules_out",
                        to="directory.group",
                        verbose_name="or group",
                    ),
                ),
                (
                    "is_mutual",
                    models.BooleanField(
                        default=False,
                        help_text="Whoever has this package cannot get the other one either.",
                        verbose_name="both ways",
                    ),
                ),
            ],
            options={
                "verbose_name": "incompatibility",
                "verbose_name_plural": "incompatibilities",
                "ordering": ("id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("group__isnull", False), ("other_package", None)),
                            models.Q(("group", None), ("other_package__isnull", False)),
                            _connector="OR",
                        ),
                        name="catalog_incompatibility_is_with_a_package_or_a_group",
                        violation_error_message="Name a package or a group, one of the two.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("other_package", None),
                            models.Q(("other_package", models.F("package")), _negated=True),
                            _connector="OR",
                        ),
                        name="catalog_incompatibility_not_with_itself",
                        violation_error_message="A package is not incompatible with itself.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_mutual", False), ("group", None), _connector="OR"),
                        name="catalog_incompatibility_both_ways_only_between_packages",
                        violation_error_message="“Both ways” is for two packages: nobody asks for a group.",
                    ),
                    models.UniqueConstraint(
                        fields=("package", "other_package"),
                        name="catalog_incompatibility_once_per_package",
                        violation_error_message="This incompatibility is there already.",
                    ),
                    models.UniqueConstraint(
                        fields=("package", "group"),
                        name="catalog_incompatibility_once_per_group",
                        violation_error_message="This incompatibility is there already.",
                    ),
                ],
            },
        ),
    ]
