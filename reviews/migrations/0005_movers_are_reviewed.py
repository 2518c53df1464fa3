"""Sets up the review of movers: their new manager looks at what they keep."""

from datetime import timedelta
from typing import Any

from django.db import migrations
from django.utils import timezone


def set_up(apps: Any, schema_editor: Any) -> None:
    review = apps.get_model("reviews", "Review").objects.create(
        name="Mover review",
        description="Whoever gets a new manager keeps what they have until that manager has looked at it.",
        scope="concerned",
        trigger="managerChanged",
        if_no_response="keepAccess",
        includes_adopted=True,
        created_at=timezone.now(),
    )
    review.stages.create(position=1, reviewers="manager", duration=timedelta(days=14))


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_counts_of_peers_and_cues")]

    operations = [migrations.RunPython(set_up, migrations.RunPython.noop)]
