"""The URLs of requests, approvals and access."""

from django.urls import include, path

from .views import (
    approving,
    asking,
    baskets,
    conflicts,
    deciding_many,
    delegating,
    emergencies,
    excepting,
    extending,
    handing_over,
    holding,
    inquiring,
    owning,
    reprocessing,
    rescheduling,
    tracking,
    withdrawing,
)

app_name = "requests"
urlpatterns = [
    path(
        "packages/<uuid:package_id>/",
        include(
            [
                path("request/", asking.AskView.as_view(), name="ask"),
                path("emergency/", emergencies.EmergencyView.as_view(), name="emergency"),
                path("holders/", owning.HoldersView.as_view(), name="holders"),
                path("assign/", owning.AssignView.as_view(), name="assign"),
            ]
        ),
    ),
    path("conflicts/", conflicts.ConflictsView.as_view(), name="conflicts"),
    path(
        "basket/",
        include(
            [
                path("", baskets.BasketView.as_view(), name="basket"),
                path("add/", baskets.PutInBasketView.as_view(), name="put_in_basket"),
                path("asked/<uuid:basket>/", baskets.AskedTogetherView.as_view(), name="asked_together"),
            ]
        ),
    ),
    path(
        "emergencies/",
        include(
            [
                path("", emergencies.EmergenciesView.as_view(), name="emergencies"),
                path("<uuid:pk>/", emergencies.EmergencyReviewView.as_view(), name="emergency_review"),
            ]
        ),
    ),
    path(
        "exceptions/",
        include(
            [
                path("", excepting.ExceptionsView.as_view(), name="exceptions"),
                path("ask/<uuid:pk>/", excepting.AskExceptionView.as_view(), name="ask_exception"),
                path("<uuid:pk>/", excepting.ExceptionView.as_view(), name="exception"),
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
                path("decide/", deciding_many.DecideManyView.as_view(), name="decide_many"),
                path("delegations/", delegating.DelegationsView.as_view(), name="delegations"),
                path("delegations/set/", delegating.SetDelegationView.as_view(), name="set_delegation"),
                path("delegations/<uuid:pk>/", delegating.DelegationView.as_view(), name="delegation"),
                path("delegations/<uuid:pk>/end/", delegating.EndDelegationView.as_view(), name="end_delegation"),
                path("<uuid:pk>/", approving.ApprovalView.as_view(), name="approval"),
                path("<uuid:pk>/ask/", inquiring.AskForInformationView.as_view(), name="ask_for_information"),
                path("<uuid:pk>/hand-over/", handing_over.HandOverView.as_view(), name="hand_over"),
                path("<uuid:pk>/withdraw/", withdrawing.WithdrawView.as_view(), name="withdraw_approval"),
            ]
        ),
    ),
    path("inquiries/<uuid:pk>/", inquiring.AnswerView.as_view(), name="answer"),
    path(
        "access/",
        include(
            [
                path("", holding.AccessView.as_view(), name="access"),
                path("<uuid:pk>/", holding.AssignmentView.as_view(), name="assignment"),
                path("<uuid:pk>/change-end/", rescheduling.ChangeEndView.as_view(), name="change_end"),
                path("<uuid:pk>/extend/", extending.ExtendView.as_view(), name="extend"),
                path("<uuid:pk>/give-back/", holding.GiveBackView.as_view(), name="give_back"),
                path("<uuid:pk>/reprocess/", reprocessing.ReprocessView.as_view(), name="reprocess"),
                path("<uuid:pk>/revoke/", owning.RevokeView.as_view(), name="revoke"),
            ]
        ),
    ),
]
