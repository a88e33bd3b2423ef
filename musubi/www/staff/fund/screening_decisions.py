"""What each applicant will be told: prepared one by one, looked over once more, released all at once; reserves after."""

from django import forms
from django.contrib import messages
from django.db.models import Case, IntegerField, Q, Value, When
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from musubi.fund import actions
from musubi.fund.models import Application, Assignment, Call, Decision, Pot
from musubi.fund.purse import bonds, pots_of, speaks_of
from musubi.fund.ranking import standings
from musubi.fund.states import APPLICATION, Stage
from musubi.people.permissions import Can
from musubi.www.forms.fields import YenField
from musubi.www.staff.frame import act_page, attempt, page_of, posted, status_of
from musubi.www.staff.fund.frame import crumbs, may_manage, page
from musubi.www.staff.fund.screening_frame import PART, application_of, application_trail, call_of, call_page

PER_PAGE = 50
# Decisions stay as rows when the organisation withdraws: theirs is never shown.
OUT = ["draft", "withdrawn"]
SHOW = {
    "all": gettext_lazy("すべて"),
    "lacking": gettext_lazy("まだ準備していない"),
    "awarded": gettext_lazy("交付"),
    "reserve": gettext_lazy("補欠"),
    "no": gettext_lazy("不交付"),
}


def _rows(call: Call):
    return Application.objects.filter(call=call).exclude(state__in=OUT)


def overview(call: Call, pots: list[Pot]) -> dict:
    """How far the decisions are: counts, the money by pot against what is free, and what still stands in the way."""
    decisions = Decision.objects.filter(application__in=_rows(call)).values_list("outcome", "yen", "shares")
    spent = {pot.pk: 0 for pot in pots}
    counts: dict[str, int] = {}
    yen = 0
    for outcome, sum_, shares in decisions:
        counts[outcome] = counts.get(outcome, 0) + 1
        yen += sum_
        for pot, part in shares.items():
            spent[int(pot)] = spent.get(int(pot), 0) + part
    states = list(_rows(call).order_by().values_list("state", "decision"))
    # Who failed the first screening and was told so then is not told again.
    told = sum(state == "first_failed" for state, _decision in states) if call.first_released_at else 0
    lacking = sum(decision is None for _state, decision in states)
    released = call.released_at is not None
    money = [
        {
            "pot": pot,
            "spent": spent[pot.pk],
            "free": pot.available,
            "left": pot.available - spent[pot.pk],
            "over": not released and spent[pot.pk] > pot.available,
        }
        for pot in pots
    ]
    return {
        "total": len(states),
        "to_tell": len(states) - told,
        "lacking": lacking,
        "unchecked": sum(state in ("submitted", "returned") for state, _decision in states),
        "in_first": sum(state == "checked" for state, _decision in states),
        "in_second": sum(state == "first_passed" for state, _decision in states),
        "awarded": counts.get("awarded", 0),
        "reserve": counts.get("reserve", 0),
        "refused": sum(counts.get(name, 0) for name in ("not_awarded", "first_failed", "second_failed")),
        "yen": yen,
        "money": money,
        "short": [row for row in money if row["over"]],
    }


