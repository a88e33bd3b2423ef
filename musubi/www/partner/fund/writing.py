"""Writing an application together. It saves itself, works without a script, and tells the older window (`saving`)."""

from uuid import uuid4

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import actions
from musubi.fund.actions.applying import REPRESENTATIVE, SUMS, TEXTS
from musubi.fund.budget import problems
from musubi.fund.eligibility import checks
from musubi.fund.models import Application
from musubi.fund.rules import is_open, may_be_written
from musubi.fund.states import Phase
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.people.models import Organisation
from musubi.www.partner.fund.costs import CostRows
from musubi.www.partner.fund.forms import ApplicationForm, initial_of
from musubi.www.partner.fund.own import own, page
from musubi.www.partner.fund.papers import PapersForm
from musubi.www.partner.fund.saving import Window, gone, number, saved_words
from musubi.www.partner.typed import keeps_words


@keeps_words
def edit(request, pk):
    """The form of a draft, or of one returned for correction."""
    application = own(request, pk)
    if not may_be_written(application):
        if request.POST.get("do") == "autosave":
            return gone(
                request,
                _("この申請は別の画面で送られました。この画面の内容は保存していません。"),
                reverse("my-fund-application", args=[pk]),
            )
        messages.info(request, _("この申請は、いまは書き直せません。"))
        return redirect("my-fund-application", pk)
    writing = Writing(request, application)
    return writing.save() if request.method == "POST" else writing.show()


class Writing(Window):
    """One window in which an application is written: its form, its budget, its files, and what saving comes to."""

    sums_template = "partner/fund/reckoned.html"

    def __init__(self, request, application: Application):
        super().__init__(request)
        self.application, self.version = application, application.version
        self.autosave_key = f"application-{application.pk}"
        self.edit_href = reverse("my-fund-edit", args=[application.pk])
        self.form = ApplicationForm(application=application, initial=initial_of(application))
        self.costs = CostRows.stored(application, Phase.PLAN)
        self.papers = self.files()

    def files(self, *data) -> PapersForm:
        return PapersForm(*data, application=self.application)

    def take(self, data) -> None:
        self.form = ApplicationForm(data, application=self.application)
        self.costs = CostRows.typed(self.application.edition, data)

    def keep_words(self, version: int) -> None:
        actions.save_application(
            self.application,
            by=self.request.user,
            version=version,
            costs=self.costs.words() if self.costs.is_valid else None,
            **self.form.words(),
        )
        self.application.refresh_from_db()
        self.version = self.application.version

    def after(self, do: str):
        if do == "check":
            return redirect("my-fund-check", self.application.pk)
        messages.success(self.request, saved_words())
        return redirect(self.edit_href + ("#papers" if do == "detach" else ""))

    def show(self, status: int = 200, **more):
        application = self.application
        again = application.state == "returned"
        return page(
            self.request,
            "edit",
            _("申請を直す") if again else _("申請を書く"),
            application=application,
            status=status,
            form=self.form,
            costs=self.costs,
            papers=self.papers,
            paper_rows=self.papers.shown(),
            skipped=self.skipped(),
            wrong=self.wrong(),
            key=uuid4(),
            steps=steps_of(application, "write"),
            remarks=application.remarks if again else "",
            correct_by=application.correct_by if again else None,
            closes_at=None if again else application.call.closes_at,
            is_open=again or is_open(application.call),
            saved_at=application.saved_at,
            public=public_of(application),
            checks=[
                check
                for check in checks(application.edition, application.organisation, on=clock.today())
                if check.holds is not True
            ],
            **{**self.line(), **self.sums(), **more},
        )

    def sums(self) -> dict:
        """The budget's sums and what the terms give for it, for the page and for a save in the background."""
        money = self._money()
        mine = ["own_money", "other_grants", "income"]
        terms = {name: money[name] for name in ("other_grants", "income", "deductible_tax")}
        income = money["requested"] + sum(money[name] for name in mine)
        return {
            "reckoned": self.costs.lines(self.application, **terms) if self.costs.total else [],
            "total": self.costs.total,
            "income": income,
            "difference": income - self.costs.total,
            "gap": abs(income - self.costs.total),
        }

    def _money(self) -> dict[str, int]:
        """The sums as they stand in this window; where one cannot be read, as they were saved."""
        typed = getattr(self.form, "cleaned_data", {}) if self.form.is_bound else {}
        return {name: typed.get(name, getattr(self.application, name)) for name in SUMS}

    def older(self):
        """Another window or a colleague saved first: nothing is written, and both versions show."""
        stored = own(self.request, self.application.pk)
        if not may_be_written(stored):
            messages.info(self.request, _("この申請は、別の画面で送られました。"))
            return redirect("my-fund-application", stored.pk)
        differing = self._differing(stored)
        self.application = stored
        # The window stays the older one until the person decides.
        self.version = number(self.request.POST.get("version", ""))
        return self.show(status=409, differing=differing, stored=stored, newest=stored.version)

    def _differing(self, stored: Application) -> list[tuple[str, str]]:
        """(label, what is saved) where it is not what this window says."""
        typed = self.form.words()
        found = []
        for name in [*REPRESENTATIVE, *TEXTS]:
            if name in typed and typed[name].split() != getattr(stored, name).split():
                found.append((self.form[name].label, getattr(stored, name)))
        for name in SUMS:
            if name in typed and typed[name] != getattr(stored, name):
                found.append((self.form[name].label, f"{getattr(stored, name):,}"))
        if "goals" in typed:
            goals = list(stored.goals.all())
            if {goal.pk for goal in goals} != {goal.pk for goal in typed["goals"]}:
                found.append((self.form["goals"].label, "、".join(goal.display_name for goal in goals)))
        return found + self.differing_costs(Phase.PLAN, _("経費"))


