"""What a policy asks of the requester."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from ..choices import QuestionKind
from .policies import Policy


class Question(models.Model):
    """A question that the requester answers."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    text = models.CharField(_("question"), max_length=300)
    kind = models.CharField(_("kind"), max_length=10, choices=QuestionKind.choices, default=QuestionKind.TEXT)
    choices = models.JSONField(_("choices"), default=list, blank=True, help_text=_("A list of words to choose from."))
    is_required = models.BooleanField(_("required"), default=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        """A choice needs something to choose from."""
        if self.kind == QuestionKind.CHOICE and not (
            isinstance(self.choices, list) and len(self.choices) > 1 and all(isinstance(c, str) for c in self.choices)
        ):
            raise ValidationError({"choices": _("Give at least two choices.")})
