"""Deciding: who passes a stage, what is prepared for each, and the release of all results at once."""

from collections.abc import Collection, Mapping

from django.db import transaction

from musubi.fund import curtain, ledger
from musubi.fund.actions.screening import LIVE, tied_sheets
from musubi.fund.budget import reckoned
from musubi.fund.models import Application, Assignment, Award, AwardShare, Call, Decision, PanelNote, Pot
from musubi.fund.purse import bonds, pots_of
from musubi.fund.ranking import keep, standings
from musubi.fund.states import APPLICATION, CALL, Account, Stage
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require


@transaction.atomic
def begin_screening(call: Call, *, by: User | None) -> None:
    """Intake is over: from now on the applications are screened. Raises Refused while the window is open."""
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, CALL.subject)
    if clock.now() < call.closes_at:
        raise Refused("受付終了の日時になっていません。終了してから審査に進んでください。")
    move(call, CALL, "screening")
    journal.write("call.screening_begun", call, by=by)


@transaction.atomic
def decide_stage(
    call: Call, *, by: User | None, stage: Stage, passed: Collection[int], reasons: Mapping[int, str]
) -> None:
    """The committee's word on a stage: who passes (application ids); who does not gets the reason in `reasons`. One that
    passes below the marks has its reason there too: for the minutes and the journal, never for the applicant.

    Nothing of it is shown outside before the release. Raises Refused while a sheet is missing, or stands across a tie
    that came to light after it was given; Missing for a reason that is left out.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, CALL.subject)
    CALL.require(call.state, "released")
    here, passes, fails = {
        Stage.FIRST: ("checked", "first_passed", "first_failed"),
        Stage.SECOND: ("first_passed", "second_passed", "second_failed"),
    }[stage]
    # Whoever scores meanwhile waits, and is then told that the stage is decided.
    applications = list(
        Application.objects.select_for_update(no_key=True).filter(call=call, state=here).order_by("pk")
    )
    unknown = set(passed) - {row.pk for row in applications}
    if unknown:
        raise Refused("審査の対象でない申請が選ばれています。画面を読み込み直してください。")
    _require_sheets(applications, stage)
    places = {one.application: one for one in standings(call, stage)}
    is_scored = call.edition.criteria.filter(stage=stage).exists()
    for application in applications:
        if is_scored and not places[application.pk].sheets:
            raise Refused(
                f"「{application.title}」の採点がまだありません。採点がそろってから決めてください。"
            )
        words, against = reasons.get(application.pk, "").strip(), {}
        if application.pk in passed:
            if is_scored and not places[application.pk].passes:
                against = {"against_marks": True, "reason": words}
                _note_deviation(application, stage, words, by=by)
            move(application, APPLICATION, passes)
        else:
            if not words:
                raise Missing(
                    f"「{application.title}」を通さない理由を書いてください。発表のときに団体へ伝わります。",
                    field=f"reason_{application.pk}",
                )
            move(application, APPLICATION, fails)
            _prepare(application, by=by, outcome=fails, reasons=words, place=places[application.pk].place)
        journal.write(
            "application.screened", application, by=by, stage=stage.value, to=application.state, **against
        )
    if stage == Stage.FIRST:
        keep(call, Stage.SECOND, passed)


@transaction.atomic
def prepare_decision(
    application: Application,
    *,
    by: User | None,
    outcome: str,
    reasons: str,
    yen: int = 0,
    conditions: str = "",
    shares: Mapping[int, int] | None = None,
    serves: Collection[int] = (),
    place: int | None = None,
) -> Decision:
    """What the applicant will be told at the release: `awarded` with yen and the pots that pay (`shares`: pot id → yen),
    `reserve` or `not_awarded`. It can be put right until then. `serves`: the pots of a theme (ids) that the secretariat
    confirms the application serves.

    Raises Missing without reasons or for a pot of a theme that is not confirmed, Refused for a sum beyond what the terms
    give, shares that do not make it up, or a pot that was given for something else.
    """
    require(by, Can.MANAGE_FUND, application.call)
    hold(application, APPLICATION.subject)
    CALL.require(application.call.state, "released")
    if outcome not in ("awarded", "reserve", "not_awarded"):
        raise Refused("結果を選んでください。", field="outcome")
    if application.state != "second_passed":
        raise Refused("第二次審査を通過した申請にだけ、交付の決定を準備できます。")
    if outcome == "reserve" and not application.edition.has_reserve:
        raise Refused("この制度に補欠はありません。", field="outcome")
    if not reasons.strip():
        raise Missing("理由・講評を書いてください。発表のときに団体へ伝わります。", field="reasons")
    shares = {int(pot): part for pot, part in (shares or {}).items() if part} if outcome == "awarded" else {}
    confirmed = []
    if outcome == "awarded":
        confirmed = _check_award(application, yen, shares, serves)
        _journal_themes(application, confirmed, shares, by=by)
    decision = _prepare(
        application,
        by=by,
        outcome=outcome,
        reasons=reasons.strip(),
        yen=yen if outcome == "awarded" else 0,
        conditions=conditions.strip(),
        shares=shares,
        serves=[pot.pk for pot in confirmed],
        place=place,
    )
    journal.write("application.decision_prepared", application, by=by)
    return decision


@transaction.atomic
def release(call: Call, *, by: User | None) -> None:
    """Every result at once: awards are committed in the ledger, every applicant may read the own decision from now on.
    Who failed the first screening and was told so when it was released stays as it is, and is not told again.

    Raises Refused where an application has no decision yet, where the pots cannot pay all awards, or one was given for
    something else: then nothing is released. Follows: everybody is told.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, CALL.subject)
    CALL.require(call.state, "released")
    applications = list(
        Application.objects.select_for_update(no_key=True)
        .filter(call=call)
        .exclude(state__in=["draft", "withdrawn"])
        .prefetch_related("goals")
        .order_by("pk")
    )
    # Read after the rows are held: what was prepared a moment ago counts.
    decisions = {row.application_id: row for row in Decision.objects.filter(application__call=call)}
    undecided = [row for row in applications if row.pk not in decisions]
    if undecided:
        raise Refused(
            f"決定が準備されていない申請が{len(undecided)}件あります: "
            f"{'、'.join(row.ref or row.title for row in undecided[:5])}。すべて準備してから発表してください。"
        )
    # All pots at once and in one order: others who pay from them wait, and nobody waits for the other.
    list(Pot.objects.select_for_update(no_key=True).filter(fund=call.fund_id).order_by("pk"))
    pots = {pot.pk: pot for pot in pots_of(call)}
    told = [row for row in applications if not curtain.is_out(row.state, call)]
    for application in told:
        decision = decisions[application.pk]
        if application.state == "second_passed":
            if decision.outcome == "awarded":
                paying = [pots[int(pot)] for pot in decision.shares if int(pot) in pots]
                application.call = call
                _check_earmarks(application, paying, decision.serves)
                _award(application, decision, by=by)
            else:
                move(application, APPLICATION, decision.outcome, reason=decision.reasons)
        else:
            update(
                application, APPLICATION.subject, guard={"state": application.state}, reason=decision.reasons
            )
        journal.write(
            "application.decided",
            application,
            by=by,
            to=application.state,
            organisation=application.organisation.name,
        )
    move(call, CALL, "released", released_at=clock.now(), released_by=by)
    journal.write("call.released", call, by=by, applications=len(told))


