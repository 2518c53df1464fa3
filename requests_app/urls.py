"""The URLs of requests, approvals and access."""

from django.urls import URLPattern

app_name = "requests"
urlpatterns: list[URLPattern] = []
