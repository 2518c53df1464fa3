"""The URLs of reviews."""

from django.urls import path

from .views import campaigns, handing_on, items, reports, reviewing, steering

app_name = "reviews"
urlpatterns = [
    path("", reviewing.MineView.as_view(), name="mine"),
    path("<uuid:pk>/", reviewing.CampaignView.as_view(), name="campaign"),
    path("<uuid:pk>/recommendations/", reviewing.AcceptView.as_view(), name="accept"),
    path("<uuid:pk>/hand-on/", handing_on.HandOnView.as_view(), name="hand_on"),
    path("items/<uuid:pk>/", items.ItemView.as_view(), name="item"),
    path("items/<uuid:pk>/hand-on/", handing_on.HandItemOnView.as_view(), name="hand_item_on"),
    path("campaigns/", campaigns.CampaignsView.as_view(), name="campaigns"),
    path("campaigns/history/", reports.HistoryView.as_view(), name="history"),
    path("campaigns/history.csv", reports.HistoryFileView.as_view(file_format="csv"), name="history-csv"),
    path("campaigns/history.jsonl", reports.HistoryFileView.as_view(file_format="jsonl"), name="history-jsonl"),
    path("campaigns/<uuid:pk>/", campaigns.OverviewView.as_view(), name="results"),
    path("campaigns/<uuid:pk>/items/", campaigns.ItemsView.as_view(), name="result_items"),
    path("campaigns/<uuid:pk>/items/<uuid:item>/", campaigns.RecordView.as_view(), name="record"),
    path("campaigns/<uuid:pk>/reviewers/", campaigns.ReviewersView.as_view(), name="result_reviewers"),
    path("campaigns/<uuid:pk>/quality/", campaigns.QualityView.as_view(), name="quality"),
    path("campaigns/<uuid:pk>/population/", campaigns.PopulationView.as_view(), name="population"),
    *(
        path(f"campaigns/<uuid:pk>/report.{kind}", reports.ReportView.as_view(file_format=kind), name=f"report-{kind}")
        for kind in ("csv", "jsonl", "pdf")
    ),
    *(
        path(f"campaigns/<uuid:pk>/{name.replace('_', '-')}/", steering.SteerView.as_view(step=name), name=name)
        for name in steering.STEPS
    ),
]
