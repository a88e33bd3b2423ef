"""What can be done on one record of a fund: a folded form each, posted to the record's own address."""

from collections.abc import Iterable

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.errors import NotAllowed, Refused
from musubi.people.models import User


def area(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class Act(forms.Form):
    """One act on one row: `code` and the row's number name it on its page, `done` is what the person reads afterwards.

    `where` is the id of the section the page jumps to when it is done. A field is not called like one of these.
    """

    code = ""
    title = ""
    submit = _("記録する")
    done = _("記録しました。")
    lead = ""
    danger = False
    is_open = False
    where = "told"

    def __init__(self, *args, row: models.Model, **kwargs):
        self.row = row
        super().__init__(*args, auto_id=f"{self.code}_{row.pk}_%s", **kwargs)

    @property
    def anchor(self) -> str:
        return f"act-{self.code}-{self.row.pk}"

    def carry_out(self, *, by: User) -> None:
        raise NotImplementedError


def find(acts: Iterable[Act], code: str, pk: int) -> Act | None:
    """The act a posted address names, if it is offered."""
    return next((act for act in acts if act.code == code and act.row.pk == pk), None)


def press(act: Act, request) -> tuple[Act, bool]:
    """The act as it was sent, and whether it was done. A refusal is the form's own error, with all that was typed."""
    bound = act.again(request.POST) if hasattr(act, "again") else type(act)(request.POST, row=act.row)
    if not bound.is_valid():
        return bound, False
    try:
        bound.carry_out(by=request.user)
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    except Refused as error:
        bound.add_error(error.field if error.field in bound.fields else None, str(error))
        return bound, False
    return bound, True


def replaced(acts: Iterable[Act], bound: Act | None) -> list[Act]:
    """The acts of a page, with the one that came back in its place."""
    if bound is None:
        return list(acts)
    return [bound if (act.code, act.row.pk) == (bound.code, bound.row.pk) else act for act in acts]
