"""Funds and all that belongs to them, brought to where a test needs them through the actions."""

from datetime import timedelta
from itertools import count

from musubi.fund import actions
from musubi.fund.actions import Parts
from musubi.fund.models import (
    Application,
    Assignment,
    Award,
    Call,
    CommitteeMember,
    Contribution,
    Edition,
    Fund,
    Pot,
)
from musubi.fund.states import Source, Stage
from musubi.lib import clock
from musubi.people.models import Municipality, Organisation
from tests.factories.people import make_municipality, make_organisation, make_representative, make_user

_number = count(1)


def make_fund(
    municipality: Municipality | None = None, *, year: int = 2025, name: str = "見本ファンド"
) -> Fund:
    """A fund opened through the actions; its general pot is `general(fund)`."""
    return actions.open_fund(municipality or make_municipality(), by=None, name=name, fiscal_year=year)


def general(fund: Fund) -> Pot:
    return fund.pots.get(earmark="general")


def make_contribution(
    pot: Pot | None = None, *, yen: int = 1_000_000, state: str = "received", **words
) -> Contribution:
    """A company's contribution brought to `state` through the actions."""
    contribution = actions.pledge(
        pot or general(make_fund()),
        by=None,
        source=Source.ORGANISATION,
        yen=yen,
        **{"name": "", "organisation": make_organisation(), **words},
    )
    if state in ("received", "returned"):
        actions.receive(contribution, by=None)
    if state == "cancelled":
        actions.cancel_pledge(contribution, by=None, reason="事情が変わったため")
    if state == "returned":
        actions.return_contribution(contribution, by=None, reason="振込先の誤り")
    return contribution


SHIOKAZE_TERMS = Parts(
    years=[
        {"year": 1, "rate_above": 4, "rate_below": 5, "cap": 5_000_000},
        {"year": 2, "rate_above": 1, "rate_below": 2, "cap": 3_000_000},
    ],
    categories=[
        {"code": "wages", "name": "人件費"},
        {"code": "things", "name": "物品費"},
        {"code": "travel", "name": "旅費", "cap": 200_000},
        {"code": "food", "name": "飲食費", "is_eligible": False},
    ],
    criteria=[
        {"stage": "first", "name": "地域課題への効果", "weight": 2},
        {"stage": "first", "name": "実現の見込み"},
        {"stage": "second", "name": "説明の説得力"},
    ],
    papers=[{"code": "accounts", "name": "決算書", "is_required": False}],
)


def make_edition(municipality: Municipality, *, parts: Parts = SHIOKAZE_TERMS, **rules) -> Edition:
    """A programme's edition in use."""
    edition = actions.draft_programme(municipality, by=None, code=f"p{next(_number)}", name="見本助成")
    rules = {"kinds": list(Organisation.Kind.values), "scorers": 2, "pass_share": 0, **rules}
    actions.save_edition(edition, by=None, parts=parts, **rules)
    actions.use_edition(edition, by=None)
    return edition


def make_call(fund: Fund, *, edition: Edition | None = None, state: str = "published", **words) -> Call:
    """A call that opened yesterday at noon and closes in twenty days, brought to `state` (draft or published)."""
    now = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    call = actions.prepare_call(
        fund,
        by=None,
        **{
            "edition": edition or make_edition(fund.municipality),
            "pots": list(fund.pots.all()),
            "title": "見本助成の募集",
            "opens_at": now - timedelta(days=1),
            "closes_at": now + timedelta(days=20),
            **words,
        },
    )
    if state == "published":
        actions.publish_call(call, by=None)
    return call


def fill_application(application: Application, by, *, requested: int = 800_000, costs=None, **words) -> None:
    """Write everything an application needs, so that its budget adds up."""
    costs = costs or [{"category": "wages", "label": "担当者", "yen": 1_000_000}]
    total = sum(cost["yen"] for cost in costs)
    actions.save_application(
        application,
        by=by,
        version=application.version,
        costs=costs,
        **{
            "title": "藻場を増やす見本事業",
            "representative_title": "代表理事",
            "representative_name": "浜田 理",
            "purpose": "海の環境が悪くなっている。",
            "content": "藻場を増やす。",
            "schedule": "7月から3月まで。",
            "structure": "3人で行う。",
            "effect": "藻場が1ha増える。",
            "future": "会費で続ける。",
            "requested": requested,
            "own_money": total - requested,
            **words,
        },
    )


def make_application(
    call: Call, *, organisation: Organisation | None = None, state: str = "checked", **words
) -> Application:
    """An application brought to `state`: draft, submitted, returned, checked or withdrawn. `filed_by` writes for the
    organisation."""
    organisation = organisation or make_organisation()
    person = make_representative(organisation)
    application = actions.start_application(call, by=person, organisation=organisation)
    fill_application(application, person, **words)
    if state in ("submitted", "returned", "checked"):
        actions.file_application(application, by=person)
    if state == "returned":
        actions.return_application(application, by=None, remarks="予算の内訳を書いてください。")
    if state == "checked":
        actions.check_application(application, by=None)
    if state == "withdrawn":
        actions.withdraw_application(application, by=person)
    return application


def make_committee(fund: Fund, count: int = 2) -> list[CommitteeMember]:
    return [actions.appoint_member(fund, by=None, user=make_user()) for _ in range(count)]


def score_all(call: Call, stage: Stage, points: int = 4) -> None:
    """Assign a stage and have every sheet scored alike."""
    actions.assign(call, by=None, stage=stage)
    criteria = list(call.edition.criteria.filter(stage=stage))
    for sheet in Assignment.objects.filter(application__call=call, stage=stage, state="assigned"):
        actions.score(sheet, by=sheet.member.user, points={row.pk: points for row in criteria})


def screen(call: Call) -> list[Application]:
    """Close the window, and let everything that was checked pass both stages."""
    if call.state == "published":
        actions.begin_screening(call, by=None)
    if not call.fund.committee.exists():
        make_committee(call.fund)
    for stage, here in ((Stage.FIRST, "checked"), (Stage.SECOND, "first_passed")):
        score_all(call, stage)
        passed = set(call.applications.filter(state=here).values_list("pk", flat=True))
        actions.decide_stage(call, by=None, stage=stage, passed=passed, reasons={})
    return list(call.applications.filter(state="second_passed"))


def make_award(application: Application, *, yen: int | None = None, shares: dict | None = None) -> Award:
    """Screen the application's call (when its window is over) and release it with this one awarded; the others are not."""
    call = application.call
    for one in screen(call):
        if one.pk == application.pk:
            money = yen or one.requested
            actions.prepare_decision(
                one,
                by=None,
                outcome="awarded",
                reasons="効果が見込まれる。",
                yen=money,
                shares=shares or {general(call.fund).pk: money},
                serves=shares or (),
            )
        else:
            actions.prepare_decision(one, by=None, outcome="not_awarded", reasons="予算の都合による。")
    actions.release(call, by=None)
    application.refresh_from_db()
    return application.award
