"""The URLs of the governance overview."""

from django.urls import URLPattern, path

from . import views

app_name = "evidence"

urlpatterns: list[URLPattern] = [
    path("", views.OverviewView.as_view(), name="overview"),
    path("delivery/", views.DeliveryView.as_view(), name="delivery"),
    *(
        path(f"{name}/", views.ListView.as_view(shown=name), name=name)
        for name in ("requests", "stuck", "accounts", "ending", "unreviewed")
    ),
]