@require_safe
def decisions(request, city: str, ref: str):
    municipality, call = call_of(request, city, ref)
    show = request.GET.get("show") if request.GET.get("show") in SHOW else "all"
    rows = _rows(call)
    wanted = {
        "lacking": Q(decision=None),
        "awarded": Q(decision__outcome="awarded"),
        "reserve": Q(decision__outcome="reserve"),
        "no": Q(decision__outcome__in=["not_awarded", "first_failed", "second_failed"]),
    }
    if show in wanted:
        rows = rows.filter(wanted[show])
    first = Case(
        When(decision=None, then=Value(0)),
        When(decision__outcome="awarded", then=Value(1)),
        When(decision__outcome="reserve", then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    rows = rows.select_related("organisation", "decision", "award").order_by(
        first, "decision__place", "ref", "pk"
    )
    pots = pots_of(call)
    found = overview(call, pots)
    listed = page_of(request, rows, PER_PAGE, count=found["total"] if show == "all" else None)
    by_pk = {pot.pk: pot for pot in pots}
    manages = may_manage(request, municipality)
    return call_page(
        request,
        municipality,
        call,
        "decisions",
        _("決定と発表"),
        here="decisions",
        overview=found,
        rows=[_row(row, call, by_pk) for row in listed],
        todo=_todo(call, found) if manages and call.state == "screening" else None,
        shows=[(words, f"?show={name}", name == show, None) for name, words in SHOW.items()],
        show=show,
        may_act=manages and call.state == "screening",
        may_call_up=manages and call.released_at is not None,
        **{"page": listed},
    )


def _todo(call: Call, found: dict) -> dict | None:
    """What stands between here and the release, the first of it; None where all is prepared."""
    city = call.fund.municipality.slug
    for count, title, text, label, href in (
        (
            found["unchecked"],
            _("形式の確認が済んでいない申請が%(n)d件あります"),
            _("確認済みにするか、補正をお願いしてください。"),
            _("申請を見る"),
            reverse("staff-fund-applications", args=[city]) + f"?call={call.ref}",
        ),
        (
            found["in_first"],
            _("第一次審査の結果を決めていない申請が%(n)d件あります"),
            _("採点がそろったら、順位を見て結果を決めます。"),
            _("第一次審査へ"),
            reverse("staff-fund-stage", args=[city, call.ref, "first"]),
        ),
        (
            found["in_second"],
            _("第二次審査の結果を決めていない申請が%(n)d件あります"),
            _("採点がそろったら、順位を見て結果を決めます。"),
            _("第二次審査へ"),
            reverse("staff-fund-stage", args=[city, call.ref, "second"]),
        ),
        (
            found["lacking"],
            _("決定を準備していない申請が%(n)d件あります"),
            _("財源の配分で案を試し、下の一覧から1件ずつ準備します。"),
            _("財源の配分を試す"),
            reverse("staff-fund-choice", args=[city, call.ref]),
        ),
    ):
        if count:
            return {"title": title % {"n": count}, "text": text, "label": label, "href": href}
    return None


def _step(application: Application, call: Call) -> tuple[str, str] | None:
    """What an application waits for before its decision can be prepared: the words, and where that is done."""
    city = call.fund.municipality.slug
    here = reverse("staff-fund-application", args=[city, application.ref])
    return {
        "submitted": (_("形式を確認する"), here),
        "returned": (_("補正を待っています"), here),
        "checked": (_("第一次審査"), reverse("staff-fund-stage", args=[city, call.ref, "first"])),
        "first_passed": (_("第二次審査"), reverse("staff-fund-stage", args=[city, call.ref, "second"])),
    }.get(application.state)


def _row(application: Application, call: Call, pots: dict[int, Pot]) -> dict:
    decision = getattr(application, "decision", None)
    return {
        "application": application,
        "state": APPLICATION[application.state],
        "decision": decision,
        "outcome": APPLICATION[decision.outcome] if decision else None,
        "step": None if decision else _step(application, call),
        "shares": [(pots[int(pot)], yen) for pot, yen in decision.shares.items() if int(pot) in pots]
        if decision
        else [],
    }


class SharesForm(forms.Form):
    """Yen, and the pots that pay them, each with what it may pay for; of one that is for a theme, the confirmation that
    the application serves it."""

    yen = YenField(label=gettext_lazy("交付額(円)"), required=False)
    conditions = forms.CharField(
        label=gettext_lazy("交付の条件"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("交付決定通知書に載ります。"),
    )

    def __init__(self, *args, application: Application, pots: list[Pot], **kwargs):
        super().__init__(*args, **kwargs)
        self.pots = pots
        found = bonds(pots, application)
        money = []
        for pot in pots:
            name = f"pot_{pot.pk}"
            money.append(name)
            # A help text is shown as HTML.
            self.fields[name] = YenField(
                label=_("財源: %(pot)s(円)") % {"pot": pot},
                required=False,
                help_text=format_html(
                    "{} · {}",
                    _("いま使える額 %(yen)s円") % {"yen": f"{pot.available:,}"},
                    found[pot.pk].words,
                ),
            )
            if found[pot.pk].holds is None:
                money.append(f"serves_{pot.pk}")
                self.fields[f"serves_{pot.pk}"] = forms.BooleanField(
                    label=_("この申請が、テーマ「%(pot)s」に合うことを確かめました") % {"pot": pot},
                    required=False,
                    initial=speaks_of(application, pot.theme),
                    help_text=_("テーマの言葉が申請書にあります。")
                    if speaks_of(application, pot.theme)
                    else _("テーマの言葉は申請書にありません。中身を読んで確かめてください。"),
                )
        self.order_fields(["outcome", "yen", *money, "reasons", "conditions"])

    @property
    def serves(self) -> set[int]:
        """The pots of a theme that were confirmed."""
        return {pot.pk for pot in self.pots if self.cleaned_data.get(f"serves_{pot.pk}")}

    @property
    def shares(self) -> dict[int, int]:
        """Pot id → yen. Where there is one pot alone and nothing is typed, it pays all."""
        found = {pot.pk: self.cleaned_data.get(f"pot_{pot.pk}") or 0 for pot in self.pots}
        if len(found) == 1 and not any(found.values()):
            found = {pk: self.cleaned_data.get("yen") or 0 for pk in found}
        return {pk: yen for pk, yen in found.items() if yen}


class DecisionForm(SharesForm):
    outcome = forms.ChoiceField(label=gettext_lazy("結果"), widget=forms.RadioSelect)
    reasons = forms.CharField(
        label=gettext_lazy("理由・講評"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("発表のときに、そのまま団体へ伝わります。"),
    )

    def __init__(self, *args, has_reserve: bool, **kwargs):
        super().__init__(*args, **kwargs)
        outcomes = ["awarded", *(["reserve"] if has_reserve else []), "not_awarded"]
        self.fields["outcome"].choices = [(name, APPLICATION[name].label) for name in outcomes]


@require_http_methods(["GET", "HEAD", "POST"])
def decision(request, city: str, ref: str):
    """What one applicant will be told. The address may bring a proposal with it: outcome, yen, shares."""
    municipality, row = application_of(request, city, ref, Can.MANAGE_FUND)
    if request.method != "POST" and (row.state != "second_passed" or row.call.state != "screening"):
        messages.info(
            request,
            _("決定を準備できるのは、第二次審査を通過した申請だけです。発表したあとは変えられません。"),
        )
        return redirect("staff-fund-application", city, ref)
    pots = pots_of(row.call)
    kept = None if row.state == "withdrawn" else getattr(row, "decision", None)
    form = DecisionForm(
        posted(request),
        application=row,
        pots=pots,
        has_reserve=row.edition.has_reserve,
        initial=_initial(request, row, kept, pots),
    )
    place = next((one.place for one in standings(row.call, Stage.SECOND) if one.application == row.pk), None)
    if form.is_valid():
        words = form.cleaned_data
        if attempt(
            form,
            lambda: actions.prepare_decision(
                row,
                by=request.user,
                outcome=words["outcome"],
                reasons=words["reasons"],
                yen=words["yen"] or 0,
                conditions=words["conditions"],
                shares=form.shares,
                serves=form.serves,
                place=place,
            ),
        ):
            messages.success(request, _("決定を準備しました。発表までは団体に伝わりません。"))
            onward = _next_undecided(row)
            if request.POST.get("do") == "next" and onward:
                return redirect("staff-fund-decision", city, onward)
            return redirect("staff-fund-decisions", city, row.call.ref)
    return page(
        request,
        municipality,
        "staff/fund/screening/decision.html",
        part=PART,
        page_title=_("決定を準備する"),
        crumbs=crumbs(municipality, *application_trail(municipality, row), _("決定を準備する")),
        application=row,
        call=row.call,
        form=form,
        place=place,
        back=reverse("staff-fund-decisions", args=[city, row.call.ref]),
        status=status_of(form),
    )


def _initial(request, row: Application, kept: Decision | None, pots: list[Pot]) -> dict:
    names = ["yen", *(f"pot_{pot.pk}" for pot in pots)]
    if "outcome" in request.GET:
        asked = {name: request.GET.get(name, "") for name in names}
        brought = {
            name: int(text)
            for name, text in asked.items()
            if text.isascii() and text.isdigit() and len(text) < 17
        }
        # What a pot of a theme is proposed for, somebody said there.
        themed = {f"serves_{pot.pk}": True for pot in pots if brought.get(f"pot_{pot.pk}")}
        words = {"outcome": request.GET["outcome"], **brought, **themed}
        if kept:
            words |= {"reasons": kept.reasons, "conditions": kept.conditions}
        return words
    if kept:
        return {
            "outcome": kept.outcome,
            "yen": kept.yen,
            "reasons": kept.reasons,
            "conditions": kept.conditions,
            **{f"pot_{pot}": yen for pot, yen in kept.shares.items()},
            **{f"serves_{pot}": True for pot in kept.serves},
        }
    return {"yen": row.requested}


def _next_undecided(row: Application) -> str | None:
    """The next application of the call that has no decision yet."""
    rows = Application.objects.filter(call=row.call_id, state="second_passed", decision=None)
    return rows.exclude(pk=row.pk).order_by("ref", "pk").values_list("ref", flat=True).first()


class ReleaseForm(forms.Form):
    sure = forms.BooleanField(
        label=gettext_lazy("上の件数と金額を確かめました。すべての団体へ、いま発表します。"),
        error_messages={
            "required": gettext_lazy("発表は取り消せません。確かめて、ここに印を付けてください。")
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def release(request, city: str, ref: str):
    """A last look, and then everything at once."""
    municipality, call = call_of(request, city, ref, Can.MANAGE_FUND)
    form = ReleaseForm(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.release(call, by=request.user)):
        messages.success(request, _("すべての結果を発表しました。団体は、いまから自分の結果を読めます。"))
        return redirect("staff-fund-decisions", city, ref)
    found = overview(call, pots_of(call))
    return call_page(
        request,
        municipality,
        call,
        "release",
        _("結果を発表する"),
        here="decisions",
        trail=[(_("決定と発表"), reverse("staff-fund-decisions", args=[city, ref]))],
        form=form,
        status=status_of(form),
        overview=found,
        ready=call.state == "screening" and found["total"] and not found["lacking"] and not found["short"],
        late=Assignment.objects.filter(
            application__call=call, application__state__in=["checked", "first_passed"], state="assigned"
        ).count(),
        back=reverse("staff-fund-decisions", args=[city, ref]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def call_up(request, city: str, ref: str):
    """One who waits in reserve is awarded, since money has become free."""
    municipality, row = application_of(request, city, ref, Can.MANAGE_FUND)
    kept = getattr(row, "decision", None)
    initial = {"yen": row.requested, "conditions": kept.conditions if kept else ""}
    form = SharesForm(posted(request), application=row, pots=pots_of(row.call), initial=initial)
    if form.is_valid() and attempt(
        form,
        lambda: actions.award_from_reserve(
            row,
            by=request.user,
            yen=form.cleaned_data["yen"] or 0,
            shares=form.shares,
            serves=form.serves,
            conditions=form.cleaned_data["conditions"],
        ),
    ):
        messages.success(request, _("補欠から繰り上げ、交付を決定しました。団体は、いまから結果を読めます。"))
        return redirect("staff-fund-decisions", city, row.call.ref)
    return _act(
        request, municipality, row, form, title=_("補欠から繰り上げる"), submit_label=_("交付を決定する")
    )


class DropForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("理由"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("団体に伝わります。"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def drop(request, city: str, ref: str):
    municipality, row = application_of(request, city, ref, Can.MANAGE_FUND)
    form = DropForm(posted(request))
    if form.is_valid() and attempt(
        form, lambda: actions.drop_reserve(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("補欠を終え、不交付にしました。"))
        return redirect("staff-fund-decisions", city, row.call.ref)
    return _act(
        request,
        municipality,
        row,
        form,
        title=_("補欠を終える"),
        submit_label=_("不交付にする"),
        danger=True,
    )


def _act(request, municipality, row: Application, form, **context):
    trail = [
        (_("ファンド"), reverse("staff-fund", args=[municipality.slug])),
        *application_trail(municipality, row),
    ]
    return act_page(
        request, municipality, form, trail=trail, eyebrow=f"{row.ref} {row.organisation}", **context
    )


urlpatterns = [
    path("calls/<str:ref>/decisions/", decisions, name="staff-fund-decisions"),
    path("calls/<str:ref>/release/", release, name="staff-fund-release"),
    path("applications/<str:ref>/decision/", decision, name="staff-fund-decision"),
    path("applications/<str:ref>/call-up/", call_up, name="staff-fund-call-up"),
    path("applications/<str:ref>/drop/", drop, name="staff-fund-drop"),
]
