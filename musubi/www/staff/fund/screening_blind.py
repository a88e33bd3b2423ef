"""What the committee gets of an application whose applicant it may not know: the secretariat looks, and lets through."""

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.fund import actions
from musubi.fund.actions.blinding import BEFORE_THE_RESULT
from musubi.fund.blind import is_hidden
from musubi.fund.models import Application, Assignment, MaskedPaper, Paper
from musubi.fund.rules import takes_corrections
from musubi.fund.states import Stage
from musubi.lib.errors import Refused
from musubi.people.permissions import Can
from musubi.services.storage import ACCEPT, discard
from musubi.www.committee.shown import Shown, shown
from musubi.www.files import keep, serve
from musubi.www.staff.frame import act_page, attempt, posted
from musubi.www.staff.fund.screening_frame import application_of, application_trail, press


def preview_href(city: str, ref: str) -> str:
    return reverse("staff-fund-application", args=[city, ref]) + "?view=member"


def blind_of(row: Application, view: Shown, *, manages: bool) -> dict:
    """For `staff/fund/screening/blind.html`: every paper, whether it is shown, and in which copy."""
    sheets = Assignment.objects.filter(application=row, stage=Stage.FIRST, state="scored")
    names = {each.pk: each.name for each in view.papers}
    rows = row.papers.filter(for_report=False).select_related("required", "masked", "blind_by")
    return {
        "papers": [
            {"paper": paper, "masked": getattr(paper, "masked", None), "shown_as": names.get(paper.pk)}
            for paper in rows.order_by(F("required__position").asc(nulls_last=True), "pk")
        ],
        "is_scored": sheets.exists(),
        "words": row.hidden_words.splitlines(),
        "may_act": manages and row.state in BEFORE_THE_RESULT and takes_corrections(row.call),
    }


def _paper_of(request, city: str, ref: str, pk: int, can: Can) -> tuple[Application, Paper]:
    """A paper of an application that is screened blind; else 404."""
    _municipality, row = application_of(request, city, ref, can)
    paper = row.papers.filter(pk=pk, for_report=False).first()
    if paper is None or not is_hidden(row, Stage.FIRST):
        raise Http404
    paper.application = row
    return row, paper


@require_POST
def show_paper(request, city: str, ref: str, pk: int):
    """One file is shown to the committee, or (do=hide) no longer."""
    _row, paper = _paper_of(request, city, ref, pk, Can.MANAGE_FUND)
    is_shown = request.POST.get("do") != "hide"
    done = (
        _("「%(name)s」を委員に見せます。ファイル名は伏せて渡します。")
        if is_shown
        else _("「%(name)s」は委員に見せません。")
    )
    return press(
        request,
        lambda: actions.show_paper(paper, by=request.user, shown=is_shown),
        done % {"name": paper.name},
        preview_href(city, ref),
    )


@require_safe
def blind_file(request, city: str, ref: str, pk: int):
    """The very file that a member gets, under the name it has there."""
    row, _paper = _paper_of(request, city, ref, pk, Can.SEE_FUND)
    found = next((each for each in shown(row, hidden=True).papers if each.pk == pk), None)
    if found is None:
        raise Http404
    return serve(found)


class MaskForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("黒塗りの写し"),
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        help_text=gettext_lazy(
            "団体名や担当者名を消してから保存したファイルです。黒い四角を重ねただけのPDFは、下の文字が読めることがあります。"
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def mask_paper(request, city: str, ref: str, pk: int):
    """A copy without names takes the file's place for the committee."""
    row, paper = _paper_of(request, city, ref, pk, Can.MANAGE_FUND)
    form = MaskForm(posted(request), request.FILES or None)
    if form.is_valid() and attempt(form, lambda: _store(paper, form.cleaned_data["file"], request.user)):
        messages.success(
            request, _("黒塗りの写しを付けました。中身を開いて確かめてから、委員に見せてください。")
        )
        return redirect(preview_href(city, ref))
    municipality = row.call.fund.municipality
    return act_page(
        request,
        municipality,
        form,
        title=_("黒塗りの写しを付ける"),
        eyebrow=f"{row.ref} {paper.name}",
        trail=_trail(row),
        lead=_("委員には、元のファイルの代わりに、この写しを渡します。元のファイルはそのまま残ります。"),
        submit_label=_("付ける"),
        multipart=True,
    )


def _store(paper: Paper, uploaded, user) -> None:
    stored = keep(MaskedPaper, uploaded)
    try:
        actions.mask_paper(paper, by=user, **stored)
    except Refused:
        discard(MaskedPaper, stored)
        raise


class WordsForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("ほかに伏せる言葉"),
        required=False,
        max_length=6000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy(
            "1行に1つずつ。略称、店の名前、代表者の名前など、団体が分かる言葉です。委員の画面では「(申請団体)」に置き換わります。"
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def hide_words(request, city: str, ref: str):
    """Other spellings and names that tell who files it."""
    municipality, row = application_of(request, city, ref, Can.MANAGE_FUND)
    if not is_hidden(row, Stage.FIRST):
        raise Http404
    form = WordsForm(posted(request), initial={"words": row.hidden_words})
    if form.is_valid() and attempt(
        form, lambda: actions.hide_words(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("伏せる言葉を決めました。下で、委員に見える内容を確かめてください。"))
        return redirect(preview_href(city, ref))
    return act_page(
        request,
        municipality,
        form,
        title=_("ほかに伏せる言葉を決める"),
        eyebrow=f"{row.ref} {row.title}",
        trail=_trail(row),
        submit_label=_("決める"),
    )


def _trail(row: Application) -> list[tuple[str, str]]:
    city = row.call.fund.municipality
    return [*application_trail(city, row), (_("委員に見える内容"), preview_href(city.slug, row.ref))]


urlpatterns = [
    path("<str:ref>/blind/words/", hide_words, name="staff-fund-blind-words"),
    path("<str:ref>/blind/papers/<int:pk>/", blind_file, name="staff-fund-blind-file"),
    path("<str:ref>/blind/papers/<int:pk>/show/", show_paper, name="staff-fund-blind-show"),
    path("<str:ref>/blind/papers/<int:pk>/copy/", mask_paper, name="staff-fund-blind-copy"),
]
