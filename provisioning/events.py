"""The verbs that provisioning records."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

GRANT_QUEUED = define("grant.queued", _("{person} is to get {target}"))
GRANT_DELIVERED = define("grant.delivered", _("{person} now has {target}: {proof}"))
GRANT_FAILED = define("grant.failed", _("{target} could not be given to {person} yet: {error}"))
GRANT_ADOPTED = define("grant.adopted", _("{person} already had {target}, and keeps it"))
GRANT_KEPT = define("grant.kept", _("{person} keeps {target}: {why}"))
REMOVAL_QUEUED = define("grant.removal_queued", _("{person} is to lose {target}"))
GRANT_REMOVED = define("grant.removed", _("{person} no longer has {target}: {proof}"))
REMOVAL_FAILED = define("grant.removal_failed", _("{target} could not be taken from {person} yet: {error}"))
OPERATION_STUCK = define("operation.stuck", _("{target} for {person} was given up after {attempts} attempts: {error}"))
OPERATION_RETRIED = define("operation.retried", _("{actor} put {target} for {person} back to work"))
ACCESS_IMPORTED = define(
    "access.imported", _("{actor} imported {file}: {adopted} grants adopted, {unchanged} as they were")
)
CONNECTOR_CREATED = define("connector.created", _("{actor} connected {target}"))
CONNECTOR_CHANGED = define("connector.changed", _("{actor} changed the connector of {target}: {changed}"))
CONNECTOR_TESTED = define("connector.tested", _("{actor} tested the connection to {target}: {result}"))
