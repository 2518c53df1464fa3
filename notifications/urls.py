"""The URLs of what people choose about their mail, and of what administrators have mails say."""

from django.urls import URLPattern, path

from .views import letters, previews, settings

app_name = "notifications"
urlpatterns: list[URLPattern] = [
    path("settings/notifications/", settings.SettingsView.as_view(), name="settings"),
    path("letters/", letters.LettersView.as_view(), name="letters"),
    path("letters/branding/", letters.BrandingView.as_view(), name="branding"),
    path("letters/branding/preview/", previews.BrandingPreview.as_view(), name="branding_preview"),
    path("letters/<slug:occasion>/<slug:language>/", letters.LetterView.as_view(), name="letter"),
    path("letters/<slug:occasion>/<slug:language>/preview/", previews.LetterPreview.as_view(), name="letter_preview"),
]
