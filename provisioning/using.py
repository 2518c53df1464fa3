"""Has systems tell when their accounts were last used: read outside any transaction, and committed page by page."""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from catalog.models import Resource
from directory.imports import in_batches
from directory.models import User

from . import actions
from .actions.using import Used
from .connectors.base import Capability, Clock, Connector, ConnectorError, Use
from .models import Account, UseSource

PAGE = 1000


def read(connector: Connector, *, clock: Clock, go_on: Callable[[], None]) -> None:
    """Take in what a system tells of use, where it tells any. What goes wrong is kept, and not raised.

    A system of which nobody ever used anything does not know: it is not believed that nobody did.
    By `go_on` the caller can say now and then that it is still there.
    """
    if Capability.LAST_USE not in connector.capabilities:
        return
    system, began, people, is_by_resource, is_told = connector.row.system, clock(), 0, False, False
    resources = dict(Resource.objects.filter(system=system).order_by().values_list("origin_id", "pk"))
    try:
        for some in in_batches(connector.last_used(), size=PAGE):
            found = _whose(some, connector, resources)
            people += actions.take_in_uses(found, source=UseSource.CONNECTOR, seen_at=began)
            is_by_resource |= any(use.resource for use in found)
            is_told |= any(use.used_at for use in some)
            go_on()
    except ConnectorError as error:
        actions.note_use_unread(system=system, error=str(error))
        return
    if not is_told:
        actions.note_use_unread(system=system, error=_("It tells of nobody that they ever used it."))
        return
    actions.note_use_reading(
        system=system,
        source=UseSource.CONNECTOR,
        seen_at=began,
        people=people,
        is_by_resource=is_by_resource,
        now=clock(),
    )


def _whose(uses: Sequence[Use], connector: Connector, resources: dict[str, UUID]) -> list[Used]:
    """What was told, of the people whose accounts these are; accounts of nobody and unknown resources are left out."""
    rows = Account.objects.filter(connector=connector.row, external_id__in={use.account_id for use in uses})
    by_account = dict(rows.values_list("external_id", "person"))
    names = {use.name.lower() for use in uses if use.name and use.account_id not in by_account}
    people = User.objects.annotate(key=Lower("username")).filter(key__in=names).order_by()
    by_name = dict(people.values_list("key", "pk")) if names else {}
    found = []
    for use in uses:
        person = by_account.get(use.account_id) or by_name.get(use.name.lower())
        resource = resources.get(use.resource_id) if use.resource_id else None
        if person and (resource or not use.resource_id):
            found.append(Used(person, connector.row.system_id, resource, use.used_at))
    return found
