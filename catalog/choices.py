"""The fixed choices of catalogs and policies."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ResourceKind(models.TextChoices):
    GROUP = "group", _("group")
    APPLICATION = "application", _("application")
    TEAM = "team", _("team")
    SITE = "site", _("site")


class RequestorScope(models.TextChoices):
    """Who may request (`allowedTargetScope` of the original): people of ours first, then those from outside.

    Guests are in the directory, so everyone there takes them in; scopes for people from outside take in nobody else.
    """

    SPECIFIC = "specificDirectoryUsers", _("named people and groups")
    ALL_MEMBERS = "allMemberUsers", _("all members, not guests")
    EVERYONE = "allDirectoryUsers", _("everyone in the directory, guests too")
    ORGANISATIONS = "specificConnectedOrganizationUsers", _("people of named connected organisations")
    ALL_CONFIGURED = "allConfiguredConnectedOrganizationUsers", _("people of all configured organisations")
    ALL_EXTERNAL = "allExternalUsers", _("anybody from outside")
    NOBODY = "notSpecified", _("nobody: administrators assign directly")
    EMERGENCY = "emergency", _("named people and groups, in an emergency, without approval")


EXTERNAL = (RequestorScope.ORGANISATIONS, RequestorScope.ALL_CONFIGURED, RequestorScope.ALL_EXTERNAL)
"""Scopes that take in guests alone."""
MEMBERS_SEE = (RequestorScope.SPECIFIC, RequestorScope.ALL_MEMBERS, RequestorScope.EVERYONE)
"""Scopes whose packages every member sees, also where they are not among those named (behaviour 11)."""


class DurationKind(models.TextChoices):
    PERMANENT = "noExpiration", _("without an end")
    DAYS = "days", _("a number of days")
    HOURS = "hours", _("a number of hours")
    UNTIL = "afterDateTime", _("until a date")


class ApproverKind(models.TextChoices):
    """Who decides: somebody who is named, or whoever stands in that place when the stage begins."""

    MANAGER = "manager", _("the person's manager")
    PERSON = "person", _("a named person")
    GROUP = "group", _("the members of a group")
    SPONSORS = "targetUserSponsors", _("the person's sponsors")
    INTERNAL_SPONSORS = "internalSponsors", _("internal sponsors of the person's organisation")
    EXTERNAL_SPONSORS = "externalSponsors", _("external sponsors of the person's organisation")
    PACKAGE_OWNERS = "packageOwners", _("the package's owner")
    CATALOG_OWNERS = "catalogOwners", _("the catalog's owners")
    RESOURCE_OWNERS = "resourceOwners", _("the owners of the resources that it gives")
    EXTENSION = "extension", _("whoever a custom extension names")


class StageAudience(models.TextChoices):
    """For whose requests a stage is needed."""

    EVERYBODY = "everybody", _("everybody")
    MEMBERS = "members", _("members only")
    GUESTS = "guests", _("guests only")


class ApproverUse(models.TextChoices):
    """When an approver of a stage is asked: fallbacks where nobody else is found, alternates after a delay."""

    PRIMARY = "primary", _("primary")
    FALLBACK = "fallback", _("fallback")
    ALTERNATE = "alternate", _("alternate")


class QuestionKind(models.TextChoices):
    TEXT = "text", _("short text, one line")
    LONG_TEXT = "longText", _("long text, several lines")
    CHOICE = "choice", _("one of several choices")
    CHOICES = "choices", _("any of several choices")


class DelegatedRole(models.TextChoices):
    """What administrators delegate: two roles hold everywhere, the others in one catalog (roles.py says which)."""

    CATALOG_CREATOR = "catalogCreator", _("catalog creator")
    ORGANISATION_ADMINISTRATOR = "connectedOrganizationAdministrator", _("administrator of connected organisations")
    CATALOG_OWNER = "catalogOwner", _("catalog owner")
    CATALOG_READER = "catalogReader", _("catalog reader")
    PACKAGE_MANAGER = "accessPackageManager", _("access package manager")
    ASSIGNMENT_MANAGER = "accessPackageAssignmentManager", _("access package assignment manager")


class CalloutMoment(models.TextChoices):
    """When a custom extension is called (`customExtensionStageSetting` of the original)."""

    CREATED = "assignmentRequestCreated", _("a request is submitted, before anybody decides")
    APPROVED = "assignmentRequestApproved", _("a request is approved, before the delivery")
    GRANTED = "assignmentRequestGranted", _("everything is delivered")
    REMOVED = "assignmentRequestRemoved", _("the access ends")
    TWO_WEEKS_BEFORE_END = "assignmentFourteenDaysBeforeExpiration", _("14 days before the end")
    DAY_BEFORE_END = "assignmentOneDayBeforeExpiration", _("1 day before the end")
    WHO_DECIDES = "assignmentRequestDeterminingApprovalRequirements", _("a stage begins, to say who decides")


class LaunchBehaviour(models.TextChoices):
    CONTINUE = "launchAndContinue", _("launch and continue: it is told, nothing waits")
    WAIT = "launchAndWait", _("launch and wait: the request waits for its answer")


class TimeoutMeaning(models.TextChoices):
    """What becomes of a request whose extension did not answer in time; the first is the safe one, and the default."""

    FAIL = "fail", _("the request ends as expired, and can be asked again")
    DENY = "deny", _("the request is denied")
    CONTINUE = "continue", _("the request goes on as if it had agreed")
