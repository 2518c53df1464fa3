"""Alternates who are asked after some days, and stages that everybody must approve."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="approvalstage",
            name="alternates_after_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Where it is not decided by then, the alternates are asked as well.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="days until alternates are asked",
            ),
        ),
        migrations.AlterField(
            model_name="approvalstage",
            name="approvals_required",
            field=models.PositiveSmallIntegerField(
                blank=True,
                default=1,
                help_text="Empty: everybody who is asked must approve.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="approvals required",
            ),
        ),
        migrations.AlterField(
            model_name="stageapprover",
            name="use",
            field=models.CharField(
                choices=[("primary", "primary"), ("fallback", "fallback"), ("alternate", "alternate")],
                default="primary",
                max_length=10,
                verbose_name="asked as",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalstage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("alternates_after_days", None),
                    models.Q(
                        ("alternates_after_days__gte", 1), ("alternates_after_days__lt", models.F("time_limit_days"))
                    ),
                    _connector="OR",
                ),
                name="catalog_stage_asks_alternates_before_its_time_is_over",
                violation_error_message="Alternates are asked before the stage's time is over, not later.",
            ),
        ),
    ]
