"""The URLs of requests, approvals and access."""

from django.urls import include, path

from .views import approving, asking, conflicts, extending, handing_over, holding, owning, rescheduling, tracking

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
    path("conflicts/", conflicts.ConflictsView.as_view(), name="conflicts"),
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
                path("<uuid:pk>/hand-over/", handing_over.HandOverView.as_view(), name="hand_over"),
            ]
        ),
    ),
    path(
        "access/",
        include(
            [
                path("", holding.AccessView.as_view(), name="access"),
                path("<uuid:pk>/", holding.AssignmentView.as_view(), name="assignment"),
                path("<uuid:pk>/change-end/", rescheduling.ChangeEndView.as_view(), name="change_end"),
                path("<uuid:pk>/extend/", extending.ExtendView.as_view(), name="extend"),
                path("<uuid:pk>/give-back/", holding.GiveBackView.as_view(), name="give_back"),
                path("<uuid:pk>/revoke/", owning.RevokeView.as_view(), name="revoke"),
            ]
        ),
    ),
]
