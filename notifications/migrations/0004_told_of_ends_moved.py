"""Telling that the end of access was moved."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0003_told_of_extensions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="occasion",
            field=models.CharField(
                choices=[
                    ("approverAsked", "asked to decide"),
                    ("decideHalfTime", "reminded to decide at half of the time"),
                    ("decideIn1Day", "reminded to decide within a day"),
                    ("approved", "request approved"),
                    ("denied", "request denied"),
                    ("expired", "request expired"),
                    ("granted", "access granted"),
                    ("endsIn14Days", "access ends in two weeks"),
                    ("endsIn1Day", "access ends within a day"),
                    ("extended", "access extended"),
                    ("endMoved", "end of access moved"),
                    ("ended", "access ended"),
                    ("workStuck", "work given up"),
                ],
                max_length=16,
                verbose_name="occasion",
            ),
        ),
    ]
