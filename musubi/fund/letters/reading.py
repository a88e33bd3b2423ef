"""From the records to a letter's content. What a letter says of the past it takes from columns that never change."""

import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction

from musubi.fund import curtain
from musubi.fund.budget import terms_of
from musubi.fund.letters.contents import (
    CLASSES,
    AdvanceRequest,
    ApplicationCopy,
    AwardLetter,
    ChangeLetter,
    ClaimLetter,
    Content,
    FixingNotice,
    Invitation,
    Minutes,
    Receipt,
    Refusal,
    ReportCopy,
    Reserve,
    Revocation,
    ScoreSummary,
)
from musubi.fund.letters.kinds import LetterKind
from musubi.fund.models import (
    Application,
    Assignment,
    Award,
    Call,
    Change,
    Claim,
    CommitteeMember,
    Contribution,
    Criterion,
    Edition,
    PanelNote,
    Payment,
    Report,
)
from musubi.fund.ranking import standings
from musubi.fund.states import ConsumptionTax, Phase, Recusal, Stage, Tie
from musubi.fund.terms.amounts import reckon
from musubi.fund.terms.reading import percent
from musubi.lib import clock
from musubi.lib.era import format_date
from musubi.people.models import Municipality

TEXTS = ["purpose", "content", "schedule", "structure", "effect", "future"]
_NUMBER = re.compile(r"^(?:[((]?[0-90-9]{1,2}(?:[))、\s]|[..](?![0-90-9]))|[①-⑳・●])\s*")


def head_of(city: Municipality) -> str:
    """Who signs: the mayor of a city, the governor of a prefecture."""
    return f"{city.name}{'知事' if city.name[-1:] in '都道府県' else '長'}"


def fraction(part: Fraction | None) -> str:
    """5分の4; 定額 where the cost itself is paid."""
    return "定額" if part is None else f"{part.denominator}分の{part.numerator}以内" if part != 1 else "全額"


def moment(at) -> str:
    """令和8年5月8日 14時03分25秒"""
    at = at.astimezone(clock.TOKYO)
    return f"{format_date(at, weekday=False)} {at:%H時%M分%S秒}"


def _local(at) -> date | None:
    return at.astimezone(clock.TOKYO).date() if at else None


def _base(kind: str, city: Municipality, edition: Edition | None, on: date) -> dict:
    return {
        "city": city.name,
        "head": head_of(city),
        "on": on,
        "seal": edition.has_seal if edition else True,
        "form_style": edition.form_style if edition else "before",
        "programme_rules": dict(edition.letters.get(str(kind), {})) if edition else {},
    }


def _of_application(kind: str, application: Application, on: date) -> dict:
    call, organisation = application.call, application.organisation
    return _base(kind, call.fund.municipality, application.edition, on) | {
        "party": organisation.name,
        "representative": "" if organisation.kind == organisation.Kind.SOLE else application.representative,
        "address": f"{'' if organisation.address.startswith(organisation.prefecture) else organisation.prefecture}"
        f"{organisation.address}",
        "is_person": organisation.kind == organisation.Kind.SOLE,
        "programme": application.edition.programme.name,
        "call": call.title,
        "ref": application.ref,
        "project": application.title,
        "filed_on": _local(application.filed_at),
        "requested": application.requested,
    }


def _of_award(kind: str, award: Award, on: date, decided: int | None = None) -> dict:
    return _of_application(kind, award.application, on) | {
        "decided_on": award.decided_on,
        "award_number": award.number,
        "decided": award.yen if decided is None else decided,
    }


def application_copy(application: Application) -> Content:
    label = application._meta.get_field
    incomes = [("交付申請額", application.requested), *(
        (str(label(name).verbose_name).removesuffix("(円)"), getattr(application, name))
        for name in ("own_money", "other_grants", "income")
    )]  # fmt: skip
    return ApplicationCopy(
        **_of_application(LetterKind.APPLICATION, application, _local(application.filed_at) or clock.today()),
        support_year=application.support_year,
        texts=[[str(label(name).verbose_name), getattr(application, name)] for name in TEXTS],
        goals=[str(goal) for goal in application.goals.all()],
        costs=_lines_of(application, Phase.PLAN),
        incomes=[[name, yen] for name, yen in incomes],
        papers=[paper.name for paper in application.papers.filter(for_report=False)],
        filed_by=str(application.filed_by or ""),
    )


