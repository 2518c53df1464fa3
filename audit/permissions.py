"""Who may read the journal: one pure question."""

from typing import Any


def can_read_journal(user: Any) -> bool:
    """Auditors and administrators read the whole journal; nobody writes in it but the actions themselves."""
    reads = user.is_active and (user.is_superuser or user.is_auditor)
    return bool(reads or (user.is_active and (user.administers_by_group or user.audits_by_group)))
