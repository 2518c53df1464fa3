"""The URLs of the pages that belong to no single app."""

from django.urls import URLPattern, path

from . import drift_views, task_views, views

urlpatterns: list[URLPattern] = [
    path("", views.HomeView.as_view(), name="home"),
    path("packages/", views.BrowseView.as_view(), name="browse"),
    path("packages/<uuid:pk>/", views.PackageView.as_view(), name="package"),
    path("packages/<uuid:pk>/explain/", views.ExplainView.as_view(), name="explain"),
    path("team/", views.TeamView.as_view(), name="team"),
    path("team/<uuid:pk>/", views.ReportView.as_view(), name="report"),
    path("drift/", drift_views.DriftView.as_view(), name="drift"),
    path("drift/answer/", drift_views.AnswerDriftView.as_view(), name="answer_drift"),
    path("drift/<uuid:pk>/", drift_views.DriftCaseView.as_view(), name="drift_case"),
    path("tasks/", task_views.TasksView.as_view(), name="tasks"),
    path("tasks/settle/", task_views.SettleTasksView.as_view(), name="settle_tasks"),
    path("tasks/<uuid:pk>/", task_views.TaskView.as_view(), name="task"),
    path("tokens/", views.TokensView.as_view(), name="api_tokens"),
    path("tokens/revoke/", views.RevokeTokenView.as_view(), name="revoke_token"),
]
