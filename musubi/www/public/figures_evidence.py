"""What may be shown of the records behind a number, and to whom.

Everyone: the name of what is public (challenges, gatherings, members); of a proposal number, track and month; of a
case number and stage; of an organisation in dialogue its kind and month. Never who proposed what. Staff also see
names, and links to their own pages, of what they may read there.
"""

from django.db import models
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from musubi.cases import queries as cases
from musubi.cases.models import Agreement, Case, Trial
from musubi.cases.states import CASE, TRIAL
from musubi.challenges.models import Challenge
from musubi.challenges.queries import READABLE
from musubi.challenges.states import CHALLENGE, Visibility
from musubi.gatherings.models import Gathering
from musubi.lib import clock, era
from musubi.lib.workdays import workdays_between
from musubi.outcomes.figures_queries import EVENT, Period, dialogues
from musubi.outcomes.models import Outcome
from musubi.people.models import Member, Municipality, Organisation
from musubi.people.queries import closing_days
from musubi.proposals import queries as proposals
from musubi.proposals.models import Proposal, Referral
from musubi.proposals.states import REFERRAL
from musubi.www.templatetags.pieces import wareki

REASONED = ("proposal-declined",)


def table(
    municipality: Municipality, key: str, rows: list[models.Model], period: Period, staff
) -> tuple[list[dict], list[list]]:
    """Columns and cells for `parts/table.html`; `staff` is the signed-in member of staff, None for everyone else.

    A constant number of statements for the rows of one page.
    """
    if not rows:
        return [], []
    make = {
        Member: _members,
        Proposal: _proposals,
        Trial: _trials,
        Gathering: _gatherings,
        Agreement: _agreements,
        Case: _cases,
        Challenge: _challenges,
        Organisation: _organisations,
        Outcome: _outcomes,
        Referral: _referrals,
    }[type(rows[0])]
    return make(municipality, key, rows, period, staff)


def is_public(challenge: Challenge) -> bool:
    return challenge.visibility == Visibility.PUBLIC and challenge.state in READABLE


def _load(rows: list, *relations: str) -> None:
    models.prefetch_related_objects(rows, *relations)


def _columns(*labels: str, numbers: tuple[str, ...] = ()) -> list[dict]:
    return [{"label": label, "num": label in numbers} for label in labels]


def _month(moment) -> str:
    """令和6年12月; in English Dec 2024."""
    if not moment:
        return "—"
    day = moment.astimezone(clock.TOKYO).date() if hasattr(moment, "astimezone") else moment
    if get_language() == "en":
        return date_format(day, "M Y")
    return f"{era.era_year(day)}{day.month}月"


def _cell(text: str, href: str = "") -> dict | str:
    return {"text": text, "href": href} if href else text


def _staff_cases(municipality: Municipality, ids, staff) -> set[int]:
    """Which of the cases the person may open on the staff's pages."""
    if staff is None:
        return set()
    return set(cases.visible_to(staff, municipality).filter(pk__in=list(ids)).values_list("pk", flat=True))


def _case_href(municipality: Municipality, case: Case) -> str:
    return f"/{municipality.slug}/staff/cases/{case.ref}/"


def _challenge_cell(municipality: Municipality, challenge: Challenge | None):
    if challenge is None:
        return "—"
    if not is_public(challenge):
        return challenge.ref
    return _cell(challenge.title, reverse("challenge", args=[municipality.slug, challenge.ref]))


def _members(municipality, key, rows, period, staff):
    _load(rows, "organisation")
    return _columns(_("団体"), _("種別"), _("入会日")), [
        [
            _cell(row.organisation.display_name, reverse("member", args=[municipality.slug, row.organisation_id]))
            if row.state == "active"
            else row.organisation.display_name,
            row.organisation.get_kind_display(),
            wareki(row.joined_on, "western"),
        ]
        for row in rows
    ]  # fmt: skip


def _proposals(municipality, key, rows, period, staff):
    readable: set[int] = set()
    _load(rows, "challenge")
    columns = [_("受付番号"), _("類型"), _("受付の月"), _("対象の課題")]
    if key in REASONED or key.startswith("declines"):
        columns.append(_("見送りの理由"))
    elif key in ("first_answer", "decision"):
        columns += [_("日数"), _("営業日数")]
    if staff is not None:
        _load(rows, "organisation")
        ids = [row.pk for row in rows]
        readable = set(
            proposals.visible_to(staff, municipality).filter(pk__in=ids).values_list("pk", flat=True)
        )
        columns.append(_("提案(職員向け)"))
    closed = closing_days(municipality.pk) if _("営業日数") in columns else ()
    cells = []
    for row in rows:
        line = [
            row.ref,
            row.get_track_display(),
            _month(row.submitted_at),
            _challenge_cell(municipality, row.challenge),
        ]
        if key in REASONED or key.startswith("declines"):
            line.append(row.get_decline_reason_display())
        elif key in ("first_answer", "decision"):
            until = row.first_answered_at if key == "first_answer" else row.decided_at
            came, ended = _day(row.submitted_at), _day(until)
            line += [(ended - came).days, workdays_between(came, ended, closed)]
        if staff is not None:
            line.append(
                _cell(f"{row.title}({row.organisation})", f"/{municipality.slug}/staff/proposals/{row.ref}/")
                if row.pk in readable
                else "—"
            )
        cells.append(line)
    return _columns(*columns, numbers=(_("日数"), _("営業日数"))), cells


