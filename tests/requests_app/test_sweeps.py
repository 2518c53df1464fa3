"""A sweep goes on behind a row that it stumbles over."""

import logging

import pytest
from django.utils import timezone

from requests_app import actions, tasks
from requests_app.models import Approval
from tests.cast import NOW


@pytest.mark.django_db
def test_one_row_that_fails_holds_up_none_of_the_others(cast, monkeypatch, caplog):
    for number in range(3):
        package = cast.package(f"Finance: Ledger {number}", cast.role(f"Ledger {number}")[1])
        cast.policy(package)
        actions.submit(package=package, actor=cast.rita, justification="New", now=NOW)
    Approval.objects.update(due_at=timezone.now())
    poisoned = Approval.objects.order_by("pk")[0]
    expire = actions.expire_overdue

    def stumble(*, approval, now):
        if approval == poisoned:
            raise RuntimeError("out of order")
        return expire(approval=approval, now=now)

    monkeypatch.setattr(actions, "expire_overdue", stumble)
    with caplog.at_level(logging.ERROR):
        assert tasks.expire_approvals() == 2
    assert str(poisoned.pk) in caplog.text
    assert Approval.objects.filter(status="inProgress").get() == poisoned
