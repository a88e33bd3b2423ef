"""How candidates are ranked: the weights in words, what was learned from decisions, and adopting it."""

from collections.abc import Mapping

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.lib.errors import Refused
from musubi.matching import actions, ask, queries
from musubi.matching.models import Ranking
from musubi.matching.states import ACTED, RANKING
from musubi.people.models import Municipality
from musubi.people.permissions import Can
from musubi.www.access import fetch, staff_city
from musubi.www.staff.frame import act_page, attempt, crumbs, posted

# As many decisions are learned from while somebody waits; more take their time, by a command.
MOST_DECISIONS = 2_000
# What each weight counts, in words, and what it is multiplied with at most in ordinary texts.
WEIGHTS = {
    "hubness": (gettext_lazy("何にでも近い文章を割り引く"), 0.4),
    "goals": (gettext_lazy("同じSDGsゴール"), 2),
    "fields": (gettext_lazy("同じ分野"), 2),
    "region": (gettext_lazy("同じ都道府県・会員"), 1),
    "fresh": (gettext_lazy("新しい登録"), 1),
    "worked": (gettext_lazy("これまでに出た成果"), 1.4),
}
# What is added to a likeness, which is 0.1 for unrelated texts and 0.4 for a good match.
STRONG, SOME, LITTLE = 0.2, 0.05, 0.005


class NothingToFill(forms.Form):
    pass


@require_safe
def ranking_list(request, city: str):
    municipality = staff_city(request, city, Can.ADOPT_RANKING)
    rows = list(queries.rankings_of(municipality))
    used = next((row for row in rows if row.state == "adopted"), None)
    proposed = next((row for row in rows if row.state == "proposed"), None)
    now = _weights(municipality)
    context = {
        "municipality": municipality,
        "page_title": _("候補の順位づけ"),
        "crumbs": crumbs(municipality, _("候補の順位づけ")),
        "used": used,
        "weights": _table(now, proposed.weights if proposed else None),
        "proposed": proposed,
        "tells": _tells(proposed) if proposed else [],
        "better": bool(proposed) and _mrr(proposed.after) > _mrr(proposed.before),
        "decisions": _decided(municipality).count(),
        "former": [
            (row, RANKING[row.state], _tells(row)[0]) for row in rows if row.state in ("replaced", "refused")
        ],
    }
    return render(request, "staff/rankings.html", context)


def _decided(municipality: Municipality):
    return queries.made(municipality).filter(state__in=["fits", "misfit", *ACTED])


def _weights(municipality: Municipality) -> dict[str, float]:
    """Those in use: what was adopted, else the product's own."""
    from dataclasses import asdict

    from musubi.matching.engine.matcher import Weights

    return asdict(ask.weights_of(municipality.pk) or Weights())


def _table(now: Mapping[str, float], proposed: Mapping[str, float] | None) -> dict:
    """For `parts/table.html`: what is looked at and how much it counts, today and as proposed."""
    heads = [_("見るもの"), _("いま")] + ([_("新しい案"), _("変わり方")] if proposed else [])
    always = _("土台(いつも同じ)")
    rows = [[_("文章の近さ"), always, *([always, "—"] if proposed else [])]]
    for name, (label, most) in WEIGHTS.items():
        before = now.get(name, 0.0) * most
        row = [str(label), effect(before)]
        if proposed:
            after = proposed.get(name, 0.0) * most
            row += [effect(after), change(before, after)]
        rows.append(row)
    return {"columns": [{"label": head} for head in heads], "rows": rows}


def effect(size: float) -> str:
    """How much something counts, in words."""
    if size < -LITTLE:
        return _("逆に見る")
    for least, words in ((STRONG, _("大きく見る")), (SOME, _("ほどほどに見る")), (LITTLE, _("少し見る"))):
        if size >= least:
            return words
    return _("見ない")


def change(before: float, after: float) -> str:
    if abs(after - before) < max(LITTLE, 0.1 * abs(before)):
        return _("ほぼ同じ")
    return _("強くなる") if after > before else _("弱くなる")


def _mrr(told: Mapping) -> float:
    return told.get("mrr") or 0.0


def _place(mrr: float | None) -> str:
    return f"{1 / mrr:.1f}" if mrr else "—"


