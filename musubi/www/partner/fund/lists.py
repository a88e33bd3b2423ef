"""The list of a person's applications and awards, and beginning one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from musubi.fund import actions, curtain
from musubi.fund.eligibility import checks
from musubi.fund.models import Application, Call
from musubi.fund.queries import applications_for
from musubi.fund.rules import is_open
from musubi.fund.states import APPLICATION, NO_LONGER_RUNS
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.people.queries import organisations_of
from musubi.www.partner.fund.forms import BeginForm
from musubi.www.partner.fund.own import GROUPS, page, rows_of, title_of
from musubi.www.partner.fund.turns import fund_turn, with_turns
from musubi.www.partner.page import add_refusal
from musubi.www.partner.typed import keeps_words

ROWS = 20
CALLS = 5


def applications(request):
    """All applications of the person's organisations, the last begun on top, by group; and what is open to apply to."""
    rows = applications_for(request.user)
    asked = request.GET.get("show", "")
    counts = rows.order_by().aggregate(
        all=Count("pk"), **{name: Count("pk", filter=Q(shown__in=states)) for name, states in GROUPS.items()}
    )
    labels = {"applying": _("申請中"), "running": _("交付決定"), "over": _("終わったもの")}
    tabs = [(_("すべて"), "?", asked not in GROUPS, counts["all"])]
    tabs += [(label, f"?show={name}", asked == name, counts[name]) for name, label in labels.items()]
    listed = with_turns(rows_of(request.user))
    if asked in GROUPS:
        listed = listed.filter(shown__in=GROUPS[asked])
    found = Paginator(listed, ROWS).get_page(request.GET.get("page"))
    now = clock.now()
    calls = (
        Call.objects.filter(state="published", opens_at__lte=now, closes_at__gt=now)
        .select_related("fund__municipality", "edition__programme")
        .order_by("closes_at", "pk")
    )
    return page(
        request,
        "list",
        _("助成"),
        rows=found,
        items=[
            {
                "row": row,
                "title": title_of(row),
                "state": APPLICATION[row.shown],
                "city": row.call.fund.municipality.display_name,
                "turn": fund_turn(row),
                "over": row.shown == "draft" and not row.mine,
                "yen": row.award.yen if getattr(row, "award", None) else None,
            }
            for row in found
        ],
        tabs=tabs,
        calls=list(calls[: CALLS + 1]),
        calls_shown=CALLS,
    )


@keeps_words
def begin(request, call):
    """From a call to a draft: in whose name, and whether it goes on with last year's award."""
    row = (
        Call.objects.filter(pk=call, published_at__isnull=False)
        .select_related("fund__municipality", "edition__programme")
        .first()
    )
    if row is None:
        raise Http404
    organisations = organisations_of(request.user)
    if not organisations:
        messages.info(
            request, _("申請の前に、あなたの団体を登録してください。登録が済むと、申請の画面に戻ります。")
        )
        return redirect(reverse("my-organisation-new") + "?" + urlencode({"next": request.path}))
    awards = continuable(request.user, row)
    initial = {"before": request.GET["before"]} if request.GET.get("before", "").isdecimal() else {}
    form = BeginForm(
        request.POST if request.method == "POST" else None,
        organisations=organisations,
        continuable=awards,
        initial=initial,
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        before = data.get("before")
        try:
            application = actions.start_application(
                row,
                by=request.user,
                organisation=before.organisation if before else data["organisation"],
                title=data["title"],
                before=before,
                key=data["key"],
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return redirect("my-fund-edit", application.pk)
    today = clock.today()
    return page(
        request,
        "begin",
        _("助成を申請する"),
        call=row,
        city=row.fund.municipality,
        edition=row.edition,
        years=list(row.edition.years.all()),
        papers=list(row.edition.papers.filter(for_report=False)),
        form=form,
        is_open=is_open(row),
        is_coming=row.state == "published" and clock.now() < row.opens_at,
        conditions=[
            (each, [check for check in checks(row.edition, each, on=today) if check.holds is False])
            for each in organisations
        ],
        begun=list(rows_of(request.user).filter(call=row, shown__in=GROUPS["applying"])),
        status=422 if form.is_bound else 200,
    )


def continuable(user, call: Call):
    """Awards under the call's programme that nobody has begun to continue, as far as may be known."""
    others = Application.objects.filter(before=OuterRef("pk")).annotate(shown=curtain.shown_case())
    running = others.exclude(shown__in=NO_LONGER_RUNS)
    rows = applications_for(user).filter(
        edition__programme=call.edition.programme_id, award__isnull=False, call__released_at__isnull=False
    )
    return rows.exclude(shown__in=["withdrawn", "revoked"]).filter(~Exists(running))