@transaction.atomic
def award_from_reserve(
    application: Application,
    *,
    by: User | None,
    yen: int,
    shares: Mapping[int, int],
    serves: Collection[int] = (),
    conditions: str = "",
) -> Award:
    """One who waits in reserve is awarded, since money has become free. Raises as `prepare_decision` does, and Refused for
    one that does not wait in reserve or where the pots cannot pay."""
    require(by, Can.MANAGE_FUND, application.call)
    hold(application, APPLICATION.subject)
    _require_reserve(application)
    shares = {int(pot): part for pot, part in shares.items() if part}
    confirmed = _check_award(application, yen, shares, serves)
    decision = application.decision
    update(
        decision,
        "決定の準備",
        guard={"outcome": "reserve"},
        outcome="awarded",
        yen=yen,
        shares=shares,
        serves=[pot.pk for pot in confirmed],
        conditions=conditions.strip() or decision.conditions,
    )
    _journal_themes(application, confirmed, shares, by=by)
    award = _award(application, decision, by=by)
    journal.write(
        "application.decided",
        application,
        by=by,
        to="awarded",
        organisation=application.organisation.name,
    )
    return award


@transaction.atomic
def drop_reserve(application: Application, *, by: User | None, reason: str) -> None:
    """One who waits in reserve will not be awarded any more. Raises Missing without a reason, Refused for any other."""
    require(by, Can.MANAGE_FUND, application.call)
    if not reason.strip():
        raise Missing("理由を書いてください。団体に伝わります。", field="reason")
    hold(application, APPLICATION.subject)
    _require_reserve(application)
    move(application, APPLICATION, "not_awarded", reason=reason.strip())
    journal.write(
        "application.decided",
        application,
        by=by,
        to="not_awarded",
        organisation=application.organisation.name,
    )


