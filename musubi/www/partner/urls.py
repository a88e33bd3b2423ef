"""What a person does for their organisations, in every municipality at once: everything below `/my/`."""

from django.urls import path

from musubi.www.partner import (
    cases,
    drafts,
    home,
    meetings,
    memberships,
    organisations,
    proposals,
    representatives,
    solutions,
    trials,
)

urlpatterns = [
    path("", home.home, name="my"),
    path("matches/", home.matches, name="my-matches"),
    path("organisation/", organisations.organisations, name="my-organisations"),
    path("organisations/new/", organisations.register, name="my-organisation-new"),
    path("organisations/<int:pk>/", organisations.organisation, name="my-organisation"),
    path("organisations/<int:pk>/people/", representatives.representatives, name="my-representatives"),
    path(
        "organisations/<int:pk>/people/<int:person>/owner/",
        representatives.change_owner,
        name="my-representative-owner",
    ),
    path(
        "organisations/<int:pk>/people/<int:person>/remove/",
        representatives.remove,
        name="my-representative-remove",
    ),
    path("invitations/<str:token>/", representatives.invitation, name="my-invitation"),
    path("memberships/", memberships.memberships, name="my-memberships"),
    path("memberships/join/<slug:city>/", memberships.join, name="my-membership-join"),
    path("memberships/<int:pk>/leave/", memberships.leave, name="my-membership-leave"),
    path("solutions/", solutions.solutions, name="my-solutions"),
    path("solutions/new/", solutions.new, name="my-solution-new"),
    path("solutions/<int:pk>/", solutions.edit, name="my-solution"),
    path("solutions/<int:pk>/withdraw/", solutions.withdraw, name="my-solution-withdraw"),
    path("proposals/", proposals.proposals, name="my-proposals"),
    path("proposals/new/", drafts.new, name="my-proposal-new"),
    path("proposals/<int:pk>/", proposals.proposal, name="my-proposal"),
    path("proposals/<int:pk>/edit/", drafts.edit, name="my-proposal-edit"),
    path("proposals/<int:pk>/check/", drafts.check, name="my-proposal-check"),
    path("proposals/<int:pk>/receipt/", proposals.receipt, name="my-receipt"),
    path("proposals/<int:pk>/withdraw/", proposals.withdraw, name="my-proposal-withdraw"),
    path("proposals/<int:pk>/discard/", proposals.discard, name="my-proposal-discard"),
    path("proposals/<int:pk>/files/<int:file>/", proposals.proposal_file, name="my-proposal-file"),
    path("cases/", cases.cases, name="my-cases"),
    path("cases/<slug:city>/<slug:ref>/", cases.case, name="my-case"),
    *meetings.urlpatterns,
    path("cases/<slug:city>/<slug:ref>/trials/<int:pk>/", trials.trial, name="my-trial"),
    path("cases/<slug:city>/<slug:ref>/withdraw/", cases.withdraw, name="my-case-withdraw"),
    path("cases/<slug:city>/<slug:ref>/files/<int:file>/", cases.case_file, name="my-case-file"),
]
