"""The mail of the demo, which goes nowhere: a page where every message can be read as it would have arrived."""

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from audit.pagination import PARAMETER, Keyset, page_address
from notifications.models import Message
from notifications.querysets import MessageQuerySet
from notifications.views.previews import framed

from .loopback import LoopbackMixin

MAIL = Keyset("created_at")
TONES = {"pending": "info", "done": "good", "stuck": "bad", "superseded": "neutral"}


@method_decorator(never_cache, name="dispatch")
class MailView(LoopbackMixin, View):
    """Every message, newest first; `q` narrows it to people and subjects."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        words = request.GET.get("q", "").strip()
        page = MAIL.page(_matching(words), cursor=request.GET.get(PARAMETER))
        context = {
            "rows": [{"message": message, "tone": TONES[message.status]} for message in page.rows],
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
            "words": words,
        }
        return render(request, "demo/mail.html", context)


@method_decorator(never_cache, name="dispatch")
class MessageView(LoopbackMixin, View):
    """One message: its headers, its plain text, and its HTML in a frame."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        message = get_object_or_404(Message.objects.with_recipients(), pk=pk)
        return render(request, "demo/message.html", {"message": message, "tone": TONES[message.status]})


@framed
class MessageHtmlView(LoopbackMixin, View):
    """The HTML of one message, for the frame on its page."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        message = get_object_or_404(Message.objects.exclude(html=""), pk=pk)
        return HttpResponse(message.html)


def _matching(words: str) -> MessageQuerySet:
    found = Message.objects.with_recipients().defer("text", "html")
    if not words:
        return found
    return found.filter(
        Q(recipient__display_name__icontains=words) | Q(sent_to__icontains=words) | Q(subject__icontains=words)
    )
