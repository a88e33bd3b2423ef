"""通知書: the letters of an application, a contribution or a call, and how the municipality writes each kind."""

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.fund.letters import actions
from musubi.fund.letters.files import MEDIA_TYPES
from musubi.fund.letters.issuing import (
    Letter,
    letter_for,
    letters_about,
    letters_of_call,
    letters_of_contribution,
)
from musubi.fund.letters.kinds import (
    BLOCKS,
    DEFAULTS,
    HANDED_IN,
    INTERNAL,
    MARGINS,
    ORDER,
    SENT,
    SIZE,
    LetterKind,
)
from musubi.fund.letters.paper import as_pdf
from musubi.fund.letters.reading import head_of
from musubi.fund.letters.samples import sample
from musubi.fund.letters.sheets import sheet_of
from musubi.fund.letters.styles import merged, styles_of
from musubi.fund.letters.word import as_word, template_for
from musubi.fund.models import Contribution, LetterBatch, LetterIssue, LetterStyle
from musubi.fund.queries import applications_to
from musubi.lib.errors import Refused
from musubi.people.models import Municipality
from musubi.people.permissions import Can
from musubi.www.access import fetch
from musubi.www.letter_files import answer, attachment
from musubi.www.staff.frame import act_page, attempt, posted, status_of
from musubi.www.staff.fund.frame import crumbs, fund_city, page
from musubi.www.staff.fund.screening_frame import inside_of

PART = "staff-fund-letters"
ALL = "all"
SIDES = {
    "top": gettext_lazy("上"),
    "right": gettext_lazy("右"),
    "bottom": gettext_lazy("下"),
    "left": gettext_lazy("左"),
}
# What the secretariat makes of a whole call at once.
BATCHED = [kind for kind in LetterKind if kind not in INTERNAL and not kind.startswith("gift")]


# --- the letters there are -------------------------------------------------------------------------------------------


def _rows(letters: list[Letter], url) -> list[dict]:
    """Each letter with its number, once it is issued, and the addresses of both files. One statement."""
    issued = {
        (row.kind, row.about): row
        for row in LetterIssue.objects.filter(
            kind__in={letter.kind for letter in letters}, about__in={letter.about for letter in letters}
        )
    }
    return [
        {
            "letter": letter,
            "issue": issued.get((letter.kind, letter.about)) if letter.is_kept else None,
            "from": _("団体から")
            if letter.kind in HANDED_IN
            else _("庁内")
            if letter.kind in INTERNAL
            else _("団体へ"),
            "pdf": url(letter, "pdf"),
            "docx": url(letter, "docx"),
        }
        for letter in letters
    ]


@require_safe
def of_application(request, city: str, ref: str):
    municipality, application = _application(request, city, ref)
    rows = _rows(
        letters_about(application),
        lambda one, form: reverse(
            "staff-fund-application-letter", args=[city, ref, one.kind, one.about, form]
        ),
    )
    for row in rows:
        row["again"] = reverse(
            "staff-fund-letter-again", args=[city, ref, row["letter"].kind, row["letter"].about]
        )
    return page(
        request,
        municipality,
        "staff/fund/letters/about.html",
        part="staff-fund-applications",
        page_title=_("通知書: %(title)s") % {"title": application.title},
        crumbs=crumbs(
            municipality,
            (application.ref, reverse("staff-fund-application", args=[city, ref])),
            _("通知書"),
        ),
        lead=f"{application.organisation.name} · {application.call.title}",
        rows=rows,
    )


@require_safe
def application_letter(request, city: str, ref: str, kind: str, about: int, form: str):
    _municipality, application = _application(request, city, ref)
    letter = letter_for(letters_about(application), kind, about)
    return answer(request, letter, form, reverse("staff-fund-application-letters", args=[city, ref]))


class AgainForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("作り直す理由"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("前の内容とともに、記録(監査証跡)に残ります。"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def again(request, city: str, ref: str, kind: str, about: int):
    """Write an issued letter anew under its number."""
    municipality, application = _application(request, city, ref, Can.MANAGE_FUND)
    letter = letter_for(letters_about(application), kind, about)
    back = reverse("staff-fund-application-letters", args=[city, ref])
    form = AgainForm(posted(request))
    if form.is_valid() and attempt(
        form, lambda: actions.reissue_letter(letter, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("いまの記録から作り直しました。文書番号は変わりません。"))
        return redirect(back)
    return act_page(
        request,
        municipality,
        form,
        title=_("%(letter)sを作り直す") % {"letter": letter.kind.label},
        lead=_(
            "発行した通知書は、あとで記録が変わっても同じ内容のままです。誤りを直したときだけ、作り直してください。"
        ),
        trail=[(application.ref, reverse("staff-fund-application", args=[city, ref])), (_("通知書"), back)],
        submit_label=_("作り直す"),
    )


@require_safe
def of_contribution(request, city: str, ref: str):
    municipality, contribution = _contribution(request, city, ref)
    return page(
        request,
        municipality,
        "staff/fund/letters/about.html",
        part="staff-fund-money",
        page_title=_("受領書とお礼状: %(name)s") % {"name": contribution.name},
        crumbs=crumbs(
            municipality,
            (contribution.ref, reverse("staff-fund-contribution", args=[city, ref])),
            _("受領書とお礼状"),
        ),
        lead=contribution.fund.name,
        rows=_rows(
            letters_of_contribution(contribution),
            lambda one, form: reverse("staff-fund-contribution-letter", args=[city, ref, one.kind, form]),
        ),
    )


@require_safe
def contribution_letter(request, city: str, ref: str, kind: str, form: str):
    _municipality, contribution = _contribution(request, city, ref)
    letter = letter_for(letters_of_contribution(contribution), kind)
    return answer(request, letter, form, reverse("staff-fund-contribution-letters", args=[city, ref]))


class BatchForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("まとめて作る種類"), choices=[(kind.value, kind.label) for kind in BATCHED]
    )


@require_http_methods(["GET", "HEAD", "POST"])
def of_call(request, city: str, ref: str):
    """The house's own papers of a call, and all letters of a kind in one archive."""
    municipality = fund_city(request, city, Can.MANAGE_FUND if request.method == "POST" else Can.SEE_FUND)
    call = inside_of(request, municipality, ref)
    form = BatchForm(posted(request))
    if form.is_valid() and attempt(
        form, lambda: actions.ask_for_letters(call, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("作成を始めました。できあがると、この画面から受け取れます。"))
        return redirect(reverse("staff-fund-call-letters", args=[city, ref]) + "#batches")
    return page(
        request,
        municipality,
        "staff/fund/letters/call.html",
        part="staff-fund-calls",
        status=status_of(form),
        page_title=_("通知書: %(title)s") % {"title": call.title},
        crumbs=crumbs(municipality, (call.ref, reverse("staff-fund-call", args=[city, ref])), _("通知書")),
        call=call,
        form=form,
        rows=_rows(
            letters_of_call(call),
            lambda one, ending: reverse(
                "staff-fund-call-letter", args=[city, ref, one.kind, one.stage, ending]
            ),
        ),
        batches=list(call.letter_batches.select_related("asked_by")[:20]),
    )


@require_safe
def call_letter(request, city: str, ref: str, kind: str, stage: str, form: str):
    municipality = fund_city(request, city)
    call = inside_of(request, municipality, ref)
    letter = letter_for(letters_of_call(call), kind, stage=stage)
    return answer(request, letter, form, reverse("staff-fund-call-letters", args=[city, ref]))


@require_safe
def batch(request, city: str, ref: str, pk: int):
    municipality = fund_city(request, city)
    call = inside_of(request, municipality, ref)
    row = fetch(request, LetterBatch.objects.filter(call=call, state="ready"), pk=pk)
    response = FileResponse(
        row.file.open("rb"),
        as_attachment=True,
        filename=f"{call.ref}_{row.get_kind_display()}.zip",
        content_type="application/zip",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _application(request, city: str, ref: str, can: Can = Can.SEE_FUND):
    municipality = fund_city(request, city, can)
    rows = applications_to(request.user, municipality).select_related(
        "call__fund__municipality", "edition__programme", "organisation", "filed_by", "award"
    )
    return municipality, fetch(request, rows, ref=ref)


def _contribution(request, city: str, ref: str):
    municipality = fund_city(request, city)
    rows = Contribution.objects.filter(fund__municipality=municipality).select_related(
        "fund__municipality", "organisation", "pot__goal", "pot__programme"
    )
    return municipality, fetch(request, rows, ref=ref)


# --- how they are written --------------------------------------------------------------------------------------------


@require_safe
def index(request, city: str):
    """Every kind, and what of it is the municipality's own."""
    municipality = fund_city(request, city)
    own = {row.kind: row for row in LetterStyle.objects.filter(municipality=municipality)}
    styles = styles_of(municipality)
    groups = [
        (_("団体へ送るもの"), SENT),
        (_("団体から受け取るもの"), HANDED_IN),
        (_("庁内のもの"), INTERNAL),
    ]
    return page(
        request,
        municipality,
        "staff/fund/letters/index.html",
        part=PART,
        page_title=_("通知書"),
        crumbs=crumbs(municipality, _("通知書")),
        groups=[
            (
                label,
                [
                    {
                        "kind": kind,
                        "title": styles[kind].title,
                        "form": styles[kind].form,
                        "changed": kind in own and actions.is_changed(own[kind]),
                        "template": own[kind].file_name if kind in own else "",
                    }
                    for kind in kinds
                ],
            )
            for label, kinds in groups
        ],
        common=own.get("") and actions.is_changed(own[""]),
        count=len(LetterKind),
    )


class CommonForm(forms.Form):
    """How all letters are written; what is empty is ours."""

    sender = forms.CharField(label=gettext_lazy("差出人"), max_length=120, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("例: {自治体名}長 海野 渉。空のときは「{首長}」になります。"))  # fmt: skip
    contact = forms.CharField(label=gettext_lazy("問い合わせ先"), max_length=actions.LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("空のときは、公民連携デスクの名前と公開の問い合わせ先になります。"))  # fmt: skip
    seal = forms.ChoiceField(label=gettext_lazy("公印"), choices=LetterStyle.Seal.choices, required=False)
    size = forms.DecimalField(label=gettext_lazy("文字の大きさ(pt)"), required=False, min_value=actions.SMALLEST, max_value=actions.LARGEST_TYPE,
        max_digits=3, decimal_places=1)  # fmt: skip

    def __init__(self, *args, style: LetterStyle, **kwargs):
        self.style = style
        initial = {name: getattr(style, name) for name in self.declared_fields}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["size"].help_text = _("空のときは%(size)sptです。") % {"size": SIZE}
        for side, label in SIDES.items():
            self.fields[f"margin_{side}"] = forms.IntegerField(
                label=_("余白 %(side)s(mm)") % {"side": label},
                required=False,
                min_value=actions.NARROWEST,
                max_value=actions.WIDEST,
                initial=(style.margins or {}).get(side),
                help_text=_("空のときは%(mm)smmです。") % {"mm": MARGINS[side]},
            )
        order = style.blocks or ORDER
        for name, label in BLOCKS.items():
            self.fields[f"place_{name}"] = forms.IntegerField(
                label=_("%(block)sの順番") % {"block": label},
                required=False,
                min_value=1,
                max_value=len(BLOCKS),
                initial=order.index(name) + 1 if name in order else None,
            )

    def words(self) -> dict:
        """What the action takes; the order is ours where nobody changed it."""
        given = self.cleaned_data
        places = {name: given[f"place_{name}"] for name in BLOCKS if given[f"place_{name}"]}
        blocks = sorted(places, key=lambda name: (places[name], ORDER.index(name)))
        return {
            **{name: given[name] for name in self.declared_fields if name != "size"},
            "size": given["size"],
            "margins": {side: given[f"margin_{side}"] for side in SIDES},
            "blocks": [] if blocks == ORDER else blocks,
        }

    def parts(self) -> list[tuple[str, list]]:
        words = [self[name] for name in self.declared_fields if name in self.fields and name != "size"]
        return [
            (_("文面"), words),
            (_("余白と文字"), [self["size"], *(self[f"margin_{side}"] for side in SIDES)]),
            (_("並び順"), [self[f"place_{name}"] for name in BLOCKS]),
        ]


class KindForm(CommonForm):
    """How one kind is written."""

    form = forms.CharField(label=gettext_lazy("様式の番号"), max_length=20, required=False)
    title = forms.CharField(label=gettext_lazy("題名"), max_length=80, required=False)
    body = forms.CharField(
        label=gettext_lazy("本文"),
        max_length=actions.LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    conditions = forms.CharField(label=gettext_lazy("いつも付ける条件"), max_length=actions.LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("1行に1つずつ書きます。番号は自動で付きます。"))  # fmt: skip
    notes = forms.CharField(label=gettext_lazy("備考"), max_length=actions.LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("教示文なども、ここに書けます。1行ごとに※が付きます。"))  # fmt: skip

    field_order = ["form", "title", "body", "conditions", "notes", "sender", "contact", "seal"]

    def __init__(self, *args, kind: str, **kwargs):
        super().__init__(*args, **kwargs)
        ours = DEFAULTS[kind]
        for name in ("form", "title", "body", "conditions", "notes"):
            field, text = self.fields[name], getattr(ours, name)
            if text:
                field.widget.attrs["placeholder"] = text
                field.help_text = " ".join(
                    filter(
                        None, [str(field.help_text), _("空のときは、薄く見えている標準の文面になります。")]
                    )
                )
        if kind not in (LetterKind.AWARD, LetterKind.CHANGE):
            del self.fields["conditions"]

    def parts(self):
        words = [self[name] for name in self.field_order if name in self.fields]
        return [(_("文面"), words), *super().parts()[1:]]

    def words(self):
        self.cleaned_data.setdefault("conditions", "")
        return super().words()


def _kind(kind: str) -> str:
    if kind == ALL:
        return ""
    if kind not in LetterKind.values:
        raise Http404
    return kind


@require_http_methods(["GET", "HEAD", "POST"])
def style(request, city: str, kind: str):
    """One kind's words and layout, with its sample as it will be."""
    name = _kind(kind)
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = LetterStyle.objects.filter(municipality=municipality, kind=name).first() or LetterStyle()
    form = KindForm(posted(request), style=row, kind=name) if name else CommonForm(posted(request), style=row)
    if form.is_valid():
        if "preview" in request.POST:
            if response := _preview(municipality, name, form):
                return response
        elif attempt(
            form,
            lambda: actions.save_letter_style(municipality, by=request.user, kind=name, **form.words()),
        ):
            messages.success(request, _("保存しました。これから発行する通知書は、この書き方になります。"))
            return redirect("staff-fund-letter-style", city, kind)
    title = _("%(letter)sの書き方") % {"letter": LetterKind(name).label if name else _("すべての通知書")}
    return page(
        request,
        municipality,
        "staff/fund/letters/style.html",
        part=PART,
        status=status_of(form),
        page_title=title,
        crumbs=crumbs(municipality, (_("通知書"), reverse("staff-fund-letters", args=[city])), title),
        form=form,
        kind=kind,
        is_common=not name,
        is_changed=bool(row.pk) and actions.is_changed(row),
        own_template=row.file_name,
        placeholders=[
            (f"{{{word}}}", example)
            for word, example in _sample(municipality, name or LetterKind.AWARD).values().items()
            if word in actions.known_words(name)
        ],
        upload=TemplateForm(),
    )


def _sample(municipality: Municipality, kind: str):
    return sample(kind, city=municipality.name, head=head_of(municipality))


def _preview(municipality: Municipality, name: str, form: CommonForm):
    """The sample as PDF in the words and layout of the form, saved or not; None where they cannot be."""
    rows = {row.kind: row for row in LetterStyle.objects.filter(municipality=municipality)}
    common = rows.get("") or LetterStyle(municipality=municipality)
    typed = LetterStyle(municipality=municipality, kind=name)
    kind = name or LetterKind.AWARD
    own, common = (typed, common) if name else (rows.get(kind), typed)
    contact = styles_of(municipality)[kind].contact
    try:
        actions.write_style(typed, **form.words())
        made = as_pdf(sheet_of(_sample(municipality, kind), merged(kind, own, common, contact)))
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return None
    return attachment(_("見本.pdf"), made, MEDIA_TYPES["pdf"], inline=True)


class TemplateForm(forms.Form):
    word = forms.FileField(
        label=gettext_lazy("Wordのひな形(.docx)"),
        widget=forms.FileInput(attrs={"accept": ".docx"}),
        help_text=gettext_lazy("5 MBまで。マクロや、外部のファイルへのリンクは使えません。"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def template(request, city: str, kind: str):
    """The Word template of a kind: ours to begin with, theirs once it is sent, and the way back."""
    name = _kind(kind)
    if not name:
        raise Http404
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    form = TemplateForm(posted(request), request.FILES or None)
    if form.is_valid() and attempt(
        form,
        lambda: actions.keep_letter_template(
            municipality, by=request.user, kind=name, upload=form.cleaned_data["word"]
        ),
    ):
        messages.success(request, _("ひな形を保存しました。見本を開いて、仕上がりを確かめてください。"))
        return redirect("staff-fund-letter-template", city, kind)
    row = LetterStyle.objects.filter(municipality=municipality, kind=name).first()
    title = _("Wordのひな形: %(letter)s") % {"letter": LetterKind(name).label}
    content = _sample(municipality, name)
    lines, problem = [], ""
    try:
        lines = _lines(
            as_word(sheet_of(content, styles_of(municipality)[name]), row.file.name if row else "")
        )
    except Refused as refusal:
        problem = str(refusal)
    return page(
        request,
        municipality,
        "staff/fund/letters/template.html",
        part=PART,
        status=status_of(form),
        page_title=title,
        crumbs=crumbs(
            municipality,
            (_("通知書"), reverse("staff-fund-letters", args=[city])),
            (LetterKind(name).label, reverse("staff-fund-letter-style", args=[city, kind])),
            _("Wordのひな形"),
        ),
        form=form,
        kind=kind,
        own=row.file_name if row else "",
        lines=lines,
        problem=problem,
        placeholders=[(f"{{{{ {word} }}}}", example) for word, example in content.values().items()],
    )


def _lines(docx: bytes) -> list[str]:
    """What a filled copy says, line by line, for a look at it without Word."""
    from io import BytesIO

    from docx import Document
    from docx.table import Table

    found = []
    for part in Document(BytesIO(docx)).iter_inner_content():
        if isinstance(part, Table):
            found += [" | ".join(cell.text for cell in row.cells) for row in part.rows]
        else:
            found.append(part.text)
    return [line for line in found if line.strip()]


@require_POST
def style_act(request, city: str, kind: str, act: str):
    """Back to ours: the words and layout, or the Word template."""
    name = _kind(kind)
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    acts = {
        "restore": (actions.restore_letter_style, _("標準の書き方に戻しました。"), "staff-fund-letter-style"),
        "drop": (actions.drop_letter_template, _("標準のひな形に戻しました。"), "staff-fund-letter-template"),
    }
    if act not in acts or (act == "drop" and not name):
        raise Http404
    do, done, where = acts[act]
    try:
        do(municipality, by=request.user, kind=name)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect(where, city, kind)


@require_safe
def example(request, city: str, kind: str, form: str):
    """The invented letter of a kind as PDF or Word, or our template to begin with."""
    name = _kind(kind) or LetterKind.AWARD.value
    municipality = fund_city(request, city)
    row = LetterStyle.objects.filter(municipality=municipality, kind=name).first()
    sheet = sheet_of(_sample(municipality, name), styles_of(municipality)[name])
    label = LetterKind(name).label
    back = reverse("staff-fund-letters", args=[city])
    try:
        if form == "pdf":
            return attachment(f"{label}_見本.pdf", as_pdf(sheet), MEDIA_TYPES["pdf"])
        if form == "docx":
            made = as_word(sheet, row.file.name if row else "")
            return attachment(f"{label}_見本.docx", made, MEDIA_TYPES["docx"])
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    if form == "template":
        return attachment(f"{label}_ひな形.docx", template_for(sheet["layout"]), MEDIA_TYPES["docx"])
    raise Http404


urlpatterns = [
    path("letters/", index, name="staff-fund-letters"),
    path("letters/<slug:kind>/", style, name="staff-fund-letter-style"),
    path("letters/<slug:kind>/word/", template, name="staff-fund-letter-template"),
    path("letters/<slug:kind>/example/<slug:form>/", example, name="staff-fund-letter-example"),
    path("letters/<slug:kind>/<slug:act>/", style_act, name="staff-fund-letter-act"),
    path("applications/<str:ref>/letters/", of_application, name="staff-fund-application-letters"),
    path(
        "applications/<str:ref>/letters/<slug:kind>-<int:about>.<slug:form>",
        application_letter,
        name="staff-fund-application-letter",
    ),
    path(
        "applications/<str:ref>/letters/<slug:kind>-<int:about>/again/", again, name="staff-fund-letter-again"
    ),
    path("contributions/<str:ref>/letters/", of_contribution, name="staff-fund-contribution-letters"),
    path(
        "contributions/<str:ref>/letters/<slug:kind>.<slug:form>",
        contribution_letter,
        name="staff-fund-contribution-letter",
    ),
    path("calls/<str:ref>/letters/", of_call, name="staff-fund-call-letters"),
    path("calls/<str:ref>/letters/batch-<int:pk>.zip", batch, name="staff-fund-letter-batch"),
    path(
        "calls/<str:ref>/letters/<slug:kind>-<slug:stage>.<slug:form>",
        call_letter,
        name="staff-fund-call-letter",
    ),
]
