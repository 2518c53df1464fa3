"""A system without an interface, for the conformance kit: a book that a team keeps by hand."""

from contextlib import contextmanager

from django.utils import timezone

from catalog.choices import ResourceKind
from catalog.models import Resource, ResourceRole
from directory.models import Group, User
from provisioning import actions
from provisioning.connectors import kind_of
from provisioning.models import Connector, ConnectorKind, HandTask, OperationKind

from .targets import SavedTarget, _numbers


class ManualTarget(SavedTarget):
    """`book` is what the team has written down; nobody but them and the kit touches it."""

    kind = ConnectorKind.MANUAL

    def __init__(self, request):
        super().__init__(request)
        self._write_list()

    def configured(self, request):
        self.book: dict[tuple[str, str], list[User]] = {}
        self.team = Group.objects.create(name=f"Facilities {next(_numbers)}")
        self.worker = self.new_person("worker")
        self.team.memberships.create(person=self.worker, added_at=timezone.now())
        return Connector.objects.create(system=self.system, kind=self.kind, options={"team": str(self.team.pk)})

    def new_role(self, name):
        origin = f"room-{next(_numbers)}"
        resource = Resource.objects.create(
            system=self.system, kind=ResourceKind.GROUP, origin_id=origin, name=f"{name} {origin}"
        )
        ResourceRole.objects.create(resource=resource, origin_id="key", name="Key")
        self.book[origin, "key"] = []
        return self.named("key", name, resource_id=origin)

    def _row(self, entitlement):
        return self.book[entitlement.resource_id, entitlement.role_id]

    def members(self, entitlement):
        return [person.username for person in self._row(entitlement)]

    def add(self, person, entitlement):
        self._row(entitlement).append(person)

    def remove(self, person, entitlement):
        self._row(entitlement).remove(person)

    def delete_role(self, entitlement):
        ResourceRole.objects.filter(resource__origin_id=entitlement.resource_id).delete()
        del self.book[entitlement.resource_id, entitlement.role_id]

    @contextmanager
    def away(self):
        User.objects.filter(pk=self.worker.pk).update(is_active=False)
        yield
        User.objects.filter(pk=self.worker.pk).update(is_active=True)

    def refusing(self):
        row = Connector.objects.get(pk=self.row.pk)
        row.options = {"team": "0190a5a0-0000-7000-8000-000000000000"}
        return kind_of(self.kind)(row)

    def settle(self):
        """A member of the team does what is open, and writes down anew who holds what."""
        worker = User.objects.get(pk=self.worker.pk)
        for task in HandTask.objects.open().select_related("resource_role__resource", "person").order_by("opened_at"):
            self._do(task)
            actions.finish_tasks(tasks=[task], proof="in the book", actor=worker, now=timezone.now())
        self._write_list()

    def _write_list(self):
        pairs = [
            (self._role_id(*key), person.username.casefold()) for key, people in self.book.items() for person in people
        ]
        actions.take_in_holders(
            connector=self.row,
            known_by="username",
            holders=pairs,
            made_at=timezone.now(),
            actor=None,
            now=timezone.now(),
        )

    def _do(self, task):
        row = self.book[task.resource_role.resource.origin_id, task.resource_role.origin_id]
        if task.kind == OperationKind.GRANT and task.person not in row:
            row.append(task.person)
        if task.kind == OperationKind.REVOKE and task.person in row:
            row.remove(task.person)

    def _role_id(self, resource, role):
        return ResourceRole.objects.get(resource__origin_id=resource, origin_id=role).pk
