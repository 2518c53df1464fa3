"""Every page of requests, approvals and access, as somebody without any say and as nobody at all."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from requests_app import urls
from requests_app.actions import set_delegation
from requests_app.models import AccessRequest, Approval, Assignment

from .conftest import ask, get_access

LISTS = {"mine", "approvals", "access"}
DELEGATING = {"decide_many", "delegations", "set_delegation"}
"""For everybody who may be asked to decide."""
OF_PACKAGES = {"ask", "holders", "assign"}
OF_THINGS = {
    "request": "request",
    "cancel": "request",
    "approval": "approval",
    "hand_over": "approval",
    "withdraw_approval": "decision",
    "delegation": "delegation",
    "end_delegation": "delegation",
    "assignment": "assignment",
    "extend": "assignment",
    "change_end": "assignment",
    "give_back": "assignment",
    "reprocess": "assignment",
    "revoke": "assignment",
}
REPORTS = {"conflicts"}
"""For those who look after something: the others are told so."""
READ_ONLY = {"holders", "request", "assignment", *REPORTS}
ELSEWHERE = {
    "answer", "ask_exception", "ask_for_information", "basket", "emergencies", "emergency", "emergency_review",
    "exception", "exceptions", "put_in_basket", "asked_together",
}  # fmt: skip
"""Pages that tests/doors.txt alone judges, for everybody."""
NAMES = sorted(LISTS | DELEGATING | REPORTS | OF_PACKAGES | OF_THINGS.keys())


@pytest.fixture
def address(cast, package, hidden):
    """The address of a page, for things of others."""
    get_access(cast, package)
    Assignment.objects.update(ends_at=timezone.now() + timedelta(days=10))  # soon enough to be extended
    other = cast.package("Sales: Campaigns", cast.role("Campaigns")[1])
    cast.policy(other)
    access_request = ask(cast, other)
    things = {
        "request": access_request.pk,
        "approval": access_request.approvals.get().pk,
        "decision": Approval.objects.exclude(access_request=access_request).get().pk,
        "delegation": set_delegation(delegator=cast.marco, delegate=cast.olga, actor=cast.marco, now=timezone.now()).pk,
        "assignment": Assignment.objects.get().pk,
    }

    def of(name):
        if name in LISTS | DELEGATING | REPORTS:
            return reverse(f"requests:{name}")
        return reverse(f"requests:{name}", args=[hidden.pk if name in OF_PACKAGES else things[OF_THINGS[name]]])

    return of


def test_every_page_is_in_this_file():
    pages = [page for entry in urls.urlpatterns for page in getattr(entry, "url_patterns", [entry])]
    assert {page.name for page in pages} == set(NAMES) | ELSEWHERE


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", sorted(set(NAMES) - LISTS - DELEGATING))
def test_for_charlie_there_is_nothing_here(cast, address, sign_in, name, method):
    before = AccessRequest.objects.count()
    answer = getattr(sign_in(cast.charlie), method)(address(name))
    closed = 403 if name in REPORTS else 404
    assert answer.status_code == (405 if method == "post" and name in READ_ONLY else closed)
    assert "Rita" not in answer.content.decode()
    assert AccessRequest.objects.count() == before


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_is_asked_to_sign_in(address, name, method):
    target = address(name)
    answer = getattr(Client(), method)(target)
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={target}"


@pytest.mark.parametrize("name", sorted(set(NAMES) - LISTS - DELEGATING - REPORTS))
def test_what_is_not_there_is_not_found(cast, sign_in, name):
    assert sign_in(cast.ada).get(reverse(f"requests:{name}", args=[uuid4()])).status_code == 404


@pytest.mark.parametrize("name", sorted(LISTS))
def test_an_empty_list_says_what_comes_here(cast, sign_in, name):
    for tab in ("", "done", "decided", "ended", "nonsense"):
        answer = sign_in(cast.charlie).get(reverse(f"requests:{name}"), {"tab": tab})
        assert answer.status_code == 200
        assert 'class="empty"' in answer.content.decode()


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_damaged_cursor_is_a_400(cast, sign_in, name):
    tab = {"mine": "done", "approvals": "", "access": "ended"}[name]
    answer = sign_in(cast.charlie).get(reverse(f"requests:{name}"), {"tab": tab, "cursor": "nonsense"})
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["cancel", "give_back"])
def test_a_change_without_the_form_of_this_site_is_refused(cast, address, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.rita)
    assert client.post(address(name)).status_code == 403


def test_no_page_carries_style_or_script_inside(cast, address, sign_in):
    """The content security policy would refuse them."""
    readers = {
        cast.marco: [
            "approvals",
            "approval",
            "hand_over",
            "delegations",
            "set_delegation",
            "delegation",
            "end_delegation",
            "withdraw_approval",
        ],
        cast.olga: ["holders", "assign", "change_end", "reprocess", "revoke", "conflicts"],
        cast.rita: ["mine", "access", "request", "cancel", "assignment", "extend", "give_back"],
    }
    assert {name for names in readers.values() for name in names} | {"ask", "decide_many"} == set(NAMES)
    news = cast.package("Sales: News")
    cast.policy(news)
    pages = [(reader, address(name)) for reader, names in readers.items() for name in names]
    for reader, page in [*pages, (cast.rita, reverse("requests:ask", args=[news.pk]))]:
        answer = sign_in(reader).get(page)
        assert answer.status_code == 200
        found = re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", answer.content.decode())
        assert not found, (page, found)
