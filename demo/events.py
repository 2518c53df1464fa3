"""The verb that the demo records: that its organisation is complete."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

DEMO_SEEDED = define("demo.seeded", _("{actor} finished setting up the invented organisation {organisation}"))
