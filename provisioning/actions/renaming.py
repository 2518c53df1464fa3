"""What administrators have seen in a system that knows people by names alone: somebody is renamed there too."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from directory.actions import lock_people
from directory.models import User
from directory.permissions import is_administrator

from .. import events
from ..connectors import kind_of
from ..models import Alias


@transaction.atomic
def note_renamed(*, alias: Alias, reason: str, actor: User, now: datetime) -> None:
    """The person is called in the system what they are called here: none of their earlier names means them there.

    What they hold is looked up and taken away by today's name alone, and whoever bears an earlier one may be given
    something by it. Raises PermissionDenied, and ValidationError where nothing is renamed or the name is another's.
    """
    if not is_administrator(actor) or actor.pk == alias.person_id:
        raise PermissionDenied(_("Only administrators say what somebody is called there, and nobody of themselves."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why; the journal keeps it.")})
    person = lock_people([alias.person_id])[alias.person_id]
    kept = list(alias.connector.aliases.filter(person=person).select_for_update().order_by("pk"))
    today = {"username": person.username, "email": person.email, "employee_number": person.employee_number or ""}
    earlier = [one for one in kept if any(getattr(one, name) != value for name, value in today.items())]
    if not earlier:
        raise ValidationError(_("Nothing was given to %(person)s by an earlier name.") % {"person": person})
    alias.connector.aliases.filter(pk__in=[one.pk for one in earlier]).delete()
    _keep_todays(alias, person=person)
    names = {"earlier": ", ".join(one.said for one in earlier), "name": alias.connector.aliases.get(person=person).said}
    told = {"person": person, "details": {**names, "reason": reason}}
    journal.record(events.ACCOUNT_RENAMED, actor=actor, target=alias.connector, at=now, **told)


def _keep_todays(alias: Alias, *, person: User) -> None:
    known = kind_of(alias.connector.kind)(alias.connector).aliases
    if known is None or not known.by:
        raise ValidationError(_("%(system)s does not know people by names.") % {"system": alias.connector})
    if refused := known.note([person]).get(person.pk):
        raise ValidationError(str(refused))
