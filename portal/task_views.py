"""Tasks by hand: those of my teams, one with all that is needed to do it, and what became of several."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.models import Event
from audit.pagination import PARAMETER, Keyset, page_address
from provisioning import actions
from provisioning.lifecycle import IllegalMove as Settled
from provisioning.models import Grant, HandTask
from provisioning.permissions import can_see_tasks, can_settle
from requests_app.views.base import SignedInRequest, SignedInView, add_errors

from . import drift
from .drift_views import ids_of
from .task_forms import SettleForm, TaskFilterForm

TASKS = Keyset("opened_at", size=25)
DONE, REFUSE = "done", "refuse"
MOST_EVENTS = 20


class TasksView(SignedInView):
    """The tasks that I may see, the newest first; several of them can be chosen and done at once."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        if not can_see_tasks(request.user):
            raise PermissionDenied(_("This is for teams that do things by hand, administrators and auditors."))
        now = timezone.now()
        visible = HandTask.objects.visible_to(request.user)
        form = TaskFilterForm(request.GET or None, visible=visible, user=request.user)
        if request.GET and not form.is_valid():
            return render(request, "portal/tasks.html", {"form": form, "tasks": []}, status=400)
        wanted = form.narrow(visible, now=now) if request.GET else visible.open()
        page = TASKS.page(wanted.with_names(), cursor=request.GET.get(PARAMETER))
        context = {
            "form": form,
            "tasks": _rows(page.rows),
            "choosable": [task.pk for task in _mine(request, [task.pk for task in page.rows])],
            "is_narrowed": bool(request.GET) and form.is_narrowed,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
        }
        return render(request, "portal/tasks.html", context)


class TaskView(SignedInView):
    """One task with all that is needed to do it, and what became of it."""

    stands_at = "task"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        return self._page(self._find(pk), form=SettleForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        task = self._find(pk)
        if task.is_open and not can_settle(request.user, task):
            raise PermissionDenied(_("The team settles its tasks, and nobody one about their own access."))
        form = SettleForm(request.POST)
        if form.is_valid() and _settle(request, [task], form):
            return redirect("tasks")
        return self._page(task, form=form, status=422)

    def _find(self, pk: UUID) -> HandTask:
        return get_object_or_404(HandTask.objects.visible_to(self.request.user).with_names(), pk=pk)

    def _page(self, task: HandTask, *, form: SettleForm, status: int = 200) -> HttpResponse:
        grant = Grant.objects.filter(person=task.person, resource_role=task.resource_role).first()
        context = {
            "task": task,
            "form": form,
            "is_overdue": task.is_overdue(timezone.now()),
            "is_mine": can_settle(self.request.user, task),
            "is_about_oneself": task.person_id == self.request.user.pk,
            "instructions": task.connector.options.get("instructions", ""),
            "given_by": drift.given_by(grant) if grant else [],
            "story": list(Event.objects.story(task.correlation_id or task.pk).filter(target_id=task.pk)[:MOST_EVENTS]),
        }
        return render(self.request, "portal/task.html", context, status=status)


class SettleTasksView(SignedInView):
    """The same proof, or the same reason why not, for several tasks."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        tasks = self._chosen(request.GET)
        return self._page(tasks, form=SettleForm()) if tasks else redirect("tasks")

    def post(self, request: SignedInRequest) -> HttpResponse:
        tasks = self._chosen(request.POST)
        if not tasks:
            messages.info(request, _("Nothing of that waits for you any more."))
            return redirect("tasks")
        form = SettleForm(request.POST)
        if form.is_valid() and _settle(request, tasks, form):
            return redirect("tasks")
        return self._page(tasks, form=form, status=422)

    def _chosen(self, given: QueryDict) -> list[HandTask]:
        return _mine(self.request, ids_of(given.getlist("task"))[: actions.MOST_TASKS])

    def _page(self, tasks: Sequence[HandTask], *, form: SettleForm, status: int = 200) -> HttpResponse:
        return render(self.request, "portal/settle_tasks.html", {"tasks": _rows(tasks), "form": form}, status=status)


def _settle(request: SignedInRequest, tasks: Sequence[HandTask], form: SettleForm) -> bool:
    """Do what the pressed button says; what is wrong with it stands in the form."""
    words, now, answer = form.cleaned_data["words"], timezone.now(), request.POST.get("answer", "")
    try:
        if answer == DONE:
            actions.finish_tasks(tasks=tasks, proof=words, actor=request.user, now=now)
        elif answer == REFUSE:
            actions.refuse_tasks(tasks=tasks, reason=words, actor=request.user, now=now)
        else:
            raise ValidationError(_("Say what became of it, by one of the buttons."))
    except ValidationError as error:
        add_errors(form, ValidationError({"words": error.messages}) if hasattr(error, "error_dict") else error)
        return False
    except Settled as conflict:
        messages.warning(request, str(conflict))
        return True
    if answer == DONE:
        said = ngettext("%(count)d task is done.", "%(count)d tasks are done.", len(tasks))
    else:
        said = ngettext("%(count)d task is refused.", "%(count)d tasks are refused.", len(tasks))
    messages.success(request, said % {"count": len(tasks)})
    return True


def _mine(request: SignedInRequest, ids: Sequence[UUID]) -> list[HandTask]:
    """Those of the tasks that whoever is signed in may settle now."""
    rows = HandTask.objects.doable_by(request.user).open().with_names().filter(pk__in=ids)
    return list(rows.order_by("-opened_at", "-pk"))


def _rows(tasks: Sequence[HandTask]) -> list[dict[str, Any]]:
    now = timezone.now()
    return [{"task": task, "is_overdue": task.is_overdue(now)} for task in tasks]