# Where on the form something that stands against filing is put right.
_PLACES = {"costs": "costs", "papers": "papers"}


@keeps_words
def check(request, pk):
    """The page before filing: the whole application as it will be read, and each thing that is not right, with where."""
    application = own(request, pk)
    if application.state not in ("draft", "returned"):
        return redirect("my-fund-receipt" if application.ref else "my-fund-application", pk)
    again = application.state == "returned"
    problem, status = "", 200
    if request.method == "POST":
        try:
            actions.file_application(
                application, by=request.user, version=number(request.POST.get("version", ""))
            )
        except Refused as refusal:
            # A double click: the first of the two has sent it.
            if Application.objects.filter(pk=pk).exclude(state__in=["draft", "returned"]).exists():
                return redirect("my-fund-receipt", pk)
            application = own(request, pk)
            problem, status = str(refusal), 422
        else:
            return redirect("my-fund-receipt", pk)
    edit_href = reverse("my-fund-edit", args=[pk])
    found = []
    for each in problems(application):
        if each.field == "organisation":
            href = reverse("my-organisation", args=[application.organisation_id])
        else:
            href = f"{edit_href}#{_PLACES.get(each.field, 'id_' + each.field)}"
        found.append((href, each.words))
    return page(
        request,
        "check",
        _("送る前の確認"),
        application=application,
        status=status,
        again=again,
        steps=steps_of(application, "check"),
        problems=found,
        problem="" if problem in [words for _href, words in found] else problem,
        is_open=again or is_open(application.call),
        **content_of(application),
    )


def content_of(application: Application) -> dict:
    """What `partner/fund/words.html` shows of an application."""
    costs = CostRows.stored(application, Phase.PLAN)
    income = [
        (str(Application._meta.get_field(name).verbose_name).removesuffix("(円)"), getattr(application, name))
        for name in ("requested", "own_money", "other_grants", "income")
    ]
    return {
        "costs": costs,
        "income_rows": income,
        "income": sum(yen for _label, yen in income),
        "total": costs.total,
        "reckoned": costs.lines(application) if costs.total else [],
        "texts": [
            (Application._meta.get_field(name).verbose_name, getattr(application, name)) for name in TEXTS[1:]
        ],
        "goals": list(application.goals.all()),
        "handed_in": list(application.papers.filter(for_report=False).select_related("required")),
    }


def public_of(application: Application) -> list[tuple[str, str]]:
    """[(when, what)] that everybody can read of it, as `shown.told` and the page of an award tell."""
    is_person = application.organisation.kind == Organisation.Kind.SOLE
    if application.edition.is_blind or is_person:
        received = _("整理番号と申請額だけ。団体名と事業名は出ません。")
    else:
        received = _("整理番号、団体名、事業名、申請額、審査の結果")
    granted = _(
        "団体名と種別、事業名、目的と地域の課題、SDGsゴール、申請額と交付額、交付の理由と条件、支払と成果"
    )
    return [
        (_("受付の終了のあと"), received),
        (_("交付が決まったとき"), granted),
        (_("公開されないもの"), _("代表者、そのほかの文章、経費の内訳、添付した書類")),
    ]


def steps_of(application: Application, here: str) -> list[dict]:
    """For `parts/steps.html`: writing, checking, sending."""
    names = {"write": _("内容を書く"), "check": _("送る前の確認"), "send": _("送る")}
    found, done = [], True
    for name, label in names.items():
        done = done and name != here
        state = "current" if name == here else "done" if done else "todo"
        href = reverse("my-fund-edit", args=[application.pk]) if name == "write" and here == "check" else ""
        found.append({"label": label, "state": state, "href": href})
    return found