def receipt(application: Application) -> Content:
    return Receipt(
        **_of_application(LetterKind.RECEIPT, application, _local(application.filed_at)),
        filed_at=moment(application.filed_at),
        filed_by=str(application.filed_by),
    )


def award(award: Award) -> Content:
    application = award.application
    edition, year = application.edition, application.support_year
    terms = terms_of(edition, year)
    costs: dict[str, int] = {}
    for line in application.costs.all():
        if line.phase == Phase.PLAN:
            costs[line.category.code] = costs.get(line.category.code, 0) + line.yen
    steps = {step.code: step.yen for step in reckon(terms, costs)}
    cap = f"、上限{terms.cap:,}円" if terms.cap else ""
    return AwardLetter(
        **_of_application(LetterKind.AWARD, application, award.decided_on),
        number=award.number,
        yen=award.first_yen,
        eligible=steps.get("categories", steps["eligible"]),
        terms=f"助成の対象となる経費の{fraction(terms.rate)}({year}年目{cap})"
        if terms.rate is not None
        else f"定額({year}年目{cap})",
        own_conditions=_lines(award.conditions),
        reasons=application.decision.reasons,
        pay_on=application.call.payment_on,
        report_on=application.call.report_on,
        outcome_on=application.call.outcome_on,
    )


def _decided(application: Application) -> date:
    """The day of a result. One who waited in reserve and is not awarded after all hears it when it is issued."""
    if application.state == "not_awarded" and application.decision.outcome == "reserve":
        return clock.today()
    return _local(curtain.out_since(application.state, application.call))


def invitation(application: Application) -> Content:
    slot = application.slot
    begins, ends = (at.astimezone(clock.TOKYO) for at in (slot.starts_at, slot.ends_at))
    return Invitation(
        **_of_application(LetterKind.INVITATION, application, _local(application.call.first_released_at)),
        starts=f"{format_date(begins)} {begins:%H時%M分}から",
        ends=f"{ends:%H時%M分}まで",
        place=slot.place,
    )


def refusal(application: Application) -> Content:
    return Refusal(
        **_of_application(LetterKind.REFUSAL, application, _decided(application)), reasons=application.reason
    )


def reserve(application: Application) -> Content:
    decision = application.decision
    return Reserve(
        **_of_application(LetterKind.RESERVE, application, _local(application.call.released_at)),
        reasons=decision.reasons,
        place=decision.place,
    )


def advance(payment: Payment) -> Content:
    award = payment.award
    before = award.payments.filter(pk__lt=payment.pk).exclude(state="cancelled")
    return AdvanceRequest(
        **_of_award(LetterKind.ADVANCE, award, _local(payment.requested_at)),
        yen=payment.yen,
        paid=sum(before.values_list("yen", flat=True)),
        reason=payment.reason,
    )


def change(change: Change) -> Content:
    return ChangeLetter(
        **_of_award(LetterKind.CHANGE, change.award, change.decided_on, change.before_yen),
        what=change.get_kind_display(),
        approved=change.state == "approved",
        asked_on=_local(change.requested_at),
        before=change.before_yen,
        after=change.after_yen,
        reason=change.reason,
        content=change.content,
        words=change.words,
    )


def report(report: Report) -> Content:
    """As it was reported: what the inspection corrected afterwards is not in it."""
    award, on = report.award, _local(report.reported_at)
    application = award.application
    # One that was sent before this was kept says what the lines say.
    costs = report.reported_costs or _lines_of(application, Phase.ACTUAL)
    actual, plan = _by_category(costs), _by_category(_lines_of(application, Phase.PLAN))
    names = [*plan, *(name for name in actual if name not in plan)]
    advances = award.payments.filter(kind="advance", state="paid", paid_on__lte=on)
    return ReportCopy(
        **_of_award(LetterKind.REPORT, award, on),
        support_year=application.support_year,
        paid=sum(advances.values_list("yen", flat=True)),
        done=report.done,
        effect=report.effect,
        costs=costs,
        compared=[
            [name, plan.get(name, 0), actual.get(name, 0), actual.get(name, 0) - plan.get(name, 0)]
            for name in names
        ],
        papers=[paper.name for paper in application.papers.filter(for_report=True)],
        reported_by=str(report.reported_by or ""),
        incomes=_incomes(report.reported_money, sum(yen for *_words, yen in costs)),
        deductible_tax=report.reported_money.get("deductible_tax", 0)
        if application.edition.tax == ConsumptionTax.DEDUCT
        else 0,
    )


