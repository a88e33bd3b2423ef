"""The shared record from the organisation's side: the same record, without what is internal."""

from uuid import uuid4, uuid5

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.cases import actions
from musubi.cases.models import Case, CaseFile
from musubi.cases.queries import of_organisations, thread
from musubi.cases.states import CASE, OPEN, TRIAL, PostKind
from musubi.lib.errors import Missing, Refused
from musubi.outcomes.models import Outcome
from musubi.people.permissions import Can, may
from musubi.proposals.states import DeclineReason
from musubi.services.storage import ACCEPT
from musubi.www.access import city_or_404, fetch
from musubi.www.case_meetings import panel, partner_address
from musubi.www.case_record import ball, chain, file_item, jumps, kind_tabs, stages, thread_items
from musubi.www.files import keep, serve
from musubi.www.partner.forms_organisations import ReasonForm
from musubi.www.partner.forms_proposals import ManyFilesField, ManyFilesInput
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.turns import case_turn, closing_days
from musubi.www.partner.typed import keeps_words

ROWS = 20


class SayForm(forms.Form):
    """A message, files, or both."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    body = forms.CharField(
        label=gettext_lazy("メッセージ"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("この案件に参加する自治体と団体の全員が読みます。"),
    )
    files = ManyFilesField(
        label=gettext_lazy("資料"),
        required=False,
        widget=ManyFilesInput(attrs={"accept": ACCEPT}),
        help_text=gettext_lazy("PDF・画像・Office文書など。1個20MBまで。"),
    )


def cases(request):
    """The cases of the person's organisations in every municipality: open ones first, the one due first on top."""
    found = Paginator(of_organisations(request.user), ROWS).get_page(request.GET.get("page"))
    closed = closing_days({row.municipality_id for row in found})
    items = [
        {
            "case": row,
            "state": CASE[row.stage],
            "turn": case_turn(row, request.user, closed[row.municipality_id]) if row.stage in OPEN else None,
        }
        for row in found
    ]
    return page(request, "cases", _("連携案件"), rows=found, items=items)


@keeps_words
def case(request, city, ref):
    """One case: who must act, the stages, the thread, and the box to speak into."""
    row = _case(request, city, ref)
    form = SayForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            _say(row, form.cleaned_data, by=request.user)
        except Refused as refusal:
            add_refusal(form, refusal)
            row = _case(request, city, ref)
        else:
            messages.success(request, _("送信しました。"), extra_tags="thread")
            return redirect(reverse("my-case", args=[city, ref]) + "#told-thread")
    posts = list(thread(row, request.user))
    kind = request.GET.get("kind", "")
    shown = [post for post in posts if post.kind == kind] if kind in PostKind.values else posts
    outcomes = list(Outcome.objects.filter(case=row).select_related("story"))
    story = next((o.story for o in reversed(outcomes) if hasattr(o, "story")), None)

    def file_url(file):
        return reverse("my-case-file", args=[city, ref, file.pk])

    speaks = row.stage in OPEN and may(request.user, Can.SPEAK_IN_CASE, row)
    talks = panel(row, request.user, at=partner_address(row))
    return page(
        request,
        "case",
        row.title,
        crumbs=[(_("連携案件"), reverse("my-cases"))],
        case=row,
        told_at=("thread", "meetings") if _has_talks(talks) else ("thread",),
        state=CASE[row.stage],
        ball=ball(row, request.user, next_label=_("返事を書く"), next_href="#say"),
        jumps=jumps(talks=_has_talks(talks), words="#say" if speaks else "", acts=False, files=True),
        stages=stages(row, [post for post in posts if post.kind == PostKind.STAGE], public=True),
        items=thread_items(shown, case=row, file_url=file_url, inside=False),
        tabs=kind_tabs(posts, kind),
        meetings=talks,
        has_talks=_has_talks(talks),
        files=[file_item(post.file, file_url) for post in posts if post.file_id],
        chain=chain(
            row,
            story=story if story and story.state == "published" else None,
            outcome=outcomes[-1] if outcomes else None,
            staff=False,
        ),
        trials=[(t, TRIAL[t.state]) for t in row.trials.all()],
        close_reason=DeclineReason(row.close_reason).label if row.stage == "closed" else "",
        # Whoever wrote while the case was being closed finds the words again.
        form=form if speaks or form.is_bound else None,
        autosave_key=f"case-{row.pk}",
        may_withdraw=row.stage in OPEN and may(request.user, Can.WRITE_PROPOSAL, row),
        status=422 if request.method == "POST" else 200,
    )


@keeps_words
def withdraw(request, city, ref):
    """The organisation leaves the case: asks for the reason, then the case ends and its proposal is withdrawn."""
    row = fetch(request, _rows(request, city), Can.WRITE_PROPOSAL, ref=ref)
    back = reverse("my-case", args=[city, ref])
    if row.stage not in OPEN:
        messages.info(request, _("この案件は終了しています。"))
        return redirect(back)
    form = ReasonForm(
        request.POST or None, label=_("取下げの理由"), help_text=_("自治体の担当者が読み、次に生かします。")
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.withdraw(row, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("案件を取り下げました。"))
            return redirect(back)
    return page(
        request,
        "confirm",
        _("案件を取り下げる"),
        crumbs=[(_("連携案件"), reverse("my-cases")), (row.title, back)],
        lead=_("「%(title)s」(%(ref)s)を取り下げます。案件は終了し、記録は残ります。")
        % {"title": row.title, "ref": row.ref},
        form=form,
        submit_label=_("取り下げる"),
        back=back,
        status=422 if request.method == "POST" else 200,
    )


def case_file(request, city, ref, file):
    """A file of the case; internal ones do not exist for the organisation."""
    row = _case(request, city, ref)
    return serve(get_object_or_404(row.files.filter(internal=False), pk=file))


def _case(request, city: str, ref: str) -> Case:
    return fetch(request, _rows(request, city), Can.SEE_CASE, ref=ref)


def _rows(request, city: str):
    return of_organisations(request.user).filter(municipality=city_or_404(city))


def _has_talks(talks: dict) -> bool:
    """Whether there is anything in the section of the talks."""
    return any(talks[name] for name in ("fixed", "offers", "todos", "done", "speaks"))


def _say(row: Case, said: dict, *, by) -> None:
    """The files first, since looking through them may take time and may refuse; then all goes on the record."""
    if not said["body"].strip() and not said["files"]:
        raise Missing(_("メッセージを入力するか、資料を選んでください。"), field="body")
    try:
        kept = [keep(CaseFile, uploaded) for uploaded in said["files"]]
    except Refused as refusal:
        raise Refused(str(refusal), field="files") from refusal
    with transaction.atomic():
        for index, file in enumerate(kept):
            actions.add_file(row, by=by, key=said["key"] and uuid5(said["key"], str(index)), **file)
        if said["body"].strip():
            actions.say(row, by=by, body=said["body"], key=said["key"])
