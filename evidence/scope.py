"""What the governance overview takes in: of what somebody may see, that which they look after; auditors see all of it.

Whatever is counted or listed for a person begins here, so that a figure and the list behind it agree.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog.models import AccessPackage, Resource
from catalog.roles import Right
from directory.models import User
from directory.permissions import can_read_everything
from provisioning.models import AccountChange, Connector, Grant, GrantReason, Operation
from requests_app.models import AccessRequest, Assignment
from requests_app.querysets import AccessRequestQuerySet, AssignmentQuerySet
from requests_app.querysets.reach import managed_by
from reviews.choices import Trigger
from reviews.models import Campaign, Review


def access_requests(user: User) -> AccessRequestQuerySet:
    """Requests for packages that this person looks after; their own for other packages are not governance."""
    visible = AccessRequest.objects.visible_to(user)
    return visible if can_read_everything(user) else visible.filter(managed_by(user))


def assignments(user: User) -> AssignmentQuerySet:
    """Access by packages that this person looks after."""
    visible = Assignment.objects.visible_to(user)
    return visible if can_read_everything(user) else visible.filter(managed_by(user))


def grants(user: User) -> "QuerySet[Grant]":
    """Roles that people hold; for those who look after some packages only, what these give."""
    if can_read_everything(user):
        return Grant.objects.all()
    given = GrantReason.objects.filter(reference__in=assignments(user).order_by().values("pk"))
    return Grant.objects.filter(pk__in=given.values("grant"))


def stuck_operations(user: User) -> "QuerySet[Operation]":
    """Changes in target systems that were given up, and wait for a person."""
    stuck = Operation.objects.stuck()
    return stuck if can_read_everything(user) else stuck.filter(grant__in=grants(user).order_by().values("pk"))


def stuck_accounts(user: User) -> "QuerySet[AccountChange]":
    """Accounts of people who left, or came back, that were given up; they belong to no catalog."""
    stuck = AccountChange.objects.stuck()
    return stuck if can_read_everything(user) else stuck.none()


def troubled_connectors(user: User) -> "QuerySet[Connector]":
    """Connectors that are in use and do not answer: all of them, or those of what this person looks after."""
    trouble = Q(paused_at__isnull=False) | Q(failures__gt=0) | ~Q(last_error="")
    found = Connector.objects.filter(trouble, is_enabled=True)
    if can_read_everything(user):
        return found
    owned = Connector.owners.through.objects.filter(user_id=user.pk).values("connector")
    systems = Resource.objects.reached_by(user).order_by().values("system")
    return found.filter(Q(pk__in=owned) | Q(system__in=systems))


def running_campaigns(user: User) -> "QuerySet[Campaign]":
    """Campaigns that are being started or answered, and whose results this person may see."""
    return Campaign.objects.visible_to(user).running()


def packages(user: User) -> "QuerySet[AccessPackage]":
    """Enabled packages in the catalogs that this person may read, and those that they own."""
    return AccessPackage.objects.with_right(user, Right.READ).filter(is_enabled=True)


def unreviewed_packages(user: User) -> "QuerySet[AccessPackage]":
    """Those of them at which no review looks, now or later: neither at the package, nor at a policy or the catalog."""
    running = Campaign.objects.running().filter(review=OuterRef("pk")).order_by()
    goes_on = Q(next_at__isnull=False) | Exists(running)
    reviews = Review.objects.enabled().filter(goes_on, trigger=Trigger.SCHEDULE).order_by()
    about = Q(package=OuterRef("pk")) | Q(policy__package=OuterRef("pk")) | Q(catalog=OuterRef("catalog"))
    return packages(user).filter(~Exists(reviews.filter(about)))
