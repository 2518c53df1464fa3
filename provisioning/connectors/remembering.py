"""Whose account is which, kept from one time to the next: an account serves one person, whatever names say."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from directory.models import User

from ..models import Account
from ..models import Connector as ConnectorRow
from .base import ConnectorError


def remember(row: ConnectorRow, ids: Mapping[UUID, str]) -> set[UUID]:
    """Keep the ids of people's accounts; returns the people whose account is somebody else's, or was found for two.

    Nothing is kept of those, and whoever had an account before has it still, unless it was only supposed to be theirs.
    """
    if not ids:
        return set()
    times = Counter(ids.values())
    row.accounts.filter(Q(person__in=ids) | Q(external_id__in=times), is_supposed=True).delete()
    new = [Account(connector=row, person_id=pk, external_id=i) for pk, i in ids.items() if times[i] == 1]
    Account.objects.bulk_create(new, ignore_conflicts=True)
    kept = row.accounts.filter(external_id__in=times)
    whose = dict(kept.values_list("external_id", "person_id"))
    return {person for person, account_id in ids.items() if whose.get(account_id) != person}


def is_somebody_elses(row: ConnectorRow, person: User, *, account: str) -> ConnectorError:
    """Two people would be served by one account: what one of them is given the other would have."""
    return ConnectorError(
        _(
            "The account %(account)s in %(system)s belongs to somebody else than %(person)s already: see whose it is, "
            "and have it renamed there if it goes by the wrong name."
        )
        % {"account": account, "system": row, "person": person}
    )
