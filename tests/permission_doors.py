"""How each operation of the permission table is tried for real, door by door; whatever it changes is rolled back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from catalog import actions as catalog
from catalog.choices import DelegatedRole
from catalog.models import (
    AccessPackage,
    Catalog,
    CustomExtension,
    Incompatibility,
    Policy,
    Resource,
    ResourceRole,
    RoleAssignment,
)
from directory import actions as directory
from directory.models import ConnectedOrganisation, Group, User
from requests_app import actions as requests
from requests_app.models import AccessRequest, Assignment
from reviews.actions import defining, starting
from reviews.actions.rules import Stage
from reviews.models import Review, ReviewStage
from tests.cast import Cast, appoint, make_cast
from tests.filling import fill
from tests.permission_table import ADMINISTRATION, ROLES
from tests.reviews.conftest import make_review

Trial = Callable[["World", User, "Place"], Any]
DELEGATED = {
    "owner": DelegatedRole.CATALOG_OWNER,
    "manager": DelegatedRole.PACKAGE_MANAGER,
    "assigner": DelegatedRole.ASSIGNMENT_MANAGER,
    "reader": DelegatedRole.CATALOG_READER,
}


@dataclass
class Place:
    """A catalog with one thing of each kind."""

    catalog: Catalog
    empty: Catalog
    package: AccessPackage
    unused: AccessPackage
    policy: Policy
    role: ResourceRole
    mine: Resource
    """Owned by whoever tries, and in no catalog."""
    strange: Resource
    """Owned by nobody, and in no catalog."""
    inside: Resource
    """Owned by whoever tries, in the catalog, and used by no package."""
    assignment: Assignment
    access_request: AccessRequest
    given: RoleAssignment
    extension: CustomExtension
    review: Review


class World:
    """Somebody in each role, a catalog that is theirs, and another one."""

    def __init__(self) -> None:
        self.cast = make_cast()
        self.people = {role: User.objects.create(username=role, display_name=role.title()) for role in ROLES}
        self._put_into_groups()
        appoint(None, self.people["creator"], role=DelegatedRole.CATALOG_CREATOR)
        appoint(None, self.people["organisations"], role=DelegatedRole.ORGANISATION_ADMINISTRATOR)
        self.theirs = self._place("Theirs", owner=self.people["package_owner"])
        self.others = self._place("Others", owner=self.cast.olga)
        for role, delegated in DELEGATED.items():
            appoint(self.theirs.catalog, self.people[role], role=delegated)
            appoint(self.theirs.empty, self.people[role], role=delegated)
        self.people = {role: User.objects.get(username=role) for role in ROLES}

    def try_it(self, operation: str, door: str, role: str, *, is_theirs: bool) -> bool:
        """Whether somebody in this role gets their way by this door."""
        trial, place = TRIALS[operation, door], self.theirs if is_theirs else self.others
        with transaction.atomic():
            before = Event.objects.count()
            try:
                got = trial(self, self.people[role], place)
            except PermissionDenied:
                got = False
            is_changed = Event.objects.count() > before
            transaction.set_rollback(True)
        return is_changed if got is None else bool(got)

    def browser(self, person: User) -> Client:
        """This person's browser."""
        client = Client()
        client.force_login(person)
        return client

    def _put_into_groups(self) -> None:
        """Administrator and auditor by nested groups here; all other tests have them by their own record."""
        by: dict[str, Any] = {"actor": self.cast.ada, "now": timezone.now()}
        for role, right in (("administrator", "makes_administrators"), ("auditor", "makes_auditors")):
            group = Group.objects.create(name=f"All who are {role}", **{right: True})
            inner = Group.objects.create(name=f"Some who are {role}")
            directory.nest_group(parent=group, child=inner, **by)
            directory.add_member(group=inner, person=self.people[role], **by)

    def _place(self, name: str, *, owner: User) -> Place:
        cast: Cast = self.cast
        where = Catalog.objects.create(name=name, description=name)
        role, used_once = (self._role(f"{name} {what}", where) for what in ("Files", "Plans"))
        mine, strange, inside = (self._role(f"{name} {what}", None).resource for what in ("Mine", "Strange", "Inside"))
        where.resources.add(inside)
        for resource in (mine, inside):
            resource.owners.set(self.people.values())
        packages = [
            AccessPackage.objects.create(catalog=where, name=f"{name}: {what}", description="-", owner=owner)
            for what in ("Held by somebody", "Asked for somebody", "Not in use yet")
        ]
        for package, given in zip(packages, (role, used_once, role), strict=True):
            package.package_roles.create(resource_role=given)
            cast.policy(package, scope="notSpecified", name="Direct", approver=None)
        cast.policy(packages[1], scope="notSpecified", name="Decided by the manager")
        held, asked = packages[:2]
        by: dict[str, Any] = {"person": cast.rita, "actor": cast.ada, "justification": "Needed", "now": timezone.now()}
        requests.assign_directly(policy=held.policies.get(), **by)
        asked_for = requests.assign_directly(policy=asked.policies.get(name="Decided by the manager"), **by)
        extension = CustomExtension(catalog=where, name=f"{name} tickets", url="https://tickets.example/hook")
        return Place(
            catalog=where,
            empty=Catalog.objects.create(name=f"{name}, empty", description="-"),
            package=held,
            unused=packages[2],
            policy=packages[2].policies.get(),
            role=role,
            mine=mine,
            strange=strange,
            inside=inside,
            assignment=Assignment.objects.get(package=held),
            access_request=asked_for,
            given=RoleAssignment.objects.create(role="catalogReader", catalog=where, person=cast.charlie),
            extension=catalog.save_custom_extension(extension=extension, actor=cast.ada, now=timezone.now()),
            review=make_review(held),
        )

    def _role(self, name: str, where: Catalog | None) -> ResourceRole:
        role = self.cast.role(name)[1]
        self.cast.catalog.resources.remove(role.resource)
        if where:
            where.resources.add(role.resource)
        return role


