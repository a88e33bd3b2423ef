"""The page an invitation to the committee leads to."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from musubi.lib.errors import Refused
from musubi.www.access import city_or_404
from musubi.www.committee import invitations
from musubi.www.committee.page import page


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request, city: str, token: str):
    municipality = city_or_404(city)
    title = _("審査委員への招待")
    try:
        invited = invitations.read(token, city)
    except Refused as refusal:
        return page(request, municipality, "invitation", title, problem=str(refusal), status=410)
    if request.method == "POST" and request.user.is_authenticated:
        try:
            invitations.accept(invited, by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("committee-invitation", city, token)
        messages.success(request, _("「%(fund)s」の審査委員になりました。") % {"fund": invited.fund})
        return redirect("committee", city)
    return page(
        request,
        municipality,
        "invitation",
        title,
        invited=invited,
        fits=request.user.is_authenticated and request.user.email.lower() == invited.email,
        onward=urlencode({"next": request.path}),
    )
