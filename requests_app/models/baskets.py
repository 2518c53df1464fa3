"""What somebody means to ask for together: kept for them until they do, on whatever device they are."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import AccessPackage, Policy


class BasketItem(models.Model):
    """One package in somebody's basket, with what they filled in so far. It is a note: nothing is asked yet."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="basket_items")
    package = models.ForeignKey(AccessPackage, on_delete=models.CASCADE, related_name="basket_items")
    policy = models.ForeignKey(Policy, null=True, blank=True, on_delete=models.SET_NULL, related_name="basket_items")
    given = models.JSONField(default=dict)
    """What was filled in, by the name of the field, each as a list of texts."""
    refusal = models.TextField(_("why it was refused"), blank=True)
    basket = models.UUIDField(null=True, blank=True)
    """Of those that were refused: what it was asked for together with."""
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = _("package in a basket")
        verbose_name_plural = _("packages in baskets")
        ordering = ("added_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "package"], name="requests_basket_item_once_per_person_and_package"
            )
        ]

    def __str__(self) -> str:
        return str(self.package)
