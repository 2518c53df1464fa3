"""The verbs that provisioning records."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

GRANT_QUEUED = define("grant.queued", _("{person} is to get {target}"))
GRANT_DELIVERED = define("grant.delivered", _("{person} now has {target}: {proof}"))
GRANT_FAILED = define("grant.failed", _("{target} could not be given to {person} yet: {error}"))
GRANT_HANDED_OVER = define("grant.handed_over", _("{target} for {person} was handed over to those who do it"))
REMOVAL_HANDED_OVER = define(
    "grant.removal_handed_over", _("that {person} is to lose {target} was handed over to those who do it")
)
GRANT_ADOPTED = define("grant.adopted", _("{person} already had {target}, and keeps it"))
GRANT_KEPT = define("grant.kept", _("{person} keeps {target}: {why}"))
REMOVAL_QUEUED = define("grant.removal_queued", _("{person} is to lose {target}"))
GRANT_REMOVED = define("grant.removed", _("{person} no longer has {target}: {proof}"))
REMOVAL_FAILED = define("grant.removal_failed", _("{target} could not be taken from {person} yet: {error}"))
OPERATION_STUCK = define("operation.stuck", _("{target} for {person} was given up after {attempts} attempts: {error}"))
OPERATION_RETRIED = define("operation.retried", _("{actor} put {target} for {person} back to work"))
OPERATION_SKIPPED = define(
    "operation.skipped", _("{actor} said that {target} for {person} is not to be tried any more: {reason}")
)
ACCOUNT_DISABLING_QUEUED = define(
    "account.disabling_queued", _("the account of {person} in {target} is to be disabled")
)
ACCOUNT_DISABLED = define("account.disabled", _("{person} cannot sign in to {target} any more: {proof}"))
ACCOUNT_DISABLING_FAILED = define(
    "account.disabling_failed", _("the account of {person} in {target} could not be disabled yet: {error}")
)
ACCOUNT_ENABLING_QUEUED = define(
    "account.enabling_queued", _("the account of {person} in {target} is to be enabled again")
)
ACCOUNT_ENABLED = define("account.enabled", _("{person} can sign in to {target} again: {proof}"))
ACCOUNT_ENABLING_FAILED = define(
    "account.enabling_failed", _("the account of {person} in {target} could not be enabled again yet: {error}")
)
ACCOUNT_CHANGE_SUPERSEDED = define(
    "account.change_superseded",
    _("what was to be done with the account of {person} in {target} is not wanted any more"),
)
ACCOUNT_GONE = define("account.gone", _("the account of {person} in {target} was disabled, and is gone by now"))
ACCOUNT_STUCK = define(
    "account.stuck", _("the account of {person} in {target} was given up after {attempts} attempts: {error}")
)
ACCOUNT_RETRIED = define("account.retried", _("{actor} put the account of {person} in {target} back to work"))
ACCOUNT_SKIPPED = define(
    "account.skipped", _("{actor} said that the account of {person} in {target} is to stay as it is: {reason}")
)
ACCOUNT_RENAMED = define(
    "account.renamed",
    _("{actor} said that {person} is called {name} in {target}, and not {earlier} any more: {reason}"),
)
CONNECTOR_PAUSED = define("connector.paused", _("the connector of {target} was paused: {error}"))
CONNECTOR_RESUMED = define("connector.resumed", _("{target} answers again: its connector goes on"))
ACCESS_IMPORTED = define(
    "access.imported", _("{actor} imported {file}: {adopted} grants adopted, {unchanged} as they were")
)
DISCOVERY_STARTED = define("discovery.started", _("{actor} had {target} looked through for resources"))
DISCOVERY_FINISHED = define(
    "discovery.finished", _("{target} was looked through: {resources} resources, {new} new, {missing} gone")
)
USE_READ = define("use.read", _("{target} told when {people} people last used it, as of {as_of}"))
USE_IMPORTED = define(
    "use.imported", _("{actor} imported {file}: when {people} people last used {target}, as of {as_of}")
)
CONNECTOR_CREATED = define("connector.created", _("{actor} connected {target}"))
CONNECTOR_CHANGED = define("connector.changed", _("{actor} changed the connector of {target}: {changed}"))
CONNECTOR_TESTED = define("connector.tested", _("{actor} tested the connection to {target}: {result}"))
RECONCILIATION_STARTED = define("reconciliation.started", _("{actor} had {target} reconciled with what is wanted"))
RECONCILIATION_FINISHED = define(
    "reconciliation.finished",
    _("{target} was reconciled: {holders} holders, {roles} roles; {missing} missing, {extra} added, {unknown} unknown"),
)
RECONCILIATION_FAILED = define("reconciliation.failed", _("{target} could not be reconciled: {error}"))
DRIFT_MISSING = define("drift.missing", _("{who} is without {target} in {system}, though nobody here took it"))
DRIFT_EXTRA = define("drift.extra", _("{who} has {target} in {system}, though nobody here gave it"))
DRIFT_UNKNOWN = define("drift.unknown", _("the account {who} has {target} in {system}, and belongs to nobody here"))
DRIFT_CLOSED = define("drift.closed", _("{target} of {who} is as it should be in {system}: the case is closed"))
DRIFT_REOPENED = define("drift.reopened", _("{target} of {who} in {system} is not ignored any longer"))
DRIFT_ADOPTED = define("drift.adopted", _("{actor} let {who} keep {target}, which was added outside: {why}"))
DRIFT_REMOVED = define("drift.removed", _("{actor} had {target} taken from {who}, which was added outside: {why}"))
DRIFT_RESTORED = define("drift.restored", _("{actor} had {target} given to {who} again: {why}"))
DRIFT_ENDED = define("drift.ended", _("{actor} ended what gave {who} {target}, which was removed outside: {why}"))
DRIFT_LINKED = define("drift.linked", _("{actor} said that the account {who}, with {target}, is {linked}’s: {why}"))
DRIFT_IGNORED = define("drift.ignored", _("{actor} had {target} of {who} in {system} ignored until {until}: {why}"))
DRIFT_RULE_CHANGED = define("drift_rule.changed", _("{actor} changed the answers to drift at {target}: {changed}"))
TASK_OPENED = define("task.opened", _("{team} was asked: {task}"))
TASK_DONE = define("task.done", _("{actor} did it by hand: {task} ({proof})"))
TASK_REFUSED = define("task.refused", _("{actor} said that this cannot be done: {task} ({refusal})"))
TASK_WITHDRAWN = define("task.withdrawn", _("this need not be done any more: {task}"))
TASK_OVERDUE = define("task.overdue", _("this should have been done by now: {task}"))
HOLDERS_TAKEN_IN = define(
    "holders.taken_in", _("{actor} took in a list of who holds what in {target}: {rows} rows, as of {as_of}")
)
