from django.conf import settings
from django.db import migrations, models

OPEN = ("submitted", "pendingApproval", "delivering", "partiallyDelivered", "deliveryFailed")


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0005_policy_extensions"),
        ("requests_app", "0003_alternates_and_everybody"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="accessrequest",
            name="wanted_end",
            field=models.DateTimeField(blank=True, null=True, verbose_name="wanted until"),
        ),
        migrations.AlterField(
            model_name="accessrequest",
            name="kind",
            field=models.CharField(
                choices=[
                    ("userAdd", "request"),
                    ("userUpdate", "extension"),
                    ("userRemove", "given back"),
                    ("adminAdd", "direct assignment"),
                    ("adminRemove", "removal by an administrator"),
                    ("systemRemove", "removal by the system"),
                ],
                max_length=16,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="accessrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ("userUpdate",)), ("status__in", OPEN)),
                fields=("person", "package"),
                name="requests_request_one_open_extension_per_access",
            ),
        ),
        migrations.AddConstraint(
            model_name="accessrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ("userUpdate",)), _negated=True),
                    ("assignment__isnull", False),
                    _connector="OR",
                ),
                name="requests_request_extension_says_of_what",
            ),
        ),
    ]
