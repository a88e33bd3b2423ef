"""What the person's organisations offer: list, write, publish, withdraw."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from musubi.lib.errors import Refused
from musubi.people.permissions import Can, authority
from musubi.people.queries import organisations_of
from musubi.solutions import actions
from musubi.solutions.models import Solution
from musubi.solutions.queries import for_cards
from musubi.solutions.states import SOLUTION
from musubi.www.access import fetch
from musubi.www.partner.forms_solutions import SolutionForm
from musubi.www.partner.matched import of_solution
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words

ROWS = 20
WORDS = ["title", "summary", "results", "needs", "cost"]


def solutions(request):
    """All solutions of the person's organisations, the newest first."""
    found = Paginator(for_cards(_own(request.user)), ROWS).get_page(request.GET.get("page"))
    return page(
        request,
        "solutions",
        _("ソリューション"),
        rows=found,
        items=[(row, SOLUTION[row.state]) for row in found],
        has_organisation=bool(authority(request.user).organisation_ids),
    )


@keeps_words
def new(request):
    """A solution is written for the first time: a draft, or published at once."""
    organisations = organisations_of(request.user)
    if not organisations:
        messages.info(request, _("はじめに、あなたの団体を登録してください。"))
        return redirect(reverse("my-organisation-new") + f"?next={request.path}")
    form = SolutionForm(request.POST or None, organisations=organisations)
    if request.method == "POST" and form.is_valid():
        try:
            solution = actions.draft_solution(
                form.cleaned_data["organisation"], by=request.user, **_words(form)
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return _saved(request, solution)
    return _show(request, _("ソリューションを登録する"), form)


@keeps_words
def edit(request, pk):
    """A solution is changed; a published one shows the new words at once."""
    solution = fetch(request, _own(request.user), Can.WRITE_SOLUTION, pk=pk)
    initial = {name: getattr(solution, name) for name in WORDS} | {
        "goals": [goal.pk for goal in solution.goals.all()],
        "fields_of_work": [field.pk for field in solution.fields.all()],
    }
    form = SolutionForm(request.POST or None, initial=initial)
    title = solution.title
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_solution(solution, by=request.user, **_words(form))
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return _saved(request, solution)
    return _show(request, title, form, solution)


@require_POST
def withdraw(request, pk):
    """The solution goes off the public pages; it can be published again at any time."""
    solution = fetch(request, _own(request.user), Can.WRITE_SOLUTION, pk=pk)
    actions.withdraw_solution(solution, by=request.user)
    messages.success(request, _("「%(title)s」を公開から外しました。") % {"title": solution.title})
    return redirect("my-solution", solution.pk)


def _saved(request, solution: Solution):
    """Where the button asked for it, the saved words go public as well."""
    said = _("「%(title)s」を保存しました。")
    if request.POST.get("do") == "publish" and solution.state != "published":
        try:
            actions.publish_solution(solution, by=request.user)
        except Refused as refusal:
            messages.success(request, said % {"title": solution.title})
            messages.error(request, str(refusal))
            return redirect("my-solution", solution.pk)
        said = _("「%(title)s」を公開しました。")
    messages.success(request, said % {"title": solution.title})
    return redirect("my-solution", solution.pk)


def _words(form: SolutionForm) -> dict:
    clean = form.cleaned_data
    return {name: clean[name] for name in WORDS} | {
        "goals": clean["goals"],
        "fields": clean["fields_of_work"],
    }


def _show(request, title: str, form: SolutionForm, solution: Solution | None = None):
    return page(
        request,
        "solution",
        title,
        crumbs=[(_("ソリューション"), reverse("my-solutions"))],
        form=form,
        solution=solution,
        state=SOLUTION[solution.state] if solution else None,
        found=of_solution(request.user, solution) if solution and solution.state == "published" else None,
        status=422 if request.method == "POST" else 200,
    )


def _own(user):
    mine = authority(user).organisation_ids
    return Solution.objects.filter(organisation__in=mine).order_by(
        F("published_at").desc(nulls_first=True), "-id"
    )
