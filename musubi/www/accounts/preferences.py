"""What a person sets for themselves: the name, the language, and which notices come by mail."""

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override

from musubi.lib.errors import Refused
from musubi.notify.actions import set_preference
from musubi.notify.queries import preferences_of
from musubi.people.own_account import change_language, change_name
from musubi.people.permissions import authority
from musubi.www.accounts.forms import PreferencesForm, ProfileForm
from musubi.www.public.statements import remember_language


def profile(request):
    form = ProfileForm(request.POST or None, initial={"name": request.user.name})
    if request.method == "POST" and form.is_valid():
        try:
            change_name(request.user, form.cleaned_data["name"], by=request.user)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("氏名を変更しました。"))
            return redirect("profile")
    return render(
        request,
        "accounts/profile.html",
        {"page_title": _("氏名"), "form": form},
        status=422 if form.errors else 200,
    )


def preferences(request):
    choices = preferences_of(request.user)
    form = PreferencesForm(request.POST or None, user=request.user, choices=choices)
    if request.method == "POST" and form.is_valid():
        try:
            _save(request.user, form, choices)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            language = form.cleaned_data["language"]
            with override(language):
                messages.success(request, _("設定を保存しました。"))
            return remember_language(redirect("preferences"), language)
    return render(
        request,
        "accounts/preferences.html",
        {
            "page_title": _("通知と言語"),
            "form": form,
            "mail_configured": settings.MAIL_CONFIGURED,
            "has_searches": bool(authority(request.user).organisation_ids),
        },
        status=422 if form.errors else 200,
    )


@transaction.atomic
def _save(user, form: PreferencesForm, choices) -> None:
    """All of it or nothing; only what differs is written."""
    change_language(user, form.cleaned_data["language"], by=user)
    for kind, by_mail in choices:
        wish = kind.always or kind.verb in form.cleaned_data["kinds"]
        if wish != by_mail:
            set_preference(user, kind.verb, by_mail=wish)
