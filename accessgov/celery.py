"""The Celery application and its beat schedule: it carries work, the database remembers it."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessgov.settings")

app = Celery("accessgov")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["accessgov"], related_name="heartbeat")
app.conf.beat_schedule = {
    "carry out operations that are due": {"task": "provisioning.tasks.sweep", "schedule": 20},
    "compare systems with what is wanted": {"task": "provisioning.tasks.sweep_reconciliations", "schedule": 60},
    "look for resources in systems": {"task": "provisioning.tasks.sweep_discoveries", "schedule": 60},
    "remind teams of tasks that are overdue": {"task": "provisioning.tasks.tell_overdue_tasks", "schedule": 300},
    "end access whose time is over": {"task": "requests_app.tasks.expire_assignments", "schedule": 15},
    "begin access whose start has come": {"task": "requests_app.tasks.begin_scheduled", "schedule": 15},
    "ask alternates where nobody decided": {"task": "requests_app.tasks.ask_alternates", "schedule": 60},
    "go on where nobody answered": {"task": "requests_app.tasks.go_on_unanswered", "schedule": 60},
    "ask others where approvers left": {"task": "requests_app.tasks.replace_absent_approvers", "schedule": 60},
    "end exceptions whose time is over": {"task": "requests_app.tasks.expire_exceptions", "schedule": 60},
    "follow delegations": {"task": "requests_app.tasks.follow_delegations", "schedule": 60},
    "end requests that nobody decided": {"task": "requests_app.tasks.expire_approvals", "schedule": 60},
    "call custom extensions": {"task": "requests_app.tasks.sweep_callouts", "schedule": 20},
    "wait no longer for custom extensions": {"task": "requests_app.tasks.time_out_callouts", "schedule": 30},
    "tell custom extensions of ends": {"task": "requests_app.tasks.call_before_end", "schedule": 600},
    "carry changes of packages to all who have them": {"task": "requests_app.tasks.sweep_rollouts", "schedule": 20},
    "start reviews whose time has come": {"task": "reviews.tasks.start_reviews", "schedule": 60},
    "close stages of reviews whose time is over": {"task": "reviews.tasks.move_on", "schedule": 30},
    "follow what reviews decided until it is done": {"task": "reviews.tasks.follow_applying", "schedule": 20},
    "delete guests whom reviews denied": {"task": "reviews.tasks.delete_guests", "schedule": 3600},
    "ask others where reviewers left": {"task": "reviews.tasks.replace_absent", "schedule": 60},
    "review whom something happened to": {"task": "reviews.tasks.heed_cues", "schedule": 60},
    "look for incompatible access to be reviewed": {"task": "reviews.tasks.look_for_conflicts", "schedule": 600},
    "look for dormant people to be reviewed": {"task": "reviews.tasks.look_for_dormant", "schedule": 3600},
    "carry work on campaigns": {"task": "reviews.tasks.sweep_work", "schedule": 20},
    "send messages that are due": {"task": "notifications.tasks.sweep", "schedule": 20},
    "remind of access that ends soon and of decisions": {"task": "notifications.tasks.remind", "schedule": 600},
    "ask and remind reviewers": {"task": "notifications.tasks.ask_reviewers", "schedule": 60},
    "tell approvers what became of it": {"task": "notifications.tasks.tell_outcomes", "schedule": 300},
    "begin daily digests": {"task": "notifications.tasks.begin_digests", "schedule": 300},
    "say that beat and worker are there": {"task": "accessgov.heartbeat", "schedule": 15},
}
