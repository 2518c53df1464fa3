from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_incompatibilities")]

    operations = [
        migrations.AddField(
            model_name="policy",
            name="is_extension_allowed",
            field=models.BooleanField(
                default=True, help_text="By whoever has it, shortly before its end.", verbose_name="may be extended"
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="does_extension_need_approval",
            field=models.BooleanField(
                default=True, help_text="By the same stages as a request.", verbose_name="extensions need approval"
            ),
        ),
    ]
