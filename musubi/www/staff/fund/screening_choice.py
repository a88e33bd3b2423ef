"""What if: so much money, by earmark. Who is awarded down the ranking, and which set spends it best."""

from django import forms
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from musubi.fund.choosing import Choice, best, by_rank
from musubi.fund.models import Application, Call, Pot
from musubi.fund.purse import PARTS, candidates, pots_of, speaks_of
from musubi.fund.ranking import standings
from musubi.fund.states import Earmark, Stage
from musubi.www.forms.fields import YenField
from musubi.www.staff.fund.frame import may_manage
from musubi.www.staff.fund.screening_frame import call_of, call_page
from musubi.www.staff.fund.screening_ranking import share_words

# The search stops here, proven or not: somebody waits for the page.
SECONDS = 8
THEMES = [
    ("words", gettext_lazy("テーマの言葉が申請書にある申請にだけ使う")),
    ("all", gettext_lazy("どの申請にも使う")),
    ("none", gettext_lazy("使わない")),
]


class MoneyForm(forms.Form):
    """So much from each pot (empty: all that is free), at most so much together, and so many in reserve."""

    line = YenField(
        label=gettext_lazy("予算の枠(円)"),
        required=False,
        help_text=gettext_lazy(
            "すべての財源を合わせて、ここまでにします。空けておくと、下の財源をすべて使います。"
        ),
    )
    reserves = forms.IntegerField(
        label=gettext_lazy("補欠にする件数"), required=False, min_value=0, max_value=1000, initial=0
    )

    def __init__(self, data, pots: list[Pot]):
        super().__init__(data, auto_id="money_%s")
        for pot in pots:
            self.fields[f"pot_{pot.pk}"] = YenField(
                label=_("%(pot)s(円)") % {"pot": pot},
                required=False,
                help_text=_("いま使える額 %(yen)s円") % {"yen": f"{pot.available:,}"},
            )
            if pot.earmark == Earmark.THEME:
                self.fields[f"theme_{pot.pk}"] = forms.ChoiceField(
                    label=_("テーマ「%(pot)s」の財源") % {"pot": pot}, choices=THEMES, required=False
                )

    def money(self, pots: list[Pot]) -> dict[int, int]:
        """Pot id → yen."""
        found = {}
        for pot in pots:
            typed = self.cleaned_data.get(f"pot_{pot.pk}")
            found[pot.pk] = pot.available if typed is None else typed
        return found

    def themes(self, pots: list[Pot]) -> dict[int, str]:
        return {
            pot.pk: self.cleaned_data.get(f"theme_{pot.pk}") or "words"
            for pot in pots
            if pot.earmark == Earmark.THEME
        }


@require_safe
def choice(request, city: str, ref: str):
    municipality, call = call_of(request, city, ref)
    pots = pots_of(call)
    asked = request.GET if any(name in request.GET for name in ("line", "solve")) else None
    form = MoneyForm(asked, pots)
    ok = form.is_valid() if form.is_bound else True
    if not form.is_bound:
        form.cleaned_data = {}
    applications = {
        row.pk: row
        for row in Application.objects.filter(call=call, state="second_passed")
        .select_related("organisation")
        .prefetch_related("goals")
    }
    ranked = [one for one in standings(call, Stage.SECOND) if one.application in applications]
    plain = found = None
    money: dict[int, int] = {}
    line = form.cleaned_data.get("line")
    if ok and ranked:
        money = form.money(pots)
        choices = candidates(ranked, applications, call, pots, form.themes(pots))
        plain = by_rank(choices, money, line=line)
        if request.GET.get("solve"):
            found = best(choices, money, line=line, seconds=SECONDS)
    reserves = form.cleaned_data.get("reserves") or 0
    rows = []
    left = {"plain": reserves, "best": reserves}
    for one in ranked:
        row = {
            "application": applications[one.application],
            "place": one.place,
            "share": share_words(one.share),
            "themes": [
                str(pot)
                for pot in pots
                if pot.earmark == Earmark.THEME and speaks_of(applications[one.application], pot.theme)
            ],
        }
        for name, chosen in (("plain", plain), ("best", found)):
            row[name] = _cell(chosen, one.application, pots, municipality, row["application"], left, name)
        row["differs"] = found is not None and (one.application in plain.shares) != (
            one.application in found.shares
        )
        rows.append(row)
    return call_page(
        request,
        municipality,
        call,
        "choice",
        _("財源の配分を試す"),
        here="choice",
        form=form,
        rows=rows,
        plain=_summary(plain, money, line),
        best=_summary(found, money, line),
        same=found is not None and set(plain.shares) == set(found.shares),
        none=None if rows else _none(call),
        pots=[(pot, money.get(pot.pk, 0), _spent(plain, pot), _spent(found, pot)) for pot in pots],
        seconds=SECONDS,
        may_act=may_manage(request, municipality) and call.state == "screening",
        status=200 if ok else 422,
    )


def _none(call: Call) -> tuple[str, str]:
    """Why there is nothing to choose among: a title, and what to do."""
    if call.state == "released":
        return (
            _("結果は発表済みです"),
            _("この募集の配分は、もう決まっています。決めた内容は「決定と発表」で確かめられます。"),
        )
    if call.state == "cancelled":
        return _("この募集は中止しました"), _("交付する申請はありません。")
    before = ["submitted", "returned", "checked", "first_passed"]
    if call.state == "screening" and not Application.objects.filter(call=call, state__in=before).exists():
        return (
            _("第二次審査を通過した申請はありません"),
            _("審査の結果は、すべて決まっています。「決定と発表」に進んでください。"),
        )
    return (
        _("第二次審査を通過した申請がまだありません"),
        _("第二次審査の結果を決めると、ここで財源の配分を試せます。"),
    )


def _cell(
    chosen: Choice | None, pk: int, pots, municipality, application, left: dict, name: str
) -> dict | None:
    """What a set means for one application: its shares and the form that prepares it, or a place in reserve."""
    if chosen is None:
        return None
    shares = chosen.shares.get(pk)
    if shares is None:
        outcome = "reserve" if left[name] > 0 else "not_awarded"
        left[name] -= outcome == "reserve"
        words = {"outcome": outcome}
    else:
        outcome = "awarded"
        words = {"outcome": "awarded", "yen": sum(shares.values())}
        words |= {f"pot_{pot}": yen for pot, yen in shares.items()}
    href = reverse("staff-fund-decision", args=[municipality.slug, application.ref])
    return {
        "outcome": outcome,
        "yen": sum(shares.values()) if shares else 0,
        "shares": [(pot, shares[pot.pk]) for pot in pots if shares and pot.pk in shares],
        "href": f"{href}?{urlencode(words)}",
    }


def _summary(chosen: Choice | None, money: dict[int, int], line: int | None) -> dict | None:
    if chosen is None:
        return None
    held = sum(money.values())
    return {
        "count": len(chosen.shares),
        "yen": chosen.yen,
        "left": (held if line is None else min(held, line)) - chosen.yen,
        "points": f"{chosen.points // (PARTS // 100)}.{chosen.points % (PARTS // 100):02d}",
        "proven": chosen.proven,
    }


def _spent(chosen: Choice | None, pot: Pot) -> int | None:
    if chosen is None:
        return None
    return sum(shares.get(pot.pk, 0) for shares in chosen.shares.values())


urlpatterns = [path("<str:ref>/choice/", choice, name="staff-fund-choice")]
