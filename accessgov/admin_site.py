"""The administration site: signs people in on the site's own page, and carries its own content security policy."""

from collections.abc import Callable
from typing import Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from unfold.sites import UnfoldAdminSite

RELAXED = {"script-src": [UNSAFE_EVAL], "style-src-attr": [UNSAFE_INLINE]}
"""The theme's Alpine.js evaluates the expressions that it finds in attributes, and sets `style` attributes from them.
Pages under /admin/ may do so and none other; scripts and style sheets still come from this host alone."""

FOREIGN = {"auth.Group", "account.EmailAddress", "knox.AuthToken"}
"""What libraries would have edited here: none of it is configured in this way."""


class Administration(UnfoldAdminSite):
    """The one administration site."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        ours = [model for model in models if model._meta.label not in FOREIGN]
        super().register(ours, admin_class, **options)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        return csp_update(RELAXED)(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """By the site's own sign-in, so that its limits on attempts hold here too."""
        from allauth.account.decorators import secure_admin_login

        return secure_admin_login(super().login)(request, extra_context)


class AdministrationConfig(AdminConfig):
    """Django's administration with our site."""

    default_site = "accessgov.admin_site.Administration"
