"""Contributions to a fund from a municipality's table: to the yen, and nobody's name published by guess."""

from datetime import date

import pytest

from musubi.fund import ledger
from musubi.fund.models import Contribution, Programme
from musubi.fund.open_data import tables
from musubi.fund.states import Account
from musubi.imports import cells
from musubi.imports.actions import carry_out, preview
from musubi.imports.rules import Options, examine
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.lib.tables import write_xlsx
from musubi.people.models import Organisation
from tests.factories.fund import general, make_contribution, make_edition, make_fund
from tests.factories.people import make_municipality, make_organisation, make_staff
from tests.imports.tables import csv_of

pytestmark = pytest.mark.django_db
HEADINGS = [
    "拠出者",
    "法人番号",
    "区分",
    "拠出額",
    "使いみち",
    "名前の公開",
    "申込日",
    "入金日",
    "メッセージ",
]
ROWS = [
    ["汐風区", "", "公費", "8,000,000", "", "公開", "", "R7.4.1", ""],
    ["株式会社みなと海業", "7010701011370", "企業・団体", "100万円", "ゴール14", "公開", "R7.5.1", "2025/5/20", "海のために"],
    ["みなと海業株式会社分会", "", "企業", 500000, "子どもの居場所", "匿名", "2025-05-10", "", ""],
    ["磯野 渚", "", "個人", "１０，０００円", "見本助成", "", "", "令和7年6月2日", ""],
]  # fmt: skip
YEN = 8_000_000 + 1_000_000 + 500_000 + 10_000


@pytest.fixture
def city():
    return make_municipality(name="汐風区")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def fund(city):
    with clock.standing_at(clock.at(date(2025, 4, 1))):
        return make_fund(city, year=2025)


@pytest.fixture(autouse=True)
def summer():
    with clock.standing_at(clock.at(date(2025, 7, 1))):
        yield


def looked_at(city, *rows, headings=HEADINGS, **options):
    return examine("contributions", csv_of(headings, *rows), "拠出.csv", city, options=Options(**options))


def said(report, level="error") -> list[tuple[str, str]]:
    return [(problem.cell, problem.message) for problem in report.problems if problem.level == level]


def test_a_table_is_registered_to_the_yen_and_the_ledger_balances(city, desk, fund):
    programme = make_edition(city).programme
    Programme.objects.filter(pk=programme.pk).update(name="見本助成")
    run = preview("contributions", csv_of(HEADINGS, *ROWS), "拠出.csv", city, by=desk)
    assert (run.report["ok"], run.report["yen"], Contribution.objects.count()) == (True, YEN, 0)
    carry_out(run, by=desk)
    found = {row.name: row for row in Contribution.objects.select_related("pot__goal", "organisation")}
    public, company, branch, person = (found[row[0]] for row in ROWS)
    assert (public.source, public.state, public.received_on) == ("public", "received", date(2025, 4, 1))
    assert (company.organisation.corporate_number, company.pot.goal.number) == ("7010701011370", 14)
    assert (company.pledged_on, company.received_on, company.message) == (
        date(2025, 5, 1),
        date(2025, 5, 20),
        "海のために",
    )
    assert (branch.state, branch.pot.theme, branch.is_anonymous) == ("pledged", "子どもの居場所", True)
    assert (person.pot.programme, person.is_anonymous, person.yen) == (programme, True, 10_000)
    held = ledger.balances(ledger.book(fund))
    assert held[Account.CASH] == held[Account.FREE] == YEN - 500_000
    assert held[Account.PLEDGES] == 500_000
    assert Organisation.objects.filter(name=ROWS[2][0]).count() == 1
    verbs = [entry.verb for entry in history(company)]
    assert verbs == ["contribution.pledged", "contribution.received"]
    assert [row["ref"] for row in run.report["rows"]] == [
        row.ref for row in (public, company, branch, person)
    ]


def test_the_same_table_again_registers_nothing(city, desk, fund):
    for _time in range(2):
        run = preview("contributions", csv_of(HEADINGS, *ROWS[:2]), "拠出.csv", city, by=desk)
        if run.report["rows_imported"]:
            carry_out(run, by=desk)
    assert (run.report["rows_imported"], run.report["counts"]["duplicate"]) == (0, 2)
    with pytest.raises(Refused, match="新しく取り込む行がありません"):
        carry_out(run, by=desk)
    assert Contribution.objects.count() == 2


def test_what_is_exported_comes_in_again_with_the_same_sums(city, desk, fund):
    make_contribution(general(fund), yen=10**15, message="ありがとう")
    make_contribution(general(fund), yen=1, state="cancelled")
    make_contribution(general(fund), yen=333, state="pledged")
    table = tables.contributions(city)
    data = write_xlsx(table.columns, [[str(cell or "") for cell in row] for row in table.rows], "拠出")
    other = make_municipality()
    make_fund(other, year=2025)
    run = preview("contributions", data, "拠出.xlsx", other, by=make_staff(other, "desk"))
    assert said_json(run) == []
    carry_out(run, by=make_staff(other, "desk"))
    rows = Contribution.objects.filter(fund__municipality=other).order_by("yen")
    assert [(row.yen, row.state) for row in rows] == [(333, "pledged"), (10**15, "received")]
    assert run.report["yen"] == 10**15 + 333


