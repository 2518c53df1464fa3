"""The administration site: signs people in on the site's own page, and carries its own content security policy."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.http import HttpRequest, HttpResponse
from unfold.sites import UnfoldAdminSite

RELAXED = {"script-src": [UNSAFE_EVAL], "style-src-attr": [UNSAFE_INLINE]}
"""The theme's Alpine.js evaluates the expressions that it finds in attributes, and sets `style` attributes from them.
Pages under /admin/ may do so and none other; scripts and style sheets still come from this host alone."""

FOREIGN = {"auth.Group", "account.EmailAddress", "knox.AuthToken"}
"""What libraries would have edited here: none of it is configured in this way."""


reading: ContextVar[HttpRequest | None] = ContextVar("reading", default=None)
"""The request whose page of the administration is being made."""


def for_its_reader(view: Callable[..., Any]) -> Callable[..., Any]:
    """A page that links only to what opens for whoever reads it; it is rendered while that is known."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        token = reading.set(request)
        try:
            response = view(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response
        finally:
            reading.reset(token)

    return page


class Suggestions(AutocompleteJsonView):
    """What somebody can choose from by typing.

    People and groups are named in policies and roles by whoever changes anything here, also where their own pages are
    not theirs to see.
    """

    def has_perm(self, request: HttpRequest, obj: Any = None) -> bool:
        if super().has_perm(request, obj=obj):
            return True
        pages = self.admin_site._registry.values()  # type: ignore[union-attr]  # given by autocomplete_view
        is_named = getattr(self.model_admin, "is_named_by_delegates", False)
        return is_named and any(
            page.has_add_permission(request) or page.has_change_permission(request) for page in pages
        )


class Administration(UnfoldAdminSite):
    """The one administration site."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        ours = [model for model in models if model._meta.label not in FOREIGN]
        super().register(ours, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff, and whoever has one of the pages by a delegated role, which needs no switch beside it."""
        delegated = (page for page in self._registry.values() if getattr(page, "is_delegated", False))
        return super().has_permission(request) or (
            request.user.is_active and any(page.has_module_permission(request) for page in delegated)
        )

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return Suggestions.as_view(admin_site=self)(request)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        return csp_update(RELAXED)(for_its_reader(super().admin_view(view, cacheable)))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """By the site's own sign-in, so that its limits on attempts hold here too."""
        from allauth.account.decorators import secure_admin_login

        return secure_admin_login(super().login)(request, extra_context)


class AdministrationConfig(AdminConfig):
    """Django's administration with our site."""

    default_site = "accessgov.admin_site.Administration"
