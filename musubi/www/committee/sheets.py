"""One sheet: the application beside it, points and words saved as they are typed, filed once; and stepping back."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from musubi.fund import actions
from musubi.fund.actions.screening import IN_STAGE
from musubi.fund.models import Assignment, Criterion, Score
from musubi.fund.states import Stage
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.people.models import Municipality
from musubi.www.committee.page import committee_city, own_sheet, own_sheets, page
from musubi.www.committee.shown import shown_for
from musubi.www.files import serve
from musubi.www.partner.typed import keeps_words

LONGEST_COMMENT = 4000
MOST_BUTTONS = 10


class SheetForm(forms.Form):
    """Points for each criterion of a stage, and words."""

    def __init__(self, *args, criteria: list[Criterion], **kwargs):
        super().__init__(*args, **kwargs)
        self.criteria = criteria
        for row in criteria:
            name = f"points_{row.pk}"
            wanted = _("0〜%(most)d点で入れてください。") % {"most": row.most}
            few = row.most <= MOST_BUTTONS
            self.fields[name] = forms.IntegerField(
                label=row.name,
                required=False,
                min_value=0,
                max_value=row.most,
                widget=forms.RadioSelect(choices=[(n, str(n)) for n in range(row.most + 1)])
                if few
                else forms.NumberInput(attrs={"inputmode": "numeric"}),
                error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), wanted),
            )
        self.fields["comment"] = forms.CharField(
            label=gettext_lazy("講評"),
            required=False,
            max_length=LONGEST_COMMENT,
            widget=forms.Textarea(attrs={"rows": 5}),
            help_text=gettext_lazy("よい点、足りない点、続けるための助言。事務局が審査の記録にまとめます。"),
        )

    @property
    def points(self) -> dict[int, int]:
        """What is given and can be, by criterion id."""
        given = {row.pk: self.cleaned_data.get(f"points_{row.pk}") for row in self.criteria}
        return {pk: points for pk, points in given.items() if points is not None}

    @property
    def rows(self) -> list[tuple[Criterion, forms.BoundField]]:
        return [(row, self[f"points_{row.pk}"]) for row in self.criteria]


@keeps_words
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request, city: str, pk: int):
    """Read the application and score it. `do` says what is sent: autosave, save, submit or reopen."""
    municipality = committee_city(request, city)
    row = own_sheet(request, municipality, pk)
    criteria = list(Criterion.objects.filter(edition=row.application.edition_id, stage=row.stage))
    if request.method == "POST":
        return _send(request, municipality, row, criteria)
    return _show(request, municipality, row, SheetForm(initial=_kept(row), criteria=criteria))


def _send(request, municipality: Municipality, row: Assignment, criteria: list[Criterion]):
    do = request.POST.get("do", "save")
    if do == "reopen":
        return _reopen(request, municipality, row)
    form = SheetForm(request.POST, criteria=criteria)
    whole = form.is_valid()
    if do == "autosave":
        return _autosave(request, row, form)
    # Nobody's filed sheet is taken back by an older window that is still open.
    if row.state == "scored" and do == "save":
        messages.info(request, _("この採点表は提出済みです。直すときは「採点を直す」を押してください。"))
        return redirect("committee-sheet", municipality.slug, row.pk)
    comment = form.cleaned_data.get("comment", row.comment)
    try:
        if not whole:
            raise Refused(_("点の入れ方を確かめてください。"))
        actions.score(row, by=request.user, points=form.points, comment=comment, submit=do == "submit")
    except NotAllowed as error:
        raise Http404 from error
    except Refused as error:
        if whole:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        return _show(request, municipality, row, form, status=422)
    if do != "submit":
        messages.success(request, _("保存しました。まだ提出していません。"))
        return redirect("committee-sheet", municipality.slug, row.pk)
    onward = own_sheets(request.user, municipality).filter(
        state="assigned", application__state__in=list(IN_STAGE.values())
    )
    left = onward.count()
    words = (
        _("採点を提出しました。残りは%(n)d件です。") % {"n": left}
        if left
        else _("採点を提出しました。これですべてです。ありがとうございました。")
    )
    messages.success(request, words)
    return redirect("committee", municipality.slug)


def _autosave(request, row: Assignment, form: SheetForm):
    """Keep what is right so far; the answer is one line of the page."""
    problem = ""
    if row.state == "scored":
        problem = _("この採点表は別の画面で提出されました。この画面の内容は保存していません。")
    else:
        try:
            comment = form.cleaned_data.get("comment", row.comment)
            actions.score(row, by=request.user, points=form.points, comment=comment, submit=False)
        except NotAllowed as error:
            raise Http404 from error
        except Refused as error:
            problem = str(error)
    context = {
        "problem": problem,
        "unsaved": [(form[name].label, errors[0]) for name, errors in form.errors.items()],
        "saved_time": f"{clock.now().astimezone(clock.TOKYO):%H:%M}",
    }
    return render(request, "committee/sheet.html#saved", context)


def _reopen(request, municipality: Municipality, row: Assignment):
    given = dict(Score.objects.filter(assignment=row).values_list("criterion", "points"))
    try:
        actions.score(row, by=request.user, points=given, comment=row.comment, submit=False)
    except NotAllowed as error:
        raise Http404 from error
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.info(request, _("採点を直せます。直したら、もう一度提出してください。"))
    return redirect("committee-sheet", municipality.slug, row.pk)


def _kept(row: Assignment) -> dict:
    given = Score.objects.filter(assignment=row).values_list("criterion", "points")
    return {"comment": row.comment, **{f"points_{pk}": points for pk, points in given}}


def _show(request, municipality: Municipality, row: Assignment, form: SheetForm, status: int = 200):
    is_open = row.application.state == IN_STAGE[Stage(row.stage)]
    weighted = [
        (criterion, form.initial.get(f"points_{criterion.pk}"), criterion.weight)
        for criterion in form.criteria
    ]
    given = [points * weight for _row, points, weight in weighted if points is not None]
    return page(
        request,
        municipality,
        "sheet",
        shown_for(row).title,
        status=status,
        sheet=row,
        stage=Stage(row.stage),
        shown=shown_for(row),
        form=form,
        is_open=is_open,
        is_filed=row.state == "scored" and status == 200,
        given=weighted,
        total=sum(given),
        full=sum(criterion.most * criterion.weight for criterion in form.criteria),
        slot=getattr(row.application, "slot", None),
        autosave_key=f"sheet-{row.pk}",
        interest_href=reverse("committee-sheet-interest", args=[municipality.slug, row.pk]),
    )


@require_safe
def paper(request, city: str, pk: int, paper: int):
    """A file of an application, after the same check as its page; 404 for every other."""
    municipality = committee_city(request, city)
    row = own_sheet(request, municipality, pk)
    found = next((each for each in shown_for(row).papers if each.pk == paper), None)
    if found is None:
        raise Http404
    return serve(found)
