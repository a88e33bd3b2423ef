"""Saved searches: what the person wants to be told of every week, and what each finds now."""

from collections.abc import Sequence
from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from musubi.challenges.models import Challenge
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.lib.text import normalise
from musubi.lib.workdays import is_workday
from musubi.matching import actions, queries, reasons, searching
from musubi.matching.models import SavedSearch, WeeklyDigest
from musubi.matching.notices import WEEKLY
from musubi.matching.rules import MOST_SEARCHES, MOST_TEXT
from musubi.notify.queries import who_want_mail
from musubi.people.models import Municipality, Organisation
from musubi.people.permissions import Can, authority
from musubi.people.queries import organisations_of
from musubi.plan.models import Field, Goal
from musubi.plan.queries import field_choices
from musubi.www.access import fetch
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import SdgGoalPicker
from musubi.www.kept import SLUG
from musubi.www.partner.matched import until
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words
from musubi.www.templatetags.pieces import GOALS

FIRST, MOST, USUAL = 5, 20, 5
# More boxes than these nobody looks through: then only those the organisation has to do with are offered.
OFFERED = 60


class SearchForm(forms.Form):
    """What is looked for: words, goals, fields, municipalities; at least one of them."""

    organisation = forms.ModelChoiceField(
        label=_("団体"), queryset=Organisation.objects.none(), empty_label=None
    )
    name = forms.CharField(
        label=gettext_lazy("検索の名前"),
        max_length=60,
        help_text=gettext_lazy("お知らせに添えます。例: 海岸の仕事"),
    )
    text = forms.CharField(
        label=gettext_lazy("探していること"),
        max_length=MOST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "言葉を並べても、文章でもかまいません。近い意味の言葉も探します。例: 海岸のごみを減らす、分別を楽にする"
        ),
    )
    goals = RowsField(
        label=gettext_lazy("SDGsゴール"),
        queryset=Goal.objects.all(),
        required=False,
        widget=SdgGoalPicker,
        help_text=gettext_lazy("いくつか選ぶと、どれか一つでもあてはまる課題を探します。"),
    )
    fields_of_work = RowsField(
        label=gettext_lazy("分野"),
        queryset=Field.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    municipalities = RowsField(
        label=gettext_lazy("自治体"),
        queryset=Municipality.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("選ばなければ、すべての自治体から探します。"),
    )
    most = forms.IntegerField(
        label=gettext_lazy("1回に知らせる件数の上限"),
        min_value=1,
        max_value=MOST,
        initial=USUAL,
        help_text=gettext_lazy("1から20まで。新しい課題がない週は、何も届きません。"),
    )

    def __init__(self, *args, organisations=None, cities, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["municipalities"].queryset = cities
        if organisations is None:
            del self.fields["organisation"]
            return
        self.fields["organisation"].queryset = organisations
        if len(organisations) == 1:
            self.fields["organisation"].widget = forms.HiddenInput()
            self.fields["organisation"].initial = organisations[0].pk

    def typed(self) -> dict:
        """What is looked for in the form as it is now, as `save_search` takes it: everything that is valid."""
        if not self.is_bound:
            given = self.initial
            return {
                "text": given.get("text", ""),
                "goals": given.get("goals", []),
                "fields": given.get("fields_of_work", []),
                "municipalities": given.get("municipalities", []),
            }
        self.is_valid()
        clean = self.cleaned_data
        return {
            "text": clean.get("text", ""),
            "goals": [row.pk for row in clean.get("goals", ())],
            "fields": [row.pk for row in clean.get("fields_of_work", ())],
            "municipalities": [row.pk for row in clean.get("municipalities", ())],
        }

    def words(self) -> dict:
        """A valid form, as `save_search` takes it."""
        return {**self.typed(), "name": self.cleaned_data["name"], "most": self.cleaned_data["most"]}


def searches(request):
    """The person's saved searches, and when the next digest comes."""
    rows = list(queries.searches_of(request.user))
    return page(
        request,
        "searches",
        _("保存した検索"),
        crumbs=[(_("合いそうな課題"), reverse("my-matches"))],
        rows=rows,
        most=MOST_SEARCHES,
        next_on=next_digest_on(request.user),
        by_mail=bool(who_want_mail(WEEKLY, [request.user.pk])),
        is_full=len(rows) >= MOST_SEARCHES,
        has_organisation=bool(authority(request.user).organisation_ids),
        several=len(authority(request.user).organisation_ids) > 1,
    )


@keeps_words
def new(request):
    """A search is made; from a list of challenges with what that was narrowed by."""
    organisations = organisations_of(request.user)
    if not organisations:
        messages.info(request, _("はじめに、あなたの団体を登録してください。"))
        return redirect(reverse("my-organisation-new") + f"?next={request.path}")
    asked = asked_of(request)
    cities = cities_for(organisations, asked.get("municipalities", ()))
    form = SearchForm(request.POST or None, initial=asked, organisations=organisations, cities=cities)
    if wants_to_keep(request) and form.is_valid():
        try:
            search = actions.save_search(form.cleaned_data["organisation"], by=request.user, **form.words())
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(
                request, _("検索「%s」を保存しました。新しい課題を週に一度お知らせします。") % search.name
            )
            return redirect("my-searches")
    return show(request, _("検索を保存する"), form, organisations=organisations)


@keeps_words
def edit(request, pk):
    """A search is changed."""
    search = fetch(request, queries.searches_of(request.user), Can.ANSWER_SUGGESTION, pk=pk)
    initial = {
        "name": search.name,
        "text": search.text,
        "most": search.most,
        "goals": [row.pk for row in search.goals.all()],
        "fields_of_work": [row.pk for row in search.fields.all()],
        "municipalities": [row.pk for row in search.municipalities.all()],
    }
    cities = cities_for([search.organisation], initial["municipalities"])
    form = SearchForm(request.POST or None, initial=initial, cities=cities)
    title = search.name
    if wants_to_keep(request) and form.is_valid():
        try:
            actions.change_search(search, by=request.user, is_active=search.is_active, **form.words())
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("検索「%s」を保存しました。") % search.name)
            return redirect("my-searches")
    return show(request, title, form, organisations=[search.organisation], search=search)


@require_POST
def act(request, pk):
    """Stop being told of a search, be told again, or drop it."""
    search = fetch(request, queries.searches_of(request.user), Can.ANSWER_SUGGESTION, pk=pk)
    name, do = search.name, request.POST.get("do", "")
    if do == "drop":
        actions.drop_search(search, by=request.user)
        messages.success(request, _("検索「%s」を消しました。") % name)
    elif do in ("stop", "resume"):
        actions.change_search(
            search,
            by=request.user,
            name=name,
            text=search.text,
            goals=[row.pk for row in search.goals.all()],
            fields=[row.pk for row in search.fields.all()],
            municipalities=[row.pk for row in search.municipalities.all()],
            most=search.most,
            is_active=do == "resume",
        )
        said = (
            _("検索「%s」のお知らせを再開しました。")
            if do == "resume"
            else _("検索「%s」のお知らせを止めました。いつでも再開できます。")
        )
        messages.success(request, said % name)
    return redirect("my-searches")


@require_POST
def preview(request):
    """What the words typed so far find: what the page asks for while somebody types."""
    organisations = list(organisations_of(request.user))
    cities = Municipality.objects.all()
    form = SearchForm(request.POST, organisations=organisations_of(request.user), cities=cities)
    found = finds(form, organisation_of(form, organisations)) if organisations else {}
    return render(request, "partner/search_found.html", {"found": found})


def next_digest_on(user) -> date:
    """The day of the person's next digest: the first business day of a week for which none was written yet."""
    day = clock.today()
    monday = day - timedelta(days=day.weekday())
    if WeeklyDigest.objects.filter(user=user, week=monday).exists():
        day = monday + timedelta(days=7)
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def wants_to_keep(request) -> bool:
    """Looking at what is found keeps nothing."""
    return request.method == "POST" and request.POST.get("do") != "look"


def show(request, title: str, form: SearchForm, *, organisations, search: SavedSearch | None = None):
    looked = request.method == "POST" and not wants_to_keep(request)
    found = finds(form, organisation_of(form, list(organisations)))
    if looked:
        # Nothing was to be kept: what is still missing is not an error yet.
        form._errors = {}
    return page(
        request,
        "search",
        title,
        crumbs=[
            (_("合いそうな課題"), reverse("my-matches")),
            (_("保存した検索"), reverse("my-searches")),
        ],
        form=form,
        search=search,
        found=found,
        status=422 if request.method == "POST" and not looked else 200,
    )


def asked_of(request) -> dict:
    """A list's address as the form's initial values: `q`, `goal`, `field` and `city`, as the public list has them.
    What makes no sense counts as not given."""
    given = request.GET.getlist
    text = normalise(request.GET.get("q", ""))[:MOST_TEXT]
    asked = {"text": text, "most": USUAL}
    names = [f"「{text[:30]}」"] if text else []
    if goals := [number for number in GOALS if str(number) in given("goal")]:
        asked["goals"] = goals
        names += [_("ゴール%s") % number for number in goals]
    if fields := [(code, name) for code, name in field_choices() if code in given("field")]:
        asked["fields_of_work"] = [code for code, _name in fields]
        names += [name for _code, name in fields]
    slugs = [slug for slug in given("city") if SLUG.fullmatch(slug)]
    if cities := list(Municipality.objects.filter(slug__in=slugs)):
        asked["municipalities"] = [row.pk for row in cities]
        names += [row.display_name for row in cities]
    return asked | {"name": " ".join(names)[:60]}


def cities_for(organisations, chosen: Sequence[int]):
    """The municipalities offered: all, or where there are too many those joined and those chosen already."""
    rows = Municipality.objects.all()
    if rows.count() <= OFFERED:
        return rows
    joined = rows.filter(members__organisation__in=organisations, members__state="active")
    return (joined | rows.filter(pk__in=chosen)).distinct()


def organisation_of(form: SearchForm, organisations: Sequence[Organisation]) -> Organisation:
    """Whose search it is: the one chosen in the form, or the first."""
    chosen = str(form["organisation"].value()) if "organisation" in form.fields else ""
    return next((row for row in organisations if str(row.pk) == chosen), organisations[0])


def finds(form: SearchForm, organisation: Organisation) -> dict:
    """For `partner/search_found.html`: what the form looks for, as it is now."""
    from musubi.matching.engine.index import Preparing

    wanted = form.typed()
    if not any(wanted.values()):
        return {"asked": False}
    try:
        found = searching.find(organisation, **wanted, limit=FIRST)
    except Preparing:
        return {"asked": True, "preparing": True}
    return {"asked": True, "items": [item_of(*one) for one in found]}


def item_of(challenge: Challenge, why: Sequence[dict]) -> dict:
    city = challenge.municipality
    return {
        "href": reverse("challenge", args=[city.slug, challenge.ref]),
        "title": challenge.title,
        "where": f"{city.display_name} {challenge.department.display_name}",
        "until": until(challenge),
        "reasons": [reasons.say(reason) for reason in why] or [_("選んだ自治体の、募集中の課題です")],
    }
