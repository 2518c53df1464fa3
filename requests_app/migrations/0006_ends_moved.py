from django.conf import settings
from django.db import migrations, models

OPEN = ("submitted", "pendingApproval", "delivering", "partiallyDelivered", "deliveryFailed")


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0005_handing_over"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="accessrequest",
            name="kind",
            field=models.CharField(
                choices=[
                    ("userAdd", "request"),
                    ("userUpdate", "extension"),
                    ("userRemove", "given back"),
                    ("adminAdd", "direct assignment"),
                    ("adminUpdate", "end moved by an administrator"),
                    ("adminRemove", "removal by an administrator"),
                    ("systemRemove", "removal by the system"),
                ],
                max_length=16,
                verbose_name="kind",
            ),
        ),
        migrations.RemoveConstraint(model_name="accessrequest", name="requests_request_one_open_extension_per_access"),
        migrations.RemoveConstraint(model_name="accessrequest", name="requests_request_extension_says_of_what"),
        migrations.AddConstraint(
            model_name="accessrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ("userUpdate", "adminUpdate")), ("status__in", OPEN)),
                fields=("person", "package"),
                name="requests_request_one_open_extension_per_access",
            ),
        ),
        migrations.AddConstraint(
            model_name="accessrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ("userUpdate", "adminUpdate")), _negated=True),
                    ("assignment__isnull", False),
                    _connector="OR",
                ),
                name="requests_request_extension_says_of_what",
            ),
        ),
    ]
