from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0011_forget_all_but_one_person_of_each_account")]

    operations = [
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(
                fields=["connector", "external_id"], name="provisioning_account_serves_one_person"
            ),
        ),
        migrations.RemoveIndex(model_name="account", name="provisioning_account_known_as"),
    ]
