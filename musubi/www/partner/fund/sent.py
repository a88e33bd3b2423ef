"""One application: in whose hands, what was sent, the receipt, a copy for the files, taking it back."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import actions
from musubi.fund.models import Application, Call
from musubi.fund.queries import applications_for
from musubi.fund.rules import may_be_written
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.people.permissions import Can
from musubi.www.access import fetch
from musubi.www.files import serve
from musubi.www.partner.forms_organisations import ReasonForm
from musubi.www.partner.fund.awards import Act, summary_of
from musubi.www.partner.fund.letters import letters_of
from musubi.www.partner.fund.lists import continuable
from musubi.www.partner.fund.own import href_of, own, page, rows_of, title_of
from musubi.www.partner.fund.presenting import slot_of
from musubi.www.partner.fund.turns import fund_turn, with_turns
from musubi.www.partner.fund.writing import content_of
from musubi.www.partner.page import add_refusal
from musubi.www.partner.typed import keeps_words
from musubi.www.templatetags.pieces import wareki

# By what is shown: a refusal to withdraw one that failed would tell.
WITHDRAWABLE = ["draft", "submitted", "returned", "first_passed", "reserve"]


def application(request, pk):
    """One application: whose turn it is, what was decided, the money, and what was sent in."""
    row = fetch(request, with_turns(rows_of(request.user)), Can.APPLY_TO_FUND, pk=pk)
    continued = _continued(row)
    found = summary_of(row)
    if found["award"] and not continued and (onward := goes_on(request.user, row)):
        found["acts"].append(onward)
    return page(
        request,
        "application",
        title_of(row),
        application=row,
        turn=fund_turn(row),
        may_write=may_be_written(row),
        may_withdraw=row.shown in WITHDRAWABLE,
        is_over=row.shown == "draft" and not row.mine,
        days=_days(row),
        continued=continued,
        letters=letters_of(row),
        slot=slot_of(row),
        **found,
        **content_of(row),
    )


def _days(row: Application) -> list[tuple]:
    """The call's days, in their order."""
    call = row.call
    found = [
        (_("受付の終了"), call.closes_at),
        (_("第一次審査"), call.first_on),
        (_("第二次審査"), call.second_on),
        (_("交付決定の予定"), call.decision_on),
        (_("概算払の予定"), call.payment_on),
        (_("実績報告の期限"), call.report_on),
        (_("成果報告の期限"), call.outcome_on),
    ]
    return [(label, wareki(day)) for label, day in found if day]


def goes_on(user, row: Application) -> Act | None:
    """Beginning the application for the next year, where a call of the programme is open that supports it."""
    now = clock.now()
    calls = Call.objects.filter(
        state="published", opens_at__lte=now, closes_at__gt=now, edition__programme=row.edition.programme_id
    )
    call = calls.filter(edition__years__year=row.support_year + 1).order_by("closes_at", "pk").first()
    if call is None or not continuable(user, call).filter(pk=row.pk).exists():
        return None
    return Act(
        _("%(n)d年目の申請をはじめる") % {"n": row.support_year + 1},
        f"{reverse('my-fund-call', args=[call.pk])}?before={row.pk}",
        _("「%(call)s」に、今年の文章を引き継いで申請します。") % {"call": call.title},
    )


def _continued(row: Application) -> Application | None:
    """The application for the next year, where there is one that was not taken back."""
    return row.continued_by.exclude(state="withdrawn").order_by("-pk").first()


def receipt(request, pk):
    """The receipt: number and time, to be printed."""
    row = own(request, pk)
    if not row.ref:
        return redirect("my-fund-application", pk)
    following = [
        _("事務局が内容と書類を確認します。直してほしいところがあれば、お知らせとメールでお願いします。"),
        _("審査の結果は、すべての申請に同時にお知らせします。"),
    ]
    if row.call.decision_on:
        following.append(_("結果のお知らせは%(day)sの予定です。") % {"day": wareki(row.call.decision_on)})
    return page(
        request,
        "receipt",
        _("受付の控え"),
        application=row,
        following=following,
        actions=[
            (_("申請の状況を見る"), href_of(row), "primary"),
            (_("申請の写しを開く"), reverse("my-fund-copy", args=[pk]), ""),
        ],
        **content_of(row),
    )


def copy(request, pk):
    """The whole application on one page, for printing and for the organisation's own files."""
    row = own(request, pk)
    return page(request, "copy", _("申請の写し"), application=row, **content_of(row))


@keeps_words
def withdraw(request, pk):
    """Asks once, with room for a reason, then takes the application back."""
    row = own(request, pk)
    if row.shown not in WITHDRAWABLE:
        messages.info(request, _("この申請は、いまは取り下げられません。"))
        return redirect("my-fund-application", pk)
    form = ReasonForm(
        request.POST or None,
        label=_("取下げの理由"),
        help_text=_("事務局が読みます。書かなくても取り下げられます。"),
        required=False,
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.withdraw_application(row, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("申請を取り下げました。"))
            return redirect("my-fund-application", pk)
    if row.ref:
        lead = _("「%(title)s」(%(ref)s)を取り下げます。取り下げた申請は元に戻せません。")
    else:
        lead = _("「%(title)s」の下書きをやめます。やめた下書きは、もう書き直せません。")
    return page(
        request,
        "confirm",
        _("申請を取り下げる") if row.ref else _("下書きをやめる"),
        application=row,
        lead=lead % {"title": title_of(row), "ref": row.ref},
        form=form,
        submit_label=_("取り下げる"),
        back=href_of(row),
        status=422 if request.method == "POST" else 200,
    )


def paper(request, pk, file):
    """One file of one's own application or report, as a download."""
    row = fetch(request, applications_for(request.user), Can.APPLY_TO_FUND, pk=pk)
    return serve(get_object_or_404(row.papers.all(), pk=file))
