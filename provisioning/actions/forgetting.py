"""What is not needed any more is not kept."""

from django.db.models import Exists, OuterRef

from ..lifecycle import GrantStatus
from ..models import Alias, Grant


def forget_aliases() -> int:
    """Forget the names by which people were given what they do not have any more; returns how many. One statement."""
    theirs = Grant.objects.filter(
        person=OuterRef("person"), resource_role__resource__system=OuterRef("connector__system")
    )
    over = Alias.objects.filter(~Exists(theirs.exclude(status=GrantStatus.REMOVED)))
    return over.delete()[0]
