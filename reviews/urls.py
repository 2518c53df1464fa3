"""The URLs of reviews."""

from django.urls import path

from .views import reviewing

app_name = "reviews"
urlpatterns = [
    path("", reviewing.MineView.as_view(), name="mine"),
]
