"""Makes the catalogs, systems, resources, packages and policies of offer.py, through the catalog's own actions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.text import slugify

from catalog import actions
from catalog.actions import Stage
from catalog.choices import ApproverKind, DurationKind, QuestionKind
from catalog.models import (
    AccessPackage,
    ApprovalStage,
    Catalog,
    Policy,
    Question,
    Resource,
    ResourceRole,
    StageApprover,
    TargetSystem,
)
from directory.actions import save_attribute
from directory.models import ConnectedOrganisation, Group, PersonAttribute, User
from provisioning.actions import configure_connector
from provisioning.models import Connector, ConnectorKind

from .facts import (
    DIRECTORY,
    MANAGER_DECIDES,
    SPONSOR_DECIDES,
    PackageFacts,
    PolicyFacts,
    QuestionFacts,
    ThingFacts,
)
from .offer import BUILDING, CATALOGS, CRM, PACKAGES, STOCK, THINGS
from .roll import GROUP, Roll

CRM_GROUPS = tuple(f"{role}s" for thing in THINGS if thing.system == CRM for role in thing.roles)
STOCK_URL = "https://stock.marlowbay.example/scim/v2"


@dataclass(frozen=True)
class Application:
    """How the SCIM application is reached, and the ids of its groups."""

    base_url: str
    token: str
    groups: Mapping[str, str]


@dataclass(frozen=True)
class Furnisher:
    """Whoever sets everything up, and when; `today` is what `until` counts from."""

    roll: Roll
    actor: User
    now: datetime
    today: datetime

    def furnish(self, application: Application) -> None:
        """Make everything."""
        systems = self._systems(application)
        catalogs = {facts.name: self._catalog(facts.name) for facts in CATALOGS}
        roles: dict[str, ResourceRole] = {}
        for thing in THINGS:
            users = [catalogs[name] for name in _catalogs_using(thing)]
            for role in self._resource(thing, systems[thing.system], catalogs=users, groups=application.groups):
                roles[f"{role.name} of {thing.name}"] = role
        self._open_attributes()
        for package in PACKAGES:
            self._package(package, catalogs[package.catalog], roles)

    def _open_attributes(self) -> None:
        asked = [question for package in PACKAGES for policy in package.policies for question in policy.questions]
        for name in sorted({question.stored_as for question in asked} - {""}):
            attribute = PersonAttribute(
                name=name, description=f"Answered where a package asks for it: {name}", is_editable=True
            )
            save_attribute(attribute=attribute, actor=self.actor, now=self.now)

    def _systems(self, application: Application) -> dict[str, TargetSystem]:
        kinds = (
            (DIRECTORY, ConnectorKind.BUILTIN, "", "", "Groups of the company's own directory"),
            (CRM, ConnectorKind.SCIM, application.base_url, application.token, "Customers, offers and cases"),
            (STOCK, ConnectorKind.SCIM, STOCK_URL, "not-in-use", "Stock and picking in the harbour warehouse"),
        )
        systems = {BUILDING: self._building()}
        for name, kind, base_url, secret, description in kinds:
            system = TargetSystem(name=name, slug=slugify(name), description=description)
            systems[name] = actions.save_system(system=system, actor=self.actor, now=self.now)
            connector = Connector(system=system, kind=kind, base_url=base_url, disables_accounts=name == CRM)
            configure_connector(connector=connector, actor=self.actor, now=self.now, secret=secret or None)
        return systems

    def _building(self) -> TargetSystem:
        """Doors, which no program opens: the front desk programs badges by hand."""
        system = TargetSystem(name=BUILDING, slug=slugify(BUILDING), description="Doors that badges open")
        actions.save_system(system=system, actor=self.actor, now=self.now)
        told = "Program the badge at the front desk’s terminal. The proof is the number in the badge book."
        configure_connector(
            connector=Connector(system=system, kind=ConnectorKind.MANUAL),
            options={"team": "Front Desk", "due_days": 2, "instructions": told},
            actor=self.actor,
            now=self.now,
        )
        return system

    def _catalog(self, name: str) -> Catalog:
        facts = next(facts for facts in CATALOGS if facts.name == name)
        catalog = Catalog(name=name, description=facts.description, is_externally_visible=facts.is_for_guests)
        owners = self.roll.persons(f"team:{team}" for team in facts.leads)
        return actions.save_catalog(catalog=catalog, owners=owners, actor=self.actor, now=self.now)

    def _resource(
        self, thing: ThingFacts, system: TargetSystem, *, catalogs: list[Catalog], groups: Mapping[str, str]
    ) -> list[ResourceRole]:
        is_ours = thing.system == DIRECTORY
        origin = str(Group.objects.create(name=thing.name, created_at=self.now).pk) if is_ours else slugify(thing.name)
        resource = Resource(
            system=system, kind=thing.kind, origin_id=origin, name=thing.name, is_privileged=thing.is_privileged
        )
        roles = [
            ResourceRole(name=name, origin_id=name.lower() if is_ours else groups.get(f"{name}s", slugify(name)))
            for name in thing.roles
        ]
        owners = list(catalogs[0].owners) if catalogs else []
        actions.save_resource(
            resource=resource, catalogs=catalogs, owners=owners, roles=roles, actor=self.actor, now=self.now
        )
        return roles

    def _package(self, facts: PackageFacts, catalog: Catalog, roles: Mapping[str, ResourceRole]) -> None:
        package = AccessPackage(
            catalog=catalog,
            name=facts.name,
            description=facts.description,
            owner=self.roll.person(facts.owner),
            is_hidden=facts.is_hidden,
        )
        actions.save_package(package=package, actor=self.actor, now=self.now)
        given = [roles[name] for name in facts.gives]
        actions.add_roles(package=package, roles=given, actor=self.actor, now=self.now)
        for policy in facts.policies:
            self._policy(policy, package)

    def _policy(self, facts: PolicyFacts, package: AccessPackage) -> None:
        kind, amount, ends_at = self._lasting(facts.lasts)
        policy = Policy(
            package=package,
            name=facts.name,
            scope=facts.scope,
            requires_justification=facts.asks_why,
            duration_kind=kind,
            duration_amount=amount,
            ends_at=ends_at,
            is_period_chosen=facts.is_period_chosen,
            is_on_behalf_allowed=facts.is_on_behalf_allowed,
        )
        actions.save_policy(
            policy=policy,
            people=self.roll.persons(facts.people),
            groups=[self.roll.groups[name] for name in facts.groups],
            organisations=list(ConnectedOrganisation.objects.filter(name__in=facts.organisations)),
            stages=list(self._stages(facts)),
            questions=[_question(question) for question in facts.questions],
            actor=self.actor,
            now=self.now,
        )

    def _lasting(self, words: str) -> tuple[DurationKind, int | None, datetime | None]:
        if not words:
            return DurationKind.PERMANENT, None, None
        if words.startswith("until "):
            return DurationKind.UNTIL, None, self.today + timedelta(days=int(words.split()[1]))
        amount, unit = words.split()
        return DurationKind(unit), int(amount), None

    def _stages(self, facts: PolicyFacts) -> Iterator[Stage]:
        if facts.deciders:
            row = ApprovalStage(approvals_required=facts.approvals, requires_justification=facts.deciders_say_why)
            yield Stage(row=row, approvers=[self._approver(word) for word in facts.deciders])

    def _approver(self, word: str) -> StageApprover:
        if word == MANAGER_DECIDES:
            return StageApprover(kind=ApproverKind.MANAGER)
        if word == SPONSOR_DECIDES:
            return StageApprover(kind=ApproverKind.INTERNAL_SPONSORS)
        if word.startswith(GROUP):
            return StageApprover(kind=ApproverKind.GROUP, group=self.roll.groups[word.removeprefix(GROUP)])
        return StageApprover(kind=ApproverKind.PERSON, person=self.roll.person(word))


def _question(facts: QuestionFacts) -> Question:
    if not facts.is_choice:
        attribute = PersonAttribute.objects.filter(name=facts.stored_as).first()
        example = facts.answers[0] if facts.pattern else ""
        words = {"pattern": facts.pattern, "pattern_hint": facts.hint, "example": example}
        return Question(text=facts.text, attribute=attribute, **words)
    return Question(text=facts.text, kind=QuestionKind.CHOICE, choices=list(facts.answers))


def _catalogs_using(thing: ThingFacts) -> list[str]:
    used = {f"{role} of {thing.name}" for role in thing.roles}
    return sorted({package.catalog for package in PACKAGES if used & set(package.gives)})
