"""The verbs that reviews record."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

REVIEW_CREATED = define("review.created", _("{actor} set up the review {target}"))
REVIEW_CHANGED = define("review.changed", _("{actor} changed the review {target}: {changed}"))
REVIEW_DELETED = define("review.deleted", _("{actor} deleted the review {target}"))
CUE_RETRIED = define("review.cue_retried", _("{actor} had {target} of {person} be begun again"))
OCCURRENCE_SKIPPED = define("review.occurrence_skipped", _("{target} did not start as planned: {why}"))

CAMPAIGN_STARTED = define("campaign.started", _("{target} was started"))
CAMPAIGN_OPENED = define(
    "campaign.opened", _("{target} is open until {until}: {total} items, with the digest {digest}")
)
CAMPAIGN_EMPTY = define("campaign.empty", _("{target} had nothing to look at, and ended"))
CAMPAIGN_STAGE_OPENED = define("campaign.stage_opened", _("Stage {position} of {target} is open until {until}"))
CAMPAIGN_EXTENDED = define("campaign.extended", _("{actor} extended {target} until {until}"))
CAMPAIGN_STOPPED = define("campaign.stopped", _("{actor} stopped {target}: {why}"))
CAMPAIGN_STAGE_STOPPED = define("campaign.stage_stopped", _("{actor} ended stage {position} of {target} early: {why}"))
CAMPAIGN_RESET = define("campaign.reset", _("{actor} took back all answers to {target}: {why}"))
CAMPAIGN_CANCELED = define("campaign.canceled", _("{actor} canceled {target}: {why}"))
CAMPAIGN_REMINDED = define("campaign.reminded", _("{actor} had everybody reminded who has open items in {target}"))
CAMPAIGN_CLOSED = define(
    "campaign.closed", _("{target} closed: {kept} stay, {removed} go, {unanswered} were not answered")
)
CAMPAIGN_APPLYING = define("campaign.applying", _("The results of {target} are being applied"))
CAMPAIGN_COMPLETED = define("campaign.completed", _("{target} is complete: everything it decided is applied"))
CAMPAIGN_WORK_STUCK = define("campaign.stuck", _("{target} does not go on: {error}"))
CAMPAIGN_RESTARTED = define("campaign.restarted", _("{actor} had {target} go on where it stopped"))

ITEM_DECIDED = define("review_item.decided", _("{actor} answered on {what} of {person}: {verdict}"))
ITEM_HANDED_ON = define("review_item.handed_on", _("{actor} handed {count} items of {target} on to {reviewer}: {why}"))
ITEMS_PUT_TO_MANAGER = define(
    "review.put_to_manager",
    _("{count} open items of {target} were put to {reviewer}, who is the manager of {person} by now"),
)
REVIEWER_REPLACED = define(
    "review.reviewer_replaced", _("{absent} can no longer review in {target}; asked instead: {reviewers}")
)
REVIEWER_FOUND = define(
    "review.reviewer_found", _("Nobody could answer on something in {target}; asked now: {reviewers}")
)
REVIEWER_DELEGATED = define(
    "review.reviewer_delegated", _("{delegate} reviews in {target} as well, in place of {delegator}")
)
ITEM_APPLIED = define("review_item.applied", _("{what} of {person} was removed, as {target} decided"))
ITEM_NOT_FOUND = define("review_item.not_found", _("{what} of {person} was gone before {target} could remove it"))
ITEM_FAILED = define("review_item.failed", _("{what} of {person} could not be removed yet: {error}"))
ITEM_APPROVED_ANEW = define(
    "review_item.approved_anew", _("{person} keeps {what}, which was approved anew since {target} began")
)
GUEST_BLOCKED = define("review.guest_blocked", _("{person} was blocked, as {target} decided"))
GUEST_SPARED = define("review.guest_spared", _("{person} was not deleted after {target}: they were enabled again"))
GUEST_DELETED = define("review.guest_deleted", _("{person} was deleted 30 days after {target}"))
REPORT_EXPORTED = define("review.report_exported", _("{actor} exported {what} as {format}"))
