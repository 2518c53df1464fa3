"""What is wanted against what a target said: joins and anti-joins in SQL, over everything that one step has staged.

Written by hand, since they join by what was staged and not by foreign keys; the same statements serve both databases.
Only grants that did not change since before the reading began, and on which nobody is at work, are judged: whatever is
under way is looked at by the next run.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models.expressions import RawSQL

from .lifecycle import CaseKind, GrantStatus
from .models import Connector
from .staging import BY_USERNAME, HOLDERS, as_id, as_key

SEEN = f"""
    WITH said AS MATERIALIZED ({HOLDERS}), seen AS (
        SELECT said.role AS role, COALESCE(said.person, known.person_id) AS person,
               CASE WHEN said.person IS NULL AND known.person_id IS NULL THEN said.account END AS account,
               said.name AS name
        FROM said
        LEFT JOIN provisioning_account known
          ON known.connector_id = %(connector)s AND known.external_id = said.account
    )
"""  # nosec B608 - made of constants
IS_JUDGED = """
    held.changed_at < %(before)s AND NOT EXISTS (
        SELECT 1 FROM provisioning_operation work WHERE work.grant_id = held.id AND work.status IN ('pending', 'stuck')
    )
"""
SAME = "given.resource_role_id = seen.role AND given.person_id = seen.person"
FACTS = "seen.role, seen.person, seen.account, seen.name, given.id, given.person_id, given.status, given.changed_at"
if connection.vendor == "postgresql":
    BOTH_WAYS = f"SELECT {FACTS} FROM seen FULL JOIN given ON {SAME}"  # nosec B608
else:  # SQLite finds the partners of a full join without any index, each among all
    BOTH_WAYS = f"""
        SELECT {FACTS} FROM seen LEFT JOIN given ON {SAME}
        UNION ALL SELECT {FACTS} FROM given LEFT JOIN seen ON {SAME} WHERE seen.role IS NULL
    """  # nosec B608
DIFFERENT = f"""{SEEN}, given AS (
        SELECT id, resource_role_id, person_id, status, changed_at FROM provisioning_grant
        WHERE resource_role_id IN (%(roles)s)
    ), held (role, person, account, name, id, holder, status, changed_at) AS ({BOTH_WAYS})
    SELECT role, COALESCE(person, holder), account, name, id, status FROM held
    WHERE id IS NULL OR (
        CASE WHEN role IS NULL THEN status IN ('delivered', 'verified')
             ELSE status NOT IN ('delivered', 'verified', 'removalPending') END
        AND {IS_JUDGED}
    )
"""  # nosec B608 - made of constants
"""What is on one side alone, or stands there otherwise; what is missing comes without a role."""
DELIVERED = f"""{SEEN}
    SELECT held.id FROM seen
    JOIN provisioning_grant held ON held.resource_role_id = seen.role AND held.person_id = seen.person
    WHERE held.status = 'delivered' AND {IS_JUDGED}
"""  # nosec B608 - made of constants
NEW_ID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
SUPPOSE = f"""
    WITH said AS MATERIALIZED ({BY_USERNAME})
    INSERT INTO provisioning_account (id, connector_id, person_id, external_id, is_supposed)
    SELECT {NEW_ID[connection.vendor]}, %(connector)s, people.id, MIN(said.account), TRUE
    FROM said
    JOIN directory_user people ON LOWER(people.username) = LOWER(said.name)
    LEFT JOIN provisioning_account known ON known.connector_id = %(connector)s AND known.external_id = said.account
    WHERE said.name <> '' AND known.id IS NULL
    GROUP BY people.id
    HAVING COUNT(DISTINCT said.account) = 1
    ON CONFLICT DO NOTHING
"""  # nosec B608 - made of constants


class Unexpected(NamedTuple):
    """What a target has and AccessGov does not count as there: `grant` and `status` where it knows of it at all."""

    role: UUID
    person: UUID | None
    account: str
    name: str
    grant: UUID | None
    status: str

    @property
    def key(self) -> tuple[CaseKind, UUID, UUID | str]:
        """What a case of it is about: there is one open case of each."""
        return (CaseKind.EXTRA, self.role, self.person) if self.person else (CaseKind.UNKNOWN, self.role, self.account)

    @property
    def is_stranger(self) -> bool:
        """Whether nobody here gave it; the rest is wanted, and there at last."""
        return self.grant is None or self.status == GrantStatus.REMOVED


@dataclass(frozen=True)
class Reading:
    """What one step has staged of the roles that it read as a whole; grants that changed since `before` wait."""

    run: UUID
    connector: Connector
    roles: Sequence[UUID]
    before: datetime

    def differences(self) -> tuple[list[Unexpected], dict[UUID, UUID]]:
        """What is there and does not count as such; and the ids of grants that are missing, with their people's."""
        unexpected, missing, whole = [], {}, set(self.roles)
        for role, person, account, name, grant, status in self._rows(DIFFERENT):
            if role is None:
                missing[as_id(grant)] = as_id(person)
            elif as_id(role) in whole:
                unexpected.append(
                    Unexpected(
                        role=as_id(role),
                        person=as_id(person) if person else None,
                        account=account or "",
                        name=name,
                        grant=as_id(grant) if grant else None,
                        status=status or "",
                    )
                )
        return unexpected, dict(sorted(missing.items()))

    def suppose_accounts(self) -> int:
        """Take the accounts that nobody was known to have for those of the people who sign in with their names.

        One statement; returns how many there were. Between two of one name nobody chooses, and whoever has an account
        keeps it. Whether there is another one of the same name elsewhere in the target nobody has looked: whoever
        changes something there looks it up first.
        """
        with connection.cursor() as cursor:
            cursor.execute(*self._positional(SUPPOSE))
            return cursor.rowcount

    def delivered(self) -> RawSQL:
        """The ids of grants that are there and count as delivered only, for the statement that verifies them all."""
        lock = "ORDER BY held.id FOR UPDATE OF held SKIP LOCKED" if connection.vendor == "postgresql" else ""
        return RawSQL(*self._positional(f"{DELIVERED} {lock}"))  # nosec B611 - a statement of ours, with parameters

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(*self._positional(statement))
            return cursor.fetchall()

    def _positional(self, statement: str) -> tuple[str, list[Any]]:
        """The statement with its values in order: the one way in which both databases take them everywhere."""
        values: dict[str, list[Any]] = {
            "run": [as_key(self.run)],
            "connector": [as_key(self.connector.pk)],
            "roles": [as_key(role) for role in self.roles],
            "before": [connection.ops.adapt_datetimefield_value(self.before)],
        }
        names = re.findall(r"%\((\w+)\)s", statement)
        placed = re.sub(r"%\((\w+)\)s", lambda found: ", ".join(["%s"] * len(values[found[1]])) or "NULL", statement)
        return placed, [value for name in names for value in values[name]]
