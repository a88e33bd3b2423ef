"""What the forms of the case page share."""

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Case
from musubi.people.models import Department, Organisation, User


def area(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class CaseForm(forms.Form):
    """A form on one case: `code` is the last part of its address, `done` what the person reads afterwards."""

    code = ""
    title = ""
    submit = _("記録する")
    done = _("記録しました。")
    multipart = False
    # Which texts may be put into which field (see `staff/wording_picker.py`).
    wording_kinds: tuple[str, ...] = ()
    wording_field = "body"

    def __init__(self, *args, case: Case, **kwargs):
        self.case = case
        super().__init__(*args, auto_id=f"{self.code}_%s", **kwargs)

    def carry_out(self, *, by: User) -> None:
        raise NotImplementedError


class LineForm(CaseForm):
    """A form that adds a line to the thread. Its key lets a form sent twice be kept once."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)


def parties(case: Case) -> list[tuple[str, str]]:
    """Who may hold the ball of this case, as choices."""
    return [(f"d{d.pk}", d.name) for d in case.departments.all()] + [
        (f"o{o.pk}", o.name) for o in case.organisations.all()
    ]


def party(case: Case, value: str) -> Department | Organisation:
    """The party a choice of `parties` names."""
    rows = case.departments if value[:1] == "d" else case.organisations
    return rows.get(pk=value[1:])
