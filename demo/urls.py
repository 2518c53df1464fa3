"""The URLs that only the demo has."""

from django.urls import URLPattern, path

from . import mail, views

app_name = "demo"
urlpatterns: list[URLPattern] = [
    path("", views.PeopleView.as_view(), name="people"),
    path("sign-in/", views.SignInView.as_view(), name="sign_in"),
    path("mail/", mail.MailView.as_view(), name="mail"),
    path("mail/<uuid:pk>/", mail.MessageView.as_view(), name="message"),
    path("mail/<uuid:pk>/html", mail.MessageHtmlView.as_view(), name="message-html"),
]