# --- Doors -----------------------------------------------------------------------------------------------------------


def by(person: User) -> dict[str, Any]:
    return {"actor": person, "now": timezone.now()}


def seen(address: Callable[[Place], str], *, says: Callable[[Place], str]) -> Trial:
    """A page or an answer that can be opened and holds these words."""

    def trial(world: World, person: User, place: Place) -> bool:
        answer = world.browser(person).get(address(place))
        return answer.status_code == 200 and says(place) in answer.content.decode()

    return trial


def posted(address: Callable[[Place], str], body: Callable[[World, Place], dict[str, Any]]) -> Trial:
    """A form of the pages, or a body of the API, that is sent; it is told by the journal whether it did something."""

    def trial(world: World, person: User, place: Place) -> None:
        where = address(place)
        as_json: Any = {"content_type": "application/json"} if where.startswith("/api/") else {}
        answer = world.browser(person).post(where, body(world, place), **as_json)
        assert answer.status_code in (200, 201, 302, 403, 404, 422), answer.content

    return trial


def administered(address: Callable[[Place], str], typed: Callable[[World, Place], dict[str, Any]]) -> Trial:
    """A page of the administration that is opened, filled in and sent back."""

    def trial(world: World, person: User, place: Place) -> bool | None:
        browser = world.browser(person)
        page = browser.get(address(place))
        if page.status_code != 200 or "adminform" not in page.context:
            return False
        browser.post(address(place), fill(page, typed(world, place)))
        return None

    return trial


def acted(do: Trial) -> Trial:
    """An action; it is told by the journal whether it did something."""

    def trial(world: World, person: User, place: Place) -> None:
        do(world, person, place)

    return trial


def at(name: str, thing: str, *, person: str = "") -> Callable[[Place], str]:
    """The address of this name for one of the place's things, and for a person where one is chosen."""

    def address(place: Place) -> str:
        chosen = f"?person={User.objects.get(username=person).pk}" if person else ""
        return reverse(name, args=[getattr(place, thing).pk]) + chosen

    return address


def admin(row: Any, what: str = "change") -> str:
    """The address of a row's page in the administration."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{what}", args=[row.pk])


def added(model: Any) -> Callable[[Place], str]:
    return lambda place: reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


def erased(row: Callable[[Place], Any]) -> Trial:
    """The administration's page that asks before something is deleted, answered with yes."""
    return posted(lambda place: admin(row(place), "delete"), lambda world, place: {"post": "yes"})


def changed(row: Any, **values: Any) -> Any:
    """The row as it is in the database, with some values of it changed."""
    fresh = type(row).objects.get(pk=row.pk)
    for name, value in values.items():
        setattr(fresh, name, value)
    return fresh


def appointed(role: DelegatedRole) -> dict[str, Trial]:
    """By each door, Rita is given this role."""

    def action(world: World, person: User, place: Place) -> None:
        catalog.grant_role(given=RoleAssignment(role=role, catalog=place.catalog, person=world.cast.rita), **by(person))

    def body(world: World, place: Place) -> dict[str, Any]:
        return {"role": role.value, "catalog": str(place.catalog.pk), "person": str(world.cast.rita.pk)}

    api = posted(lambda place: "/api/v1/role-assignments/", body)
    return {"action": action, "API": api, ADMINISTRATION: administered(added(RoleAssignment), body)}


