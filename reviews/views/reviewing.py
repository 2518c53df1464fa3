"""Reviewing: the campaigns in which I am asked."""

from django.http import HttpResponse
from django.shortcuts import render

from requests_app.views.base import SignedInRequest, SignedInView


class MineView(SignedInView):
    """The campaigns in which I am, or was, asked."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        return render(request, "reviews/mine.html", {})
