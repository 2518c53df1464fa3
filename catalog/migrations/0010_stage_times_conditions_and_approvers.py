import datetime

import django.core.validators
from django.db import migrations, models

DAY = datetime.timedelta(days=1)


def days_to_durations(apps, schema_editor):
    """Stages keep the time that they have."""
    stages = apps.get_model("catalog", "ApprovalStage").objects.all()
    for stage in stages.only("pk", "time_limit_days", "alternates_after_days").iterator():
        after = stage.alternates_after_days
        stage.time_limit, stage.alternates_after = stage.time_limit_days * DAY, None if after is None else after * DAY
        stage.save(update_fields=["time_limit", "alternates_after"])


def durations_to_days(apps, schema_editor):
    """Hours are rounded to days, a day at least; alternates come before the end, or not at all."""
    for stage in apps.get_model("catalog", "ApprovalStage").objects.iterator():
        limit = max(1, round(stage.time_limit / DAY))
        after = max(1, round(stage.alternates_after / DAY)) if stage.alternates_after else None
        stage.time_limit_days = limit
        stage.alternates_after_days = after if after and after < limit else None
        stage.save(update_fields=["time_limit_days", "alternates_after_days"])


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0009_policy_is_silent'),
        ('directory', '0003_person_risk'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='approvalstage',
            name='catalog_stage_asks_alternates_before_its_time_is_over',
        ),
        migrations.RemoveConstraint(
            model_name='stageapprover',
            name='catalog_approver_names_what_its_kind_needs',
        ),
        migrations.AddField(
            model_name='approvalstage',
            name='alternates_after',
            field=models.DurationField(blank=True, help_text='Where it is not decided by then, the alternates are asked as well.', null=True, validators=[django.core.validators.MinValueValidator(datetime.timedelta(seconds=3600), message='Alternates are asked after an hour or later.')], verbose_name='alternates are asked after'),
        ),
        migrations.AddField(
            model_name='approvalstage',
            name='audience',
            field=models.CharField(choices=[('everybody', 'everybody'), ('members', 'members only'), ('guests', 'guests only')], default='everybody', max_length=10, verbose_name='needed for'),
        ),
        migrations.AddField(
            model_name='approvalstage',
            name='is_for_privileged',
            field=models.BooleanField(default=False, verbose_name='only where the package gives a privileged resource'),
        ),
        migrations.AddField(
            model_name='approvalstage',
            name='least_risk',
            field=models.PositiveSmallIntegerField(choices=[(0, 'none'), (1, 'low'), (2, 'medium'), (3, 'high')], default=0, help_text='“none”: whatever the risk.', verbose_name='only from this risk on'),
        ),
        migrations.AddField(
            model_name='approvalstage',
            name='time_limit',
            field=models.DurationField(default=datetime.timedelta(days=14), validators=[django.core.validators.MinValueValidator(datetime.timedelta(seconds=3600), message='Give at least an hour.'), django.core.validators.MaxValueValidator(datetime.timedelta(days=365), message='Give at most 365 days.')], verbose_name='time to decide'),
        ),
        migrations.AddField(
            model_name='stageapprover',
            name='level',
            field=models.PositiveSmallIntegerField(default=1, help_text="1: the person's manager, 2: that one's manager, and so on.", validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)], verbose_name='level of the manager'),
        ),
        migrations.RunPython(days_to_durations, durations_to_days),
        migrations.RemoveField(
            model_name='approvalstage',
            name='alternates_after_days',
        ),
        migrations.RemoveField(
            model_name='approvalstage',
            name='time_limit_days',
        ),
        migrations.AlterField(
            model_name='stageapprover',
            name='kind',
            field=models.CharField(choices=[('manager', "the person's manager"), ('person', 'a named person'), ('group', 'the members of a group'), ('packageOwners', "the package's owner"), ('catalogOwners', "the catalog's owners"), ('resourceOwners', 'the owners of the resources that it gives')], default='manager', max_length=24, verbose_name='who'),
        ),
        migrations.AddConstraint(
            model_name='approvalstage',
            constraint=models.CheckConstraint(condition=models.Q(('alternates_after', None), models.Q(('alternates_after__gt', datetime.timedelta(0)), ('alternates_after__lt', models.F('time_limit'))), _connector='OR'), name='catalog_stage_alternates_before_its_time_is_over', violation_error_message="Alternates are asked before the stage's time is over, not later."),
        ),
        migrations.AddConstraint(
            model_name='stageapprover',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('kind__in', ['person', 'group']), _negated=True), ('group__isnull', True), ('person__isnull', True)), models.Q(('kind', 'person'), ('group__isnull', True), ('person__isnull', False)), models.Q(('kind', 'group'), ('group__isnull', False), ('person__isnull', True)), _connector='OR'), name='catalog_approver_names_what_its_kind_needs'),
        ),
        migrations.AddConstraint(
            model_name='stageapprover',
            constraint=models.CheckConstraint(condition=models.Q(('level', 1), models.Q(('kind', 'manager'), ('level__gt', 1)), _connector='OR'), name='catalog_approver_has_a_level_only_as_manager'),
        ),
    ]
