"""Every change to messages, to what they say, and to how people want them."""

from .choosing import choose
from .digesting import keep_for_digest, queue_digests
from .exceptional import concerned_by, queue_exception_reminders, queue_review_reminders
from .queueing import Notice, queue
from .recertifying import queue_campaign_reminders, queue_review_questions
from .reminding import queue_decision_reminders, queue_outcomes, queue_reminders
from .settling import retry_stuck, settle_failed, settle_sent, settle_withheld
from .wording import reset_wording, save_branding, save_wording, send_test

__all__ = [
    "Notice", "choose", "concerned_by", "keep_for_digest", "queue", "queue_campaign_reminders",
    "queue_decision_reminders", "queue_digests", "queue_exception_reminders", "queue_outcomes", "queue_reminders",
    "queue_review_questions", "queue_review_reminders", "reset_wording", "retry_stuck", "save_branding",
    "save_wording", "send_test", "settle_failed", "settle_sent", "settle_withheld",
]  # fmt: skip
