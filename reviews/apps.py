"""Configuration of the reviews app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        from . import catalog_listeners, findings, listeners, person_listeners, reviewer_listeners, wording  # noqa: F401
