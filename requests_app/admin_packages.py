"""The administration's page of a package, with what concerns its holders: a preview, progress, delivering again."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from accessgov.administration import after_dialog, by, page_of, user_of
from catalog.admin.packages import PackageAdmin
from catalog.models import AccessPackage

from . import actions
from .admin_rollouts import ReasonForm, bars
from .foreseeing import Foreseen, foresee
from .lifecycle import LIVE, IllegalMove
from .models import Rollout
from .permissions import can_reprocess_package
from .rehearsing import a_while, rehearse_package, table_of

CONFIRMED, BACK = "_roles_confirmed", "_roles_back"

admin.site.unregister(AccessPackage)


class _ToBeConfirmed(Exception):
    """Everything would be saved, and is not yet: people lose or gain roles by it."""

    def __init__(self, foreseen: Foreseen) -> None:
        self.foreseen = foreseen


@admin.register(AccessPackage)
class HeldPackageAdmin(PackageAdmin):
    """Packages; before roles change for those who hold one, what that means is shown and asked about."""

    readonly_fields: tuple[str, ...] = (*PackageAdmin.readonly_fields, "under_way")
    actions_detail = ("rehearse", "reprocess")

    def get_fields(self, request: HttpRequest, obj: AccessPackage | None = None) -> Any:
        fields = super().get_fields(request, obj)
        is_under_way = obj is not None and Rollout.objects.open().filter(package=obj).exists()
        return (*fields, "under_way") if is_under_way else fields

    @display(description=_("under way"))
    def under_way(self, package: AccessPackage) -> str:
        rows = Rollout.objects.open().with_names().filter(package=package).order_by("pk")
        return bars(rows)

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        """All of it is tried before anybody is asked: what the actions refuse is told first."""
        foreseen = None if CONFIRMED in request.POST else self._foresee(form.instance, formsets[0])
        if BACK in request.POST:
            raise ValidationError(_("Nothing is saved yet. Change what you like, and save."))
        super().apply(request, form, formsets)
        if foreseen is not None and foreseen.people:
            raise _ToBeConfirmed(foreseen)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except _ToBeConfirmed as asked:
            return self._ask(request, asked.foreseen, *args)

    def _foresee(self, package: AccessPackage, links: Any) -> Foreseen | None:
        """What the change of roles means, as it stands before anything of it is done; None where there is none."""
        gained = [link.resource_role for link in links.new_objects]
        lost = [link.resource_role for link in links.deleted_objects]
        if package._state.adding or not (gained or lost):
            return None
        return foresee(package, gained=gained, lost=lost)

    def _ask(self, request: HttpRequest, foreseen: Foreseen, object_id: str, *rest: Any) -> HttpResponse:
        typed = [(name, value) for name, values in request.POST.lists() for value in values]
        package = AccessPackage.objects.get(pk=object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What this change means"),
            "package": package,
            "foreseen": foreseen,
            "typed": [pair for pair in typed if pair[0] not in ("csrfmiddlewaretoken", BACK)],
            "confirmed": CONFIRMED,
            "back": BACK,
            "holders_url": _holders_of(package),
        }
        return TemplateResponse(request, "admin/requests_app/foreseen.html", context)

    @action(description=_("Dry run"), permissions=("reprocess",), url_path="dry-run")
    def rehearse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        package = AccessPackage.objects.get(pk=object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What delivering %(what)s again would change") % {"what": package},
            "back_url": page_of(AccessPackage, package.pk),
            "table": table_of(rehearse_package(package, until=a_while())),
        }
        return TemplateResponse(request, "admin/requests_app/rehearsed.html", context)

    @action(
        description=_("Deliver again to everybody"),
        permissions=("reprocess",),
        dialog={
            "title": _("Deliver it again to everybody who has it?"),
            "description": _("Everything that it gives is put in place again and read back, in batches."),
            "form_class": ReasonForm,
            "form_submit_text": _("Deliver again"),
        },
    )
    def reprocess(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        package = AccessPackage.objects.get(pk=object_id)
        try:
            row = actions.reprocess_package(package=package, why=form.cleaned_data["why"], **by(request))
        except (IllegalMove, ValidationError) as refusal:
            messages.error(request, " ".join(getattr(refusal, "messages", [str(refusal)])))
        else:
            count = row.total
            said = ngettext("Delivered again to %(count)d person.", "Delivered again to %(count)d people.", count)
            messages.success(request, said % {"count": count})
        return after_dialog(page_of(AccessPackage, object_id))

    def has_reprocess_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        package = AccessPackage.objects.select_related("catalog").filter(pk=object_id).first()
        return package is not None and can_reprocess_package(user_of(request), package)


def _holders_of(package: AccessPackage) -> str:
    query = {"package__id__exact": str(package.pk), "status__in": ",".join(LIVE)}
    return reverse("admin:requests_app_assignment_changelist", query=query)
