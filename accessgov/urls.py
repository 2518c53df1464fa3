"""Every URL, as nested lists."""

from django.apps import apps
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accessgov import api, health
from portal.accounts import not_here

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.urls")),
    path("", include("catalog.urls")),
    path("", include("requests_app.urls")),
    path("reviews/", include("reviews.urls")),
    path("", include("notifications.urls")),
    path("journal/", include("audit.urls")),
    path("governance/", include("evidence.urls")),
    *(path(f"accounts/{page}", not_here) for page in ("email/", "confirm-email/", "confirm-email/<str:key>/")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/", include(api.urlpatterns)),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
if apps.is_installed("demo"):
    urlpatterns.append(path("demo/", include("demo.urls")))
