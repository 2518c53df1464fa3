from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0012_an_account_serves_one_person")]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="was_delivered",
            field=models.BooleanField(default=False, editable=False),
        ),
    ]
