"""Which further attributes of a person may be filled in from what people answer."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .people import User

IDENTITY = frozenset(
    {"active", "email", "emails", "enabled", "external_id", "full_name", "groups", "mail", "name", "password", "roles"}
    | {"user_name", "user_type"}
)
"""Further words for who somebody is and what they may, beside the names of a person's own fields."""


def validate_attribute_name(name: str) -> None:
    """Refuse names that stand for who somebody is: those come from the sources of the directory alone."""
    fields = {field.name for field in User._meta.get_fields()}
    if name.casefold() in fields | IDENTITY:
        raise ValidationError(
            _("“%(name)s” says who somebody is or what they may: no question fills it in."),
            code="identity",
            params={"name": name},
        )


class PersonAttribute(models.Model):
    """An attribute that questions may store on a person, opened for that by an administrator; all others are closed.

    The value is kept in the person's further attributes, under this name.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(
        _("name"),
        max_length=60,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z][a-z0-9_]*\Z", _("Use small letters, digits and underscores, beginning with a letter.")
            ),
            validate_attribute_name,
        ],
        help_text=_("As in the further attributes of a person: cost_centre."),
    )
    description = models.CharField(_("description"), max_length=300, blank=True)
    is_editable = models.BooleanField(
        _("answers may change it"),
        default=False,
        help_text=_("No: an answer fills it in while it is empty, and no question can say otherwise."),
    )

    class Meta:
        verbose_name = _("attribute that questions fill in")
        verbose_name_plural = _("attributes that questions fill in")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
