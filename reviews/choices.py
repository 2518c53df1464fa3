"""What can be chosen of a review: what it looks at, who reviews, how often, and what comes of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReviewScope(models.TextChoices):
    """Whose access is looked at; each but the last names one thing (`NAMED_BY` in models)."""

    POLICY = "policy", _("assignments under one policy")
    PACKAGE = "package", _("assignments of a package, under all its policies")
    CATALOG = "catalog", _("assignments of all packages of a catalog")
    RESOURCE = "resource", _("all holders of a resource's roles")
    ROLE = "role", _("all holders of one role")
    PERSON = "person", _("everything that a person has")
    CONCERNED = "concerned", _("everything that the person concerned has")
    """Of reviews that an event starts: the person whom it is about."""


class Trigger(models.TextChoices):
    """What starts a campaign: the calendar, or something that happens to a person."""

    SCHEDULE = "schedule", _("the calendar")
    MANAGER_CHANGED = "managerChanged", _("a new manager")
    JOB_CHANGED = "jobChanged", _("another job or department")
    CONFLICT = "conflict", _("access that is incompatible")
    RISK = "risk", _("a higher risk")
    DORMANT = "dormant", _("nothing used for long")


class Frequency(models.TextChoices):
    ONCE = "once", _("once")
    WEEKLY = "weekly", _("weekly")
    MONTHLY = "monthly", _("monthly")
    QUARTERLY = "quarterly", _("quarterly")
    SEMI_ANNUALLY = "semiAnnually", _("every six months")
    ANNUALLY = "annually", _("annually")


class ReviewerKind(models.TextChoices):
    """Who reviews in a stage."""

    MANAGER = "manager", _("the person's manager")
    SELF = "self", _("the person themselves")
    PEOPLE = "people", _("named people and groups")
    PACKAGE_OWNER = "packageOwner", _("the package's owner")
    CATALOG_OWNERS = "catalogOwners", _("the catalog's owners")
    RESOURCE_OWNERS = "resourceOwners", _("the resource's owners")
    SPONSORS = "sponsors", _("the person's sponsors")


class Verdict(models.TextChoices):
    """What a reviewer answers; the last answer counts until the stage closes."""

    NOT_REVIEWED = "notReviewed", _("not reviewed")
    APPROVE = "approve", _("approved")
    DENY = "deny", _("denied")
    DONT_KNOW = "dontKnow", _("don't know")


class Recommendation(models.TextChoices):
    APPROVE = "approve", _("keep")
    DENY = "deny", _("remove")
    NONE = "noInfoAvailable", _("none")


class NoResponse(models.TextChoices):
    """What becomes of access on which nobody answered."""

    KEEP = "keepAccess", _("it stays")
    REMOVE = "removeAccess", _("it is removed")
    RECOMMENDATION = "acceptAccessRecommendation", _("as recommended")


class ApplyWhen(models.TextChoices):
    AT_CLOSE = "atClose", _("when the review closes")
    AT_ONCE = "atOnce", _("at once, with each decision")
    BY_HAND = "byHand", _("when somebody says so after the close")


class ReasonNeeded(models.TextChoices):
    NEVER = "never", _("never")
    ON_DENIAL = "onDenial", _("to deny")
    ON_APPROVAL = "onApproval", _("to approve")
    ALWAYS = "always", _("always")


class DeniedGuests(models.TextChoices):
    REMOVE = "remove", _("lose this access")
    BLOCK = "blockAndDelete", _("are blocked, and deleted after 30 days")


class Result(models.TextChoices):
    """What the close made of an answer, or of its absence."""

    UNDECIDED = "", _("open")
    KEEP = "keep", _("stays")
    REMOVE = "remove", _("is removed")
