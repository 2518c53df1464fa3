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
REQUEST_DENIED = define("request.denied", _("{actor} denied {person}'s request for {package}: {justification}"))
REQUEST_CANCELED = define("request.canceled", _("{actor} canceled {person}'s request for {package}"))
REQUEST_EXPIRED = define("request.expired", _("Nobody decided on {person}'s request for {package} in time"))
REQUEST_IN_CONFLICT = define(
    "request.in_conflict", _("{package} was not given to {person}, and the request ended: {why}")
)
APPROVAL_STARTED = define("approval.started", _("Asked to decide on {package} for {person}: {approvers}"))
APPROVAL_REROUTED = define("approval.rerouted", _("No approver was found for {package}; asked instead: {via}"))
ALTERNATES_ASKED = define(
    "approval.alternates_asked", _("Nobody decided in time on {package} for {person}; asked as well: {approvers}")
)
APPROVAL_REASSIGNED = define(
    "approval.reassigned", _("{actor} handed the decision on {package} for {person} over to {approver}: {why}")
)
APPROVER_ABSENT = define("approval.approver_absent", _("{absent} can no longer decide on {package} for {person}"))
APPROVAL_DECIDED = define("approval.approved", _("{actor} approved {person}'s request for {package}"))
ASSIGNMENT_STARTED = define("assignment.started", _("{package} is being delivered to {person}"))
ASSIGNMENT_DELIVERED = define("assignment.delivered", _("{person} has everything that {package} gives"))
ASSIGNMENT_FAILED = define("assignment.failed", _("{package} could not be delivered to {person} in full yet"))
ASSIGNMENT_EXTENDED = define("assignment.extended", _("{person}'s {package} ends on {new_end}, no longer on {old_end}"))
ASSIGNMENT_END_MOVED = define(
    "assignment.end_moved", _("{actor} moved the end of {person}'s {package} from {old_end} to {new_end}: {why}")
)
ASSIGNMENT_ENDED = define("assignment.ended", _("{person}'s {package} ended: {why}"))
ASSIGNMENT_CLEARED = define("assignment.cleared", _("Everything that {package} gave to {person} is gone"))
