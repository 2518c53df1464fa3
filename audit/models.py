"""The journal's one table: Event, append-only."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from . import verbs
from .context import Source
from .querysets import EventQuerySet


class Event(models.Model):
    """One thing that happened: who did what to what, about whom and which package, when, and in which story.

    Names stand as they were. People and packages are named by id and label rather than by foreign keys, so that the
    journal outlives what it speaks of; the id is a UUIDv7, so events recorded together keep their order.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    occurred_at = models.DateTimeField(_("when"))
    verb = models.CharField(_("what"), max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    actor_label = models.CharField(max_length=200)
    target_kind = models.CharField(max_length=60)
    target_id = models.CharField(max_length=60)
    target_label = models.CharField(max_length=300)
    person_id = models.UUIDField(_("person"), null=True)
    person_label = models.CharField(max_length=200, blank=True)
    package_id = models.UUIDField(_("package"), null=True)
    package_label = models.CharField(max_length=300, blank=True)
    details = models.JSONField(default=dict)
    correlation_id = models.UUIDField()
    source = models.CharField(max_length=10, choices=Source.choices)

    objects = EventQuerySet.as_manager()

    subject: Any
    """The object that the event is about, as the listeners get it; not stored."""

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-occurred_at", "-id")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["occurred_at", "id"], name="audit_event_when"),
            models.Index(fields=["verb", "occurred_at", "id"], name="audit_event_verb"),
            models.Index(fields=["actor", "occurred_at", "id"], name="audit_event_actor"),
            models.Index(fields=["person_id", "occurred_at", "id"], name="audit_event_person"),
            models.Index(fields=["package_id", "occurred_at", "id"], name="audit_event_package"),
            models.Index(fields=["target_id", "occurred_at", "id"], name="audit_event_target"),
            models.Index(fields=["correlation_id", "occurred_at", "id"], name="audit_event_story"),
        ]

    def __str__(self) -> str:
        return self.sentence

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise PermissionError("The journal is append-only: events are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise PermissionError("The journal is append-only: events are never deleted.")

    @property
    def verb_in_words(self) -> str:
        """What kind of event it is, as people read it."""
        return verbs.in_words(self.verb)

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        return verbs.tell_event(
            self.verb,
            details=self.details,
            actor=self.actor_label,
            person=self.person_label,
            package=self.package_label,
            target=self.target_label,
        )
