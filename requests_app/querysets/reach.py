"""How far those see who are no party: what one manages, and whom."""

from django.db.models import Q

from catalog.models import Catalog
from catalog.roles import Right
from directory.models import User


def managed_by(user: User) -> Q:
    """Of packages that this person owns, or may assign by a role in their catalog."""
    catalogs = Catalog.objects.with_right(user, Right.ASSIGNMENTS)
    return Q(package__owner=user) | Q(package__catalog__in=catalogs.order_by().values("pk"))


def of_reports_of(user: User) -> Q:
    """Of people whose manager this person is."""
    return Q(person__in=User.objects.filter(manager=user).order_by().values("pk"))