def said_json(run) -> list[str]:
    return [problem["message"] for problem in run.report["problems"] if problem["level"] == "error"]


@pytest.mark.parametrize(
    ("changed", "cell", "words"),
    [
        ({"拠出額": "約100万円"}, "D2", "円の整数として読めません"),
        ({"拠出額": "-1000"}, "D2", "円の整数として読めません"),
        ({"拠出額": "△1,000"}, "D2", "円の整数として読めません"),
        ({"拠出額": "1000.5"}, "D2", "円の整数として読めません"),
        ({"拠出額": "0"}, "D2", "円の整数として読めません"),
        ({"拠出額": "1" * 5000}, "D2", "円の整数として読めません"),
        ({"拠出額": ""}, "D2", "円の整数として読めません"),
        ({"拠出額": str(10**15 + 1)}, "D2", "大きすぎます"),
        ({"区分": "その他"}, "C2", "区分「その他」は分かりません"),
        ({"拠出者": "渚の会", "法人番号": "", "区分": ""}, "C2", "団体か個人か分かりません"),
        ({"使いみち": "ゴール14、15"}, "E2", "1つのSDGsゴールとして読めません"),
        ({"使いみち": "ゴール18"}, "E2", "1つのSDGsゴールとして読めません"),
        ({"使いみち": "あ" * 61}, "E2", "61字あります"),
        ({"名前の公開": "要相談"}, "F2", "公開してよいか分かりません"),
        ({"入金日": "R7.7.2"}, "H2", "先の日付"),
        ({"入金日": "R7.3.31", "申込日": ""}, "H2", "2025年度の日付ではありません"),
        ({"申込日": "R7.6.1"}, "G2", "受領日より後"),
        ({"法人番号": "123"}, "B2", "法人番号"),
    ],
)
def test_a_cell_that_cannot_be_read_holds_everything_back(city, fund, changed, cell, words):
    row = dict(zip(HEADINGS, ROWS[1], strict=True)) | changed
    report = looked_at(city, list(row.values()), ROWS[0])
    assert [(at, words in message) for at, message in said(report)] == [(cell, True)]
    assert not report.ok


def test_a_heading_in_thousands_counts_bare_numbers_so_and_says_it(city, fund):
    report = looked_at(
        city,
        ["汐風区", "公費", "8,000"],
        ["海の会", "団体", "1万円"],
        headings=["拠出者", "区分", "拠出額(千円)"],
    )
    assert [line.values["yen"] for line in report.lines] == [8_000_000, 10_000]
    assert [message for _cell, message in said(report, "warning") if "単位" in message] == [
        "見出し「拠出額(千円)」の単位で読み、8,000,000円とします。"
    ]


@pytest.mark.parametrize(
    ("heading", "cell", "found"),
    [
        ("名前の公開", "○", False),
        ("匿名希望", "○", True),
        ("匿名希望", "否", False),
        ("公表の可否", "否", True),
        ("公表の可否", "可", False),
        ("備考", "○", None),
        ("公開", "匿名", True),
        ("公開", "？", None),
    ],
)
def test_a_mark_means_what_its_heading_asks(heading, cell, found):
    assert cells.is_anonymous(cell, heading) is found


def test_a_row_twice_in_the_table_is_registered_once_and_said(city, fund):
    report = looked_at(city, ROWS[0], ROWS[0])
    assert [line.result for line in report.lines] == ["imported", "duplicate"]


def test_a_row_that_was_taken_back_is_left_out(city, fund):
    report = looked_at(city, [*ROWS[0], "取りやめ"], [*ROWS[1], "拠出済み"], headings=[*HEADINGS, "状態"])
    assert [line.result for line in report.lines] == ["left_out", "imported"]


def test_the_fund_is_the_newest_or_the_one_that_was_chosen(city, fund):
    newer = make_fund(city, year=2026)
    later = [*ROWS[0][:7], "", ""]
    assert looked_at(city, later).lines[0].values["fund"] == newer.pk
    assert looked_at(city, later, fund=fund.pk).lines[0].values["fund"] == fund.pk
    others = make_fund(make_municipality(), year=2027)
    assert [words for _cell, words in said(looked_at(city, later, fund=others.pk))][0].startswith(
        "ファンドがまだ"
    )


def test_without_a_fund_it_is_said(city):
    assert said(looked_at(city, ROWS[0]))[0][1].startswith("ファンドがまだありません")


def test_two_organisations_of_one_name_are_told_apart_by_number_only(city, fund):
    for number in ("7010701011370", "4011005003009"):
        make_organisation(name="同名会", corporate_number=number)
    report = looked_at(city, ["同名会", "", "団体", "1000", "", "", "", "", ""])
    assert "法人番号の列を加えて" in said(report)[0][1]


def test_an_officer_brings_in_nothing(city, fund):
    with pytest.raises(NotAllowed):
        preview("contributions", csv_of(HEADINGS, *ROWS), "拠出.csv", city, by=make_staff(city, "officer"))
