"""The fixed choices of catalogs and policies."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ResourceKind(models.TextChoices):
    GROUP = "group", _("group")
    APPLICATION = "application", _("application")
    TEAM = "team", _("team")
    SITE = "site", _("site")


class RequestorScope(models.TextChoices):
    """Who may request, from the narrowest to the widest (`allowedTargetScope` of the original)."""

    SPECIFIC = "specificDirectoryUsers", _("named people and groups")
    ALL_MEMBERS = "allMemberUsers", _("all members, not guests")
    EVERYONE = "allDirectoryUsers", _("everyone in the directory, guests too")
    NOBODY = "notSpecified", _("nobody: administrators assign directly")


class DurationKind(models.TextChoices):
    PERMANENT = "noExpiration", _("without an end")
    DAYS = "days", _("a number of days")
    HOURS = "hours", _("a number of hours")
    UNTIL = "afterDateTime", _("until a date")


class ApproverKind(models.TextChoices):
    MANAGER = "manager", _("the person's manager")
    PERSON = "person", _("a named person")
    GROUP = "group", _("the members of a group")


class ApproverUse(models.TextChoices):
    """When an approver of a stage is asked: fallbacks where nobody else is found, alternates after a delay."""

    PRIMARY = "primary", _("primary")
    FALLBACK = "fallback", _("fallback")
    ALTERNATE = "alternate", _("alternate")


class QuestionKind(models.TextChoices):
    TEXT = "text", _("text")
    CHOICE = "choice", _("one of several choices")