def placed(which: Callable[[Place], Resource], *, is_put: bool) -> Trial:
    def trial(world: World, person: User, place: Place) -> None:
        where = [place.catalog] if is_put else []
        catalog.place_resource(resource=which(place), catalogs=where, **by(person))

    return trial


def placed_in_administration(which: Callable[[Place], Resource]) -> Trial:
    return administered(lambda place: admin(which(place)), lambda world, place: {"catalogs": [str(place.catalog.pk)]})


def disabled(trial: Trial) -> Trial:
    """The same, with the catalog disabled before."""

    def in_a_disabled_catalog(world: World, person: User, place: Place) -> Any:
        Catalog.objects.filter(pk=place.catalog.pk).update(is_enabled=False)
        return trial(world, person, place)

    return in_a_disabled_catalog


def with_a_finding(trial: Trial) -> Trial:
    """The same, where a package has no policy any more."""

    def with_something_to_find(world: World, person: User, place: Place) -> Any:
        Policy.objects.filter(package=place.unused).delete()
        return trial(world, person, place)

    return with_something_to_find


# --- Operations ------------------------------------------------------------------------------------------------------


def catalog_s_name(place: Place) -> str:
    return place.catalog.name


def package_s_name(place: Place) -> str:
    return place.package.name


def unused_s_name(place: Place) -> str:
    return place.unused.name


def nothing_more(world: World, place: Place) -> dict[str, Any]:
    return {}


def take_out_what_others_own(world: World, person: User, place: Place) -> None:
    place.inside.owners.clear()
    catalog.place_resource(resource=place.inside, catalogs=[], **by(person))


def new_package(place: Place) -> AccessPackage:
    return AccessPackage(
        catalog=place.catalog, name="Newcomers: Everything", description="-", owner=place.package.owner
    )


def new_review(place: Place) -> Review:
    return Review(name="New", scope="package", package=place.package, starts_on=timezone.localdate())


def reviewed_from_today(world: World, place: Place) -> dict[str, Any]:
    """As the administration and the API take it."""
    return {
        "name": "New", "scope": "package", "package": str(place.package.pk),
        "starts_on": timezone.localdate().isoformat(),
    }  # fmt: skip


def in_twenty_days(place: Place) -> datetime:
    return datetime.now(tz=UTC) + timedelta(days=20)


def ending_tomorrow(world: World, place: Place) -> dict[str, Any]:
    """As the API takes it."""
    return {"ends_at": (timezone.now() + timedelta(days=1)).isoformat(), "justification": "So be it"}


def with_tomorrow_as_last_day(world: World, place: Place) -> dict[str, Any]:
    """As the page takes it."""
    return {"ends_at": (timezone.localdate() + timedelta(days=1)).isoformat(), "justification": "So be it"}