def _tells(row: Ranking) -> list[str]:
    """What the trial on held-out decisions says, as sentences for people who rank nothing themselves."""
    before, after = row.before, row.after
    found = [
        _(
            "学習に使わなかった判断%(n)d件で試すと、最初に合う候補が出る位置の目安は、%(before)s番目から%(after)s番目になります。"
        )
        % {
            "n": after.get("decisions") or row.decisions,
            "before": _place(_mrr(before)),
            "after": _place(_mrr(after)),
        }
    ]
    if all(told.get("mrr_low") and told.get("mrr_high") for told in (before, after)):
        spread = _("件数によるぶれを見込むと、いまは%(now)s番目、新しい案は%(then)s番目です。") % {
            "now": _places(before),
            "then": _places(after),
        }
        if after["mrr_low"] <= before["mrr_high"]:
            spread += _("ぶれが重なっているため、はっきりした差とまでは言えません。")
        found.append(spread)
    if all("accuracy" in told for told in (before, after)):
        found.append(
            _("「合う」候補を「合わない」候補より上に並べられた割合は、%(before)sから%(after)sになります。")
            % {"before": _share(before), "after": _share(after)}
        )
    return found


def _places(told: Mapping) -> str:
    best, worst = _place(told["mrr_high"]), _place(told["mrr_low"])
    return best if best == worst else _("%(best)s〜%(worst)s") % {"best": best, "worst": worst}


def _share(told: Mapping) -> str:
    """79%(70〜86%)."""
    share = f"{100 * told['accuracy']:.0f}%"
    if told.get("low") is None or told.get("high") is None:
        return share
    return _("%(share)s(ぶれ%(low).0f〜%(high).0f%%)") % {
        "share": share,
        "low": 100 * told["low"],
        "high": 100 * told["high"],
    }


def _ranking(request, city: str, pk: int) -> tuple[Municipality, Ranking]:
    municipality = staff_city(request, city, Can.ADOPT_RANKING)
    return municipality, fetch(request, queries.rankings_of(municipality), pk=pk)


@require_POST
def learn(request, city: str):
    """Learn anew from what people decided; what comes of it is a proposal."""
    municipality = staff_city(request, city, Can.ADOPT_RANKING)
    if _decided(municipality).count() > MOST_DECISIONS:
        messages.info(
            request,
            _(
                "判断が%(n)d件を超えたため、画面では時間がかかります。運営者に「script/musubi fit-ranking %(city)s」の実行を頼んでください。"
            )
            % {"n": MOST_DECISIONS, "city": municipality.slug},
        )
        return redirect("staff-rankings", city)
    try:
        actions.propose_ranking(municipality)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("判断から学び直しました。試した結果を見て、採用するか決めてください。"))
    return redirect("staff-rankings", city)


@require_http_methods(["GET", "HEAD", "POST"])
def adopt(request, city: str, pk: int):
    municipality, row = _ranking(request, city, pk)
    form = NothingToFill(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.adopt_ranking(row, by=request.user)):
        messages.success(
            request, _("新しい順位づけを採用しました。次に候補を探し直すときから、この並べ方になります。")
        )
        return redirect("staff-rankings", city)
    return _act(
        request,
        municipality,
        row,
        form,
        title=_("この順位づけを採用する"),
        submit_label=_("採用する"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request, city: str, pk: int):
    municipality, row = _ranking(request, city, pk)
    form = NothingToFill(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.refuse_ranking(row, by=request.user)):
        messages.success(request, _("採用しないことを記録しました。いまの順位づけのまま続けます。"))
        return redirect("staff-rankings", city)
    return _act(
        request,
        municipality,
        row,
        form,
        title=_("この順位づけを採用しない"),
        submit_label=_("採用しない"),
        danger=True,
    )


def _act(request, municipality: Municipality, row: Ranking, form, **context):
    trail = [(_("候補の順位づけ"), reverse("staff-rankings", args=[municipality.slug]))]
    return act_page(request, municipality, form, trail=trail, lead=_tells(row)[0], **context)


urlpatterns = [
    path("", ranking_list, name="staff-rankings"),
    path("learn/", learn, name="staff-ranking-learn"),
    path("<int:pk>/adopt/", adopt, name="staff-ranking-adopt"),
    path("<int:pk>/refuse/", refuse, name="staff-ranking-refuse"),
]
