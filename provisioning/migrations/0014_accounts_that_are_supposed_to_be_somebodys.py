from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0013_grants_that_are_delivered_once_more")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="is_supposed",
            field=models.BooleanField(default=False, editable=False),
        ),
    ]
