"""Wiring of the REST API: its URLs, its description, and what answers where nothing is."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from accessgov import problems
from audit import api as audit
from catalog import api as catalog
from directory import api as directory
from portal import api as portal
from provisioning import api as provisioning
from provisioning import task_api
from requests_app import api as requests
from reviews import api as reviews

router = SimpleRouter()
for prefix, viewset, basename in (
    *audit.routes,
    *directory.routes,
    *catalog.routes,
    *provisioning.routes,
    *task_api.routes,
    *requests.routes,
    *reviews.routes,
):
    router.register(prefix, viewset, basename)


@extend_schema(exclude=True)
class NothingHereView(APIView):
    """Any other address below /api/: a problem, not a page."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404


schema = SpectacularAPIView.as_view(permission_classes=[IsAuthenticated])
docs = SpectacularSwaggerSplitView.as_view(template_name="api/docs.html", url_name="api-schema")

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "v1/",
        include(
            [
                *audit.urlpatterns,
                *directory.urlpatterns,
                *catalog.urlpatterns,
                *portal.urlpatterns,
                *reviews.urlpatterns,
                *router.urls,
            ]
        ),
    ),
    path("schema/", schema, name="api-schema"),
    path("docs/", login_required(docs), name="api-docs"),
    path("problems/<slug:slug>/", problems.explain, name="api-problem"),
    re_path(r"^.*/$", NothingHereView.as_view()),
]
