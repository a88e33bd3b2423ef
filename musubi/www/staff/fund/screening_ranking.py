"""The ranking of a stage, explained row by row, and the committee's word on who passes."""

from fractions import Fraction

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from musubi.fund import actions
from musubi.fund.actions.screening import IN_STAGE
from musubi.fund.models import Application, Assignment, Call, Criterion
from musubi.fund.ranking import Ranking, standings
from musubi.fund.scoring import Standing, needed
from musubi.fund.states import APPLICATION, Recusal, Stage, Tie
from musubi.people.permissions import Can
from musubi.www.staff.frame import attempt, page_of, posted, status_of
from musubi.www.staff.fund.frame import may_manage
from musubi.www.staff.fund.screening_frame import call_of, call_page, stage_or_404

PER_PAGE = 50
# So many are decided one by one on a page; of more, all that reach the marks pass.
MOST = 500
LONGEST_REASON = 2000


def share_words(share: Fraction) -> str:
    """78.3% — cut, not rounded, so that nobody stands above a mark that was not reached."""
    tenths = (share * 1000).__floor__()
    return f"{tenths // 10}.{tenths % 10}%"


def points_words(points: Fraction) -> str:
    """A sum of points: whole where it is whole, else two decimals, cut."""
    if points.denominator == 1:
        return str(points.numerator)
    hundredths = (points * 100).__floor__()
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def explained(one: Standing, call: Call, items: list[Criterion]) -> list[str]:
    """How this place came about, sentence by sentence."""
    edition = call.edition
    if not one.sheets:
        return [_("採点がまだありません。")]
    if edition.recusal == Recusal.FILL:
        words = [
            _("採点%(n)d人の合計は%(given)d点(満点%(most)d点)。")
            % {"n": one.sheets, "given": one.given, "most": one.reachable}
            if not one.recused
            else _(
                "採点%(n)d人の合計%(given)d点に、除斥した%(m)d人分として平均×%(m)d=%(filled)d点(小数点以下切捨て)を補い、合計%(total)s点(満点%(most)d点)。"
            )
            % {
                "n": one.sheets,
                "given": one.given,
                "m": one.recused,
                "filled": one.filled,
                "total": points_words(one.total),
                "most": one.reachable,
            }
        ]
    else:
        words = [
            _("採点%(n)d人の平均は%(total)s点(満点%(most)d点)。")
            % {"n": one.sheets, "total": points_words(one.total), "most": one.reachable}
        ]
        if one.recused:
            words.append(_("除斥した%(m)d人は数えません。") % {"m": one.recused})
    if "total" in one.lacking:
        words.append(_("得点率が、通過に必要な%(mark)d%%に届きません。") % {"mark": edition.pass_share})
    for item in items:
        if str(item.pk) in one.lacking:
            mark = needed(item.most, item.least, edition.criterion_share)
            words.append(
                _("「%(name)s」の平均が、通過に必要な%(mark)s点に届きません。")
                % {"name": item.name, "mark": points_words(mark)}
            )
    if one.tied:
        words.append(_("同点です。要綱のきまりでは決まらないため、委員会で順位を決めてください。"))
    elif one.level:
        words.append(
            _("得点率は同じです。順位は「%(rule)s」で決まりました。") % {"rule": Tie(edition.tie).label}
        )
    return words


def ranked(call: Call, stage: Stage) -> tuple[list[Standing], list[Criterion]]:
    return standings(call, stage), list(Criterion.objects.filter(edition=call.edition_id, stage=stage))


def dressed(
    found: list[Standing], items: list[Criterion], call: Call, rows: dict[int, Application] | None = None
) -> list[dict]:
    """The rows of the table for these standings; one statement where their applications are not given."""
    if rows is None:
        rows = Application.objects.select_related("organisation").in_bulk([one.application for one in found])
    return [
        {
            "standing": one,
            "application": rows[one.application],
            "state": APPLICATION[rows[one.application].state],
            "total": points_words(one.total),
            "share": share_words(one.share),
            "items": [
                (item.name, points_words(one.by_item[item.pk]), item.most, str(item.pk) in one.lacking)
                for item in items
            ],
            "words": explained(one, call, items),
        }
        for one in found
        if one.application in rows
    ]


@require_safe
def ranking(request, city: str, ref: str, stage: str):
    municipality, call = call_of(request, city, ref)
    stage = stage_or_404(stage)
    found = Ranking(call, stage)
    listed = page_of(request, found, PER_PAGE)
    edition = call.edition
    return call_page(
        request,
        municipality,
        call,
        "ranking",
        _("%(stage)sの順位") % {"stage": stage.label},
        here=stage.value,
        trail=[(stage.label, reverse("staff-fund-stage", args=[city, ref, stage]))],
        stage=stage,
        items=found.items,
        rows=dressed(list(listed), found.items, call, found.applications),
        passing=found.passing,
        unscored=found.unscored,
        tied=found.tied,
        rules=[
            (_("通過に必要な得点率"), f"{edition.pass_share}%"),
            (
                _("項目ごとに必要な得点率"),
                f"{edition.criterion_share}%" if edition.criterion_share else _("なし"),
            ),
            (_("同点のとき"), Tie(edition.tie).label),
            (_("除斥したとき"), Recusal(edition.recusal).label),
        ],
        may_decide=may_manage(request, municipality)
        and call.state == "screening"
        and any(row.state == IN_STAGE[stage] for row in found.applications.values()),
        **{"page": listed},
    )


