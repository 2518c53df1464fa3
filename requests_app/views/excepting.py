"""Exceptions to separation of duties: asking for one, deciding on it, and the list with its file."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.pagination import PARAMETER, Keyset, page_address
from catalog.models import Incompatibility
from directory.models import User

from .. import actions, conflicts, timeline
from ..exceptional_forms import ExceptionDecisionForm, ExceptionForm
from ..lifecycle import ExceptionStatus
from ..models import SeparationException
from ..permissions import can_ask_for_exception, can_decide_exception, can_withdraw_exception
from ..querysets import SeparationExceptionQuerySet
from .base import SignedInRequest, SignedInView, add_errors
from .conflicts import line
from .searching import named_person

EXCEPTIONS = Keyset("asked_at", size=25)
EXPORTED = Keyset("asked_at", size=500)
USUAL = timedelta(days=90)
KINDS = ("approve", "deny", "revoke")
COLUMNS = (
    "id", "status", "person_id", "person", "package_id", "package", "incompatible_with", "reason",
    "compensating_control", "ends_at", "asked_by", "asked_at", "decided_by", "decided_at", "decision", "ended_at",
)  # fmt: skip


class ExceptionsView(SignedInView):
    """Exceptions that I may see: those to be decided, those in force, and those that are over; the latest first."""

    def get(self, request: SignedInRequest) -> HttpResponseBase:
        visible = SeparationException.objects.visible_to(request.user).with_names()
        if request.GET.get("format") == "csv":
            return _file(visible)
        tab = request.GET.get("tab", "")
        page = EXCEPTIONS.page(_shown(visible, tab), cursor=request.GET.get(PARAMETER))
        context = {
            "exceptions": page.rows,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
            "tabs": [
                {"url": request.path, "label": _("To be decided"), "is_current": tab not in ("force", "over")},
                {"url": "?tab=force", "label": _("In force"), "is_current": tab == "force"},
                {"url": "?tab=over", "label": _("Over"), "is_current": tab == "over"},
            ],
        }
        return render(request, "requests/exceptions.html", context)


class AskExceptionView(SignedInView):
    """Asks for an exception to one incompatibility: for oneself, or for whom the address names."""

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        rule, person = self._find(pk)
        last_day = timezone.localdate() + min(USUAL, timedelta(days=settings.EXCEPTION_DAYS))
        return self._page(rule, person=person, form=ExceptionForm(initial={"ends_at": last_day}))

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        rule, person = self._find(pk)
        form = ExceptionForm(request.POST)
        if form.is_valid():
            given = {"actor": request.user, "now": timezone.now(), **form.cleaned_data}
            try:
                exception = actions.ask_for_exception(rule=rule, person=person, **given)
            except ValidationError as error:
                add_errors(form, error)
            else:
                messages.success(request, _("You asked for an exception. Whoever decides on it is told."))
                return redirect("requests:exception", exception.pk)
        return self._page(rule, person=person, form=form, status=422)

    def _find(self, pk: UUID) -> tuple[Incompatibility, User]:
        """The rule, for those whom it stands against and for those who look after one side; others find nothing."""
        user = self.request.user
        rule = get_object_or_404(conflicts.open_to_exceptions_by(user), pk=pk)
        person = named_person(self.request) or user
        if not can_ask_for_exception(user, rule, person=person):
            raise Http404
        return rule, person

    def _page(self, rule: Incompatibility, *, person: User, form: ExceptionForm, status: int = 200) -> HttpResponse:
        context = {
            "rule": rule,
            "other": rule.other_package or rule.group,
            "person": person,
            "form": form,
            "most_days": settings.EXCEPTION_DAYS,
        }
        return render(self.request, "requests/ask_exception.html", context, status=status)


class ExceptionView(SignedInView):
    """One exception with everything that happened to it, and what one may do about it."""

    stands_at = "requests:exception"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        return self._page(self._find(pk), form=ExceptionDecisionForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        exception = self._find(pk)
        wanted = request.POST.get("decision_kind", "")
        if wanted == "withdraw":
            return self._withdraw(exception)
        if not can_decide_exception(request.user, exception):
            raise PermissionDenied(_("You are not asked to decide on this exception."))
        form = ExceptionDecisionForm(request.POST)
        if wanted not in KINDS:
            form.add_error(None, _("Approve or deny."))
        if form.is_valid():
            return self._decide(exception, wanted=wanted, words=form.cleaned_data["decision"])
        return self._page(exception, form=form, status=422)

    def _decide(self, exception: SeparationException, *, wanted: str, words: str) -> HttpResponse:
        given: dict[str, Any] = {"exception": exception, "actor": self.request.user, "now": timezone.now()}
        if wanted == "revoke":
            actions.revoke_exception(why=words, **given)
            messages.success(self.request, _("The exception is taken back. What is held stays, and is reported."))
        elif wanted == "approve":
            actions.approve_exception(decision=words, **given)
            messages.success(self.request, _("The exception is in force."))
        else:
            actions.deny_exception(decision=words, **given)
            messages.success(self.request, _("You did not allow the exception."))
        return redirect("requests:exception", exception.pk)

    def _withdraw(self, exception: SeparationException) -> HttpResponse:
        actions.withdraw_exception(exception=exception, actor=self.request.user, now=timezone.now())
        messages.success(self.request, _("The exception is withdrawn."))
        return redirect("requests:exception", exception.pk)

    def _find(self, pk: UUID) -> SeparationException:
        visible = SeparationException.objects.visible_to(self.request.user).with_names()
        return get_object_or_404(visible.prefetch_related("approvers"), pk=pk)

    def _page(self, exception: SeparationException, *, form: ExceptionDecisionForm, status: int = 200) -> HttpResponse:
        user = self.request.user
        is_pending = exception.status == ExceptionStatus.PENDING
        context = {
            "exception": exception,
            "form": form,
            "is_pending": is_pending,
            "can_decide": (is_pending or exception.is_in_force) and can_decide_exception(user, exception),
            "can_withdraw": (is_pending or exception.is_in_force) and can_withdraw_exception(user, exception),
            "story": timeline.story_of(exception.pk),
        }
        return render(self.request, "requests/exception.html", context, status=status)


def _shown(exceptions: SeparationExceptionQuerySet, tab: str) -> SeparationExceptionQuerySet:
    if tab == "force":
        return exceptions.in_force()
    if tab == "over":
        return exceptions.exclude(status__in=(ExceptionStatus.PENDING, ExceptionStatus.APPROVED))
    return exceptions.pending()


def _file(exceptions: SeparationExceptionQuerySet) -> HttpResponseBase:
    answer = StreamingHttpResponse(_lines(exceptions), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="exceptions-{timezone.localdate().isoformat()}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _lines(exceptions: SeparationExceptionQuerySet) -> Iterator[str]:
    """Every exception, read page by page, so that memory stays flat."""
    yield line(COLUMNS)
    cursor: str | None = None
    while True:
        page = EXPORTED.page(exceptions, cursor=cursor)
        for row in page.rows:
            yield line(_cells(row))
        cursor = page.older
        if cursor is None:
            return


def _cells(row: SeparationException) -> tuple[object, ...]:
    """An exception as the columns have it."""
    return (
        row.pk,
        row.status,
        row.person_id,
        row.person,
        row.package_id,
        row.package,
        row.other,
        row.reason,
        row.control,
        row.ends_at.isoformat(),
        row.asked_by,
        row.asked_at.isoformat(),
        row.decided_by or "",
        row.decided_at.isoformat() if row.decided_at else "",
        row.decision,
        row.ended_at.isoformat() if row.ended_at else "",
    )
