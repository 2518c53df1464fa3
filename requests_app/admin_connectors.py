"""The administration's page of a connector, with putting everything in place again, and what that would change."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action

from accessgov.administration import after_dialog, by, page_of, user_of
from directory.permissions import is_administrator
from provisioning.admin import ConnectorAdmin
from provisioning.models import Connector

from . import actions
from .admin_rollouts import ReasonForm
from .lifecycle import IllegalMove
from .rehearsing import a_while, rehearse_system, table_of

admin.site.unregister(Connector)


@admin.register(Connector)
class RepeatingConnectorAdmin(ConnectorAdmin):
    """Connectors; everything that reasons give in a system can be put in place again, with a dry run before."""

    actions_detail: tuple[str, ...] = (*ConnectorAdmin.actions_detail, "rehearse", "reprocess")

    @action(description=_("Dry run"), permissions=("reprocess",), url_path="dry-run")
    def rehearse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connector = Connector.objects.select_related("system").get(pk=object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What putting everything in %(what)s in place again would change") % {"what": connector},
            "back_url": page_of(Connector, connector.pk),
            "table": table_of(rehearse_system(connector.system, until=a_while())),
        }
        return TemplateResponse(request, "admin/requests_app/rehearsed.html", context)

    @action(
        description=_("Put everything in place again"),
        permissions=("reprocess",),
        dialog={
            "title": _("Put everything in this system in place again?"),
            "description": _(
                "Everything that people have there by AccessGov is put in place and read back, in batches."
            ),
            "form_class": ReasonForm,
            "form_submit_text": _("Put in place again"),
        },
    )
    def reprocess(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        connector = Connector.objects.select_related("system").get(pk=object_id)
        try:
            row = actions.reprocess_system(system=connector.system, why=form.cleaned_data["why"], **by(request))
        except (IllegalMove, ValidationError) as refusal:
            messages.error(request, " ".join(getattr(refusal, "messages", [str(refusal)])))
        else:
            count = row.total
            said = ngettext("%(count)d grant is put in place again.", "%(count)d grants are put in place again.", count)
            messages.success(request, said % {"count": count})
        return after_dialog(page_of(Connector, object_id))

    def has_reprocess_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return is_administrator(user_of(request))
