"""Talking in a case: messages, internal notes, files."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases import actions
from musubi.cases.models import CaseFile
from musubi.lib.errors import Refused
from musubi.services.storage import ACCEPT
from musubi.wordings.states import Kind
from musubi.www.files import keep
from musubi.www.staff.case_forms.base import LineForm, area


class SayForm(LineForm):
    code, title, submit, done = "say", _("メッセージを書く"), _("送信する"), _("メッセージを送りました。")
    wording_kinds = (Kind.FIRST_ANSWER, Kind.ASK_MATERIAL, Kind.MEETING_OFFER, Kind.REMINDER)
    body = forms.CharField(
        label=_("メッセージ"), widget=area(4), help_text=_("団体を含む参加者全員が読みます。")
    )
    asks = forms.BooleanField(label=_("返事をお願いする(ボールを団体に渡す)"), required=False, initial=True)
    next_step = forms.CharField(label=_("お願いすること"), required=False, max_length=120)

    def carry_out(self, *, by):
        actions.say(self.case, by=by, **self.cleaned_data)


class NoteForm(LineForm):
    code, title, submit, done = "note", _("内部メモを書く"), _("メモを残す"), _("内部メモを残しました。")
    body = forms.CharField(
        label=_("内部メモ"), widget=area(3), help_text=_("庁内だけが読みます。団体には見えません。")
    )

    def carry_out(self, *, by):
        actions.note(self.case, by=by, **self.cleaned_data)


class FileForm(LineForm):
    code, title, submit, done = "file", _("資料を載せる"), _("載せる"), _("資料を載せました。")
    multipart = True
    upload = forms.FileField(label=_("ファイル"), widget=forms.ClearableFileInput(attrs={"accept": ACCEPT}))
    body = forms.CharField(label=_("説明"), max_length=200, required=False)
    internal = forms.BooleanField(label=_("庁内のみ(団体には見せない)"), required=False)

    def carry_out(self, *, by):
        words = dict(self.cleaned_data)
        try:
            kept = keep(CaseFile, words.pop("upload"))
        except Refused as refusal:
            raise Refused(str(refusal), field="upload") from refusal
        actions.add_file(self.case, by=by, **kept, **words)
