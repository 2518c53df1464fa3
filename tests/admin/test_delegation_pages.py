"""Delegations in the administration: an administrator sets one for somebody, changes it and ends it."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from requests_app import actions
from requests_app.models import Delegation

LIST = reverse("admin:requests_app_delegation_changelist")
ADD = reverse("admin:requests_app_delegation_add")


def sent(delegate, **fields):
    return {
        "delegate": str(delegate.pk),
        "starts_at_0": "",
        "starts_at_1": "",
        "ends_at_0": "",
        "ends_at_1": "",
        **fields,
    }


def test_an_administrator_sets_one_for_somebody(cast, ada):
    answer = ada.post(ADD, sent(cast.olga, delegator=str(cast.marco.pk), takes_waiting="on"))
    assert answer.status_code == 302, answer.context["errors"]
    made = Delegation.objects.get()
    assert (made.delegator, made.delegate, made.set_by, made.takes_waiting) == (cast.marco, cast.olga, cast.ada, True)
    assert "Olga" in ada.get(LIST).content.decode()


def test_what_is_refused_is_said_in_the_form(cast, ada):
    for delegate, message in ((cast.marco, "Somebody else must be chosen."), (cast.ada, "Nobody makes themselves")):
        page = ada.post(ADD, sent(delegate, delegator=str(cast.marco.pk))).content.decode()
        assert message in page
    assert not Delegation.objects.exists()


def test_it_is_changed_and_ended_and_then_stays_as_it_was(cast, ada):
    made = actions.set_delegation(delegator=cast.marco, delegate=cast.olga, actor=cast.marco, now=timezone.now())
    page = reverse("admin:requests_app_delegation_change", args=[made.pk])
    assert ada.get(page).status_code == 200
    last = timezone.now() + timedelta(days=3)
    answer = ada.post(page, sent(cast.charlie, ends_at_0=f"{last:%Y-%m-%d}", ends_at_1="12:00:00"))
    assert answer.status_code == 302, answer.context["errors"]
    made.refresh_from_db()
    assert made.delegate == cast.charlie
    assert made.ends_at is not None
    assert made.ends_at.date() == last.date()
    ada.post(reverse("admin:requests_app_delegation_end_it", args=[made.pk]), {"_form_submitted": "on"})
    made.refresh_from_db()
    assert made.ended_at
    ada.post(page, sent(cast.olga))
    made.refresh_from_db()
    assert made.delegate == cast.charlie
