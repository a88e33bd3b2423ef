"""Writing an application together. It saves itself, works without a script, and tells the older window.

One form serves the whole of it; its buttons say what to do after saving (`do`): nothing more, go on to the check, take a
file off. The page carries `version`, that of what it shows: what was saved since by another window or a colleague makes
the save stop, and both versions show.
"""

from uuid import UUID, uuid4

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import actions
from musubi.fund.actions.applying import SUMS, TEXTS
from musubi.fund.budget import problems
from musubi.fund.eligibility import checks
from musubi.fund.models import Application
from musubi.fund.rules import is_open, may_be_written
from musubi.fund.states import Phase
from musubi.lib import clock
from musubi.lib.errors import Conflict, Refused
from musubi.www.partner.fund.costs import CostRows
from musubi.www.partner.fund.forms import ApplicationForm, initial_of
from musubi.www.partner.fund.own import own, page
from musubi.www.partner.fund.papers import PapersForm, take_off
from musubi.www.partner.page import add_refusal
from musubi.www.partner.typed import keeps_words


@keeps_words
def edit(request, pk):
    """The form of a draft, or of one returned for correction."""
    application = own(request, pk)
    if not may_be_written(application):
        if request.POST.get("do") == "autosave":
            return render(request, "partner/fund/saved.html", {"gone": application})
        messages.info(request, _("この申請は、いまは書き直せません。"))
        return redirect("my-fund-application", pk)
    writing = Writing(request, application)
    return writing.save() if request.method == "POST" else writing.show()


class Writing:
    """One window in which an application is written: its form, its budget, its files, and what saving comes to."""

    def __init__(self, request, application: Application):
        self.request, self.application = request, application
        self.form = ApplicationForm(application=application, initial=initial_of(application))
        self.costs = CostRows.stored(application, Phase.PLAN)
        self.papers = PapersForm(application=application)

    def save(self):
        """Keep the words, then do what the button says."""
        data = self.request.POST
        do, _colon, subject = data.get("do", "save").partition(":")
        quiet = do == "autosave"
        self.form = ApplicationForm(data, application=self.application)
        self.costs = CostRows.typed(self.application.edition, data)
        self.papers = PapersForm(data, None if quiet else self.request.FILES, application=self.application)
        whole = self.form.is_valid() and self.costs.is_valid
        try:
            self._keep_words(_number(data.get("newest" if do == "overwrite" else "version", "")))
        except Conflict:
            return self._older_window(quiet)
        except Refused as refusal:
            add_refusal(self.form, refusal)
            whole = False
        else:
            if not quiet:
                whole = self._keep_papers(_key(data.get("key", ""))) and whole
                if do == "detach":
                    whole = self._take_off(subject) and whole
        if quiet:
            return self._tell_saved(whole)
        if not whole:
            return self.show(status=422)
        if do == "check":
            return redirect("my-fund-check", self.application.pk)
        messages.success(self.request, _("%(time)s に保存しました。") % {"time": self._time()})
        place = "#papers" if do == "detach" else ""
        return redirect(reverse("my-fund-edit", args=[self.application.pk]) + place)

    def _keep_words(self, version: int) -> None:
        actions.save_application(
            self.application,
            by=self.request.user,
            version=version,
            costs=self.costs.words() if self.costs.is_valid else None,
            **self.form.words(),
        )
        self.application.refresh_from_db()

    def _keep_papers(self, key: UUID | None) -> bool:
        return self.papers.is_valid() and self.papers.store(by=self.request.user, key=key)

    def _take_off(self, text: str) -> bool:
        try:
            take_off(self.application, text, by=self.request.user)
        except Refused as refusal:
            self.form.add_error(None, str(refusal))
            return False
        return True

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
            skipped=",".join(["newest", *self.papers.fields]),
            key=uuid4(),
            steps=steps_of(application, "write"),
            remarks=application.remarks if again else "",
            correct_by=application.correct_by if again else None,
            closes_at=None if again else application.call.closes_at,
            is_open=again or is_open(application.call),
            checks=[
                check
                for check in checks(application.edition, application.organisation, on=clock.today())
                if check.holds is not True
            ],
            autosave_key=f"application-{application.pk}",
            **{"version": application.version, **self._sums(), **more},
        )

    def _sums(self) -> dict:
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

    def _older_window(self, quiet: bool):
        """Another window or a colleague saved first: nothing is written, and both versions show."""
        stored = own(self.request, self.application.pk)
        if quiet:
            seen = self.request.POST.get("version", "")
            return render(self.request, "partner/fund/saved.html", {"older": True, "version": seen})
        if not may_be_written(stored):
            messages.info(self.request, _("この申請は、別の画面で送られました。"))
            return redirect("my-fund-application", stored.pk)
        differing = self._differing(stored)
        self.application = stored
        return self.show(
            status=409,
            differing=differing,
            stored=stored,
            newest=stored.version,
            # The window stays the older one until the person decides.
            version=_number(self.request.POST.get("version", "")),
        )

    def _differing(self, stored: Application) -> list[tuple[str, str]]:
        """(label, what is saved) where it is not what this window says."""
        typed = self.form.words()
        found = []
        for name in TEXTS:
            if name in typed and typed[name].split() != getattr(stored, name).split():
                found.append((self.form[name].label, getattr(stored, name)))
        for name in SUMS:
            if name in typed and typed[name] != getattr(stored, name):
                found.append((self.form[name].label, f"{getattr(stored, name):,}"))
        if "goals" in typed:
            goals = list(stored.goals.all())
            if {goal.pk for goal in goals} != {goal.pk for goal in typed["goals"]}:
                found.append((self.form["goals"].label, "、".join(goal.display_name for goal in goals)))
        there = CostRows.stored(stored, Phase.PLAN)
        if [(r.category, r.label, r.yen) for r in there.rows] != [
            (r.category, r.label, r.yen) for r in self.costs.rows
        ]:
            lines = [f"{r.category_name} {r.label} {r.shown}円" for r in there.rows]
            found.append((_("経費"), "\n".join(lines)))
        return found

    def _tell_saved(self, whole: bool):
        """The line under the form and the sums, for a save in the background."""
        problems = [(field.label, error) for field in self.form for error in field.errors]
        problems += [("", error) for error in self.form.non_field_errors()] + self.costs.errors
        response = render(
            self.request,
            "partner/fund/saved.html",
            {
                "application": self.application,
                "version": self.application.version,
                "problems": problems,
                "saved_time": self._time(),
                "autosave_key": f"application-{self.application.pk}",
                "edition": self.application.edition,
                "oob": True,
                **self._sums(),
            },
        )
        if whole and not problems:
            response["X-Saved"] = "1"
        return response

    def _time(self) -> str:
        return f"{self.application.saved_at.astimezone(clock.TOKYO):%H:%M}"


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
                application, by=request.user, version=_number(request.POST.get("version", ""))
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
        (Application._meta.get_field(name).verbose_name, getattr(application, name))
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


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