def _incomes(reported: dict, total: int) -> list[list]:
    """Where the money came from, as much as was spent: what nothing else paid is the own money. A report that was sent
    before the grant was kept with it has none."""
    if "grant" not in reported:
        return []
    label = Report._meta.get_field
    found = [["助成金(この報告から計算した額)", reported["grant"]]]
    found += [
        [str(label(name).verbose_name).removesuffix("(円)"), reported[name]]
        for name in ("other_grants", "income")
    ]
    own = total - sum(yen for _name, yen in found)
    return [*found, ["自己資金", own] if own >= 0 else ["経費より多く入った額", own]]


def _lines_of(application: Application, phase: Phase) -> list[list]:
    lines = application.costs.filter(phase=phase).select_related("category")
    return [[line.category.name, line.label, line.yen] for line in lines]


def _by_category(lines) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, _label, yen in lines:
        found[name] = found.get(name, 0) + yen
    return found


def fixing(award: Award) -> Content:
    paid = award.payments.filter(kind="advance", state="paid").values_list("yen", flat=True)
    rest = award.claims.filter(kind="rest").first()
    return FixingNotice(
        **_of_award(LetterKind.FIXING, award, award.fixed_on),
        eligible=award.eligible_actual,
        final=award.final_yen,
        paid=sum(paid),
        back_by=rest.due_on if rest else None,
    )


def revocation(award: Award) -> Content:
    claimed = award.claims.filter(kind="revoked").values_list("yen", flat=True)
    return Revocation(
        **_of_award(LetterKind.REVOCATION, award, award.revoked_on),
        reason=award.revoke_reason,
        claimed=sum(claimed),
    )


def claim(claim: Claim) -> Content:
    edition = claim.award.application.edition
    return ClaimLetter(
        **_of_award(LetterKind.CLAIM, claim.award, claim.claimed_on),
        why=claim.get_kind_display(),
        is_order=claim.kind == Claim.Kind.REVOKED,
        yen=claim.yen,
        due_on=claim.due_on,
        rate=percent(Fraction(edition.late_above, edition.late_below)),
        days=edition.late_days,
    )


def _gift(kind: str, contribution: Contribution) -> Content:
    organisation = contribution.organisation
    pot = contribution.pot
    return CLASSES[kind](
        **_base(kind, contribution.fund.municipality, None, contribution.received_on),
        party=contribution.name,
        address=f"{organisation.prefecture}{organisation.address}" if organisation else "",
        is_person=contribution.source == "person",
        fund=contribution.fund.name,
        ref=contribution.ref,
        yen=contribution.yen,
        purpose="ファンドが支援する事業全般" if pot.earmark == "general" else str(pot),
        received_on=contribution.received_on,
    )


def gift_receipt(contribution: Contribution) -> Content:
    return _gift(LetterKind.GIFT_RECEIPT, contribution)


def gift_thanks(contribution: Contribution) -> Content:
    return _gift(LetterKind.GIFT_THANKS, contribution)


# --- of a stage ------------------------------------------------------------------------------------------------------


def _of_stage(kind: str, call: Call, stage: str, on: date) -> dict:
    return _base(kind, call.fund.municipality, call.edition, on) | {
        "programme": call.edition.programme.name,
        "call": call.title,
        "stage": str(Stage(stage).label),
    }


def _decimal(value: Fraction, places: int = 2) -> str:
    """Cut, never rounded up: nobody passes by a rounded figure."""
    cut = int(value * 10**places)
    return f"{cut // 10**places:,}" + (f".{cut % 10**places:0{places}d}" if places else "")