class DecideForm(forms.Form):
    """Who passes, one tick each, and why the others do not: `common` stands where a reason is left empty. One that stands
    below the marks asks why it passes all the same."""

    common = forms.CharField(
        label=gettext_lazy("通さない理由(共通)"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("上の欄を空けた申請に使います。発表のときに、そのまま団体へ伝わります。"),
    )

    def __init__(self, *args, standings: list[Standing], **kwargs):
        super().__init__(*args, **kwargs)
        self.pks = [one.application for one in standings]
        for one in standings:
            pk = one.application
            self.fields[f"pass_{pk}"] = forms.BooleanField(
                label=gettext_lazy("通す"), required=False, initial=one.passes and bool(one.sheets)
            )
            self.fields[f"reason_{pk}"] = forms.CharField(
                label=gettext_lazy("通さない理由"),
                max_length=LONGEST_REASON,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            if not one.passes:
                self.fields[f"exception_{pk}"] = forms.CharField(
                    label=gettext_lazy("条件に届かないが通す理由"),
                    max_length=LONGEST_REASON,
                    required=False,
                    widget=forms.Textarea(attrs={"rows": 2}),
                )

    @property
    def passed(self) -> set[int]:
        return {pk for pk in self.pks if self.cleaned_data.get(f"pass_{pk}")}

    @property
    def reasons(self) -> dict[int, str]:
        common, passed = self.cleaned_data.get("common", ""), self.passed
        return {
            pk: self.cleaned_data.get(f"exception_{pk}", "")
            if pk in passed
            else self.cleaned_data.get(f"reason_{pk}") or common
            for pk in self.pks
        }

    def asked(self, pk: int) -> tuple:
        """The tick, why not, and why all the same (None for one that reaches the marks)."""
        exception = f"exception_{pk}"
        return (
            self[f"pass_{pk}"],
            self[f"reason_{pk}"],
            self[exception] if exception in self.fields else None,
        )


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request, city: str, ref: str, stage: str):
    """The stage's end: every application of it passes or fails, all in one step. Nothing of it is shown outside."""
    municipality, call = call_of(request, city, ref, Can.MANAGE_FUND)
    stage = stage_or_404(stage)
    found, items = ranked(call, stage)
    here = set(Application.objects.filter(call=call, state=IN_STAGE[stage]).values_list("pk", flat=True))
    found = [one for one in found if one.application in here]
    shown = found[:MOST]
    form = DecideForm(posted(request), standings=shown)
    if form.is_valid():
        rest = found[MOST:]
        passed = form.passed | {one.application for one in rest if one.passes and one.sheets}
        common = form.cleaned_data["common"]
        reasons = form.reasons | {one.application: common for one in rest}
        if attempt(
            form,
            lambda: actions.decide_stage(call, by=request.user, stage=stage, passed=passed, reasons=reasons),
        ):
            messages.success(
                request,
                _("%(stage)sの結果を決めました。通過%(n)d件、不通過%(m)d件。発表までは外に出ません。")
                % {"stage": stage.label, "n": len(passed), "m": len(found) - len(passed)},
            )
            return redirect("staff-fund-stage", city, ref, "second")
    return call_page(
        request,
        municipality,
        call,
        "decide",
        _("%(stage)sの結果を決める") % {"stage": stage.label},
        here=stage.value,
        trail=[
            (stage.label, reverse("staff-fund-stage", args=[city, ref, stage])),
            (_("順位"), reverse("staff-fund-ranking", args=[city, ref, stage])),
        ],
        status=status_of(form),
        form=form,
        stage=stage,
        rows=[(row, *form.asked(row["application"].pk)) for row in dressed(shown, items, call)],
        count=len(found),
        more=max(len(found) - MOST, 0),
        waiting=Assignment.objects.filter(
            application__call=call, application__state=IN_STAGE[stage], stage=stage, state="assigned"
        ).count(),
        stage_href=reverse("staff-fund-stage", args=[city, ref, stage]),
        back=reverse("staff-fund-ranking", args=[city, ref, stage]),
    )


urlpatterns = [
    path("<str:ref>/screening/<str:stage>/ranking/", ranking, name="staff-fund-ranking"),
    path("<str:ref>/screening/<str:stage>/decide/", decide, name="staff-fund-decide"),
]
