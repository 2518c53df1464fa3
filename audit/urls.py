"""The URLs of the journal's pages."""

from django.urls import path

from . import views

app_name = "audit"
urlpatterns = [
    path("", views.JournalView.as_view(), name="journal"),
    path("export.csv", views.ExportView.as_view(file_format="csv"), name="export-csv"),
    path("export.jsonl", views.ExportView.as_view(file_format="jsonl"), name="export-jsonl"),
    path("<uuid:pk>/", views.EventView.as_view(), name="event"),
]