def _referrals(municipality, key, rows, period, staff):
    """Staff alone come here. Where it went is named; of a proposal they may not read, nothing but the number."""
    _load(rows, "proposal", "department", "challenge")
    ids = [row.proposal_id for row in rows]
    mine = set(proposals.visible_to(staff, municipality).filter(pk__in=ids).values_list("pk", flat=True))
    return _columns(_("受付番号"), _("紹介先"), _("紹介の月"), _("返事")), [
        [
            _cell(row.proposal.ref, f"/{municipality.slug}/staff/proposals/{row.proposal.ref}/")
            if row.proposal_id in mine
            else row.proposal.ref,
            str(row.target) if row.proposal_id in mine else "—",
            _month(row.offered_at),
            str(REFERRAL[row.state].label),
        ]
        for row in rows
    ]


def _day(moment):
    return moment.astimezone(clock.TOKYO).date()


def _trials(municipality, key, rows, period, staff):
    _load(rows, "case__proposal")
    mine = _staff_cases(municipality, [row.case_id for row in rows], staff)
    columns = [_("案件番号"), _("類型"), _("開始の月"), _("状態")]
    cells = [
        [
            row.case.ref,
            row.case.proposal.get_track_display() if row.case.proposal_id else "—",
            _month(row.started_at),
            str(TRIAL[row.state].public),
        ]
        for row in rows
    ]
    return _with_cases(municipality, columns, cells, [(row.case, row.title) for row in rows], mine, staff)


def _gatherings(municipality, key, rows, period, staff):
    return _columns(_("名称"), _("開催日")), [
        [
            _cell(row.title, reverse("gathering", args=[municipality.slug, row.ref])),
            wareki(row.starts_at, "western"),
        ]
        for row in rows
    ]


def _agreements(municipality, key, rows, period, staff):
    columns = [_("整理番号"), _("種類"), _("締結日")]
    if staff is not None:
        columns.append(_("名称(職員向け)"))
    return _columns(*columns), [
        [
            row.ref,
            row.get_kind_display(),
            wareki(row.signed_on, "western"),
            *(
                [_cell(row.title, f"/{municipality.slug}/staff/agreements/{row.ref}/")]
                if staff is not None
                else []
            ),
        ]
        for row in rows
    ]


def _cases(municipality, key, rows, period, staff):
    mine = _staff_cases(municipality, [row.pk for row in rows], staff)
    columns = [_("案件番号"), _("段階"), _("経路"), _("開始の月")]
    cells = [
        [row.ref, str(CASE[row.stage].public), row.get_channel_display(), _month(row.opened_at)]
        for row in rows
    ]
    return _with_cases(municipality, columns, cells, [(row, row.title) for row in rows], mine, staff)


def _challenges(municipality, key, rows, period, staff):
    return _columns(_("課題"), _("整理番号"), _("公開の月"), _("状態")), [
        [
            _challenge_cell(municipality, row) if is_public(row) else _("(公開していない課題)"),
            row.ref,
            _month(row.published_at),
            str(CHALLENGE[row.state].public),
        ]
        for row in rows
    ]


def _organisations(municipality, key, rows, period, staff):
    """Nobody is named to everyone: taking part in a talk is not public."""
    found = {one.organisation_id: one for one in dialogues(municipality, period)}
    columns = [_("種別"), _("最初に話した月"), _("経路"), _("案件番号")]
    mine: set[str] = set()
    if staff is not None:
        columns.append(_("団体(職員向け)"))
        refs = {ref for row in rows for ref in found[row.pk].refs}
        mine = set(cases.visible_to(staff, municipality).filter(ref__in=refs).values_list("ref", flat=True))
    return _columns(*columns), [
        [
            row.get_kind_display(),
            _month(found[row.pk].first_at),
            _("マッチングイベント") if found[row.pk].channel == EVENT else _("イベントの外"),
            "、".join(found[row.pk].refs),
            *(
                [row.display_name if mine.intersection(found[row.pk].refs) else "—"]
                if staff is not None
                else []
            ),
        ]
        for row in rows
    ]


def _outcomes(municipality, key, rows, period, staff):
    _load(rows, "case", "story")
    mine = _staff_cases(municipality, [row.case_id for row in rows], staff)
    columns = [_("案件番号"), _("成果の種類"), _("開始の月"), _("連携事例")]
    cells = []
    for row in rows:
        story = getattr(row, "story", None)
        told = story is not None and story.state == "published"
        cells.append(
            [
                row.case.ref,
                row.get_kind_display(),
                _month(row.started_on),
                _cell(story.title, reverse("story", args=[municipality.slug, story.ref])) if told else "—",
            ]
        )
    return _with_cases(municipality, columns, cells, [(row.case, row.title) for row in rows], mine, staff)


def _with_cases(municipality, columns, cells, links, mine, staff):
    """With one more column for staff: the title, leading to the case where they may read it."""
    if staff is None:
        return _columns(*columns), cells
    more = [
        [*line, _cell(title, _case_href(municipality, case)) if case.pk in mine else "—"]
        for line, (case, title) in zip(cells, links, strict=True)
    ]
    return _columns(*columns, _("件名(職員向け)")), more