def scores(call: Call, stage: str) -> Content:
    edition = call.edition
    criteria = list(Criterion.objects.filter(edition=edition, stage=stage))
    names = {row.pk: row.name for row in criteria}
    rows = Application.objects.filter(call=call).select_related("organisation").in_bulk()
    found = []
    for one in standings(call, stage):
        application = rows[one.application]
        lacking = ["合計" if key == "total" else names[int(key)] for key in one.lacking]
        total = _decimal(one.total, 0 if one.total.denominator == 1 else 2)
        found.append(
            [
                f"{one.place}{'(同点)' if one.tied else ''}",
                application.ref,
                f"{application.title}\n{application.organisation.name}",
                *(_decimal(one.by_item[row.pk]) for row in criteria),
                total,
                f"{_decimal(one.share * 100, 1)}%",
                f"{one.sheets}・{one.recused}",
                f"満たさない({'、'.join(lacking)})" if lacking else "満たす",
            ]
        )
    recused = Assignment.objects.filter(application__call=call, stage=stage, state="recused")
    rules = [f"通過に必要な得点率 {edition.pass_share}%"]
    if edition.criterion_share:
        rules.append(f"項目ごとに必要な得点率 {edition.criterion_share}%")
    rules += [
        f"除斥: {Recusal(edition.recusal).label}",
        f"同点: {Tie(edition.tie).label}",
        f"項目と満点(重み): {'、'.join(map(_criterion, criteria))}",
    ]
    return ScoreSummary(
        **_of_stage(LetterKind.SCORES, call, stage, clock.today()),
        criteria=[row.name for row in criteria],
        standings=found,
        recusals=[
            [sheet.application.ref, str(sheet.member.user), sheet.why]
            for sheet in recused.select_related("application", "member__user")
        ],
        rules=rules,
    )


def _criterion(row: Criterion) -> str:
    least = f"、最低{row.least}点" if row.least else ""
    return f"{row.name} {row.most}点(×{row.weight}{least})"


def minutes(call: Call, stage: str) -> Content:
    held_on = call.first_on if stage == Stage.FIRST else call.second_on
    failed = f"{stage}_failed"
    members = CommitteeMember.objects.filter(fund=call.fund).select_related("user")
    rows = (
        Application.objects.filter(call=call)
        .select_related("organisation")
        .prefetch_related("decision")
        .in_bulk()
    )
    recused: dict[int, list[str]] = {}
    sheets = Assignment.objects.filter(application__call=call, stage=stage, state="recused")
    for sheet in sheets.select_related("member__user"):
        recused.setdefault(sheet.application_id, []).append(str(sheet.member.user))
    open_state = "checked" if stage == Stage.FIRST else "first_passed"
    results = []
    for one in standings(call, stage):
        application = rows[one.application]
        result = (
            "通過しない"
            if application.state == failed
            else "審査中"
            if application.state == open_state
            else "通過"
        )
        if one.sheets and application.state != open_state and one.passes == (result == "通過しない"):
            # The committee went another way than the points.
            result += "(点の条件は満たす)" if one.passes else "(点の条件は満たさない)"
        results.append(
            [
                str(one.place),
                application.ref,
                application.title,
                application.organisation.name,
                "、".join(recused.get(one.application, [])),
                result,
            ]
        )
    notes = PanelNote.objects.filter(application__call=call, stage=stage).select_related("application")
    return Minutes(
        **_of_stage(LetterKind.MINUTES, call, stage, clock.today()),
        held_on=held_on,
        members=[
            _member(row) for row in members if row.ended_on is None or (held_on and row.ended_on >= held_on)
        ],
        results=results,
        notes=[
            [
                note.application.ref,
                note.text,
                f"{format_date(note.at, weekday=False)} {note.at.astimezone(clock.TOKYO):%H:%M}",
            ]
            for note in notes.order_by("application__ref", "pk")
        ],
    )


def _member(row: CommitteeMember) -> str:
    about = " ".join(filter(None, [row.employer_name, row.title]))
    return f"{'委員長 ' if row.is_chair else ''}{row.user}" + (f"({about})" if about else "")


def _lines(text: str) -> list[str]:
    """The conditions of a text, one a line; the numbers somebody typed before them go."""
    found = (line.strip() for line in text.splitlines())
    return [_unnumbered(line) for line in found if line]


def _unnumbered(line: str) -> str:
    return _NUMBER.sub("", line)


READ: dict[str, Callable[..., Content]] = {
    LetterKind.APPLICATION: application_copy,
    LetterKind.RECEIPT: receipt,
    LetterKind.INVITATION: invitation,
    LetterKind.AWARD: award,
    LetterKind.REFUSAL: refusal,
    LetterKind.RESERVE: reserve,
    LetterKind.ADVANCE: advance,
    LetterKind.CHANGE: change,
    LetterKind.REPORT: report,
    LetterKind.FIXING: fixing,
    LetterKind.REVOCATION: revocation,
    LetterKind.CLAIM: claim,
    LetterKind.GIFT_RECEIPT: gift_receipt,
    LetterKind.GIFT_THANKS: gift_thanks,
    LetterKind.SCORES: scores,
    LetterKind.MINUTES: minutes,
}
