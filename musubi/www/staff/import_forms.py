"""Forms of the import: which file, which column is what, how to bring it in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.fund.models import Fund
from musubi.imports.columns import slots
from musubi.imports.models import Run
from musubi.imports.queries import funds
from musubi.imports.rules import Options
from musubi.imports.states import Kind
from musubi.lib import clock
from musubi.lib.tables.limits import MAX_BYTES
from musubi.people.models import Department
from musubi.www.forms.widgets import DateInput


class FileForm(forms.Form):
    kind = forms.ChoiceField(label=_("何の表ですか"), choices=Kind.choices, widget=forms.RadioSelect)
    file = forms.FileField(
        label=_("表のファイル"),
        help_text=_(
            "Excel(xlsx)かCSV(UTF-8、Shift_JIS)。20MB、10万行まで。題名の行や2段の見出しはそのままで構いません。"
        ),
        error_messages={
            "required": _("ファイルを選んでください。"),
            "empty": _("選んだファイルは空です。内容のあるファイルを選んでください。"),
        },
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xlsm,.xls,.ods,.csv,.tsv,.txt"}),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                _("ファイルが大きすぎます(%(size).1fMB)。20MBまでに分けてください。")
                % {"size": file.size / 1e6}
            )
        return file


class OptionsForm(forms.Form):
    """How to bring the table in; the fields depend on the kind and on the file."""

    sheet = forms.ChoiceField(label=_("取り込むシート"), required=False)
    department = forms.ModelChoiceField(
        label=_("担当課が空か、登録のない行を置く部署"), queryset=Department.objects.none(), required=False
    )
    strict = forms.BooleanField(label=_("担当課が空か、登録のない行はエラーにする"), required=False)
    state = forms.ChoiceField(
        label=_("取り込んだあとの状態"),
        choices=[
            ("draft", _("下書き — 担当課があとで仕上げる")),
            ("checking", _("確認待ち — デスクが確認してから公開する")),
            ("published", _("公開中 — すぐに公開する")),
        ],
        widget=forms.RadioSelect,
    )
    members = forms.BooleanField(label=_("この自治体の会員として登録する"), required=False)
    joined_on = forms.DateField(
        label=_("入会日"),
        required=False,
        widget=DateInput,
        help_text=_("表に入会日のない団体の入会日です。空けておくと、取り込んだ日になります。"),
    )
    fund = forms.ModelChoiceField(
        label=_("どのファンドに取り込むか"), queryset=Fund.objects.none(), required=False
    )
    of_kind = {
        Kind.CHALLENGES: ["department", "strict", "state"],
        Kind.ORGANISATIONS: ["members", "joined_on"],
        Kind.PROPOSALS: [],
        Kind.CONTRIBUTIONS: ["fund"],
    }

    def __init__(self, data=None, *, run: Run):
        self.run = run
        options = Options.from_json(run.options)
        super().__init__(data, initial=options.as_json() | {"joined_on": options.joined_on})
        names = [sheet["name"] for sheet in run.report["sheets"]]
        wanted = self.of_kind[run.kind] + (["sheet"] if len(names) > 1 else [])
        for name in list(self.fields):
            if name not in wanted:
                del self.fields[name]
        if "sheet" in self.fields:
            self.fields["sheet"].choices = [("", _("必要な列のあるシートすべて")), *((n, n) for n in names)]
        if "department" in self.fields:
            rows = run.municipality.departments.filter(is_active=True)
            self.fields["department"].queryset = rows
            self.fields["department"].empty_label = _("公民連携デスク")
        if "fund" in self.fields:
            self.fields["fund"].queryset = funds(run.municipality)
            self.fields["fund"].empty_label = _("いちばん新しいファンド")
            self.fields["fund"].label_from_instance = lambda row: (
                _("%(year)d年度 %(name)s")
                % {
                    "year": row.fiscal_year,
                    "name": row.name,
                }
            )

    def clean_joined_on(self):
        day = self.cleaned_data["joined_on"]
        if day and day > clock.today():
            raise forms.ValidationError(_("入会日には、今日までの日を入れてください。"))
        return day

    def options(self) -> Options:
        """What was chosen, as the action takes it."""
        chosen = self.cleaned_data
        default = Options()
        department = chosen.get("department")
        return Options(
            sheet=chosen.get("sheet", ""),
            department=department.pk if department else None,
            strict=chosen.get("strict", False),
            state=chosen.get("state", default.state),
            members=chosen.get("members", default.members) if "members" in self.fields else default.members,
            joined_on=chosen.get("joined_on"),
            fund=chosen["fund"].pk if chosen.get("fund") else None,
        )


def column_choices(kind: str) -> list[tuple[str, str]]:
    """What a column can be taken for."""
    return [("", _("使わない")), *((slot.name, slot.label) for slot in slots(kind).values())]


def chosen_columns(run: Run, posted) -> dict[str, dict[str, str]]:
    """The mapping a person sees and sends: every column of every sheet that is shown, by the sheet's place."""
    found: dict[str, dict[str, str]] = {}
    for index, sheet in enumerate(run.report["sheets"]):
        for column in sheet["columns"]:
            name = posted.get(f"map-{index}-{column['letter']}")
            if name is not None:
                found.setdefault(sheet["name"], {})[column["letter"]] = (
                    name if name in slots(run.kind) else ""
                )
    return found