def _require_sheets(applications: Collection[Application], stage: Stage) -> None:
    sheets = list(
        Assignment.objects.filter(application__in=applications, stage=stage, state__in=LIVE).select_related(
            "member", "application"
        )
    )
    if tied := tied_sheets(sheets):
        raise Refused(
            f"「{tied[0][0].application.title}」に、利害関係のある委員の採点表が{len(tied)}件あります"
            f"({tied[0][1]})。割当てをもう一度行ってから決めてください。"
        )
    if waiting := [sheet for sheet in sheets if sheet.state == "assigned"]:
        raise Refused(
            f"「{waiting[0].application.title}」など、採点待ちの採点表が{len(waiting)}件あります。"
            "催促するか、割当てを取り消してから決めてください。"
        )


def _require_reserve(application: Application) -> None:
    # The table knows other ways to these states; they lead through the release.
    if application.state != "reserve":
        raise Refused(
            f"この{APPLICATION.subject}は補欠ではありません。画面を読み込み直して、今の状態を確かめてください。"
        )


def _prepare(application: Application, *, by: User | None, **words) -> Decision:
    decision, _new = Decision.objects.update_or_create(
        application=application,
        defaults={
            "yen": 0,
            "conditions": "",
            "shares": {},
            "serves": [],
            **words,
            "prepared_at": clock.now(),
            "prepared_by": by,
        },
    )
    return decision


def _note_deviation(application: Application, stage: Stage, words: str, *, by: User | None) -> None:
    """That the committee lets one pass below the marks, and why, for the minutes."""
    if not words:
        raise Missing(
            f"「{application.title}」は、点の条件に届いていません。それでも通す理由を書いてください。審査会議事録に載ります。",
            field=f"exception_{application.pk}",
        )
    PanelNote.objects.create(
        application=application,
        stage=stage,
        text=f"点の条件に届かないが、通過とした。理由: {words}",
        at=clock.now(),
        by=by,
    )


def _check_award(
    application: Application, yen: int, shares: Mapping[int, int], serves: Collection[int]
) -> list[Pot]:
    """The pots of a theme among those that pay."""
    most = min(application.requested, reckoned(application)[-1].yen)
    if not 1 <= yen <= most:
        raise Refused(f"交付額は1円以上、{most:,}円以下にしてください。", field="yen")
    if any(part < 0 for part in shares.values()) or sum(shares.values()) != yen:
        raise Refused(
            f"財源の内訳の合計({sum(shares.values()):,}円)を、交付額({yen:,}円)と同じにしてください。",
            field="shares",
        )
    pots = pots_of(application.call)
    if set(shares) - {pot.pk for pot in pots}:
        raise Refused("この募集の財源から選んでください。", field="shares")
    return _check_earmarks(application, [pot for pot in pots if pot.pk in shares], serves)


def _check_earmarks(application: Application, pots: Collection[Pot], serves: Collection[int]) -> list[Pot]:
    """What was given for one thing pays for nothing else. The pots of a theme among them, each confirmed in `serves`."""
    found = bonds(pots, application)
    themed = []
    for pot in pots:
        if found[pot.pk].holds is False:
            raise Refused(
                f"「{application.title}」に、財源「{pot}」は使えません。{found[pot.pk].words}ほかの財源にしてください。",
                field="shares",
            )
        if found[pot.pk].holds is None:
            if pot.pk not in serves:
                raise Missing(
                    f"「{application.title}」がテーマ「{pot}」に合うことを確かめて、印を付けてください。"
                    "この財源は、テーマに合う申請にだけ使えます。",
                    field=f"serves_{pot.pk}",
                )
            themed.append(pot)
    return themed


def _journal_themes(
    application: Application, pots: Collection[Pot], shares: Mapping[int, int], *, by: User | None
) -> None:
    for pot in pots:
        journal.write(
            "application.theme_confirmed", application, by=by, words=pot.theme, pot=pot.pk, yen=shares[pot.pk]
        )


def _award(application: Application, decision: Decision, *, by: User | None) -> Award:
    """Commit the money and award. Pots are taken in one order, so that two who award at once wait, not lock."""
    award = Award.objects.create(
        application=application,
        number=_number(application),
        yen=decision.yen,
        first_yen=decision.yen,
        conditions=decision.conditions,
        decided_on=clock.today(),
    )
    pots = Pot.objects.in_bulk([int(pot) for pot in decision.shares])
    for pk, yen in sorted((int(pot), yen) for pot, yen in decision.shares.items()):
        AwardShare.objects.create(award=award, pot=pots[pk], yen=yen)
        ledger.post(pots[pk], Account.FREE, Account.COMMITTED, yen, verb="award.decided", by=by, award=award)
    move(application, APPLICATION, "awarded", reason=decision.reasons)
    return award


def _number(application: Application) -> str:
    city = application.call.fund.municipality
    number = next_ref(city.pk, "letter")
    year, _dash, count = number.partition("-")
    written = application.edition.number_style
    for name, value in (("{city}", city.name), ("{year}", year), ("{number}", str(int(count)))):
        written = written.replace(name, value)
    return written
