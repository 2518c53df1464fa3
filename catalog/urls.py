"""The URLs of the pages for those who look after catalogs."""

from django.urls import path

from . import views

app_name = "catalog"
urlpatterns = [
    path("findings/", views.FindingsView.as_view(), name="findings"),
    path("roles/", views.RolesView.as_view(), name="roles"),
]
