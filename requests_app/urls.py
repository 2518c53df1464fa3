"""The URLs of requests, approvals and access."""

from django.urls import include, path

from .views import approving, asking, holding, owning, tracking

app_name = "requests"
urlpatterns = [
    path(
        "packages/<uuid:package_id>/",
        include(
            [
                path("request/", asking.AskView.as_view(), name="ask"),
                path("holders/", owning.HoldersView.as_view(), name="holders"),
                path("assign/", owning.AssignView.as_view(), name="assign"),
            ]
        ),
    ),
    path(
        "requests/",
        include(
            [
                path("", tracking.MineView.as_view(), name="mine"),
                path("<uuid:pk>/", tracking.RequestView.as_view(), name="request"),
                path("<uuid:pk>/cancel/", tracking.CancelView.as_view(), name="cancel"),
            ]
        ),
    ),
    path(
        "approvals/",
        include(
            [
                path("", approving.ApprovalsView.as_view(), name="approvals"),
                path("<uuid:pk>/", approving.ApprovalView.as_view(), name="approval"),
            ]
        ),
    ),
    path(
        "access/",
        include(
            [
                path("", holding.AccessView.as_view(), name="access"),
                path("<uuid:pk>/", holding.AssignmentView.as_view(), name="assignment"),
                path("<uuid:pk>/give-back/", holding.GiveBackView.as_view(), name="give_back"),
                path("<uuid:pk>/revoke/", owning.RevokeView.as_view(), name="revoke"),
            ]
        ),
    ),
]
