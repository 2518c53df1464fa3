"""People and groups on their pages."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from audit.models import Event
from directory import actions
from directory.models import Group, Membership, User
from requests_app import actions as requests
from requests_app.models import Assignment
from tests.cast import NOW


@pytest.fixture
def group(db):
    return Group.objects.create(name="Sales EMEA")


def page_of(row):
    return reverse(f"admin:directory_{row._meta.model_name}_change", args=[row.pk])


def press(client, row, button, **typed):
    """Press a button of the row's page and confirm."""
    address = reverse(f"admin:directory_{row._meta.model_name}_{button}", args=[row.pk])
    return client.post(address, {"_form_submitted": "on", **typed})


def told():
    return [event.sentence for event in Event.objects.order_by("id")]


def test_a_persons_record_is_changed_and_journalled(cast, ada, fill):
    address = page_of(cast.rita)
    answer = ada.post(address, fill(ada.get(address), {"department": "Sales", "manager": cast.olga.pk}))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert told() == ["Ada changed Rita's record: department: — → Sales; manager: Marco → Olga"]


def test_a_person_is_added_without_a_password(cast, ada, fill):
    address = reverse("admin:directory_user_add")
    answer = ada.post(address, fill(ada.get(address), {"username": "nina", "display_name": "Nina"}))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert not User.objects.get(username="nina").has_usable_password()
    assert told() == ["Ada added Nina to the directory"]


def test_nobody_becomes_their_own_manager_over_others(cast, ada, fill):
    address = page_of(cast.marco)
    page = ada.post(address, fill(ada.get(address), {"manager": cast.rita.pk})).content.decode()
    assert "would be their own manager" in page
    cast.marco.refresh_from_db()
    assert cast.marco.manager is None


def test_the_last_administrator_stays(cast, ada, fill):
    address = page_of(cast.ada)
    sent = fill(ada.get(address), {})
    del sent["is_superuser"]
    assert "is the last administrator" in ada.post(address, sent).content.decode()
    press(ada, cast.ada, "disable_person")
    cast.ada.refresh_from_db()
    assert cast.ada.is_superuser
    assert cast.ada.is_active


def test_disabling_asks_first_and_ends_everything(cast, ada):
    package = cast.package("Sales: Standard Access", cast.role("Sales Wiki")[1])
    cast.policy(package, approver=None)
    requests.submit(package=package, actor=cast.rita, justification="Needed", now=NOW)
    address = reverse("admin:directory_user_disable_person", args=[cast.rita.pk])
    assert "Disable this person?" in ada.get(address).content.decode()
    cast.rita.refresh_from_db()
    assert cast.rita.is_active, "a link that is only opened changes nothing"
    assert press(ada, cast.rita, "disable_person").headers["HX-Redirect"] == page_of(cast.rita)
    cast.rita.refresh_from_db()
    assert not cast.rita.is_active
    assert not Assignment.objects.live().exists()
    press(ada, cast.rita, "enable_person")
    cast.rita.refresh_from_db()
    assert cast.rita.is_active


def test_several_people_are_disabled_from_the_list(cast, ada):
    chosen = {"action": "disable_people", "_selected_action": [cast.rita.pk, cast.charlie.pk]}
    ada.post(reverse("admin:directory_user_changelist"), chosen)
    assert set(User.objects.filter(is_active=False)) == {cast.rita, cast.charlie}
    assert Event.objects.filter(verb="person.disabled").count() == 2


def test_a_password_is_set_and_journalled_without_being_told(cast, ada):
    address = reverse("admin:auth_user_password_change", args=[cast.rita.pk])
    secret = "a rather long pass phrase"
    answer = ada.post(address, {"password1": secret, "password2": secret, "usable_password": "true"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    cast.rita.refresh_from_db()
    assert cast.rita.check_password(secret)
    event = Event.objects.get()
    assert event.sentence == "Ada set a new password for Rita"
    assert secret not in str(event.details)


def test_nobody_but_administrators_changes_people_and_groups(cast, group):
    theirs = {"actor": cast.olga, "now": NOW}
    cast.rita.is_superuser = True
    for change in (
        lambda: actions.save_person(person=cast.rita, **theirs),
        lambda: actions.set_password(person=cast.rita, password="mine now", **theirs),
        lambda: actions.save_group(group=group, **theirs),
    ):
        with pytest.raises(PermissionDenied):
            change()
    assert not User.objects.get(pk=cast.rita.pk).is_superuser


def test_nobody_is_deleted(cast, ada, group):
    for row in (cast.rita, group):
        assert ada.post(reverse(f"admin:directory_{row._meta.model_name}_delete", args=[row.pk])).status_code == 403


def test_members_owners_and_nested_groups_are_changed_by_the_actions(cast, ada, fill, group):
    actions.add_member(group=group, person=cast.olga, actor=None, now=NOW)
    inner = actions.save_group(group=Group(name="Sales Berlin"), actor=None, now=NOW)
    before = len(told())
    typed = {
        "description": "Everybody in EMEA",
        "owners": [cast.marco.pk],
        "memberships-TOTAL_FORMS": 2,
        "memberships-0-DELETE": "on",
        "memberships-1-person": cast.rita.pk,
        "children_links-TOTAL_FORMS": 1,
        "children_links-0-child": inner.pk,
    }
    address = page_of(group)
    answer = ada.post(address, fill(ada.get(address), typed))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert told()[before:] == [
        "Ada changed the group Sales EMEA: description: — → Everybody in EMEA",
        "Ada made Marco an owner of the group Sales EMEA",
        "Ada removed Olga from the group Sales EMEA",
        "Ada added Rita to the group Sales EMEA",
        "Ada put the group Sales Berlin into the group Sales EMEA",
    ]


def test_a_circle_of_groups_is_refused_on_the_page(cast, ada, fill, group):
    inner = actions.save_group(group=Group(name="Sales Berlin"), actor=None, now=NOW)
    actions.nest_group(parent=group, child=inner, actor=None, now=NOW)
    address = page_of(inner)
    typed = {"children_links-TOTAL_FORMS": 1, "children_links-0-child": group.pk}
    assert "is already inside" in ada.post(address, fill(ada.get(address), typed)).content.decode()


def test_the_members_of_a_large_group_are_paged_and_the_second_page_is_saved(cast, ada, fill, group):
    people = User.objects.bulk_create(User(username=f"p{n:03}", display_name=f"P {n:03}") for n in range(60))
    Membership.objects.bulk_create(Membership(group=group, person=person, added_at=NOW) for person in people)
    address = f"{page_of(group)}?memberships-page=2"
    page = ada.get(address)
    assert "P 055" in page.content.decode()
    assert "P 005" not in page.content.decode()
    assert ada.post(address, fill(page, {"memberships-0-DELETE": "on"})).status_code == 302
    assert set(people) - {membership.person for membership in group.memberships.all()} == {people[50]}
