"""「定型文から書く」: a choice of texts above a text area, filled from the case or the proposal.

Without a script the button sends the form to be shown again, the chosen text above whatever had been typed; with one
(`wording.js`) the same happens at once. `?wording=<code>` in an address begins with that text.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django import forms
from django.urls import reverse

from musubi.ball.rules import due
from musubi.cases.models import Case
from musubi.challenges.models import Challenge
from musubi.lib.era import format_date
from musubi.people.models import Department, Municipality, Organisation, Representative, User
from musubi.people.permissions import authority
from musubi.proposals.models import Proposal
from musubi.wordings.models import Wording
from musubi.wordings.queries import in_use
from musubi.wordings.rules import fill, may_change
from musubi.wordings.states import Kind


@dataclass(frozen=True)
class Picker:
    """What `staff/wording_picker.html` needs."""

    target: str
    """id of the text area"""
    groups: list[tuple[str, list[dict]]]
    """[(kind in words, [{code, title, text}])]"""
    picked: str
    edit_href: str


def wants_text(request) -> bool:
    """Whether the form was sent to be given a text, not to be carried out."""
    return request.method == "POST" and "fill" in request.POST


def as_typed(form: forms.Form) -> dict:
    """What was typed into a form, judged by nobody yet: for showing it again."""
    return {name: form[name].data for name in form.fields}


def offer_wordings(
    form: forms.Form,
    request,
    *,
    field: str,
    kinds: Collection[str],
    municipality: Municipality,
    facts: dict[str, str],
    is_asked: bool = True,
    rows: list[Wording] | None = None,
) -> forms.Form:
    """Give `form` its choice of texts, and into `field` the one that was asked for, above what was typed.

    `is_asked` is False for a form beside the one that was sent; `rows` are the texts in use, where several forms
    choose among them.
    """
    rows = [row for row in (in_use(municipality, kinds) if rows is None else rows) if row.kind in kinds]
    texts = {row.code: fill(row.body, facts) for row in rows}
    sent = request.POST if request.method == "POST" else request.GET
    asked, before = sent.get("wording", ""), sent.get("wording_was", "")
    here = is_asked and not form.is_bound and asked in texts
    if here:
        words = form.initial.get(field) or form.fields[field].initial or ""
        form.initial[field] = _above(texts[asked], words, texts.get(before, ""))
    groups = [
        (
            kind.label,
            [
                {"code": row.code, "title": row.title, "text": texts[row.code]}
                for row in rows
                if row.kind == kind
            ],
        )
        for kind in Kind
    ]
    form.picker = Picker(
        target=form[field].id_for_label,
        groups=[group for group in groups if group[1]],
        picked=asked if here else "",
        edit_href=reverse("staff-wordings", args=[municipality.slug])
        if may_change(request.user, municipality)
        else "",
    )
    return form


def _above(text: str, typed: str, before: str) -> str:
    """`text` above what was typed; one put in before and left as it was gives way."""
    typed = typed.replace("\r\n", "\n")
    if before and typed.startswith(before):
        typed = typed.removeprefix(before)
    return f"{text}\n\n{typed.strip()}" if typed.strip() else text


def case_facts(case: Case, user: User) -> dict[str, str]:
    """What a text may say of a case. The day is the one an answer would be due on."""
    organisations = list(case.organisations.all())
    organisation = case.proposal.organisation if case.proposal_id else next(iter(organisations), None)
    return {
        **_people(organisation, case.proposal.author_id if case.proposal_id else None),
        "件名": case.title,
        "整理番号": case.ref,
        "提案名": case.proposal.title if case.proposal_id else "",
        "自治体名": case.municipality.name,
        "担当課": case.lead.name,
        "所属": _section(user, case.municipality_id),
        "職員名": str(user),
        "期限": format_date(due(case.municipality_id, "case", case.paused_from or case.stage)),
    }


def proposal_facts(proposal: Proposal, user: User) -> dict[str, str]:
    """What a text may say of a proposal, in the name of the person's own department."""
    return {
        **_people(proposal.organisation, proposal.author_id),
        "件名": proposal.title,
        "整理番号": proposal.ref,
        "提案名": proposal.title,
        "自治体名": proposal.municipality.name,
        "担当課": (section := _section(user, proposal.municipality_id)),
        "所属": section,
        "職員名": str(user),
        "期限": format_date(due(proposal.municipality_id, "proposal", "dialogue")),
    }


def challenge_facts(challenge: Challenge, organisation: Organisation, user: User) -> dict[str, str]:
    """What a text may say of a challenge to an organisation. The day is the one by which proposals are wanted."""
    return {
        **_people(organisation, None),
        "件名": challenge.title,
        "整理番号": challenge.ref,
        "自治体名": challenge.municipality.name,
        "担当課": challenge.department.name,
        "所属": _section(user, challenge.municipality_id),
        "職員名": str(user),
        "期限": format_date(challenge.deadline) if challenge.deadline else "",
    }


def _people(organisation: Organisation | None, author: int | None) -> dict[str, str]:
    """The organisation, and who acts for it: whoever wrote the proposal, else the first."""
    if organisation is None:
        return {"団体名": "", "担当者名": ""}
    seats = Representative.objects.filter(organisation=organisation, ended_at=None).select_related("user")
    people = sorted((seat.user for seat in seats), key=lambda person: (person.pk != author, person.pk))
    return {"団体名": organisation.name, "担当者名": str(people[0]) if people else ""}


def _section(user: User, municipality_id: int) -> str:
    seats = [seat.department_id for seat in authority(user).in_municipality(municipality_id)]
    mine = Department.objects.filter(pk__in=[pk for pk in seats if pk]).first()
    return mine.name if mine else ""