OPERATIONS: dict[str, dict[str, Trial]] = {
    "Give a role that holds everywhere": {
        "action": acted(lambda world, person, place: catalog.grant_role(
            given=RoleAssignment(role="catalogCreator", person=world.cast.rita), **by(person)
        )),
        "API": posted(
            lambda place: "/api/v1/role-assignments/",
            lambda world, place: {"role": "catalogCreator", "person": str(world.cast.rita.pk)},
        ),
        ADMINISTRATION: administered(
            added(RoleAssignment), lambda world, place: {"role": "catalogCreator", "person": str(world.cast.rita.pk)}
        ),
    },
    "Change people and groups": {
        "action": acted(lambda world, person, place: directory.save_group(group=Group(name="New"), **by(person)))
    },
    "Read the journal": {
        "page": seen(lambda place: "/journal/", says=lambda place: "newest first"),
        "API": seen(lambda place: "/api/v1/events/", says=lambda place: "results"),
    },
    "Change connected organisations": {
        "action": acted(lambda world, person, place: directory.save_organisation(
            organisation=ConnectedOrganisation(name="Northwind"), domains=["northwind.example"], **by(person)
        )),
        ADMINISTRATION: administered(
            added(ConnectedOrganisation),
            lambda world, place: {"name": "Northwind", "domains-TOTAL_FORMS": 1, "domains-0-name": "northwind.example"},
        ),
    },
    "Create a catalog": {
        "action": acted(lambda world, person, place: catalog.save_catalog(
            catalog=Catalog(name="New", description="-"), **by(person)
        )),
        ADMINISTRATION: administered(
            added(Catalog),
            lambda world, place: {"name": "New", "description": "-", "role_assignments-TOTAL_FORMS": 0},
        ),
    },
    "Create a resource": {
        "action": acted(lambda world, person, place: catalog.save_resource(
            resource=Resource(system=world.cast.system, kind="group", origin_id="1", name="New"), **by(person)
        )),
        ADMINISTRATION: administered(
            added(Resource),
            lambda world, place: {
                "name": "New", "kind": "group", "system": str(world.cast.system.pk), "origin_id": "1",
                "catalogs": [str(place.catalog.pk)],
            },
        ),
    },
    "See a disabled catalog": {
        "API": disabled(
            seen(at("catalog-detail", "catalog"), says=catalog_s_name)
        ),
        ADMINISTRATION: disabled(seen(lambda place: admin(place.catalog), says=catalog_s_name)),
    },
    "See who has which role": {
        "page": seen(lambda place: f"/roles/?q={place.catalog.name}", says=lambda place: "Charlie"),
        "API": seen(
            lambda place: f"/api/v1/role-assignments/?catalog={place.catalog.pk}", says=lambda place: "Charlie"
        ),
        ADMINISTRATION: seen(lambda place: admin(place.given), says=lambda place: "atalog reader"),
    },
    "See findings": {
        "page": with_a_finding(seen(lambda place: "/findings/", says=unused_s_name)),
        "API": with_a_finding(seen(lambda place: "/api/v1/findings/", says=unused_s_name)),
    },
    "See packages without a review": {
        "page": seen(lambda place: "/governance/unreviewed/", says=lambda place: f"{place.catalog}: Not in use yet"),
    },
    "Change a catalog": {
        "action": acted(lambda world, person, place: catalog.save_catalog(
            catalog=changed(place.catalog, description="New"), **by(person)
        )),
        ADMINISTRATION: administered(lambda place: admin(place.catalog), lambda world, place: {"description": "New"}),
    },
    "Delete a catalog": {
        "action": acted(
            lambda world, person, place: catalog.delete_catalog(catalog=changed(place.empty), **by(person))
        ),
        ADMINISTRATION: erased(lambda place: place.empty),
    },
    "Appoint an owner": appointed(DelegatedRole.CATALOG_OWNER),
    "Appoint a package manager": appointed(DelegatedRole.PACKAGE_MANAGER),
    "Appoint an assignment manager": appointed(DelegatedRole.ASSIGNMENT_MANAGER),
    "Appoint a reader": appointed(DelegatedRole.CATALOG_READER),
    "Take a role away": {
        "action": acted(lambda world, person, place: catalog.revoke_role(given=changed(place.given), **by(person))),
        "API": lambda world, person, place: world.browser(person)
        .delete(reverse("role-assignment-detail", args=[place.given.pk]))
        .status_code
        == 204,
        ADMINISTRATION: erased(lambda place: place.given),
    },
    "Put a resource that one owns into a catalog": {
        "action": placed(lambda place: place.mine, is_put=True),
        ADMINISTRATION: placed_in_administration(lambda place: place.mine),
    },
    "Put a resource of others into a catalog": {
        "action": placed(lambda place: place.strange, is_put=True),
        ADMINISTRATION: placed_in_administration(lambda place: place.strange),
    },
    "Take a resource that one owns out of a catalog": {"action": placed(lambda place: place.inside, is_put=False)},
    "Take a resource of others out of a catalog": {"action": take_out_what_others_own},
    "Change a custom extension": {
        "action": acted(lambda world, person, place: catalog.save_custom_extension(
            extension=changed(place.extension, name="New"), **by(person)
        ))
    },
    "See a package": {
        "page": seen(at("package", "package"), says=package_s_name),
        "API": seen(
            at("package-detail", "package"), says=package_s_name
        ),
        ADMINISTRATION: seen(lambda place: admin(place.package), says=package_s_name),
    },
    "Create a package": {
        "action": acted(lambda world, person, place: catalog.save_package(package=new_package(place), **by(person))),
        ADMINISTRATION: administered(
            added(AccessPackage),
            lambda world, place: {
                "name": "Newcomers: Everything", "description": "-", "catalog": str(place.catalog.pk),
                "owner": str(world.cast.olga.pk),
            },
        ),
    },
    "Change a package": {
        "action": acted(lambda world, person, place: catalog.save_package(
            package=changed(place.package, description="New"), **by(person)
        )),
        ADMINISTRATION: administered(lambda place: admin(place.package), lambda world, place: {"description": "New"}),
    },
    "Change what a package gives": {
        "action": acted(lambda world, person, place: catalog.remove_roles(
            package=place.unused, roles=[place.role], **by(person)
        ))
    },
    "Delete a package": {
        "action": acted(
            lambda world, person, place: catalog.delete_package(package=changed(place.unused), **by(person))
        ),
        ADMINISTRATION: erased(lambda place: place.unused),
    },
    "Change a policy": {
        "action": acted(lambda world, person, place: catalog.save_policy(
            policy=changed(place.policy, description="New"), **by(person)
        )),
        ADMINISTRATION: administered(lambda place: admin(place.policy), lambda world, place: {"description": "New"}),
    },
    "Delete a policy": {
        "action": acted(lambda world, person, place: catalog.delete_policy(policy=changed(place.policy), **by(person))),
    },
    "Rule what is incompatible": {
        "action": acted(lambda world, person, place: catalog.save_incompatibility(
            incompatibility=Incompatibility(package=place.package, other_package=place.unused), **by(person)
        ))
    },
    "Assign a package": {
        "action": acted(lambda world, person, place: requests.assign_directly(
            policy=place.policy, person=world.cast.marco, justification="Needed", **by(person)
        )),
        "page": posted(
            at("requests:assign", "unused", person="marco"),
            lambda world, place: {"policy": str(place.policy.pk), "justification": "Needed"},
        ),
        "API": posted(
            lambda place: "/api/v1/assignments/",
            lambda world, place: {"policy": str(place.policy.pk), "person": "marco", "justification": "Needed"},
        ),
    },
    "See who has a package": {
        "page": seen(
            at("requests:assignment", "assignment"), says=package_s_name
        ),
        "API": seen(
            at("assignment-detail", "assignment"), says=package_s_name
        ),
        ADMINISTRATION: seen(lambda place: admin(place.assignment), says=package_s_name),
    },
    "Take access away": {
        "action": acted(lambda world, person, place: requests.revoke(
            assignment=place.assignment, why="Enough", **by(person)
        )),
        "page": posted(
            at("requests:revoke", "assignment"), lambda world, place: {"why": "Enough"}
        ),
        "API": posted(
            at("assignment-revoke", "assignment"),
            lambda world, place: {"justification": "Enough"},
        ),
    },
    "Move the end of access": {
        "action": acted(lambda world, person, place: requests.change_end(
            assignment=place.assignment, ends_at=in_twenty_days(place), why="Enough", **by(person)
        )),
        "page": posted(at("requests:change_end", "assignment"), with_tomorrow_as_last_day),
        "API": posted(at("assignment-change-end", "assignment"), ending_tomorrow),
    },
    "See a request": {
        "page": seen(
            at("requests:request", "access_request"), says=lambda place: "Asked for somebody"
        ),
        "API": seen(
            at("request-detail", "access_request"), says=lambda place: "Asked for somebody"
        ),
        ADMINISTRATION: seen(lambda place: admin(place.access_request), says=lambda place: "Asked for somebody"),
    },
    "Cancel a request": {
        "action": acted(lambda world, person, place: requests.cancel_request(
            access_request=place.access_request, **by(person)
        )),
        "page": posted(at("requests:cancel", "access_request"), nothing_more),
        "API": posted(at("request-cancel", "access_request"), nothing_more),
    },
    "See an access review": {
        "API": seen(at("review-detail", "review"), says=package_s_name),
        ADMINISTRATION: seen(lambda place: admin(place.review), says=package_s_name),
    },
    "Set up an access review": {
        "action": acted(lambda world, person, place: defining.save_review(
            review=new_review(place), stages=[Stage(ReviewStage(position=1))], **by(person)
        )),
        "API": posted(
            lambda place: "/api/v1/reviews/",
            lambda world, place: {**reviewed_from_today(world, place), "stages": [{"reviewers": "manager"}]},
        ),
        ADMINISTRATION: administered(added(Review), reviewed_from_today),
    },
    "Change an access review": {
        "action": acted(lambda world, person, place: defining.save_review(
            review=changed(place.review, description="New"), **by(person)
        )),
        ADMINISTRATION: administered(lambda place: admin(place.review), lambda world, place: {"description": "New"}),
    },
    "Start an access review": {
        "action": acted(lambda world, person, place: starting.start_review(review=place.review, **by(person))),
        "API": posted(at("review-start", "review"), nothing_more),
    },
    "Delete an access review": {
        "action": acted(lambda world, person, place: defining.delete_review(
            review=changed(place.review), **by(person)
        )),
        ADMINISTRATION: erased(lambda place: place.review),
    },
    "Ask why somebody cannot have a package": {
        "page": seen(
            at("explain", "package", person="rita"),
            says=lambda place: "Rita",
        ),
    },
}  # fmt: skip
TRIALS = {(name, door): trial for name, doors in OPERATIONS.items() for door, trial in doors.items()}
