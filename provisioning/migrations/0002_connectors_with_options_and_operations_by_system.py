"""Connectors get options, owners and limits; an operation knows its system, because work is claimed by system."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def name_the_systems(apps, schema_editor):
    operations = apps.get_model("provisioning", "Operation").objects.using(schema_editor.connection.alias)
    grants = apps.get_model("provisioning", "Grant").objects.using(schema_editor.connection.alias)
    system = grants.filter(pk=OuterRef("grant")).values("resource_role__resource__system")
    operations.filter(system=None).update(system=Subquery(system))


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0016_policy_for_emergencies"),
        ("provisioning", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "connector", "failures", models.PositiveIntegerField(default=0, editable=False, verbose_name="failures in a row")
        ),
        migrations.AddField("connector", "held_until", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField(
            "connector",
            "max_concurrency",
            models.PositiveSmallIntegerField(
                default=4,
                help_text="How many workers may be at work in the system at the same time.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(32),
                ],
                verbose_name="calls at once",
            ),
        ),
        migrations.AddField("connector", "next_free_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("connector", "options", models.JSONField(blank=True, default=dict, editable=False)),
        migrations.AddField(
            "connector",
            "owners",
            models.ManyToManyField(
                blank=True,
                help_text="They are told when the connector is in trouble; without any the administrators are.",
                related_name="owned_connectors",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owners",
            ),
        ),
        migrations.AddField(
            "connector",
            "paused_at",
            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="paused since"),
        ),
        migrations.AddField(
            "connector",
            "rate_per_minute",
            models.PositiveIntegerField(
                blank=True,
                help_text="No limit where this is empty.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="changes per minute",
            ),
        ),
        migrations.AddField("connector", "sealed_extras", models.JSONField(blank=True, default=dict, editable=False)),
        migrations.AlterField(
            "connector",
            "is_enabled",
            models.BooleanField(
                default=True, help_text="While it is switched off, its operations wait.", verbose_name="enabled"
            ),
        ),
        migrations.AlterField(
            "connector",
            "kind",
            models.CharField(
                choices=[
                    ("builtin", "the built-in directory"),
                    ("scim", "SCIM 2.0"),
                    ("ldap", "LDAP or Active Directory"),
                    ("entra", "Microsoft Entra ID"),
                    ("webhook", "REST webhook"),
                    ("sql", "SQL statements"),
                    ("csv", "CSV files"),
                    ("manual", "done by hand"),
                ],
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            "grant",
            "status",
            models.CharField(
                choices=[
                    ("pending", "pending"),
                    ("delivered", "delivered"),
                    ("verified", "delivered and verified"),
                    ("failed", "failed, being retried"),
                    ("drifted", "drifted: missing in the system"),
                    ("removalPending", "removal pending"),
                    ("removed", "removed"),
                ],
                default="pending",
                max_length=16,
                verbose_name="status",
            ),
        ),
        migrations.AddField(
            "operation",
            "system",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="operations",
                to="catalog.targetsystem",
            ),
        ),
        migrations.AddField(
            "operation",
            "waiting_since",
            models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="waits for the system since"
            ),
        ),
        migrations.RunPython(name_the_systems, migrations.RunPython.noop),
    ]
