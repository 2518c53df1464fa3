"""The verbs that requests and assignments record."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

REQUEST_SUBMITTED = define("request.submitted", _("{actor} asked for {package} for {person}"))
REQUEST_ASSIGNED = define("request.assigned", _("{actor} assigned {package} to {person}"))
EXTENSION_REQUESTED = define(
    "request.extension_submitted", _("{actor} asked to extend {person}'s {package} until {until}")
)
REQUEST_AUTO_APPROVED = define("request.auto_approved", _("The policy approved {person}'s request for {package}"))
REQUEST_APPROVED = define("request.approved", _("{person}'s request for {package} is approved"))
REQUEST_SCHEDULED = define("request.scheduled", _("{person}'s {package} begins on {start}"))
REQUEST_LAPSED = define("request.lapsed", _("{package} was not given to {person}, though it was approved: {why}"))
REQUEST_REPROCESSED = define(
    "request.reprocessed", _("{actor} had the delivery of {package} to {person} tried again at once")
)
REQUEST_DENIED = define("request.denied", _("{actor} denied {person}'s request for {package}: {justification}"))
REQUEST_CANCELED = define("request.canceled", _("{actor} canceled {person}'s request for {package}"))
REQUEST_EXPIRED = define("request.expired", _("Nobody decided on {person}'s request for {package} in time"))
REQUEST_IN_CONFLICT = define(
    "request.in_conflict", _("{package} was not given to {person}, and the request ended: {why}")
)
APPROVAL_SKIPPED = define(
    "approval.skipped", _("Stage {position} is not needed for {person}'s request for {package}: {why}")
)
APPROVAL_SHORTENED = define(
    "approval.shortened", _("{actor} shortened {person}'s request for {package}: {new}, instead of {old}")
)
INFORMATION_ASKED = define(
    "information.asked", _("{actor} asked for information about {person}'s request for {package}: {question}")
)
INFORMATION_GIVEN = define("information.given", _("{actor} answered about {person}'s request for {package}: {answer}"))
INFORMATION_MISSING = define(
    "information.missing", _("Nobody answered about {person}'s request for {package}; the time to decide goes on")
)
NOT_GIVEN = (REQUEST_IN_CONFLICT, REQUEST_LAPSED)
"""What was approved came to nothing; the details say why."""
APPROVAL_STARTED = define("approval.started", _("Asked to decide on {package} for {person}: {approvers}"))
APPROVAL_REROUTED = define("approval.rerouted", _("No approver was found for {package}; asked instead: {via}"))
ALTERNATES_ASKED = define(
    "approval.alternates_asked", _("Nobody decided in time on {package} for {person}; asked as well: {approvers}")
)
APPROVAL_REASSIGNED = define(
    "approval.reassigned", _("{actor} handed the decision on {package} for {person} over to {approver}: {why}")
)
APPROVAL_DELEGATED = define(
    "approval.delegated", _("{delegate} may decide on {package} for {person} too, in the place of {delegator}")
)
APPROVAL_WITHDRAWN = define("approval.withdrawn", _("{actor} withdrew their approval of {package} for {person}: {why}"))
DELEGATION_SET = define("delegation.set", _("{actor} had {delegate} decide for {person} {period}, for {scope}"))
DELEGATION_CHANGED = define("delegation.changed", _("{actor} changed the delegation of {person}: {changed}"))
DELEGATION_ENDED = define("delegation.ended", _("{delegate} no longer decides for {person}: {why}"))
APPROVER_ABSENT = define("approval.approver_absent", _("{absent} can no longer decide on {package} for {person}"))
APPROVAL_DECIDED = define("approval.approved", _("{actor} approved {person}'s request for {package}"))
ASSIGNMENT_STARTED = define("assignment.started", _("{package} is being delivered to {person}"))
ASSIGNMENT_DELIVERED = define("assignment.delivered", _("{person} has everything that {package} gives"))
ASSIGNMENT_FAILED = define("assignment.failed", _("{package} could not be delivered to {person} in full yet"))
ASSIGNMENT_REASSERTED = define(
    "assignment.reasserted", _("{actor} had everything that {package} gives to {person} put in place again")
)
ROLLOUT_STARTED = define("rollout.started", _("A change of {target} reaches {total} in batches: {what}"))
ROLLOUT_DONE = define("rollout.done", _("A change of {target} has reached everybody concerned ({done}): {what}"))
ROLLOUT_STUCK = define(
    "rollout.stuck", _("A change of {target} went no further than {done} of {total}: {what}; given up: {error}")
)
ROLLOUT_RETRIED = define("rollout.retried", _("{actor} had a change of {target} go on that was stuck: {what}"))
PACKAGE_REPROCESSED = define(
    "package.reprocessed", _("{actor} had everything that {target} gives to anybody put in place again: {why}")
)
SYSTEM_REPROCESSED = define(
    "system.reprocessed", _("{actor} had everything that is given in {target} put in place again: {why}")
)
ASSIGNMENT_EXTENDED = define("assignment.extended", _("{person}'s {package} ends on {new_end}, no longer on {old_end}"))
ASSIGNMENT_END_MOVED = define(
    "assignment.end_moved", _("{actor} moved the end of {person}'s {package} from {old_end} to {new_end}: {why}")
)
ASSIGNMENT_ENDED = define("assignment.ended", _("{person}'s {package} ended: {why}"))
ASSIGNMENT_CLEARED = define("assignment.cleared", _("Everything that {package} gave to {person} is gone"))
EXCEPTION_ASKED = define(
    "exception.submitted",
    _("{actor} asked that {person} may hold {package} together with {other} until {until}: {reason}"),
)
EXCEPTION_APPROVED = define(
    "exception.approved",
    _("{actor} allowed {person} to hold {package} together with {other} until {until}: {decision}"),
)
EXCEPTION_DENIED = define(
    "exception.denied", _("{actor} did not allow {person} to hold {package} together with {other}: {decision}")
)
EXCEPTION_WITHDRAWN = define(
    "exception.withdrawn", _("{actor} no longer asks that {person} may hold {package} together with {other}")
)
EXCEPTION_EXPIRED = define(
    "exception.expired", _("Nobody decided in time whether {person} may hold {package} together with {other}")
)
EXCEPTION_REVOKED = define(
    "exception.revoked", _("{actor} took back that {person} may hold {package} together with {other}: {why}")
)
EXCEPTION_ENDED = define(
    "exception.ended", _("The time is over in which {person} might hold {package} together with {other}")
)
CALLOUT_STARTED = define("callout.started", _("{package} for {person} waits for the answer of {extension}: {moment}"))
CALLOUT_SENT = define("callout.sent", _("{extension} was told of {package} for {person}: {moment}"))
CALLOUT_ANSWERED = define("callout.answered", _("{extension} answered about {package} for {person}: {detail}"))
CALLOUT_DENIED = define("callout.denied", _("{extension} answered no about {package} for {person}: {detail}"))
CALLOUT_TIMED_OUT = define("callout.timed_out", _("{extension} did not answer in time about {package} for {person}"))
CALLOUT_STUCK = define(
    "callout.stuck", _("{extension} could not be told of {package} for {person}; given up after {attempts} attempts")
)
CALLOUT_RETRIED = define("callout.retried", _("{actor} had {extension} called again about {package} for {person}"))
EMERGENCY_TAKEN = define(
    "emergency.taken",
    _("{actor} took {package} in an emergency until {until}, {uses} in 90 days: {justification}"),
)
EMERGENCY_JUSTIFIED = define(
    "emergency.justified", _("{actor} found that {person} was right to take {package} in an emergency: {findings}")
)
EMERGENCY_NOT_JUSTIFIED = define(
    "emergency.not_justified",
    _("{actor} found that {person} should not have taken {package} in an emergency: {findings}"),
)
